"""Units in which a site may give ages, heights, weights and times, and which of them a column is likely to be in."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

UNITS: Mapping[str, Mapping[str, float]] = {
    "age": {"years": 1.0, "months": 1 / 12, "weeks": 7 / 365.25, "days": 1 / 365.25},
    "height": {"m": 1.0, "cm": 0.01, "mm": 0.001, "in": 0.0254, "ft": 0.3048},
    "weight": {"kg": 1.0, "g": 0.001, "lb": 0.45359237},
    "date": {"days": 1.0, "weeks": 7.0, "months": 365.25 / 12, "years": 365.25},
}
"""Of each quantity the units that may be given, as multiples of the study's own, which is the first."""
TYPICAL: Mapping[str, tuple[float, float]] = {"age": (18.0, 100.0), "height": (1.3, 2.1), "weight": (35.0, 130.0)}
"""Where the median of any cohort of adults lies, in the study's units."""


def multiple(quantity: str, unit: str | None) -> float:
    """Number by which values in `unit` become values in the study's unit; 1 where no unit is named."""
    return 1.0 if unit is None else UNITS[quantity][unit]


def likely_unit(values: "pd.Series[Any]", *, quantity: str, unit: str | None) -> str | None:
    """The one other unit in which a median that no cohort has would be an ordinary one; None if there is none.

    Args:
        values: numbers in the study's unit, converted from `unit`; NaN where missing.
    """
    middle = float(values.median())
    if quantity not in TYPICAL or not middle > 0:
        return None
    low, high = TYPICAL[quantity]
    if low <= middle <= high:
        return None
    given = middle / multiple(quantity, unit)
    others = [name for name, factor in UNITS[quantity].items() if low <= given * factor <= high]
    return others[0] if len(others) == 1 else None


def unit_question(values: "pd.Series[Any]", *, quantity: str, unit: str | None) -> str:
    """Question whether another unit was meant, for a remedy; empty where there is nothing to ask."""
    other = likely_unit(values, quantity=quantity, unit=unit)
    return "" if other is None else f"Did you mean `units: {{{quantity}: {other}}}`? "
