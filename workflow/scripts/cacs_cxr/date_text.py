"""Dates as text: the site's own form rewritten as YYYY-MM-DD, and the shape that may be shown of a date."""

import re

import pandas as pd

TIME = r"[T ]\d{1,2}:\d{2}.*$"
_PARTS = {"%d": r"(?P<day>\d{1,2})", "%m": r"(?P<month>\d{1,2})", "%Y": r"(?P<year>\d{4})"}
_FORMAT = re.compile(r"(?:%[dmY]|[-./ ])+")


def is_date_format(date_format: str) -> bool:
    """Whether a form holds each of %d, %m and %Y once, and else only points, hyphens, slashes and spaces."""
    return bool(_FORMAT.fullmatch(date_format)) and all(date_format.count(part) == 1 for part in _PARTS)


def iso_text(cells: "pd.Series[str]", *, date_format: str | None) -> "pd.Series[str]":
    """Cells without the time after the date; those in the form given, and YYYYMMDD, as YYYY-MM-DD; others as they are.

    Args:
        date_format: such as ``"%d.%m.%Y"`` (see `is_date_format`); days and months may lack their leading zero. None
            for ISO dates only.
    """
    text = cells.str.replace(TIME, "", regex=True)
    if date_format is not None:
        pattern = re.escape(date_format).replace(re.escape("%"), "%")
        for part, digits in _PARTS.items():
            pattern = pattern.replace(part, digits)
        found = text.str.extract(f"^{pattern}$")
        own = found["year"].notna()
        written = found["year"] + "-" + found["month"].str.zfill(2) + "-" + found["day"].str.zfill(2)
        text = text.mask(own, written)
    return text.str.replace(r"^(\d{4})(\d{2})(\d{2})$", r"\1-\2-\3", regex=True)


def shape(cells: "pd.Series[str]", *, length: int) -> "pd.Series[str]":
    """What may be shown of cells that may hold a date: 9 for a digit, A for a letter, `length` characters at most."""
    text = cells.str.slice(0, length).str.replace(r"\d", "9", regex=True)
    return text.str.replace(r"[^\W\d_]", "A", regex=True)
