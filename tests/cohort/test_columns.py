"""Text of a column turned into identifiers and days."""

from typing import Literal

import pandas as pd
import pytest

from cacs_cxr.cohort import columns
from cacs_cxr.cohort.columns import Column
from cacs_cxr.cohort.site_inputs import EventCodes
from cacs_cxr.cohort.units import likely_unit
from cacs_cxr.date_text import is_date_format


def column(*cells: str) -> Column:
    return Column("f.csv", "c", pd.Series(cells, index=range(2, 2 + len(cells)), dtype=object))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["17.0", "18.0"], ["17", "18"]),
        (["017", "17"], ["017", "17"]),
        (["17.0", "A1"], ["17.0", "A1"]),
        (["17.50", "18.0"], ["17.50", "18.0"]),
        (["-3", "4.00"], ["-3", "4"]),
    ],
)
def test_identifiers_stay_text(given: list[str], expected: list[str]) -> None:
    assert columns.identifiers(column(*given)).tolist() == expected


@pytest.mark.parametrize(
    ("dates", "cell", "day"),
    [
        ("iso", "1970-01-01", 0),
        ("iso", "2019-03-31", 17986),
        ("iso", "20190331", 17986),
        ("iso", "2019-03-31T23:59:59", 17986),
        ("iso", "2019-03-31 10:20", 17986),
        ("iso", "2020-02-29", 18321),
        ("days", "17986", 17986),
        ("days", "-12", -12),
        ("days", "30.0", 30),
    ],
)
def test_days(dates: Literal["iso", "days"], cell: str, day: int) -> None:
    values, faults = columns.days(column(cell), dates=dates)
    assert values.tolist() == [day]
    assert faults == []


@pytest.mark.parametrize(
    ("dates", "cell", "shown"),
    [
        ("iso", "2019-02-29", "2019-02-29"),
        ("iso", "31.03.2019", "99.99.9999"),
        ("iso", "17986", "99999"),
        ("iso", "Kim", "AAA"),
        ("days", "12.5", "99.9"),
        ("days", "2019-03-31", "9999-99-99"),
        ("days", "99999999", "99999999"),
    ],
)
def test_other_dates_show_no_day_of_a_patient(dates: Literal["iso", "days"], cell: str, shown: str) -> None:
    values, faults = columns.days(column(cell), dates=dates)
    assert values.isna().all()
    assert [(fault.row, fault.value) for fault in faults] == [(2, shown)]


def test_missing_codes() -> None:
    values, faults = columns.numbers(column("", "NA", "n/a", "NaN", ".", "null", "5"), what="x")
    assert values.dropna().tolist() == [5]
    assert faults == []


def test_a_level_goes_before_a_missing_code() -> None:
    values = columns.levels(column("None", "some", ""), levels=["none", "some"], coding={})
    assert values.tolist() == ["none", "some", None]


@pytest.mark.parametrize(
    ("date_format", "cell"),
    [
        ("%d.%m.%Y", "31.03.2019"),
        ("%d.%m.%Y", "31.3.2019 10:20"),
        ("%d.%m.%Y", "2019-03-31"),
        ("%d.%m.%Y", "20190331"),
        ("%m/%d/%Y", "03/31/2019"),
        ("%Y/%m/%d", "2019/03/31T10:20:00+09:00"),
        ("%d %m %Y", "31 03 2019"),
    ],
)
def test_dates_in_the_form_named(date_format: str, cell: str) -> None:
    assert is_date_format(date_format)
    values, faults = columns.days(column(cell), dates="iso", date_format=date_format)
    assert (values.tolist(), faults) == ([17986], [])


@pytest.mark.parametrize("date_format", ["%d.%m.%y", "%d.%m", "%d.%m.%Y.%Y", "%d %b %Y", "(%d)%m%Y", ""])
def test_forms_that_are_none(date_format: str) -> None:
    assert not is_date_format(date_format)


@pytest.mark.parametrize(
    ("unit", "cell", "day"),
    [("months", "12", 365), ("months", "0.5", 15), ("years", "1.5", 548), ("weeks", "2", 14), ("days", "3", 3)],
)
def test_times_in_another_unit_become_whole_days(unit: str, cell: str, day: int) -> None:
    values, faults = columns.days(column(cell), dates="days", unit=unit)
    assert (values.tolist(), faults) == ([day], [])


def test_decimal_commas_where_they_are_named() -> None:
    values, faults = columns.numbers(Column("f.csv", "c", column("22,5", "7", "-0,25", ",5").cells, ","), what="x")
    assert (values.tolist(), faults) == ([22.5, 7, -0.25, 0.5], [])


def test_codes_and_synonyms_of_levels() -> None:
    cells = column("1", "2.0", "K", "Woman", "w", "f", "MAN", "na", "3")
    values = columns.levels(cells, levels=["F", "M"], coding={"1": "m", "2": "F", "k": "F"})
    assert values.tolist() == ["M", "F", "F", "F", "F", "F", "M", None, "3"]
    assert columns.levels(column("0", "1"), levels=["F", "M"], coding={}).tolist() == ["0", "1"]
    assert columns.levels(column("Y", "false", "1"), levels=["no", "yes"], coding={}).tolist() == ["yes", "no", "yes"]


def test_values_of_the_event_column_mean_what_is_named() -> None:
    codes = EventCodes(none=("alive", "0"), event=("MI", "stroke"), competing=("death",), ignored=("PCI",))
    values = columns.events(column("Alive", "0.0", "mi", "Stroke", "death", "pci", "", "2"), codes=codes)
    assert values.tolist() == [0.0, 0.0, 1.0, 1.0, 2.0, columns.IGNORED, None, "2"]


def test_codes_of_missing_values_empty_a_cell_however_they_are_written() -> None:
    cells = columns.without_codes(column("-9", "-9.0", "Unknown", "-99", "9").cells, ["-9", "unknown"])
    assert cells.tolist() == ["", "", "", "-99", "9"]


def test_what_may_be_a_date_is_shown_by_its_shape() -> None:
    _, faults = columns.numbers(column("1950-03-31", "31.3.1950 Kim", "abc"), what="a number")
    assert [fault.value for fault in faults] == ["9999-99-99", "99.9.9999 AAA", "abc"]


@pytest.mark.parametrize(
    ("values", "quantity", "unit", "expected"),
    [
        ([171, 165, 180], "height", None, "cm"),
        ([5.6, 5.4, 5.9], "height", None, "ft"),
        ([1.71, 1.65], "height", None, None),
        ([0.0171, 0.0165], "height", "cm", "m"),
        ([600, 720], "age", None, "months"),
        ([180, 200, 170], "weight", None, "lb"),
        ([-5, -6], "weight", None, None),
    ],
)
def test_units_that_medians_betray(values: list[float], quantity: str, unit: str | None, expected: str | None) -> None:
    assert likely_unit(pd.Series(values), quantity=quantity, unit=unit) == expected
