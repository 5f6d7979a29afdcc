"""Rules on values, from which schemas are made, and the faults of the cells that break them.

A frame is checked lazily: every rule is asked, and every cell that breaks one is named by its row.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from cacs_cxr.cohort.columns import IGNORED, Column
from cacs_cxr.cohort.site_inputs import EventCodes
from cacs_cxr.faults import Fault

Marks = Callable[[Any], "pd.Series[bool]"]
Texts = Callable[[pd.DataFrame], "pd.Series[Any]"]


@dataclass(frozen=True)
class Rule:
    """A rule on the values of one column, and the words of its fault.

    Attributes:
        column: thing whose cells are at fault.
        check: what is asked; of the column, or in `TableRules.across` of the whole frame. Its error names it.
        found: what the fault shows of each row; None for the cell as it is written.
    """

    column: str
    check: pa.Check
    expected: str
    remedy: str
    found: Texts | None = None


@dataclass(frozen=True)
class TableRules:
    """The rules of a table: those on one column each, and those across columns."""

    within: Sequence[Rule]
    across: Sequence[Rule] = ()

    def schema(self) -> pa.DataFrameSchema:
        """The rules as pandera's schema of the frame of values; columns without a rule pass."""
        names = dict.fromkeys(rule.column for rule in self.within)
        return pa.DataFrameSchema(
            {
                name: pa.Column(checks=[rule.check for rule in self.within if rule.column == name], nullable=True)
                for name in names
            },
            checks=[rule.check for rule in self.across],
        )

    def faults(self, frame: pd.DataFrame, *, columns: Mapping[str, Column]) -> list[Fault]:
        """Faults of every cell that breaks a rule, in the order of the rules.

        Args:
            frame: values by thing; the index holds the rows of the spreadsheet.
            columns: cells by thing, with the same index.
        """
        try:
            self.schema().validate(frame, lazy=True)
        except SchemaErrors as errors:
            outputs = {error.check.error: error.check_output for error in errors.schema_errors}
        else:
            return []
        faults = []
        for rule in (*self.within, *self.across):
            if (output := outputs.get(rule.check.error)) is not None:
                bad = ~output.reindex(frame.index, fill_value=True).astype(bool)
                found = None if rule.found is None else rule.found(frame).astype(object)
                faults += columns[rule.column].faults(bad, expected=rule.expected, remedy=rule.remedy, found=found)
        return faults


def _rule(
    column: str, marks: Marks, *, name: str, expected: str, remedy: str, found: Texts | str | None = None
) -> Rule:
    """Rule that `marks` is true of every row; missing values count as well."""
    # One failing value is enough for pandera's own report, which is slow and not shown.
    check = pa.Check(marks, error=f"{column}: {name}", ignore_na=False, n_failure_cases=1)
    if not isinstance(found, str):
        return Rule(column, check, expected, remedy, found)
    return Rule(column, check, expected, remedy, lambda frame: pd.Series(found, index=frame.index))


def present(column: str, *, expected: str, remedy: str) -> Rule:
    """Rule that no cell is empty."""
    return _rule(
        column, lambda values: values.notna(), name="present", expected=expected, remedy=remedy, found="an empty cell"
    )


def once(column: str, *, expected: str, remedy: str) -> Rule:
    """Rule that no value comes twice; the fault names the row of the first."""

    def first_row(frame: pd.DataFrame) -> "pd.Series[Any]":
        first = frame.index.to_series().groupby(frame[column]).transform("first").fillna(0).astype(int)
        return "the patient of row " + first.astype(str)

    return _rule(
        column,
        lambda values: values.isna() | ~values.duplicated(),
        name="once",
        expected=expected,
        remedy=remedy,
        found=first_row,
    )


def between(column: str, *, low: float, high: float, what: str, remedy: str) -> Rule:
    """Rule that every number is in [low, high]."""
    bounds = f"at least {low:g}" if np.isinf(high) else f"from {low:g} to {high:g}"
    check = pa.Check.in_range(low, high, error=f"{column}: range", n_failure_cases=1)
    return Rule(column, check, f"{what}, {bounds}", remedy)


def one_of(column: str, *, levels: Sequence[str], coding: Mapping[str, str]) -> Rule:
    """Rule that every value is a level; what is no level is text that no code and no synonym explains."""
    codes = f", or a code: {', '.join(coding)}" if coding else ""
    # Not "1" and "2": whoever copied them might exchange the levels.
    example = ", ".join(f"code {sign}: {level}" for sign, level in zip("ABCDEFGH", levels, strict=False))
    remedy = (
        f"Write {' or '.join(levels)}, or leave the cell empty where it is missing; "
        f"say what other codes mean: `coding: {{{column}: {{{example}}}}}`."
    )
    check = pa.Check.isin(list(levels), error=f"{column}: level", n_failure_cases=1)
    return Rule(column, check, " or ".join(levels) + codes, remedy)


def known_events(codes: EventCodes) -> Rule:
    """Rule that every value of the event column has a meaning; another value is named once, with its rows."""
    meanings = (0.0, 1.0, 2.0, IGNORED)

    def known_or_named(values: "pd.Series[Any]") -> "pd.Series[bool]":
        return values.isna() | values.isin(meanings) | values.duplicated()

    def with_count(frame: pd.DataFrame) -> "pd.Series[Any]":
        text = frame["event"].astype(str).str.slice(0, 30)
        rows = text.groupby(text).transform("size")
        dated = text.str.contains(r"\d{4}", regex=True)
        shown = text.mask(dated, text.str.replace(r"\d", "9", regex=True))
        return shown.where(rows == 1, shown + " (in " + rows.astype(str) + " rows)")

    listed = {
        "no event": codes.none,
        "the event": codes.event,
        "competing death": codes.competing,
        "ignored": codes.ignored,
    }
    parts = [f"{', '.join(values)} ({meaning})" for meaning, values in listed.items() if values]
    expected = f"{', '.join(parts[:-1])} or {parts[-1]}" if len(parts) > 1 else parts[0]
    remedy = (
        "Recode the column, or name the value in `outcomes.events` under none, event, competing or ignored; "
        "or leave both event and date empty."
    )
    return _rule("event", known_or_named, name="meaning", expected=expected, remedy=remedy, found=with_count)


def beside(column: str, other: str, *, expected: str, remedy: str) -> Rule:
    """Rule across columns: where `other` has something, `column` has too. Both hold marks of cells that are filled."""

    def filled(frame: pd.DataFrame) -> "pd.Series[bool]":
        return frame[f"{column} filled"] | ~frame[f"{other} filled"]

    return _rule(column, filled, name=f"beside {other}", expected=expected, remedy=remedy, found="an empty cell")


def not_marked(column: str, *, mark: str, expected: str, remedy: str, found: Texts | str | None) -> Rule:
    """Rule across columns: no row is marked in the frame's column `mark`."""
    return _rule(column, lambda frame: ~frame[mark], name=mark, expected=expected, remedy=remedy, found=found)
