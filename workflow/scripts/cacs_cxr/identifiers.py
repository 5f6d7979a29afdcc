"""Patient identifiers as text, written alike wherever they come from: tables and headers meet in this form only."""

import re

import pandas as pd

MISSING = ("", "na", "n/a", "nan", "nat", "<na>", "null", "none", ".")  # in any case; what R, SAS, SQL and pandas write
LONGEST_PADDED = 16  # characters up to which a number padded with zeros is looked for


def is_missing(cells: "pd.Series[str]") -> "pd.Series[bool]":
    """Which cells say that a value is missing: empty, or a code such as NA."""
    return cells.str.casefold().isin(MISSING)


def whole_numbers(cells: "pd.Series[str]") -> "pd.Series[str]":
    """Text of a column of whole numbers without the ``.0`` that a spreadsheet or data frame has given them.

    A column in which any other cell stands is left alone: there, ``17.0`` may be an identifier of its own.
    """
    present = cells[~is_missing(cells)]
    # The first cells tell of most columns that they are none of whole numbers.
    if present.empty or not present.head(100).str.fullmatch(r"[+-]?\d+(\.0+)?").all():
        return cells
    if not present.str.fullmatch(r"[+-]?\d+(\.0+)?").all():
        return cells
    return cells.str.replace(r"\.0+$", "", regex=True)


def comparable(cells: "pd.Series[str]") -> "pd.Series[str]":
    """Identifiers of a whole column in the form in which they are compared and hashed; empty where missing."""
    values = whole_numbers(cells.str.strip())
    return values.mask(is_missing(values), "")


def without_leading_zeros(identifier: str) -> str:
    """Identifier as a spreadsheet that takes it for a number would leave it."""
    return re.sub(r"^0+(?=.)", "", identifier)


def other_paddings(identifier: str) -> list[str]:
    """The same number with fewer and with more leading zeros, up to `LONGEST_PADDED` characters; none of other text."""
    bare = without_leading_zeros(identifier)
    if not bare.isdecimal():
        return []
    padded = (bare.rjust(length, "0") for length in range(len(bare), max(len(bare), LONGEST_PADDED) + 1))
    return [other for other in padded if other != identifier]
