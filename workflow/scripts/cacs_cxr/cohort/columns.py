"""A column of text turned into values, with a fault for every cell that breaks its rule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from cacs_cxr.faults import Fault
from cacs_cxr.identifiers import comparable, is_missing, whole_numbers

LISTED = 20  # faults of one rule in one column that are listed one by one
SHOWN = 30  # characters of a cell that a fault repeats
SYNONYMS: Mapping[frozenset[str], Mapping[str, str]] = {frozenset({"f", "m"}): {"female": "f", "male": "m"}}
EARLIEST_YEAR, LATEST_YEAR = 1900, 2100
GREATEST_DAY = 1_000_000


@dataclass(frozen=True)
class Column:
    """A column of a file: `cells` holds text, indexed by the row in a spreadsheet."""

    file: str
    name: str
    cells: "pd.Series[str]"

    def faults(
        self, bad: "pd.Series[bool]", *, expected: str, remedy: str, found: "pd.Series[str] | None" = None
    ) -> list[Fault]:
        """Faults of the cells marked in `bad`: the first few one by one, the rest as a count.

        Args:
            found: what to show of each cell; by default its first characters.
        """
        rows = self.cells.index[bad.to_numpy(dtype=bool)]
        shown = (self.cells.str.slice(0, SHOWN) if found is None else found).loc[rows[:LISTED]]
        listed = [Fault(self.file, int(row), self.name, text, expected, remedy) for row, text in shown.items()]  # type: ignore[call-overload]
        if len(rows) > LISTED:
            more = f"{len(rows) - LISTED} more such cells, the last in row {rows[-1]}"
            listed.append(Fault(self.file, None, self.name, more, expected, remedy))
        return listed


def identifiers(column: Column) -> tuple["pd.Series[str]", list[Fault]]:
    """Identifiers as text, leading zeros kept; an empty one is a fault."""
    values = comparable(column.cells)
    found = pd.Series("an empty cell", index=values.index)
    faults = column.faults(
        values == "", expected="a patient identifier", remedy="Fill it in, or delete the row.", found=found
    )
    return values, faults


def numbers(
    column: Column, *, low: float, high: float, what: str, remedy: str
) -> tuple["pd.Series[float]", list[Fault]]:
    """Finite numbers in [low, high]; missing cells become NaN.

    Args:
        what: what the number is, for the message, e.g. ``"an age in years"``.
        remedy: what to do about one out of range.
    """
    missing = is_missing(column.cells)
    values = pd.to_numeric(column.cells.mask(missing), errors="coerce").astype(float)
    absent = values.isna() & ~missing
    comma = absent & column.cells.str.fullmatch(r"[+-]?\d+,\d+")
    infinite = values.isin([np.inf, -np.inf])
    outside = ~absent & ~missing & ~infinite & ~values.between(low, high)
    faults = column.faults(
        absent & ~comma, expected=what, remedy="Write a number, or leave the cell empty where it is missing."
    )
    faults += column.faults(
        comma, expected=f"{what} with a decimal point", remedy="Export the table with decimal points."
    )
    faults += column.faults(
        infinite,
        expected=f"{what}, finite",
        remedy="Write the limit of detection as a number, or leave the cell empty.",
    )
    bounds = f"at least {low:g}" if np.isinf(high) else f"from {low:g} to {high:g}"
    faults += column.faults(outside, expected=f"{what}, {bounds}", remedy=remedy)
    return values, faults


def levels(column: Column, *, levels: Sequence[str]) -> tuple["pd.Series[Any]", list[Fault]]:
    """One of two levels, in any case and with the usual synonyms of F and M; missing cells become None."""
    spelled = {level.casefold(): level for level in levels}
    for synonym, level in SYNONYMS.get(frozenset(spelled), {}).items():
        spelled[synonym] = spelled[level]
    values = whole_numbers(column.cells).str.casefold().map(spelled)
    bad = values.isna() & ~is_missing(column.cells)
    remedy = f"Write {' or '.join(levels)}, or leave the cell empty where it is missing."
    return values.astype(object).mask(values.isna(), None), column.faults(
        bad, expected=" or ".join(levels), remedy=remedy
    )


def events(column: Column) -> tuple["pd.Series[float]", list[Fault]]:
    """0 (none), 1 (the event) or 2 (competing death); missing cells become NaN."""
    missing = is_missing(column.cells)
    values = pd.to_numeric(column.cells.mask(missing), errors="coerce").astype(float)
    bad = ~values.isin([0.0, 1.0, 2.0]) & ~missing
    expected = "0 (no event), 1 (the event) or 2 (competing death)"
    return values.mask(bad), column.faults(
        bad, expected=expected, remedy="Recode the column, or leave both event and date empty."
    )


def days(column: Column, *, dates: Literal["iso", "days"]) -> tuple["pd.Series[float]", list[Fault]]:
    """Days on one scale: since 1970-01-01 for ISO dates, as given for integer days; missing cells become NaN.

    A time after the date is dropped. A date in another form is shown in the fault by its shape only (9 for a digit, A
    for a letter), so that no date of a patient reaches a log.
    """
    missing = is_missing(column.cells)
    text = column.cells.mask(missing, "")
    shape = text.str.replace(r"\d", "9", regex=True).str.replace(r"[^\W\d_]", "A", regex=True).str.slice(0, SHOWN)
    if dates == "days":
        whole = text.str.fullmatch(r"[+-]?\d+(\.0+)?")
        values = pd.to_numeric(text.where(whole), errors="coerce").astype(float)
        bad = ~missing & ~(whole & values.abs().le(GREATEST_DAY))
        expected = "a whole number of days (shown: 9 for a digit, A for a letter)"
        return values.mask(bad), column.faults(
            bad, expected=expected, remedy="Write days, or set the site's `dates: iso`.", found=shape
        )
    text = text.str.replace(r"[T ]\d{1,2}:\d{2}.*$", "", regex=True)
    text = text.str.replace(r"^(\d{4})(\d{2})(\d{2})$", r"\1-\2-\3", regex=True)
    iso = text.str.fullmatch(r"\d{4}-\d{2}-\d{2}")
    parsed = pd.to_datetime(text.where(iso), format="%Y-%m-%d", errors="coerce")
    values = (parsed - pd.Timestamp(1970, 1, 1)).dt.days.astype(float)
    strange = iso & parsed.notna() & ~parsed.dt.year.between(EARLIEST_YEAR, LATEST_YEAR)
    impossible = iso & parsed.isna()
    other = ~missing & ~iso
    expected = f"a day of the calendar between {EARLIEST_YEAR} and {LATEST_YEAR}"
    faults = column.faults(impossible | strange, expected=expected, remedy="Correct the date.")
    expected = "a date as YYYY-MM-DD (shown: 9 for a digit, A for a letter)"
    faults += column.faults(
        other, expected=expected, remedy="Export dates as YYYY-MM-DD, or set the site's `dates: days`.", found=shape
    )
    return values.mask(strange), faults
