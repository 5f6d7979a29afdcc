"""Follow-up from time zero on dates worked by hand, in both forms of dates."""

import datetime
import re
from pathlib import Path

import pandas as pd
import pytest
from small_site import SmallStudy, radiograph

from cacs_cxr.cohort.followup import ENDED_BEFORE, EVENT_BEFORE, NO_FOLLOWUP

# radiograph, score, end, event -> days to score, follow-up, event, note
WORKED = [
    ("2019-03-01", "2019-03-11", "2020-03-10", "0", -10, 365, 0, ""),  # 2020 has a 29 February between
    ("2019-03-11", "2019-03-01", "2020-03-10", "1", 10, 365, 1, ""),
    ("2019-03-01", "2019-03-01", "2019-03-02", "2", 0, 1, 2, ""),
    ("2019-03-01", "2019-03-11", "2019-03-11", "1", -10, None, None, EVENT_BEFORE),
    ("2019-03-01", "2019-03-11", "2019-03-05", "1", -10, None, None, EVENT_BEFORE),
    ("2019-03-01", "2019-03-11", "2019-03-05", "2", -10, None, None, EVENT_BEFORE),
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


def test_worked_example_of_the_documentation(small: SmallStudy) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "your-data.md").read_text(encoding="utf-8")
    block = page.split("## Worked example")[1].split("```")[1].strip().splitlines()
    for place, table in enumerate(("patients", "scores", "outcomes")):
        small.write(f"home/{table}.csv", "".join(f"{re.split('  +', line)[place]}\n" for line in block))
    site = small.study["sites"][0]
    site["patients"]["columns"] = {"patient": "PatientNo", "age": "Age", "sex": "Sex", "bmi": "BMI"}
    site["scores"]["columns"] = {"patient": "PatientNo", "date": "CTDate", "value": "Agatston"}
    site["outcomes"]["columns"] = {"patient": "PatientNo", "date": "LastDate", "event": "MACE"}
    rows = [
        radiograph("00017", "2019-03-01"),
        radiograph("00017", "2019-06-01"),
        radiograph("00018", "2019-05-02"),
        radiograph("00018", "2019-05-02", view="lateral", file="lateral", sop_instance="lateral"),
        radiograph("00019", "2019-05-19"),
    ]
    small.write_index("home", rows)
    people = small.select().patients
    home = people[people["site"] == "home"].sort_values("age")
    assert home["sex"].tolist() == ["F", "M", "M"]
    assert home["days_to_score"].tolist() == [-10, 0, -1]
    assert home["followup_days"].tolist()[:2] == [1572, 654]
    assert home["event"].tolist()[:2] == [0, 1]
    assert home["followup_note"].tolist() == ["", "", EVENT_BEFORE]
