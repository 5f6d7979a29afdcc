"""What holds for every study: random tables, radiographs and rules, each linked in two orders of criteria.

A study here has up to 40 patients, as many as several small cohorts under the same rules, since linking takes some
30 ms whatever its size.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_site import ELIGIBILITY, KEY, STUDY, radiograph

from cacs_cxr.cohort.followup import EVENT_BEFORE, NO_FOLLOWUP
from cacs_cxr.cohort.linkage import LinkedSite, link_site, read_index
from cacs_cxr.cohort.site_inputs import Eligibility, FollowUpRules, PriorCondition, SiteInput, SiteTables, TableInput
from cacs_cxr.imaging.header_index import pseudonymous
from cacs_cxr.pseudonyms import pseudonym
from cacs_cxr.study import Factor

FACTORS = [Factor.from_plain(item) for item in STUDY["factors"]]
SITE = SiteInput(
    "home", "external", "days", TableInput("p", {"patient": "p"}), TableInput("s", {}), TableInput("o", {}), "f"
)
PRIOR = (
    PriorCondition("stent", "Coronary stent", "yes_no", "exclude"),
    PriorCondition("infarction", "Infarction", "date", "include"),
)
YEAR = 365.25


@st.composite
def rules(draw: st.DrawFn) -> Eligibility:
    patients = [
        name for name in ELIGIBILITY["patients"] if name not in draw(st.sets(st.sampled_from(["age", "prior"])))
    ]
    optional = st.sampled_from(["intent"])
    radiographs = [name for name in ELIGIBILITY["radiographs"] if name not in draw(st.sets(optional))]
    return replace(
        Eligibility.from_plain(ELIGIBILITY),
        patient_criteria=tuple(patients),
        radiograph_criteria=tuple(radiographs),
        minimum_age=draw(st.sampled_from([None, 18, 40])),
        maximum_age=draw(st.sampled_from([None, 60])),
        window_days=draw(st.sampled_from([None, 0, 5, 30])),
        window_side=draw(st.sampled_from(["both", "before", "after"])),
        views=draw(st.sampled_from([("PA",), ("AP", "PA")])),
        unknown_view=draw(st.sampled_from(["exclude", "include"])),
        prior=draw(st.sampled_from([(), PRIOR[:1], PRIOR])),
    )


def random_tables(random: np.random.Generator) -> tuple[SiteTables, pd.DataFrame]:
    """Tables of patients with several scores and outcomes each, and an index of some three radiographs a patient."""
    count = int(random.integers(1, 41))
    names = np.array([f"p{number}" for number in range(count)], dtype=object)
    patients = pd.DataFrame({"patient": names, "table_row": np.arange(count) + 2})
    age = np.where(random.random(count) < 0.1, np.nan, random.integers(15, 70, count))
    by_birth = random.random() < 0.5
    if by_birth:
        patients["birth_day"] = np.floor(50 - age * YEAR)
    patients["age"] = np.nan if by_birth else age
    patients["sex"] = random.choice(np.array(["F", "M", "F", None], dtype=object), count)
    patients["bmi"] = 20.0
    if random.random() < 0.8:
        patients["stent"] = random.choice([0.0, 0.0, 0.0, 1.0, np.nan], count)
    patients["infarction"] = random.choice([np.nan, np.nan, 20.0, 60.0], count)

    def rows(most: int) -> tuple[np.ndarray, np.ndarray]:
        number = int(random.integers(0, most * count))
        return random.choice([*names, "q"], number), random.integers(0, 80, number).astype(float)

    who, day = rows(3)
    value = random.choice([0.0, 5.0, 400.0, np.nan], len(who))
    scores = pd.DataFrame({"patient": who, "value": value, "day": day}).drop_duplicates(["patient", "day"])
    who, day = rows(4)
    event = random.choice([0.0, 0.0, 1.0, 2.0], len(who))
    outcomes = pd.DataFrame({"patient": who, "day": 2 * day, "event": event})
    tables = SiteTables(SITE, patients, scores.reset_index(drop=True), outcomes)
    number = int(random.integers(1, 6 * count + 2))
    owners = random.choice([*names, *names, "q", ""], number)
    files = [
        radiograph(
            str(owner),
            "" if random.random() < 0.1 else str(random.integers(0, 80)),
            file=f"{place}.dcm",
            readable=bool(random.random() < 0.9),
            reason=str(random.choice(["", "excluded-by-override"])),
            modality=str(random.choice(["CR", "DX", "", "CT"])),
            view=str(random.choice(["PA", "PA", "PA", "AP", "lateral", "unknown"])),
            intent=str(random.choice(["", "FOR PRESENTATION", "FOR PROCESSING"], p=[0.4, 0.5, 0.1])),
            sop_instance=str(random.integers(0, 6 * number)) if random.random() < 0.9 else "",
            score_text=bool(random.random() < 0.1),
        )
        for place, owner in enumerate(owners)
    ]
    return tables, pseudonymous(pd.DataFrame(files), key=KEY)


def link(tables: SiteTables, index: pd.DataFrame, eligibility: Eligibility, **parts: Any) -> LinkedSite:
    read, _ = read_index(index, tables, eligibility=eligibility, key=KEY)
    return link_site(
        tables, read, eligibility=eligibility, factors=FACTORS, what="CACS", greatest_age=50, key=KEY, **parts
    )


def check_flow(linked: LinkedSite, *, starts: dict[str, int]) -> None:
    """Everybody is counted once, and what remains is what is selected."""
    for unit, start in starts.items():
        flow = linked.flow[linked.flow["unit"] == unit]
        assert flow["label"].is_unique
        assert (flow["n"] >= 0).all()
        assert flow["n"].iloc[0] == start
        assert flow["n"].iloc[0] - flow["n"].iloc[1:-1].sum() == flow["n"].iloc[-1] == len(linked.patients)


def check_pairs(linked: LinkedSite, tables: SiteTables, index: pd.DataFrame, eligibility: Eligibility) -> None:
    """The pair of every patient is one of his or hers, in the window, at a score at which the patient qualifies."""
    people = {pseudonym(row["patient"], key=KEY): row for row in tables.patients.to_dict("records")}
    files = {row["file"]: row for row in index.to_dict("records")}
    scores = set(tables.scores[["patient", "day", "value"]].itertuples(index=False, name=None))
    assert linked.patients["patient"].is_unique
    assert set(linked.further["patient"]) <= set(linked.patients["patient"])
    assert not set(linked.further["file"]) & set(linked.patients["file"])
    for row in linked.patients.itertuples():
        person, file = people[row.patient], files[row.file]
        assert file["patient"] == row.patient
        assert file["readable"]
        assert not (file["score_text"] and "score_text" in eligibility.radiograph_criteria)
        day, days = float(file["study_date"]), row.days_to_score
        assert eligibility.window_days is None or abs(days) <= eligibility.window_days
        assert days * {"both": 0, "before": 1, "after": -1}[eligibility.window_side] <= 0
        assert (person["patient"], day - days, row.value) in scores
        age = np.floor((day - days - person["birth_day"]) / YEAR * 10) / 10 if "birth_day" in person else person["age"]
        assert row.age == (51 if age > 50 else age)
        if "age" in eligibility.patient_criteria:
            assert eligibility.minimum_age is None or age >= eligibility.minimum_age
            assert eligibility.maximum_age is None or age <= eligibility.maximum_age
        applied = eligibility.prior if "prior" in eligibility.patient_criteria else ()
        names = [condition.name for condition in applied]
        assert not ("infarction" in names and person["infarction"] <= day - days)
        assert not ("stent" in names and "stent" in person and person["stent"] != 0)


def check_followup(linked: LinkedSite, tables: SiteTables, index: pd.DataFrame, rule: FollowUpRules) -> None:
    """Follow-up is positive, starts at time zero, and no event before that is counted."""
    people = {pseudonym(name, key=KEY): name for name in tables.patients["patient"]}
    days = dict(zip(index["file"], index["study_date"], strict=True))
    outcomes: dict[str, list[tuple[float, float]]] = {}
    for outcome in tables.outcomes.itertuples():
        outcomes.setdefault(outcome.patient, []).append((outcome.day, outcome.event))
    for row in linked.patients.itertuples():
        radiograph_day = float(days[row.file])
        score_day = radiograph_day - row.days_to_score
        zero = {"later": max(radiograph_day, score_day), "score": score_day, "radiograph": radiograph_day}
        start = zero[rule.time_zero]
        mine = outcomes.get(people[row.patient], [])
        assert (row.followup_note == NO_FOLLOWUP) == (not mine)
        assert (row.followup_note == EVENT_BEFORE) == any(event == 1 and day <= start for day, event in mine)
        assert pd.isna(row.followup_days) == pd.isna(row.event) == (row.followup_note != "")
        if row.followup_note == "":
            assert row.followup_days > 0
            last = start + rule.landmark_days + row.followup_days
            assert (last, row.event) in mine
            assert row.event == 0 or min(day for day, event in mine if day > start and event > 0) == last


@pytest.mark.slow
@settings(max_examples=50, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(0, 2**31),
    rules(),
    st.builds(
        FollowUpRules,
        st.sampled_from(["later", "score", "radiograph"]),
        st.sampled_from([0, 10]),
        st.sampled_from(["censor", "count"]),
    ),
)
def test_every_study(seed: int, eligibility: Eligibility, rule: FollowUpRules) -> None:
    random = np.random.default_rng(seed)
    tables, index = random_tables(random)
    parts = {
        "follow_up_rules": rule,
        "in_earlier_site": random.random(len(tables.patients)) < 0.1,
    }
    linked = link(tables, index, eligibility, **parts)
    check_flow(linked, starts={"patients": len(tables.patients), "radiographs": len(index)})
    check_pairs(linked, tables, index, eligibility)
    check_followup(linked, tables, index, rule)
    turned = replace(
        eligibility,
        patient_criteria=tuple(random.permutation(eligibility.patient_criteria).tolist()),
        radiograph_criteria=tuple(random.permutation(eligibility.radiograph_criteria).tolist()),
    )
    again = link(tables, index, turned, **parts)
    check_flow(again, starts={"patients": len(tables.patients), "radiographs": len(index)})
    pd.testing.assert_frame_equal(again.patients, linked.patients)
    pd.testing.assert_frame_equal(again.further, linked.further)
