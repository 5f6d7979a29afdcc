"""Numbers as print wants them."""

from collections.abc import Sequence

import numpy as np

NOT_ESTIMABLE = "not estimable"


def count(number: float) -> str:
    """A count with commas between thousands."""
    return f"{int(number):,}"


def share(number: float, total: float) -> str:
    """A count with its percentage of a total, e.g. ``12 (3.4 %)``."""
    return f"{count(number)} ({100 * number / total:.1f} %)" if total else f"{count(number)}"


def p_value(p: float) -> str:
    """A p-value to three decimals without the leading zero; ``<.001`` below that."""
    if np.isnan(p):
        return NOT_ESTIMABLE
    if p < 0.001:
        return "<.001"
    return f"{p:.3f}".removeprefix("0") if round(p, 3) < 1 else ">.999"


def p_phrase(p: float) -> str:
    """A p-value for a sentence: ``p = .031``, ``p < .001`` or that it is not estimable."""
    text = p_value(p)
    if text == NOT_ESTIMABLE:
        return f"p {text}"
    return f"p {text[0]} {text[1:]}" if text[0] in "<>" else f"p = {text}"


def estimate(value: float, low: float, high: float, *, digits: int = 2) -> str:
    """An estimate with its 95 % confidence interval, e.g. ``0.74 (0.71–0.77)``; words where there is none."""
    if not np.isfinite(value):
        return NOT_ESTIMABLE
    if not (np.isfinite(low) and np.isfinite(high)):
        return f"{signed(value, digits)} (interval {NOT_ESTIMABLE})"
    dash = " to " if low < 0 else "–"
    return f"{signed(value, digits)} ({signed(low, digits)}{dash}{signed(high, digits)})"


def signed(value: float, digits: int) -> str:
    """A decimal number with a real minus sign and no negative zero."""
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def listing(words: Sequence[str]) -> str:
    """Words as a list within a sentence: ``a, b and c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""
