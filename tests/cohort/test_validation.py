"""Every planted fault gives its own message: file, row, column, value, rule and remedy."""

# ruff: noqa: E501 - a fault a line reads as the table that it is

import re
from collections.abc import Callable

import pandas as pd
import pytest
from small_site import SmallStudy, radiograph

from cacs_cxr.faults import Fault, InputError

Plant = Callable[[SmallStudy], None]
P, S, O, C = "home/patients.csv", "home/scores.csv", "home/outcomes.csv", "configuration, site home"  # noqa: E741


def edit(name: str, old: str, new: str) -> Plant:
    return lambda small: small.replace(name, old, new)


def mapping(table: str, key: str, name: str | None) -> Plant:
    def plant(small: SmallStudy) -> None:
        columns = small.study["sites"][0][table]["columns"]
        if name is None:
            del columns[key]
        else:
            columns[key] = name

    return plant


def index(*rows: dict[str, object]) -> Plant:
    return lambda small: small.write_index("home", rows)


def patients_file(name: str, content: bytes) -> Plant:
    def plant(small: SmallStudy) -> None:
        small.write(name, content)
        small.study["sites"][0]["patients"]["file"] = str(small.folder / name)

    return plant


def other_zeros(small: SmallStudy) -> None:
    small.write(P, "patient_id,age_years,sex,bmi\n007,50,F,20\n")
    small.write(S, "patient_id,ct_date,agatston\n7,2019-03-01,5\n")
    small.write(O, "patient_id,last_date,mace\n007,2020-01-01,0\n")
    small.write_index("home", [radiograph("007", "2019-03-01")])


def shared_patient(small: SmallStudy) -> None:
    for table in ("patients", "scores", "outcomes"):
        small.replace(f"away/{table}.csv", "A2", "H3")


def no_dates_of_scores(small: SmallStudy) -> None:
    small.eligibility["window_days"] = None
    for place in small.study["sites"]:
        del place["scores"]["columns"]["date"]
    small.replace("home/scores.csv", "H4,2019-03-04,900", "H4,2019-03-04,900\nH4,2019-05-04,1000")


def site_key(**content: object) -> Plant:
    return lambda small: small.study["sites"][0].update(content)


def table_key(table: str, **content: object) -> Plant:
    return lambda small: small.study["sites"][0][table].update(content)


def in_turn(*plants: Plant) -> Plant:
    def plant(small: SmallStudy) -> None:
        for one in plants:
            one(small)

    return plant


def born(dates: str) -> Plant:
    """Birth dates of the four patients of the first site in place of their ages."""
    cells = dict(zip(("50", "61", "70", "44"), dates.split(), strict=True))
    plants = [edit(P, f"H{number},{age},", f"H{number},{cells[age]},") for number, age in enumerate(cells, start=1)]
    return in_turn(*plants, mapping("patients", "age", None), mapping("patients", "birth_date", "age_years"))


def sized(*rows: str, **content: object) -> Plant:
    """Heights and weights of the first site in place of the body mass index."""
    cells = "".join(f"H{number},50,F,{row}\n" for number, row in enumerate(rows, start=1))
    columns = {"patient": "id", "age": "age", "sex": "sex", "height": "height", "weight": "weight"}
    return lambda small: (
        small.write(P, "id,age,sex,height,weight\n" + cells),
        small.study["sites"][0]["patients"].update(columns=columns, **content),
    )[0]


def workbook(sheet: str) -> Plant:
    def plant(small: SmallStudy) -> None:
        pd.read_csv(small.folder / P, dtype=str).to_excel(
            small.folder / "home/p.xlsx", sheet_name="Export", index=False
        )
        table_key("patients", file=str(small.folder / "home/p.xlsx"), sheet=sheet)(small)

    return plant


def database(address: str, query: str) -> Plant:
    def plant(small: SmallStudy) -> None:
        table = small.study["sites"][0]["patients"]
        del table["file"]
        table.update(database=address, query=query)

    return plant


def tomorrow_is_far(small: SmallStudy) -> None:
    small.replace(O, "2022-03-01", "2099-03-01")


# name: (how to spoil the study, file, row, column, value, words of the message)
PLANTED: dict[str, tuple[Plant, str, int | None, str, str, str]] = {
    "missing file": (lambda small: (small.folder / P).unlink(), P, None, "", "no such file", "put the file there"),
    "folder for a file": (lambda small: small.study["sites"][0]["patients"].update(file=str(small.folder)), "", None, "", "a folder", "a table"),
    "unknown format": (patients_file("home/p.doc", b""), "home/p.doc", None, "", ".doc", "Save the table as CSV"),
    "empty file": (lambda small: small.write(P, ""), P, 1, "", "nothing", "header into the first row"),
    "header only": (lambda small: small.write(P, "patient_id,age_years,sex,bmi\n"), P, None, "", "a header only", "at least one row"),
    "broken parquet": (patients_file("home/p.parquet", b"PAR1xx"), "home/p.parquet", None, "", "ArrowInvalid", "a Parquet file"),
    "row too short": (edit(P, "H2,61,M,", "H2,61"), P, 3, "", "2 cells", "4 cells"),
    "row too long": (edit(P, "H3,70,M,31", "H3,70,M,31,extra"), P, 4, "", "5 cells", "4 cells"),
    "unknown column": (mapping("patients", "age", "age_year"), P, 1, "age_year", "no such column", "Did you mean 'age_years'?"),
    "column twice": (edit(P, "patient_id,age_years,sex,bmi", "patient_id,sex,sex,bmi"), P, 1, "sex", "2 of them", "of this name once"),
    "factor not mapped": (mapping("patients", "bmi", None), "configuration, site home", None, "patients.columns.bmi", "nothing", "Name there the column"),
    "mistyped key": (mapping("patients", "bmii", "bmi"), "configuration, site home", None, "patients.columns.bmii", "bmii", "Did you mean 'bmi'?"),
    "identifier as factor": (mapping("patients", "bmi", "patient_id"), "configuration, site home", None, "patients.columns.bmi", "patient_id", "another column than the identifiers'"),
    "score not mapped": (mapping("scores", "value", None), "configuration, site home", None, "scores.columns.value", "nothing", "Name there the column"),
    "duplicated patient": (edit(P, "H3,70,M,31", "H1,70,M,31"), P, 4, "patient_id", "the patient of row 2", "one row a patient"),
    "empty identifier": (edit(P, "H4,44", ",44"), P, 5, "patient_id", "an empty cell", "a patient identifier"),
    "sex X": (edit(P, "61,M", "61,X"), P, 3, "sex", "X", "Write F or M"),
    "age in letters": (edit(P, "H1,50", "H1,fifty"), P, 2, "age_years", "fifty", "Write a number"),
    "age too high": (edit(P, "H1,50", "H1,150"), P, 2, "age_years", "150", "from 0 to 120"),
    "age negative": (edit(P, "H1,50", "H1,-5"), P, 2, "age_years", "-5", "from 0 to 120"),
    "bmi implausible": (edit(P, "22.5", "225"), P, 2, "bmi", "225", "from 8 to 100"),
    "bmi infinite": (edit(P, "22.5", "inf"), P, 2, "bmi", "inf", "limit of detection"),
    "decimal comma": (edit(P, "22.5", '"22,5"'), P, 2, "bmi", "22,5", "decimal points"),
    "negative score": (edit(S, "150", "-150"), S, 4, "agatston", "-150", "at least 0"),
    "score in letters": (edit(S, "150", "high"), S, 4, "agatston", "high", "Write a number"),
    "score infinite": (edit(S, "900", "Infinity"), S, 5, "agatston", "Infinity", "finite"),
    "empty identifier of score": (edit(S, "H4,", ","), S, 5, "patient_id", "an empty cell", "a patient identifier"),
    "day that is none": (edit(S, "2019-03-02", "2019-02-30"), S, 3, "ct_date", "2019-02-30", "a day of the calendar"),
    "year that is none": (edit(S, "2019-03-02", "1019-03-02"), S, 3, "ct_date", "1019-03-02", "between 1900 and 2100"),
    "date in another form": (edit(S, "2019-03-02", "02/03/2019"), S, 3, "ct_date", "99/99/9999", "YYYY-MM-DD"),
    "date with a month's name": (edit(S, "2019-03-02", "2-Mar-2019"), S, 3, "ct_date", "9-AAA-9999", "YYYY-MM-DD"),
    "score without date": (edit(S, "2019-03-02", ""), S, 3, "ct_date", "an empty cell", "the date of the score"),
    "two values on a day": (edit(S, "H4,2019-03-04,900", "H3,2019-03-03,900"), S, 5, "agatston", "another value than in row 4", "one value a patient and date"),
    "two values without dates": (no_dates_of_scores, S, 6, "agatston", "another value than in row 5", "where scores have no date"),
    "other zeros": (other_zeros, S, None, "patient_id", "1 identifiers that differ from the patients table's by leading zeros", "as text"),
    "other identifiers": (edit(O, "H", "Z"), O, None, "patient_id", "no identifier of the patients table", "as text"),
    "event 3": (edit(O, "2021-01-01,1", "2021-01-01,3"), O, 3, "mace", "3", "0 (no event), 1 (the event) or 2"),
    "event yes": (edit(O, "2021-01-01,1", "2021-01-01,yes"), O, 3, "mace", "yes", "Recode the column"),
    "event without date": (edit(O, "2021-01-01,1", ",1"), O, 3, "last_date", "an empty cell", "a date beside an event"),
    "date without event": (edit(O, "2021-01-01,1", "2021-01-01,"), O, 3, "mace", "an empty cell", "an event (0, 1, 2) beside a date"),
    "event in many rows": (edit(O, "01,0\n", "01,lost\n"), O, 2, "mace", "lost (in 2 rows)", "name the value in `outcomes.events`"),
    "event under two keys": (table_key("outcomes", events={"event": ["1", "2"]}), C, None, "outcomes.events", "2", "each value under one key"),
    "last contact without outcomes": (in_turn(site_key(outcomes=None), mapping("patients", "last_contact", "bmi")), C, None, "patients.columns.last_contact", "no outcomes", "Name the table of events"),
    "future": (tomorrow_is_far, O, 2, "last_date", "9999-99-99", "a date that is past"),
    "two-digit year": (edit(S, "2019-03-02", "02.03.19"), S, 3, "ct_date", "99.99.99", "four digits"),
    "ambiguous date": (edit(S, "2019-03-02", "03/04/2019"), S, 3, "ct_date", "99/99/9999", 'date_format: "%d/%m/%Y"` or "%m/%d/%Y"'),
    "date in days first": (edit(S, "2019-03-02", "31.03.2019"), S, 3, "ct_date", "99.99.9999", 'the site\'s `date_format: "%d.%m.%Y"`'),
    "date in months first": (edit(S, "2019-03-02", "03/31/2019"), S, 3, "ct_date", "99/99/9999", 'the site\'s `date_format: "%m/%d/%Y"`'),
    "date not in the form named": (in_turn(site_key(date_format="%d.%m.%Y"), edit(S, "2019-03-02", "3/2019")), S, 3, "ct_date", "9/9999", "YYYY-MM-DD or %d.%m.%Y"),
    "day that is none in the form named": (in_turn(site_key(date_format="%d.%m.%Y"), edit(S, "2019-03-02", "31.02.2019")), S, 3, "ct_date", "31.02.2019", "a day of the calendar"),
    "form without a year": (site_key(date_format="%d.%m."), C, None, "date_format", "%d.%m.", "%d, %m and %Y once"),
    "form with a two-digit year": (site_key(date_format="%d.%m.%y"), C, None, "date_format", "%d.%m.%y", "four digits"),
    "form beside days": (site_key(dates="days", date_format="%d.%m.%Y"), C, None, "date_format", "%d.%m.%Y", "Remove one of the two"),
    "fraction of a day": (in_turn(site_key(dates="days"), edit(S, "2019-03-02", "12.5")), S, 3, "ct_date", "99.9", "units: {date: months}"),
    "text among months": (in_turn(site_key(dates="days"), table_key("outcomes", units={"date": "months"}), edit(O, "2021-01-01", "soon")), O, 3, "last_date", "AAAA", "a number of months"),
    "unit of dates": (table_key("outcomes", units={"date": "months"}), C, None, "outcomes.units.date", "months", "Set the site's `dates: days`"),
    "unit of nothing": (table_key("patients", units={"height": "cm"}), C, None, "patients.units.height", "cm", "patients.columns.height"),
    "unknown unit": (table_key("patients", units={"age": "decades"}), C, None, "patients.units.age", "decades", "one of years, months, weeks, days"),
    "age in months": (in_turn(edit(P, "H1,50", "H1,600"), edit(P, "H2,61", "H2,732"), edit(P, "H3,70", "H3,840"), edit(P, "H4,44", "H4,528")), P, 2, "age_years", "600", "Did you mean `units: {age: months}`?"),
    "height in cm": (sized("171,70", "165,60", "180,80", "175,75"), P, 2, "height", "171", "Did you mean `units: {height: cm}`?"),
    "height in inches": (sized("66,70", "65,60", "70,80", "68,75"), P, 2, "height", "66", "Did you mean `units: {height: in}`?"),
    "height too small after conversion": (sized("171,70", "17,60", "180,80", "175,75", units={"height": "cm"}), P, 3, "height", "17", "from 0.5 to 2.6"),
    "weight in g": (sized("1.71,70000", "1.65,60000", "1.80,80000", "1.75,75000"), P, 2, "weight", "70000", "Did you mean `units: {weight: g}`?"),
    "height and weight that do not fit": (sized("1.71,70", "0.9,160", "1.80,80", "1.75,75"), P, 3, "weight", "160", "a body mass index from 8 to 100"),
    "height alone": (mapping("patients", "height", "bmi"), C, None, "patients.columns.height", "one alone", "height and weight"),
    "age and birth date": (mapping("patients", "birth_date", "age_years"), C, None, "patients.columns.birth_date", "age as well", "one of the two"),
    "birth date without dates of scores": (in_turn(born("1950-01-01 1951-01-01 1952-01-01 1953-01-01"), mapping("scores", "date", None)), C, None, "patients.columns.birth_date", "scores without a date", "or give the age"),
    "born after the score": (born("1950-01-01 2020-01-01 1952-01-01 1953-01-01"), P, 3, "age_years", "a date after the first score", "before the first score"),
    "born too long ago": (born("1950-01-01 1951-01-01 1901-01-01 1898-01-01"), P, 5, "age_years", "1898-01-01", "between 1900 and 2100"),
    "code that is none": (in_turn(edit(P, "H2,61,M", "H2,61,9"), table_key("patients", coding={"sex": {"1": "M", "2": "F"}})), P, 3, "sex", "9", "F or M, or a code: 1, 2"),
    "digits without coding": (in_turn(edit(P, "H2,61,M", "H2,61,1")), P, 3, "sex", "1", 'coding: {sex: {code A: F, code B: M}}'),
    "code for no level": (table_key("patients", coding={"sex": {"1": "male"}}), C, None, "patients.coding.sex", "male", "a level: F or M"),
    "code twice": (table_key("patients", coding={"sex": {"1": "M", "1.0": "F"}}), C, None, "patients.coding.sex", "1", "each code once"),
    "codes of a number": (table_key("patients", coding={"age": {"1": "50"}}), C, None, "patients.coding.age", "age", "a mapped column of two levels"),
    "missing code of nothing": (table_key("patients", missing={"bni": ["-9"]}), C, None, "patients.missing.bni", "bni", "Did you mean 'bmi'?"),
    "missing code that is not named": (edit(P, "22.5", "-9"), P, 2, "bmi", "-9", "from 8 to 100"),
    "decimal comma beside points": (in_turn(edit(P, "22.5", '"22,5"'), edit(P, ",19", ",19.5"), table_key("patients", decimal=",")), P, 5, "bmi", "19.5", "with a decimal comma"),
    "thousands points": (in_turn(edit(S, "900", '"1.900,5"'), table_key("scores", decimal=",")), S, 5, "agatston", "1.900,5", "no thousands points"),
    "unknown sheet": (workbook("Exprot"), "home/p.xlsx", None, "", "no such sheet", "there are 'Export'"),
    "sheet of a text": (table_key("patients", sheet="Export"), P, None, "", ".csv", "Remove `sheet`"),
    "unknown encoding": (table_key("patients", encoding="utf-9"), P, None, "", "an encoding that does not exist", "Correct `encoding`"),
    "other encoding": (in_turn(edit(P, "H1", "ä"), table_key("patients", encoding="ascii")), P, None, "", "bytes that are none of it", "text in the encoding ascii"),
    "file and database": (table_key("patients", database="sqlite:///a.db", query="select 1"), "configuration, home.patients", None, "file", "both", "Keep the one that counts"),
    "database without query": (database("sqlite:///a.db", ""), "configuration, home.patients", None, "query", "", "a query beside a database"),
    "database that is missing": (database("sqlite:///absent.db", "select 1"), "configuration, query of home.patients", None, "database", "no such file", "SQLite database"),
    "query that deletes": (database("sqlite:///absent.db", "delete from t"), "configuration, query of home.patients", None, "query", "delete", "starts with SELECT or WITH"),
    "days for dates": (lambda small: small.study["sites"][0].update(dates="days"), S, 2, "ct_date", "9999-99-99", "whole number of days"),
    "patient in two sites": (shared_patient, "away/patients.csv", 3, "patient_id", "the patient of row 4 of", "patient_in_two_sites: exclude"),
    "window without dates": (mapping("scores", "date", None), "configuration", None, "eligibility.window_days", "183, and scores without a date at site home", "window_days: null"),
    "least age without age": (lambda small: small.study["factors"].pop(0), "configuration", None, "eligibility.minimum_age", "18, and no factor named age", "minimum_age: null"),
    "biomarker as factor": (lambda small: small.study["biomarker"].update(name="bmi"), "configuration", None, "factors", "bmi", "cannot help to predict it"),
    "no radiographs": (index(), "radiographs/home", None, "", "no file", "radiographs.folder"),
    "radiographs of others": (index(radiograph("X9", "2019-03-01")), "radiographs of site home", None, "patient identifier", "no identifier of the patients table", "as text"),
    "radiographs without dates": (index(radiograph("H1", "")), "radiographs of site home", None, "study date", "no date on any radiograph", "window_days: null"),
    "nobody eligible": (index(radiograph("H1", "2019-03-01", view="AP")), P, None, "", "no eligible patient", "No PA radiograph: 1"),
}  # fmt: skip


def raised(small: SmallStudy) -> list[Fault]:
    with pytest.raises(InputError) as caught:
        small.select()
    return list(caught.value.faults)


@pytest.mark.parametrize("name", PLANTED)
def test_planted_fault_is_named(small: SmallStudy, name: str) -> None:
    plant, file, row, column, value, words = PLANTED[name]
    plant(small)
    faults = raised(small)
    matching = [
        fault
        for fault in faults
        if fault.file.endswith(file)
        and (fault.row, fault.column) == (row, column)
        and (fault.value == value or (name == "patient in two sites" and fault.value.startswith(value)))
    ]
    assert matching, "\n".join(map(str, faults))
    assert words in str(matching[0])
    assert matching[0].remedy.endswith(".")


def test_right_study_has_no_fault(small: SmallStudy) -> None:
    assert len(small.select().patients) == 8


def test_all_faults_come_together(small: SmallStudy) -> None:
    small.replace("home/patients.csv", "61,M", "61,X")
    small.replace("home/scores.csv", "150", "-150")
    small.replace("away/outcomes.csv", "2021-01-01,1", "2021-01-01,7")
    (small.folder / "away/scores.csv").unlink()
    assert [fault.value for fault in raised(small)] == ["X", "-150", "no such file", "7"]


def test_messages_hold_no_identifier(small: SmallStudy) -> None:
    small.write(
        "home/patients.csv", "patient_id,age_years,sex,bmi\nKIM4711,50,F,20\nKIM4711,51,X,20\nKIM0815,-1,F,20\n"
    )
    small.replace("home/scores.csv", "H1,", "KIM4711,")
    small.replace("home/outcomes.csv", "H1,", "KIM4711,")
    with pytest.raises(InputError) as caught:
        small.select()
    assert not re.search("KIM|4711|0815", str(caught.value))
    assert "row 3, column 'patient_id': found 'the patient of row 2'" in str(caught.value)


def test_many_faults_of_one_kind_are_counted(small: SmallStudy) -> None:
    rows = "".join(f"H{number},50,X,20\n" for number in range(1, 101))
    small.write("home/patients.csv", "patient_id,age_years,sex,bmi\n" + rows)
    faults = raised(small)
    assert [fault.row for fault in faults] == [*range(2, 22), None]
    assert faults[-1].value == "80 more such cells, the last in row 101"


def test_negative_biomarker_is_allowed_below_a_negative_threshold(small: SmallStudy) -> None:
    small.study["thresholds"][0]["value"] = -200
    small.replace("home/scores.csv", "150", "-150")
    assert small.select().patients["value"].min() == -150


def test_synonyms_codes_and_case(small: SmallStudy) -> None:
    small.write(
        "home/patients.csv", "patient_id,age_years,sex,bmi\nH1,50,female,NA\nH2,61,Male,n/a\nH3,70,m,.\nH4,44,f,19\n"
    )
    people = small.select().patients
    home = people[people["site"] == "home"].sort_values("age")
    assert home["sex"].tolist() == ["F", "F", "M", "M"]
    assert home["bmi"].isna().sum() == 3


def test_general_levels_are_matched_as_text(small: SmallStudy) -> None:
    small.study["factors"][1].update(levels=["0", "1"])
    for site_name in ("home", "away"):
        small.replace(f"{site_name}/patients.csv", ",F,", ",0,")
        small.replace(f"{site_name}/patients.csv", ",M,", ",1.0,")
    assert small.select().patients["sex"].value_counts().to_dict() == {"0": 4, "1": 4}


def test_patients_only_other_tables_know_are_counted(small: SmallStudy) -> None:
    small.replace("home/scores.csv", "H4,2019-03-04,900", "H4,2019-03-04,900\nQ1,2019-01-01,5\nQ2,2019-01-01,5")
    assert small.select().tables[0].strangers == {"scores": 2, "outcomes": 0}
