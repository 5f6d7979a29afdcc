"""Text of a column turned into identifiers and days."""

from typing import Literal

import pandas as pd
import pytest

from cacs_cxr.cohort import columns
from cacs_cxr.cohort.columns import Column


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
