"""Adjustment of p-values for several tests."""

import numpy as np
import numpy.typing as npt


def holm(p_values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Holm's step-down adjustment, as R's ``p.adjust(method = "holm")``.

    Args:
        p_values: p-values of one family [m]; NaN marks a test that could not be done and does not count in the family.

    Returns:
        Adjusted p-values [m] in the given order, at most 1; NaN where the p-value is NaN.
    """
    p = np.asarray(p_values, dtype=float)
    adjusted = np.full(p.shape, np.nan)
    done = np.flatnonzero(~np.isnan(p))
    order = done[np.argsort(p[done], kind="stable")]
    factors = np.arange(order.size, 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(factors * p[order]), 1.0)
    return adjusted
