"""Parts of the report's sentences."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from cacs_cxr.report.numbers import estimate
from cacs_cxr.study import Site

Row = Mapping[Any, Any]


def site_phrase(site: Site) -> str:
    """A site within a sentence."""
    return f"the {site.name} site" if not site.name.endswith("site") else f"the {site.name}"


def finite(row: Row | None, column: str) -> bool:
    """Whether a row exists and holds a number in a column."""
    return row is not None and bool(np.isfinite(float(row[column])))


def interval(row: Row, value: str, low: str, high: str, *, digits: int = 2) -> str:
    """An estimate for a sentence: ``0.75 (95 % CI 0.72–0.79)``."""
    return estimate(float(row[value]), float(row[low]), float(row[high]), digits=digits).replace("(", "(95 % CI ", 1)


def lower_first(text: str) -> str:
    """Text with a small first letter, unless it starts with an abbreviation."""
    return text if text[:2].isupper() else text[:1].lower() + text[1:]
