"""Follow-up from time zero on dates worked by hand, in both forms of dates."""

import datetime
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from small_site import SmallStudy, radiograph

from cacs_cxr.cohort.followup import (
    BEFORE_LANDMARK,
    DEATH_BEFORE,
    ENDED_BEFORE,
    EVENT_BEFORE,
    NO_FOLLOWUP,
    follow_up,
    follow_up_notes,
)
from cacs_cxr.cohort.site_inputs import FollowUpRules

# radiograph, score, end, event -> days to score, follow-up, event, note
WORKED = [
    ("2019-03-01", "2019-03-11", "2020-03-10", "0", -10, 365, 0, ""),  # 2020 has a 29 February between
    ("2019-03-11", "2019-03-01", "2020-03-10", "1", 10, 365, 1, ""),
    ("2019-03-01", "2019-03-01", "2019-03-02", "2", 0, 1, 2, ""),
    ("2019-03-01", "2019-03-11", "2019-03-11", "1", -10, None, None, EVENT_BEFORE),
    ("2019-03-01", "2019-03-11", "2019-03-05", "1", -10, None, None, EVENT_BEFORE),
    ("2019-03-01", "2019-03-11", "2019-03-05", "2", -10, None, None, DEATH_BEFORE),
    ("2019-03-01", "2019-03-11", "2019-03-05", "0", -10, None, None, ENDED_BEFORE),
    ("2019-03-01", "2019-03-11", "2019-03-11", "0", -10, None, None, ENDED_BEFORE),
    ("2019-03-01", "2019-03-11", "", "", -10, None, None, NO_FOLLOWUP),
    ("2007-03-01", "2007-08-31", "2017-08-31", "0", -183, 3653, 0, ""),
]


def spell(date: str, dates: str) -> str:
    if dates == "iso" or not date:
        return date
    return str((datetime.date.fromisoformat(date) - datetime.date(2018, 6, 1)).days)


@pytest.mark.parametrize("dates", ["iso", "days"])
def test_worked_by_hand(small: SmallStudy, dates: str) -> None:
    rows = [[spell(cell, dates) for cell in row[:3]] + [row[3]] for row in WORKED]
    ids = [f"P{number}" for number in range(len(rows))]
    small.write(
        "home/patients.csv",
        "patient_id,age_years,sex,bmi\n" + "".join(f"{i},{20 + n},F,20\n" for n, i in enumerate(ids)),
    )
    small.write(
        "home/scores.csv",
        "patient_id,ct_date,agatston\n" + "".join(f"{i},{r[1]},5\n" for i, r in zip(ids, rows, strict=True)),
    )
    small.write(
        "home/outcomes.csv",
        "patient_id,last_date,mace\n" + "".join(f"{i},{r[2]},{r[3]}\n" for i, r in zip(ids, rows, strict=True)),
    )
    small.write_index("home", [radiograph(i, r[0]) for i, r in zip(ids, rows, strict=True)])
    small.study["sites"][0]["dates"] = dates
    people = small.select().patients
    home = people[people["site"] == "home"].sort_values("age")
    result = home[["days_to_score", "followup_days", "event", "followup_note"]].astype(object)
    expected = [[row[4], row[5], row[6], row[7]] for row in WORKED]
    assert result.where(result.notna(), None).to_numpy().tolist() == expected


def test_patient_without_a_row_of_outcomes_has_no_followup(small: SmallStudy) -> None:
    small.replace("home/outcomes.csv", "H2,2021-01-01,1\n", "")
    people = small.select().patients
    assert people.loc[people["followup_note"] == NO_FOLLOWUP, "age"].tolist() == [61]


def test_site_without_outcomes(small: SmallStudy) -> None:
    small.study["sites"][0]["outcomes"] = None
    people = small.select().patients
    home = people[people["site"] == "home"]
    assert home["followup_note"].tolist() == [NO_FOLLOWUP] * 4
    assert home["followup_days"].isna().all()
    assert home["followup_days"].dtype == pd.Int64Dtype()


def test_without_any_date_of_scores_time_zero_is_the_radiograph(small: SmallStudy) -> None:
    small.eligibility["window_days"] = None
    for site in small.study["sites"]:
        del site["scores"]["columns"]["date"]
    people = small.select().patients
    assert people["days_to_score"].isna().all()
    days = (datetime.date(2022, 3, 1) - datetime.date(2019, 3, 11)).days
    assert people.loc[people["age"] == 50, "followup_days"].tolist() == [days, days]


LATER = FollowUpRules(time_zero="later", landmark_days=0, events_after_end="censor")
END, EVENT, DEATH = 0, 1, 2
# outcomes (day, event) of a patient whose time zero is day 100 -> follow-up, event, note
SEVERAL: dict[str, tuple[list[tuple[int, int]], int | None, int | None, str]] = {
    "the first of several events": ([(300, EVENT), (200, EVENT), (900, END)], 100, EVENT, ""),
    "an event before time zero and one after it": ([(90, EVENT), (200, EVENT)], None, None, EVENT_BEFORE),
    "an event on time zero": ([(100, EVENT), (900, END)], None, None, EVENT_BEFORE),
    "death before the event": ([(200, DEATH), (250, EVENT)], 100, DEATH, ""),
    "the event, then death": ([(250, DEATH), (200, EVENT)], 100, EVENT, ""),
    "event and death on one day": ([(200, DEATH), (200, EVENT)], 100, EVENT, ""),
    "death before time zero": ([(100, DEATH), (300, END)], None, None, DEATH_BEFORE),
    "the latest of several ends": ([(200, END), (400, END), (300, END)], 300, END, ""),
    "an event after the end": ([(200, END), (300, EVENT)], 100, END, ""),
    "death after the end": ([(200, END), (300, DEATH)], 100, END, ""),
    "an event on the last day": ([(200, END), (200, EVENT)], 100, EVENT, ""),
    "an event after an end before time zero": ([(90, END), (300, EVENT)], None, None, ENDED_BEFORE),
    "nothing known": ([], None, None, NO_FOLLOWUP),
}
COUNTED = {
    "an event after the end": (200, EVENT),
    "death after the end": (200, DEATH),
    "an event after an end before time zero": (200, EVENT),
}


def followed(rules: FollowUpRules) -> pd.DataFrame:
    rows = [(name, float(day), float(event)) for name, (known, *_) in SEVERAL.items() for day, event in known]
    outcomes = pd.DataFrame(rows, columns=["patient", "day", "event"]).sample(frac=1, random_state=1)
    stranger = pd.DataFrame([("q", 1.0, 1.0)], columns=outcomes.columns)
    zero = np.full(len(SEVERAL), 100.0)
    found = follow_up(pd.concat([outcomes, stranger]), patients=list(SEVERAL), zero=zero, rules=rules)
    return found.set_index(pd.Index(SEVERAL))


def plain(found: pd.DataFrame, name: str) -> tuple[int | None, int | None, str]:
    row = found.loc[name]
    days, event = (None if pd.isna(row[column]) else int(row[column]) for column in ("followup_days", "event"))
    return days, event, str(row["followup_note"])


@pytest.mark.parametrize("name", SEVERAL)
def test_several_outcomes_of_a_patient(name: str) -> None:
    _, days, event, note = SEVERAL[name]
    assert plain(followed(LATER), name) == (days, event, note)
    counted = followed(replace(LATER, events_after_end="count"))
    assert plain(counted, name) == (*COUNTED.get(name, (days, event)), "" if name in COUNTED else note)


def test_a_landmark_leaves_out_whatever_ended_until_then() -> None:
    found = followed(replace(LATER, landmark_days=100))  # follow-up starts on day 200
    assert plain(found, "the latest of several ends") == (200, END, "")
    assert plain(found, "the first of several events") == (None, None, BEFORE_LANDMARK)  # on the landmark's day
    assert plain(found, "death before the event") == (None, None, BEFORE_LANDMARK)
    assert plain(found, "an event on time zero") == (None, None, EVENT_BEFORE)
    assert plain(found, "nothing known") == (None, None, NO_FOLLOWUP)


def test_contradictions_are_told_with_their_numbers() -> None:
    found = followed(LATER).assign(immortal=False)
    notes = follow_up_notes(found, rules=LATER)
    assert [re.sub(r"patients .*", "patients", note) for note in notes] == [
        "outcomes: 3 eligible patients", "outcomes: 1 eligible patients", "outcomes: 1 eligible patients"
    ]  # fmt: skip
    assert [
        word in note for word, note in zip(("after the end", "after death", "died on or before"), notes, strict=True)
    ]
    assert "it is counted" in follow_up_notes(found, rules=replace(LATER, events_after_end="count"))[0]


def test_another_time_zero_is_taken_and_its_immortal_time_told(small: SmallStudy) -> None:
    """Radiographs of the small study are 9 to 12 days after the scores."""
    zeros = {}
    for choice in ("later", "score", "radiograph"):
        small.followup["time_zero"] = choice
        selection = small.select()
        zeros[choice] = selection.patients.set_index("patient")["followup_days"].dropna()
        told = [note for note in selection.notes["home"] if "immortal time" in note]
        assert len(told) == (choice == "score")
    assert (zeros["later"] == zeros["radiograph"]).all()
    assert ((zeros["score"] - zeros["later"]) > 8).all()


def test_a_landmark_is_a_line_of_the_flow_where_it_excludes(small: SmallStudy) -> None:
    small.followup["landmark_days"] = 600  # H3 died after some 450 days, H2 had the event after some 650
    people = small.select().patients
    home = people[people["site"] == "home"].sort_values("age")  # H4, H1, H2, H3
    assert home["followup_note"].tolist() == ["", "", "", BEFORE_LANDMARK]
