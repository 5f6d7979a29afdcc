"""A column of text turned into values, with a fault for every cell that cannot be read as what it should hold.

Whether the values are possible ones is for `table_schemas` to say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from cacs_cxr.cohort.site_inputs import EventCodes
from cacs_cxr.cohort.units import multiple
from cacs_cxr.date_text import iso_text, shape
from cacs_cxr.faults import Fault
from cacs_cxr.identifiers import comparable, is_missing

LISTED = 20  # faults of one rule in one column that are listed one by one
SHOWN = 30  # characters of a cell that a fault repeats
SYNONYMS: Mapping[frozenset[str], Mapping[str, str]] = {
    frozenset({"f", "m"}): {"female": "f", "woman": "f", "w": "f", "male": "m", "man": "m"},
    frozenset({"no", "yes"}): {"n": "no", "false": "no", "0": "no", "y": "yes", "true": "yes", "1": "yes"},
}
EARLIEST_YEAR, LATEST_YEAR = 1900, 2100
GREATEST_DAY = 1_000_000
IGNORED = 3.0
_DATE_LIKE = r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}|\d{8}"


@dataclass(frozen=True)
class Column:
    """A column of a table: `cells` is text, indexed by the row in a spreadsheet, `decimal` the sign of its decimals."""

    file: str
    name: str
    cells: "pd.Series[str]"
    decimal: Literal[".", ","] = "."

    def faults(
        self, bad: "pd.Series[bool]", *, expected: str, remedy: str, found: "pd.Series[str] | None" = None
    ) -> list[Fault]:
        """Faults of the cells marked in `bad`: the first few one by one, the rest as a count.

        Args:
            found: what to show of each cell; by default its first characters, of what may be a date the shape.
        """
        rows = self.cells.index[bad.to_numpy(dtype=bool)]
        if rows.empty:
            return []
        if found is None:
            given = self.cells.loc[rows[:LISTED]]
            dated = given.str.contains(_DATE_LIKE, regex=True)
            shown = given.str.slice(0, SHOWN).mask(dated, shape(given, length=SHOWN))
        else:
            shown = found.loc[rows[:LISTED]]
        listed = [Fault(self.file, int(row), self.name, text, expected, remedy) for row, text in shown.items()]  # type: ignore[call-overload]
        if len(rows) > LISTED:
            more = f"{len(rows) - LISTED} more such cells, the last in row {rows[-1]}"
            listed.append(Fault(self.file, None, self.name, more, expected, remedy))
        return listed


def comparable_codes(cells: "pd.Series[str]") -> "pd.Series[str]":
    """Cells as codes are compared: in lower case, 1.0 like 1."""
    return cells.str.casefold().str.replace(r"^([+-]?\d+)\.0+$", r"\1", regex=True)


def comparable_code(code: str) -> str:
    """One code in the form of `comparable_codes`."""
    return str(comparable_codes(pd.Series([code.strip()], dtype=object)).iloc[0])


def without_codes(cells: "pd.Series[str]", codes: Sequence[str]) -> "pd.Series[str]":
    """Cells with those emptied that hold one of the codes for a missing value."""
    if not codes:
        return cells
    return cells.mask(comparable_codes(cells).isin([comparable_code(code) for code in codes]), "")


def identifiers(column: Column) -> "pd.Series[str]":
    """Identifiers as text, leading zeros kept; empty where missing."""
    return comparable(column.cells)


def numbers(column: Column, *, what: str, factor: float = 1.0) -> tuple["pd.Series[float]", list[Fault]]:
    """Finite numbers; missing cells and those that are none become NaN.

    Args:
        what: what the number is, for the message, e.g. ``"Age as a number"``.
        factor: by which the numbers are multiplied, to have the study's unit.
    """
    missing = is_missing(column.cells)
    text = column.cells.mask(missing)
    wrong_sign = pd.Series(False, index=text.index)
    if column.decimal == ",":
        wrong_sign = text.str.fullmatch(r"[+-]?\d*\.\d+(,\d+)?").eq(True)
        text = text.mask(wrong_sign).str.replace(",", ".", regex=False)
    values = pd.to_numeric(text, errors="coerce").astype(float)
    strange = values.isna() & ~missing & ~wrong_sign
    if column.decimal == "." and strange.any():
        commas = column.cells[strange].str.fullmatch(r"[+-]?\d*,\d+").eq(True)
        wrong_sign = commas.reindex(text.index, fill_value=False)
    infinite = values.isin([np.inf, -np.inf])
    faults = column.faults(
        strange & ~wrong_sign,
        expected=what,
        remedy="Write a number, or leave the cell empty where it is missing.",
    )
    faults += _faults_of_sign(column, wrong_sign, what=what)
    faults += column.faults(
        infinite,
        expected=f"{what}, finite",
        remedy="Write the limit of detection as a number, or leave the cell empty.",
    )
    return values.mask(infinite) * factor, faults


def _faults_of_sign(column: Column, bad: "pd.Series[bool]", *, what: str) -> list[Fault]:
    sign = "comma" if column.decimal == "," else "point"
    remedy = (
        "Write no thousands points, or remove `decimal` if decimals have points."
        if column.decimal == ","
        else 'Export the table with decimal points, or set `decimal: ","` for the table.'
    )
    return column.faults(bad, expected=f"{what} with a decimal {sign}", remedy=remedy)


def levels(column: Column, *, levels: Sequence[str], coding: Mapping[str, str]) -> "pd.Series[Any]":
    """One of two levels, in any case, by its usual synonyms or by a code; None where missing, other text as it is."""
    spelled = {level.casefold(): level for level in levels}
    for synonym, level in SYNONYMS.get(frozenset(spelled), {}).items():
        spelled.setdefault(synonym, spelled[level])
    targets = {level.casefold(): level for level in levels}
    spelled |= {comparable_code(code): targets[level.casefold()] for code, level in coding.items()}
    values = comparable_codes(column.cells).map(spelled).astype(object)
    return values.where(values.notna(), column.cells.astype(object).mask(is_missing(column.cells), None))


def events(column: Column, *, codes: EventCodes) -> "pd.Series[Any]":
    """0 (none), 1 (the event), 2 (competing death) or `IGNORED`; None where missing, other text as it is."""
    meanings = ((codes.none, 0.0), (codes.event, 1.0), (codes.competing, 2.0), (codes.ignored, IGNORED))
    coded = {comparable_code(value): meaning for values, meaning in meanings for value in values}
    values = comparable_codes(column.cells).map(coded).astype(object)
    return values.where(values.notna(), column.cells.astype(object).mask(is_missing(column.cells), None))


def days(
    column: Column,
    *,
    dates: Literal["iso", "days"],
    date_format: str | None = None,
    unit: str | None = None,
    latest: float = np.inf,
) -> tuple["pd.Series[float]", list[Fault]]:
    """Days on one scale: since 1970-01-01 for dates, as given for integer days; missing cells become NaN.

    A time after the date is dropped. A date in another form is shown in the fault by its shape only (9 for a digit, A
    for a letter), so that no date of a patient reaches a log.

    Args:
        date_format: form of dates besides ISO (see `date_text.is_date_format`).
        unit: of numbers of days, e.g. ``"months"``; fractions are then allowed, and rounded to whole days.
        latest: day after which a date is a fault: today's, where nothing later can have happened.
    """
    missing = is_missing(column.cells)
    text = column.cells.mask(missing, "")
    if dates == "days":
        return _counted_days(column, text, missing=missing, unit=unit)
    # The days of a cohort are few beside its rows: each is read once.
    places, distinct = pd.factorize(text)
    read = _days_of_calendar(pd.Series(distinct, dtype=object), date_format=date_format).take(places)
    values, form = read["day"].set_axis(text.index), read["form"].set_axis(text.index)
    future = values.gt(latest)
    expected = f"a day of the calendar between {EARLIEST_YEAR} and {LATEST_YEAR}"
    bad = form == "impossible"
    faults = column.faults(bad, expected=expected, remedy="Correct the date.", found=column.cells)
    expected, remedy = "a date that is past (shown: 9 for a digit)", "Correct the date: nothing is known of it."
    faults += column.faults(future, expected=expected, remedy=remedy, found=_shape(text, bad=future))
    expected = "a date with a year of four digits (shown: 9 for a digit)"
    bad = form == "short"
    faults += column.faults(
        bad, expected=expected, remedy="Export years with four digits.", found=_shape(text, bad=bad)
    )
    own = "" if date_format is None else f" or {date_format}"
    expected = f"a date as YYYY-MM-DD{own} (shown: 9 for a digit, A for a letter)"
    bad = form.eq("other") & ~missing
    remedy = f"Export dates as YYYY-MM-DD, {_other_form(text[bad])}."
    faults += column.faults(bad, expected=expected, remedy=remedy, found=_shape(text, bad=bad))
    return values.mask(future), faults


def _shape(text: "pd.Series[str]", *, bad: "pd.Series[bool]") -> "pd.Series[str]":
    return shape(text[bad], length=SHOWN).reindex(text.index)


def _days_of_calendar(text: "pd.Series[str]", *, date_format: str | None) -> pd.DataFrame:
    """Of texts the day since 1970-01-01 (NaN where there is none), and the form: date, impossible, short or other."""
    dates = iso_text(text, date_format=date_format)
    iso = dates.str.fullmatch(r"\d{4}-\d{2}-\d{2}").astype(bool)
    parsed = pd.to_datetime(dates.where(iso), format="%Y-%m-%d", errors="coerce")
    possible = parsed.notna() & parsed.dt.year.between(EARLIEST_YEAR, LATEST_YEAR)
    short = dates.str.fullmatch(r"\d{1,2}[-./ ]+\d{1,2}[-./ ]+\d{2}").astype(bool)
    day = (parsed - pd.Timestamp(1970, 1, 1)).dt.days.astype(float)
    form = np.select([possible, iso, short], ["date", "impossible", "short"], default="other")
    return pd.DataFrame({"day": day.where(possible), "form": form})


def _other_form(text: "pd.Series[str]") -> str:
    """What else to do about dates in another form: name it, where their numbers tell which it is or leave two."""
    parts = text.str.extract(r"^(\d{1,2})([-./])(\d{1,2})[-./]\d{4}$").dropna()
    if parts.empty:
        return "or set the site's `dates: days`"
    sign = parts[1].iloc[0]
    day_first, month_first = f"%d{sign}%m{sign}%Y", f"%m{sign}%d{sign}%Y"
    first, second = parts[0].astype(int).gt(12).any(), parts[2].astype(int).gt(12).any()
    if first and not second:
        return f'or set the site\'s `date_format: "{day_first}"`'
    if second and not first:
        return f'or set the site\'s `date_format: "{month_first}"`'
    return f'or say what they mean: the site\'s `date_format: "{day_first}"` or "{month_first}"'


def _counted_days(
    column: Column,
    text: "pd.Series[str]",
    *,
    missing: "pd.Series[bool]",
    unit: str | None,
) -> tuple["pd.Series[float]", list[Fault]]:
    whole = unit in (None, "days")
    pattern = r"[+-]?\d+(\.0+)?" if whole else r"[+-]?\d+(\.\d+)?"
    text = text.str.replace(column.decimal, ".", regex=False)
    numeric = text.str.fullmatch(pattern)
    values = (pd.to_numeric(text.where(numeric), errors="coerce").astype(float) * multiple("date", unit)).round()
    bad = ~missing & ~(numeric & values.abs().le(GREATEST_DAY))
    what = "a whole number of days" if whole else f"a number of {unit}"
    remedy = (
        "Write days, name their unit in `units: {date: months}`, or set the site's `dates: iso`."
        if whole
        else f"Write {unit}, or correct `units`."
    )
    expected = f"{what} (shown: 9 for a digit, A for a letter)"
    return values.mask(bad), column.faults(bad, expected=expected, remedy=remedy, found=_shape(text, bad=bad))
