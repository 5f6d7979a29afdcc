"""Which radiograph is taken, against a plain loop over random cohorts; and the flow that counts everybody once."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_site import ELIGIBILITY, FOLLOWUP, KEY, STUDY, SmallStudy, radiograph

from cacs_cxr.cohort.linkage import LinkedSite, link_site, read_index
from cacs_cxr.cohort.site_inputs import Eligibility, FollowUpRules, SiteInput, SiteTables, TableInput
from cacs_cxr.faults import InputError
from cacs_cxr.imaging.header_index import pseudonymous
from cacs_cxr.pseudonyms import pseudonym
from cacs_cxr.study import Factor
from cacs_cxr.tables import write_parquet

FACTORS = [Factor.from_plain(item) for item in STUDY["factors"]]
SITE = SiteInput(
    "home", "external", "days", TableInput("p", {"patient": "p"}), TableInput("s", {}), TableInput("o", {}), "f"
)
VIEWS = ["PA", "PA", "PA", "AP", "lateral", "other", "unknown"]


def rules(**changes: Any) -> Eligibility:
    return Eligibility.from_plain({**ELIGIBILITY, "window_days": 10, "views": ["PA", "AP"], **changes})


def link(tables: SiteTables, index: pd.DataFrame, eligibility: Eligibility, elsewhere: list[bool]) -> LinkedSite:
    radiographs, _ = read_index(pseudonymous(index, key=KEY), tables, eligibility=eligibility, key=KEY)
    return link_site(
        tables,
        radiographs,
        eligibility=eligibility,
        factors=FACTORS,
        follow_up_rules=FollowUpRules(**FOLLOWUP),
        greatest_age=None,
        what="CACS",
        in_earlier_site=np.array(elsewhere),
        key=KEY,
    )


PRIOR = [
    {"name": "disease", "label": "Disease before", "kind": "yes_no", "missing": "exclude"},
    {"name": "stent", "label": "Stent before", "kind": "date", "missing": "include"},
    {"name": "device", "label": "Device", "kind": "yes_no", "missing": "include"},  # no site has the column
]
YEAR = 365.25
LABELS = [
    "Also a patient of another site", "Age missing", "Younger than 18 years", "Older than 55 years",
    "Disease before", "Disease before: unknown", "Stent before", "No CACS", "Sex missing",
]  # fmt: skip


@st.composite
def cohorts(draw: st.DrawFn) -> tuple[SiteTables, pd.DataFrame, Eligibility, list[bool]]:
    """Tables of up to eight patients and an index of up to 25 radiographs, with all that may be odd about them."""
    count = draw(st.integers(1, 8))
    names = [f"p{number}" for number in range(count)]
    day = st.integers(0, 25)

    def column(*values: Any) -> list[Any]:
        return draw(st.lists(st.sampled_from(values), min_size=count, max_size=count))

    patients = pd.DataFrame(
        {
            "patient": names,
            "age": column(50.0, 60.0, 17.0, np.nan),
            "sex": column("F", "M", "F", None),
            "bmi": column(20.0, np.nan),
            "table_row": range(2, 2 + count),
            "disease": column(0.0, 0.0, 0.0, 1.0, np.nan),
            "stent": column(np.nan, np.nan, np.nan, 5.0, 12.0),
        }
    )
    if draw(st.booleans()):
        # Somebody turns 18 within the days of the scores.
        patients = patients.assign(age=np.nan, birth_day=column(-50 * YEAR, 12 - 18 * YEAR, -10 * YEAR, np.nan))
    scores = pd.DataFrame(
        draw(
            st.lists(st.tuples(st.sampled_from([*names, "q"]), st.sampled_from([0.0, 5.0, np.nan]), day), max_size=12)
        ),
        columns=["patient", "value", "day"],
    ).drop_duplicates(["patient", "day"], ignore_index=True)
    scores = scores.astype({"patient": object, "value": float, "day": float})
    outcomes = pd.DataFrame(
        [(name, draw(day) * 2.0, float(draw(st.integers(0, 2)))) for name in names if draw(st.booleans())],
        columns=["patient", "day", "event"],
    ).astype({"patient": object, "day": float, "event": float})
    rows = [
        radiograph(
            draw(st.sampled_from([*names, *names, "q", ""])),
            draw(st.one_of(day.map(str), st.just(""))),
            file=f"{number}.dcm",
            readable=draw(st.sampled_from([True] * 5 + [False])),
            modality=draw(st.sampled_from(["CR", "DX", "", "CT"])),
            view=draw(st.sampled_from(VIEWS)),
            intent=draw(st.sampled_from(["", "FOR PRESENTATION", "FOR PRESENTATION", "FOR PROCESSING"])),
            sop_instance=draw(st.one_of(st.just(""), st.integers(0, 30).map(str))),
        )
        for number in range(draw(st.integers(1, 25)))
    ]
    eligibility = rules(
        patients=draw(st.permutations(ELIGIBILITY["patients"])),
        radiographs=draw(st.permutations(ELIGIBILITY["radiographs"])),
        prior=draw(st.sampled_from([[], PRIOR])),
        minimum_age=draw(st.sampled_from([None, 18])),
        maximum_age=draw(st.sampled_from([None, 55])),
        window_days=draw(st.sampled_from([None, 0, 5, 10])),
        window_side=draw(st.sampled_from(["both", "before", "after"])),
        unknown_view=draw(st.sampled_from(["exclude", "include"])),
    )
    elsewhere = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    return SiteTables(SITE, patients, scores, outcomes), pd.DataFrame(rows), eligibility, elsewhere


def age_at(person: Any, day: float) -> float:
    born = getattr(person, "birth_day", None)
    return person.age if born is None else float(np.floor((day - born) / YEAR * 10) / 10)


def failed(person: Any, value: float, day: float, eligibility: Eligibility, *, outside: bool) -> dict[str, list[str]]:
    """Labels of the criteria of the tables that a patient does not meet at a score, in their order, by name."""
    scored, age = value == value, age_at(person, day)
    unknown = age != age if scored or not hasattr(person, "birth_day") else person.birth_day != person.birth_day
    low, high = eligibility.minimum_age, eligibility.maximum_age
    limited = low is not None or high is not None
    disease = {1.0: "Disease before", 0.0: ""}.get(person.disease, "Disease before: unknown")
    return {
        "one_site": ["Also a patient of another site"] * outside,
        "age": ["Age missing"] * (limited and unknown)
        + ["Younger than 18 years"] * (low is not None and age < 18)
        + ["Older than 55 years"] * (high is not None and age > 55),
        "prior": ([disease] * bool(disease) + ["Stent before"] * (person.stent <= day)) * bool(eligibility.prior),
        "score": ["No CACS"] * (not scored),
        "factors": ["Age missing"] * (not limited and unknown) + ["Sex missing"] * (person.sex is None),
    }


def chosen_by_a_loop(
    tables: SiteTables, index: pd.DataFrame, eligibility: Eligibility, elsewhere: list[bool]
) -> tuple[dict[str, tuple[str, float]], Counter[str]]:
    """File and distance of every eligible patient, and the reason of every other one, patient by patient."""
    taken: dict[str, tuple[str, float]] = {}
    reasons: Counter[str] = Counter()
    owners: dict[str, set[str]] = {}
    known = set(tables.patients["patient"])
    for row in index.itertuples():
        if row.sop_instance and row.patient in known:
            owners.setdefault(row.sop_instance, set()).add(row.patient)
    for person, outside in zip(tables.patients.itertuples(), elsewhere, strict=True):
        scores = [
            (s.value, s.day) for s in tables.scores.itertuples() if s.patient == person.patient and s.value == s.value
        ] or [(np.nan, np.nan)]
        mine = [row for row in index.itertuples() if row.patient == person.patient and row.readable]
        fitting = [
            row
            for row in mine
            if row.modality in ("", "CR", "DX")
            and row.intent != "FOR PROCESSING"
            and (row.view in ("PA", "AP") or (row.view == "unknown" and eligibility.unknown_view == "include"))
            and len(owners.get(row.sop_instance, "")) < 2
        ]
        originals, seen = [], set()
        for row in sorted(fitting, key=lambda row: (row.study_date == "", row.file)):
            if not row.sop_instance or row.sop_instance not in seen:
                originals.append(row)
            seen.add(row.sop_instance)
        pairs = sorted(
            (
                abs(int(row.study_date) - day),
                int(row.study_date),
                day,
                {"PA": 0, "AP": 1, "unknown": 2}[row.view],
                pseudonym(row.sop_instance or row.file, key=KEY),
                row.file,
                int(row.study_date) - day,
            )
            for row in originals
            if row.study_date
            for _, day in scores
        )
        limit, side = eligibility.window_days, eligibility.window_side
        near = [
            pair
            for pair in pairs
            if (limit is None or pair[0] <= limit)
            and (side == "both" or pair[-1] == 0 or (pair[-1] < 0) == (side == "before"))
        ]
        word = {"both": "of", "before": "before", "after": "after"}[side]
        window = f"within {limit} days {word} the score"
        if limit is None:
            window = "with a study date" if side == "both" else f"{word} the score"
        faults = []
        for value, day in scores:
            fault = failed(person, value, day, eligibility, outside=outside)
            fault["radiograph"] = ["No radiograph"] * (not mine)
            fault["view"] = ["No PA or AP radiograph"] * (not fitting)
            close = value != value or any(pair[2] == day for pair in near)
            fault["window"] = [f"No PA or AP radiograph {window}"] * (not close)
            faults.append(fault)
        if reason := first_reason(faults, eligibility.patient_criteria):
            reasons[reason] += 1
        else:
            usable = {day for (_, day), fault in zip(scores, faults, strict=True) if not any(fault.values())}
            first = next(pair for pair in near if pair[2] in usable)
            taken[pseudonym(person.patient, key=KEY)] = first[-2], first[-1]
    return taken, reasons


def first_reason(faults: list[dict[str, list[str]]], order: Sequence[str]) -> str:
    """Label of the first criterion that leaves none of a patient's scores."""
    left = list(range(len(faults)))
    for name in order:
        for label in sorted({label for fault in faults for label in fault[name]}, key=place):
            left = [number for number in left if label not in faults[number][name]]
            if not left:
                return label
    return ""


def place(label: str) -> int:
    """Place of a label among those of one criterion; criteria by radiographs have one label each."""
    return LABELS.index(label) if label in LABELS else 0


@pytest.mark.slow
@settings(
    max_examples=500,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(cohorts())
def test_random_cohorts(cohort: tuple[SiteTables, pd.DataFrame, Eligibility, list[bool]]) -> None:
    tables, index, eligibility, elsewhere = cohort
    linked = link(tables, index, eligibility, elsewhere)
    taken, reasons = chosen_by_a_loop(tables, index, eligibility, elsewhere)
    found = {row.patient: (row.file, row.days_to_score) for row in linked.patients.itertuples()}
    assert found == taken
    assert linked.patients["patient"].tolist() == sorted(taken)
    for unit, start, end in (("patients", len(tables.patients), len(taken)), ("radiographs", len(index), len(taken))):
        flow = linked.flow[linked.flow["unit"] == unit]
        assert flow["order"].tolist() == list(range(len(flow)))
        assert flow["kind"].tolist() == ["start", *["excluded"] * (len(flow) - 2), "remaining"]
        assert flow["n"].iloc[0] == start
        assert flow["n"].iloc[-1] == end
        assert start - flow["n"].iloc[1:-1].sum() == end
        assert flow["label"].is_unique
    excluded = linked.flow[(linked.flow["unit"] == "patients") & (linked.flow["kind"] == "excluded")]
    assert {row.label: row.n for row in excluded.itertuples() if row.n} == dict(reasons)


def files(small: SmallStudy, *rows: dict[str, Any]) -> str:
    """The file taken for patient H1 among these."""
    others = [radiograph(f"H{number}", f"2019-03-1{number}") for number in (2, 3, 4)]
    small.write_index("home", [*rows, *others])
    people = small.select().patients
    return str(people.loc[(people["site"] == "home") & (people["age"] == 50), "file"].item())


def test_nearest_either_way_within_the_window(small: SmallStudy) -> None:
    before, after = radiograph("H1", "2019-02-01", file="before"), radiograph("H1", "2019-03-05", file="after")
    assert files(small, before, after) == "after"


def test_last_day_of_the_window_counts(small: SmallStudy) -> None:
    small.write_index("home", [radiograph("H1", "2018-08-30"), radiograph("H2", "2018-08-30")])  # 183 and 184 days
    people = small.select().patients
    assert people.loc[people["site"] == "home", "days_to_score"].tolist() == [-183]


def alone(small: SmallStudy) -> SmallStudy:
    """The study of the development site only."""
    small.study["sites"], small.indexes = small.study["sites"][:1], small.indexes[:1]
    return small


@pytest.mark.parametrize(("side", "days"), [("both", -2), ("before", -2), ("after", 3)])
def test_the_side_of_the_window(small: SmallStudy, side: str, days: int) -> None:
    alone(small).eligibility["window_side"] = side
    small.write_index("home", [radiograph("H1", "2019-02-27"), radiograph("H1", "2019-03-04")])
    selection = small.select()
    assert selection.patients.loc[selection.patients["site"] == "home", "days_to_score"].tolist() == [days]
    labels = set(selection.flow["label"])
    word = {"both": "of", "before": "before", "after": "after"}[side]
    assert f"No PA radiograph within 183 days {word} the score" in labels


def test_the_day_of_the_score_is_on_either_side(small: SmallStudy) -> None:
    alone(small).write_index("home", [radiograph("H1", "2019-03-01")])
    for side in ("before", "after"):
        small.eligibility["window_side"] = side
        assert (small.select().patients["site"] == "home").sum() == 1


def test_ages_above_the_greatest_are_one_group(small: SmallStudy) -> None:
    small.replace("home/patients.csv", "H2,61", "H2,89.9")
    small.replace("home/patients.csv", "H3,70", "H3,90")
    small.replace("home/patients.csv", "H4,44", "H4,103")
    home = small.select().patients.query("site == 'home'")
    assert sorted(home["age"]) == [50, 89.9, 90, 90]
    small.greatest_age = None
    assert sorted(small.select().patients.query("site == 'home'")["age"]) == [50, 89.9, 90, 103]


def test_age_is_that_at_the_score_of_the_pair(small: SmallStudy) -> None:
    """H1 is 17 at the first score, 18 at the second, which is the one that can be taken though it is less near."""
    small.study["sites"][0]["patients"]["columns"] = {
        "patient": "patient_id",
        "birth_date": "born",
        "sex": "sex",
        "bmi": "bmi",
    }
    small.write("home/patients.csv", "patient_id,born,sex,bmi\nH1,2001-03-20,F,20\nH2,2010-01-01,M,21\n")
    small.replace("home/scores.csv", "H1,2019-03-01,0", "H1,2019-03-01,0\nH1,2019-04-20,7")
    small.write_index("home", [radiograph("H1", "2019-03-02"), radiograph("H2", "2019-03-02")])
    selection = small.select()
    home = selection.patients.query("site == 'home'")
    assert home[["age", "value", "days_to_score"]].to_numpy().tolist() == [[18.0, 7.0, -49]]
    young = selection.flow[selection.flow["label"] == "Younger than 18 years"]
    assert young["n"].tolist() == [1, 0]


def test_prior_conditions_exclude_where_a_site_gives_them(small: SmallStudy) -> None:
    small.eligibility["prior"] = [
        {"name": "disease", "label": "Coronary disease before", "kind": "yes_no", "missing": "exclude"},
        {"name": "stent", "label": "Revascularised before the score", "kind": "date", "missing": "include"},
    ]
    small.study["sites"][0]["patients"]["columns"] |= {"disease": "CAD", "stent": "PCI"}
    small.write(
        "home/patients.csv",
        "patient_id,age_years,sex,bmi,CAD,PCI\nH1,50,F,20,no,\nH2,61,M,,yes,\nH3,70,M,31,,\nH4,44,F,19,0,2019-03-04\n",
    )
    selection = small.select()
    flow = selection.flow.query("site == 'home' and unit == 'patients' and kind == 'excluded' and n > 0")
    assert flow[["label", "n"]].to_numpy().tolist() == [
        ["Coronary disease before", 1],
        ["Coronary disease before: unknown", 1],
        ["Revascularised before the score", 1],
    ]
    told = [note for note in selection.notes["away"] if "eligibility.prior" in note]
    assert len(told) == 2
    assert "no column for disease" in told[0]
    small.replace("home/patients.csv", "2019-03-04", "2019-03-05")  # the day after the score
    assert len(small.select().patients.query("site == 'home'")) == 2


@pytest.mark.parametrize(
    ("key", "names", "message"),
    [
        ("patients", ["one_site", "age", "score", "factors", "radiograph", "view"], "all of .*window"),
        ("patients", ["one_site", "score", "factors", "radiograph", "view", "window"], "age among the criteria"),
        ("patients", [*ELIGIBILITY["patients"], "age"], "each of .* once at most"),
        ("radiographs", ["readable", "view", "listed", "eligible"], "all of .*modality"),
    ],
)
def test_lists_of_criteria_that_no_study_can_follow(
    small: SmallStudy, key: str, names: list[str], message: str
) -> None:
    small.eligibility[key] = names
    with pytest.raises(InputError, match=message):
        small.select()


def test_ties_take_the_earlier_then_the_preferred_view(small: SmallStudy) -> None:
    small.eligibility["views"] = ["PA", "AP"]
    after, before = (
        radiograph("H1", "2019-03-06", file="after"),
        radiograph("H1", "2019-02-24", file="before", view="AP"),
    )
    assert files(small, after, before) == "before"
    same_day = radiograph("H1", "2019-02-24", file="same day", sop_instance="9")
    assert files(small, after, before, same_day) == "same day"


def test_nearest_pair_of_several_scores(small: SmallStudy) -> None:
    small.replace("home/scores.csv", "H1,2019-03-01,0", "H1,2019-03-01,0\nH1,2019-06-01,77\nH1,2019-09-01,")
    small.write_index(
        "home", [radiograph("H1", "2019-05-20"), radiograph("H1", "2019-09-01", file="b", sop_instance="b")]
    )
    people = small.select().patients
    home = people[people["site"] == "home"]
    assert home[["value", "days_to_score"]].to_numpy().tolist() == [[77, -12]]


def test_patient_in_two_sites_leaves_the_external_one(small: SmallStudy) -> None:
    small.guards["patient_in_two_sites"] = "exclude"
    for table in ("patients", "scores", "outcomes"):
        small.replace(f"away/{table}.csv", "A2", "H3")
    selection = small.select()
    assert selection.patients["site"].value_counts().to_dict() == {"home": 4, "away": 3}
    flow = selection.flow[selection.flow["label"] == "Also a patient of another site"]
    assert flow[["site", "n"]].to_numpy().tolist() == [["away", 1]]


def test_one_radiograph_under_two_patients_is_taken_for_neither(small: SmallStudy) -> None:
    rows = [radiograph(f"H{number}", f"2019-03-1{number}", sop_instance=f"{min(number, 3)}") for number in (1, 2, 3, 4)]
    small.write_index("home", rows)
    selection = small.select()
    assert selection.patients["site"].value_counts()["home"] == 2
    flow = selection.flow[(selection.flow["site"] == "home") & (selection.flow["n"] > 0)]
    assert flow[flow["kind"] == "excluded"][["unit", "label", "n"]].to_numpy().tolist() == [
        ["patients", "No PA radiograph", 2],
        ["radiographs", "Same radiograph under two patients", 2],
    ]


def test_numbers_of_a_spreadsheet_meet_those_of_headers(small: SmallStudy) -> None:
    for table in ("patients", "scores", "outcomes"):
        small.replace(f"home/{table}.csv", "H", "")
    small.replace("home/scores.csv", "\n1,", "\n1.0,")
    small.write_index("home", [radiograph(f" {number} ", f"2019-03-1{number}") for number in (1, 2, 3, 4)])
    assert len(small.select().patients) == 8


def test_no_dates_at_all(small: SmallStudy) -> None:
    small.eligibility["window_days"] = None
    for site in small.study["sites"]:
        del site["scores"]["columns"]["date"]
        site["outcomes"] = None
    small.write_index("home", [radiograph(f"H{number}", "") for number in (1, 2, 3, 4)])
    people = small.select().patients
    assert len(people) == 8
    assert people["days_to_score"].isna().all()


def test_pseudonyms_are_stable_and_hide_the_identifier(small: SmallStudy) -> None:
    people = small.select().patients
    first = people[(people["site"] == "home") & (people["age"] == 50)]["patient"].item()
    assert first == pseudonym("H1", key=KEY) == "e008b62f37c38241"
    assert not people["patient"].str.contains("H|A").any()


def test_identifiers_that_differ_by_leading_zeros_are_told_though_they_are_hashed(small: SmallStudy) -> None:
    for table in ("patients", "scores", "outcomes"):
        small.replace(f"home/{table}.csv", "H", "000")
    small.write_index("home", [radiograph(f"{number}", f"2019-03-1{number}") for number in (1, 2, 3, 4)])
    found = "radiographs of site home.*4 identifiers that differ from the patients table's by leading zeros"
    with pytest.raises(InputError, match=found):
        small.select()
    small.write_index("home", [radiograph(f"Z{number}", f"2019-03-1{number}") for number in (1, 2, 3, 4)])
    with pytest.raises(InputError, match=r"radiographs of site home.*found 'no identifier of the patients table'"):
        small.select()


def test_an_index_made_with_another_key_is_refused(small: SmallStudy) -> None:
    (small.folder / "pseudonym.key").write_text("another key of some length")
    index = pd.read_parquet(small.indexes[1])
    write_parquet(pseudonymous(index, key=b"m" * 16), small.indexes[1])
    with pytest.raises(InputError) as caught:
        small.select()
    (fault,) = caught.value.faults
    assert (fault.file, fault.value) == (str(small.indexes[1]), "pseudonyms of another key")
    assert "snakemake --forcerun index_radiographs" in fault.remedy
    assert KEY.decode() not in str(fault)
    write_parquet(pd.DataFrame(index.to_dict("list")), small.indexes[0])  # an index without the check
    with pytest.raises(InputError, match="2 faults"):
        small.select()


def test_a_file_excluded_by_override_has_its_own_line_in_the_flow(small: SmallStudy) -> None:
    excluded = {"readable": False, "reason": "excluded-by-override", "overridden": "use"}
    rows = [radiograph(f"H{number}", f"2019-03-1{number}") for number in (1, 2, 3)]
    rows += [radiograph("H3", "2019-03-14", **excluded), radiograph("H4", "2019-03-14", **excluded)]
    rows += [radiograph("H4", "2019-03-15", readable=False, reason="truncated")]
    small.write_index("home", rows)
    selection = small.select()
    flow = selection.flow[(selection.flow["site"] == "home") & (selection.flow["n"] > 0)]
    assert flow[["unit", "label", "n"]].to_numpy().tolist() == [
        ["patients", "Patients in the table", 4],
        ["patients", "No radiograph", 1],
        ["patients", "Eligible patients", 3],
        ["radiographs", "Files found", 6],
        ["radiographs", "Excluded by the override table", 2],
        ["radiographs", "Not a readable image", 1],
        ["radiographs", "Radiographs selected", 3],
    ]
    away = selection.flow[selection.flow["site"] == "away"]
    assert "Excluded by the override table" not in set(away["label"])


def test_corrections_are_carried_to_the_selection(small: SmallStudy) -> None:
    changes = {"photometric_override": "MONOCHROME1", "rotate": 90, "mirror": True, "overridden": "photometric,rotate"}
    rows = [radiograph(f"H{number}", f"2019-03-1{number}") for number in (1, 2, 3)]
    small.write_index("home", [*rows, radiograph("H4", "2019-03-14", **changes)])
    people = small.select().patients
    corrected = people[people["overridden"] != ""]
    assert corrected["age"].tolist() == [44]
    assert corrected[list(changes)].to_dict("records") == [changes]
    others = people.loc[people["overridden"] == "", ["photometric_override", "rotate", "mirror"]]
    assert set(others.itertuples(index=False, name=None)) == {("", 0, False)}


def told(small: SmallStudy) -> None:
    """Two files of home speak of the score, as do a file that cannot be read and one of a stranger."""
    rows = [radiograph(f"H{n}", f"2019-03-1{n}", score_text=n in (1, 2)) for n in (1, 2, 3, 4)]
    rows += [radiograph("H2", "2019-05-01"), radiograph("H9", "2019-03-01", score_text=True)]
    rows += [radiograph("H3", "2019-03-12", score_text=True, readable=False, reason="truncated")]
    small.write_index("home", rows)


def test_headers_that_speak_of_the_score_are_left_out(small: SmallStudy) -> None:
    """H1 has no other radiograph; H2 has a later one, which takes the place of the one that speaks."""
    told(small)
    selection = small.select()
    people = selection.patients.query("site == 'home'")
    assert sorted(people["file"]) == ["H2_2019-05-01.dcm", "H3_2019-03-13.dcm", "H4_2019-03-14.dcm"]
    flow = selection.flow.query("site == 'home' and unit == 'radiographs'").set_index("label")["n"]
    assert flow["Score in the header"] == 2
    assert flow["Patient not in the patients table"] == flow["Not a readable image"] == 1
    order = flow.index.tolist()
    assert order.index("Score in the header") == order.index("Same radiograph under two patients") + 1


def test_headers_that_speak_of_the_score_may_stop_the_study(small: SmallStudy) -> None:
    told(small)
    small.guards["score_in_header"] = "stop"
    with pytest.raises(InputError) as caught:
        small.select()
    (fault,) = caught.value.faults
    assert (fault.file, fault.value) == (
        "radiographs of site home",
        "2 of 7 files whose free text speaks of the score",
    )
    assert "Remove the text from the headers" in fault.remedy
    assert not re.search(r"H\d|2019", str(fault))


def test_quiet_headers_do_not_stop_the_study(small: SmallStudy) -> None:
    small.guards["score_in_header"] = "stop"
    assert len(small.select().patients) == 8


def test_a_radiograph_of_an_earlier_site_is_left_out_at_the_later(small: SmallStudy) -> None:
    """Patients A4 and H4 have one radiograph: they are one person under two identifiers, or one of them is wrong."""
    rows = [radiograph(f"A{number}", f"2019-03-1{number}") for number in (1, 2, 3)]
    small.write_index("away", [*rows, radiograph("A4", "2019-03-14", sop_instance="1.2.3.H4.2019-03-14")])
    selection = small.select()
    assert selection.patients["site"].value_counts().to_dict() == {"home": 4, "away": 3}
    flow = selection.flow[selection.flow["label"] == "Same radiograph at another site"]
    assert flow[["site", "unit", "n"]].to_numpy().tolist() == [["away", "radiographs", 1]]
    assert [note for note in selection.notes["away"] if "at an earlier site" in note] == [
        "radiographs: 1 stand at an earlier site as well and are left out here; their patients may be the same people "
        "under two identifiers"
    ]
    assert not any("at an earlier site" in note for note in selection.notes["home"])


def test_radiographs_without_an_instance_uid_are_not_taken_for_one_another(small: SmallStudy) -> None:
    for site, letter in (("home", "H"), ("away", "A")):
        rows = [radiograph(f"{letter}{n}", f"2019-03-1{n}", sop_instance="") for n in (1, 2, 3, 4)]
        small.write_index(site, rows)
    assert len(small.select().patients) == 8
