"""The baseline exam of the Framingham teaching data as a hospital would hand it over."""

from pathlib import Path

import pandas as pd
import pytest
from small_site import SmallStudy, radiograph

from cacs_cxr.cohort.followup import EVENT_BEFORE, NO_FOLLOWUP
from real_data import real_data

pytestmark = pytest.mark.real


@pytest.fixture
def baseline() -> pd.DataFrame:
    table = pd.read_csv(real_data("tables", "framingham_teaching_long.csv"))
    return table[table["PERIOD"] == 1].astype({"RANDID": int})


def hand_over(small: SmallStudy, baseline: pd.DataFrame) -> Path:
    """Write the exam as patients, scores (cholesterol for a biomarker) and outcomes on the day of the exam, day 0."""
    home = small.folder / "home"
    baseline[["RANDID", "AGE", "SEX", "BMI"]].to_csv(home / "patients.csv", index=False)
    baseline.assign(day=0)[["RANDID", "day", "TOTCHOL"]].to_csv(home / "scores.csv", index=False)
    baseline[["RANDID", "TIMECVD", "CVD"]].to_csv(home / "outcomes.csv", index=False)
    small.write_index("home", [radiograph(str(name), "0") for name in baseline["RANDID"]])
    site = small.study["sites"][0]
    site["dates"] = "days"
    site["patients"]["columns"] = {"patient": "RANDID", "age": "AGE", "sex": "SEX", "bmi": "BMI"}
    site["scores"]["columns"] = {"patient": "RANDID", "date": "day", "value": "TOTCHOL"}
    site["outcomes"]["columns"] = {"patient": "RANDID", "date": "TIMECVD", "event": "CVD"}
    small.study["sites"] = [site]
    site["patients"]["coding"] = {"sex": {"1": "M", "2": "F"}}
    small.indexes = small.indexes[:1]
    return home


def test_counts_prevalent_events_and_rate(small: SmallStudy, baseline: pd.DataFrame) -> None:
    hand_over(small, baseline)
    selection = small.select()
    flow = selection.flow.set_index(["unit", "label"])["n"]
    assert flow["patients", "Patients in the table"] == 4434
    missing = int(baseline["TOTCHOL"].isna().sum())
    assert flow["patients", "No CACS"] == missing == 52
    people = selection.patients
    assert len(people) == 4434 - 52
    scored = baseline[baseline["TOTCHOL"].notna()]
    prevalent = (scored["CVD"] == 1) & (scored["TIMECVD"] == 0)
    assert ((baseline["CVD"] == 1) & (baseline["TIMECVD"] == 0)).sum() == 161
    assert (people["followup_note"] == EVENT_BEFORE).sum() == prevalent.sum()
    assert not (people["followup_note"] == NO_FOLLOWUP).any()
    followed = people[people["followup_note"] == ""]
    assert followed["event"].sum() == scored["CVD"].sum() - prevalent.sum()
    assert followed["followup_days"].sum() == scored["TIMECVD"].sum()
    rate = 1000 * followed["event"].sum() / (followed["followup_days"].sum() / 365.25)
    assert rate == pytest.approx(12.0562, abs=1e-4)
    assert (people["sex"] == "M").sum() == (scored["SEX"] == 1).sum()
    assert people["bmi"].isna().sum() == scored["BMI"].isna().sum()


def test_every_exam_is_a_row_of_one_table_and_every_death_an_event(small: SmallStudy, baseline: pd.DataFrame) -> None:
    home = hand_over(small, baseline)
    exams = pd.read_csv(real_data("tables", "framingham_teaching_long.csv"))
    # Of one patient several exams: as many scores, and the same outcome as often.
    exams[["RANDID", "TIME", "TOTCHOL"]].rename(columns={"TIME": "day"}).to_csv(home / "scores.csv", index=False)
    exams[["RANDID", "TIMEDTH", "DEATH"]].to_csv(home / "outcomes.csv", index=False)
    site = small.study["sites"][0]
    site["outcomes"]["columns"] = {"patient": "RANDID", "date": "TIMEDTH", "event": "DEATH"}
    (tables,) = small.select().tables
    assert len(tables.scores) == len(exams) == 11627
    assert len(tables.outcomes) == len(baseline) == 4434
    assert tables.outcomes["event"].sum() == baseline["DEATH"].sum()
    assert "outcomes: 7,193 repeated rows count once" in tables.notes
