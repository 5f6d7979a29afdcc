"""Exports as hospitals have them: codes, units, birth dates, several events a patient; and what is only noted."""

import datetime
from typing import Any

import pytest
from small_site import SmallStudy

from cacs_cxr.cohort.site_inputs import Eligibility, Guards, SiteInput, SiteTables
from cacs_cxr.cohort.validation import validate_sites
from cacs_cxr.faults import InputError
from cacs_cxr.study import Biomarker, Factor, Threshold

TODAY = datetime.date(2024, 6, 1)


def home(small: SmallStudy, *, today: datetime.date = TODAY, **site: Any) -> SiteTables:
    """Checked tables of the first site, with the site's keys changed."""
    content = small.study["sites"][0] | site
    (tables,) = validate_sites(
        [SiteInput.from_plain(content)],
        eligibility=Eligibility.from_plain(small.eligibility),
        guards=Guards.from_plain(small.guards),
        factors=[Factor.from_plain(item) for item in small.study["factors"]],
        thresholds=[Threshold(**item) for item in small.study["thresholds"]],
        biomarker=Biomarker(**small.study["biomarker"]),
        today=today,
    )
    return tables


def day(text: str) -> float:
    return float((datetime.date.fromisoformat(text) - datetime.date(1970, 1, 1)).days)


def patients(small: SmallStudy, text: str, columns: dict[str, str], **table: Any) -> dict[str, Any]:
    """Write the patients table; returns the site's key of it."""
    small.write("home/export.csv", text)
    return {"file": str(small.folder / "home/export.csv"), "columns": columns, **table}


def outcomes(small: SmallStudy, text: str, **table: Any) -> dict[str, Any]:
    small.write("home/events.csv", text)
    columns = {"patient": "id", "date": "on", "event": "what"}
    return {"file": str(small.folder / "home/events.csv"), "columns": columns, **table}


def test_an_export_with_codes_units_decimal_commas_and_german_dates(small: SmallStudy) -> None:
    columns = {"patient": "Nr", "age": "Alter", "sex": "Geschl", "height": "Größe", "weight": "Gew", "bmi": "BMI"}
    small.write("home/ct.csv", "Nr;CT;Agatston\n007;31.03.2019;12,5\n008;1.4.2019 10:20;\n".encode("cp1252"))
    tables = home(
        small,
        date_format="%d.%m.%Y",
        patients=patients(
            small,
            "Nr;Alter;Geschl;Größe;Gew;BMI\n007;696;1;171,5;70000;-9\n008;unbek.;2;160;60500;22,5\n",
            columns,
            coding={"sex": {"1": "M", "2": "F"}},
            units={"age": "months", "height": "cm", "weight": "g"},
            missing={"bmi": ["-9"], "all": ["unbek."]},
            decimal=",",
        ),
        scores={
            "file": str(small.folder / "home/ct.csv"),
            "columns": {"patient": "Nr", "date": "CT", "value": "Agatston"},
            "decimal": ",",
        },
        outcomes=None,
    )
    assert tables.patients["patient"].tolist() == ["007", "008"]
    assert tables.patients["age"].fillna(-1).tolist() == [58, -1]
    assert tables.patients["sex"].tolist() == ["M", "F"]
    assert tables.patients["bmi"].tolist() == pytest.approx([70 / 1.715**2, 22.5])
    assert tables.scores["value"].fillna(-1).tolist() == [12.5, -1]
    assert tables.scores["day"].tolist() == [day("2019-03-31"), day("2019-04-01")]
    assert "patients: the body mass index of 1 is computed from height and weight" in tables.notes
    assert list(tables.patients.columns) == ["table_row", "patient", "age", "sex", "bmi"]


def test_birth_dates_prior_conditions_and_last_contact(small: SmallStudy) -> None:
    small.eligibility["prior"] = [
        {"name": "pci", "label": "Coronary intervention", "kind": "date", "missing": "include"},
        {"name": "mi", "label": "Myocardial infarction", "kind": "yes_no", "missing": "exclude"},
        {"name": "stroke", "label": "Stroke", "kind": "yes_no", "missing": "include"},
    ]
    columns = {"patient": "id", "birth_date": "born", "sex": "sex", "bmi": "bmi", "last_contact": "seen"}
    tables = home(
        small,
        patients=patients(
            small,
            "id,born,sex,bmi,seen,pci,mi\nH1,1950-06-01,F,20,2023-01-01,2018-02-03,Yes\nH2,1960-06-01,M,21,,,0\n"
            "H3,,M,21,2022-01-01,,\n",
            columns | {"pci": "pci", "mi": "mi"},
        ),
        outcomes=outcomes(small, "id,on,what\nH1,2020-01-01,1\nH1,2021-01-01,2\nH1,2020-01-01,1\n"),
    )
    assert tables.patients["age"].isna().all()
    assert tables.patients["birth_day"].fillna(-1).tolist() == [day("1950-06-01"), day("1960-06-01"), -1]
    assert tables.patients["pci"].fillna(-1).tolist() == [day("2018-02-03"), -1, -1]
    assert tables.patients["mi"].fillna(-1).tolist() == [1, 0, -1]
    assert "stroke" not in tables.patients
    assert tables.outcomes.to_numpy().tolist() == [
        ["H1", day("2020-01-01"), 1],
        ["H1", day("2021-01-01"), 2],
        ["H1", day("2023-01-01"), 0],
        ["H3", day("2022-01-01"), 0],
    ]
    assert tables.outcomes["event"].dtype == float
    assert "outcomes: 1 repeated rows count once" in tables.notes
    assert "patients: Myocardial infarction is missing in 33.3% of rows (1)" in tables.notes


def test_events_by_name_in_months_of_follow_up(small: SmallStudy) -> None:
    small.eligibility["window_days"] = None
    scores = small.study["sites"][0]["scores"]
    small.write("home/scores.csv", "patient_id,agatston\nH1,0\nH2,1\nH3,2\n")
    tables = home(
        small,
        dates="days",
        scores={**scores, "columns": {"patient": "patient_id", "value": "agatston"}},
        outcomes=outcomes(
            small,
            "id,on,what\nH1,12,alive\nH1,1.5,MI\nH2,3,PCI\nH2,24,Death\nH3,,\n",
            events={"none": ["alive"], "event": ["mi"], "competing": ["death"], "ignored": ["PCI"]},
            units={"date": "months"},
        ),
    )
    assert tables.outcomes.to_numpy().tolist() == [["H1", 365, 0], ["H1", 46, 1], ["H2", 730, 2]]
    assert "outcomes: 1 rows of events under `ignored` are left out" in tables.notes


def test_today_is_the_last_day_of_anything(small: SmallStudy) -> None:
    assert len(home(small, today=datetime.date(2022, 3, 1)).outcomes) == 4
    with pytest.raises(InputError, match="expected a date that is past"):
        home(small, today=datetime.date(2022, 2, 26))


def test_what_looks_wrong_as_a_whole_is_noted(small: SmallStudy) -> None:
    rows = range(40)
    small.write(
        "home/scores.csv",
        "patient_id,ct_date,agatston\n"
        + "".join(f"N{n},2019-03-01,{999 if n < 4 else n}\nN{n},2019-03-01,{999 if n < 4 else n}\n" for n in rows),
    )
    small.write("home/outcomes.csv", "patient_id,last_date,mace\n" + "".join(f"N{n},2020-03-01,0\n" for n in rows))
    table = "patient_id,age_years,sex,bmi\n" + "".join(f"N{n},{18 if n else ''},F,{20 + n / 4}\n" for n in rows)
    small.write("home/patients.csv", table)
    assert home(small).notes == (
        "scores: 40 repeated rows count once",
        "patients: age is missing in 2.5% of rows (1)",
        "patients: age is the same in all who have it",
        "patients: sex is the same in all who have it",
        "scores: CACS is 999 in 10.0%; if that means missing, name it in `scores.missing.value`",
        "outcomes: no row is an event; is `outcomes.events` right?",
    )
    small.replace("home/outcomes.csv", ",0\n", ",1\n")
    small.replace("home/patients.csv", ",F,", ",M,")
    assert any("every row is an event" in note for note in home(small).notes)


def test_plausible_tables_have_no_notes_but_of_missing_values(small: SmallStudy) -> None:
    assert home(small).notes == ("patients: bmi is missing in 25.0% of rows (1)",)
