"""Where the energy of a map lies, how two maps agree, and means over patients with their intervals."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata, t

from cacs_cxr.evaluation.operating_points import wilson_interval

Floats = npt.NDArray[np.float64]
Marks = npt.NDArray[np.bool_]


def energy_share(values: Floats, part: Marks, *, of: Marks) -> float:
    """Share of a map's energy in a region that lies in a part of it.

    Args:
        values: the map, 0 or more [S, S].
        part: pixels of the part; those outside the region do not count.
        of: pixels of the region.

    Returns:
        From 0 to 1; NaN where the map is 0 throughout the region.
    """
    total = float(values[of].sum())
    return float(values[part & of].sum()) / total if total > 0 else np.nan


def area_share(part: Marks, *, of: Marks) -> float:
    """Share of a region's area that lies in a part of it: the energy share of an even map."""
    return float((part & of).sum() / of.sum()) if of.any() else np.nan


def points_at(values: Floats, part: Marks, *, of: Marks) -> float:
    """1 where the greatest value of a region lies in a part of it, else 0: the pointing game (Zhang et al., IJCV 2018).

    Of equal values the first counts; NaN where the map is 0 throughout the region.
    """
    if not (values[of] > 0).any():
        return np.nan
    return float(part.ravel()[int(np.where(of, values, -np.inf).argmax())])


def density(values: Floats, *, picture: Marks) -> Floats:
    """A map in multiples of an even map: its mean over the picture is 1, 0 outside it; 0 throughout for a map of 0."""
    kept = np.where(picture, values, 0.0)
    mean = kept[picture].mean() if picture.any() else 0.0
    return kept / mean if mean > 0 else kept


def rank_correlation(first: Floats, second: Floats) -> float:
    """Spearman's correlation of two maps [k]; NaN where one of them is even."""
    ranks = [rankdata(np.ravel(values)) for values in (first, second)]
    centred = [values - values.mean() for values in ranks]
    norms = [float(np.sqrt(values @ values)) for values in centred]
    return float(centred[0] @ centred[1]) / (norms[0] * norms[1]) if min(norms) > 0 else np.nan


@dataclass(frozen=True)
class Mean:
    """Mean over n patients with its 95 % interval (Student's t); the limits are NaN with fewer than two."""

    n: int
    mean: float
    low: float
    high: float


def mean_of(values: npt.ArrayLike) -> Mean:
    """Mean of those values that are no NaN."""
    found = np.asarray(values, dtype=float)
    found = found[~np.isnan(found)]
    if found.size < 2:
        return Mean(found.size, float(found.mean()) if found.size else np.nan, np.nan, np.nan)
    half = float(t.isf(0.025, found.size - 1)) * float(found.std(ddof=1)) / np.sqrt(found.size)
    return Mean(found.size, float(found.mean()), float(found.mean()) - half, float(found.mean()) + half)


def share_of(values: npt.ArrayLike) -> Mean:
    """Share of ones among zeros and ones that are no NaN, with Wilson's interval."""
    found = np.asarray(values, dtype=float)
    found = found[~np.isnan(found)]
    if not found.size:
        return Mean(0, np.nan, np.nan, np.nan)
    return Mean(found.size, float(found.mean()), *wilson_interval(int(found.sum()), found.size))


def scaled(mean: Mean, *, by: float) -> Mean:
    """A mean and its interval in multiples of a number that is taken as known; NaN where that is not above 0."""
    factor = 1 / by if by > 0 else np.nan
    return Mean(mean.n, mean.mean * factor, mean.low * factor, mean.high * factor)


def ratio_of_means(values: npt.ArrayLike, expected: npt.ArrayLike) -> Mean:
    """Mean of some values over the mean of what an even map gives, with the interval of a ratio estimator.

    Its variance is that of the residuals, Cochran, Sampling Techniques (3rd ed.), eq. 6.13.

    Args:
        values: [n], NaN where there is no map.
        expected: [n].
    """
    pairs = np.column_stack([np.asarray(values, dtype=float), np.asarray(expected, dtype=float)])
    pairs = pairs[~np.isnan(pairs).any(axis=1)]
    n = len(pairs)
    if n < 2 or pairs[:, 1].sum() <= 0:
        return Mean(n, np.nan, np.nan, np.nan)
    ratio = float(pairs[:, 0].sum() / pairs[:, 1].sum())
    residuals = pairs[:, 0] - ratio * pairs[:, 1]
    se = float(np.sqrt(residuals @ residuals / (n - 1) / n)) / float(pairs[:, 1].mean())
    half = float(t.isf(0.025, n - 1)) * se
    return Mean(n, ratio, ratio - half, ratio + half)
