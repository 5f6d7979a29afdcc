"""Coronary artery calcium scores of a population: from a latent propensity to Agatston units with published margins."""

import numpy as np
import numpy.typing as npt
from scipy.interpolate import PchipInterpolator
from scipy.stats import norm

MARGINS_SOURCE = (
    "31,545 asymptomatic Korean adults: 55.5 % 0, 9.5 % 1-10, 19.8 % 11-100, 10.8 % 101-400, 4.3 % > 400, "
    "rescaled from their printed sum of 99.9 %"
)
MARGIN_SHARES = (0.555, 0.095, 0.198, 0.108, 0.043)
MARGIN_UPPER_BOUNDS = (0.0, 10.0, 100.0, 400.0)
_CUMULATIVE = np.cumsum(MARGIN_SHARES) / np.sum(MARGIN_SHARES)

# Beyond 400 the published table says nothing; these two quantiles give scores above 400 a median near 720 and one in
# forty beyond 2,500, a shorter tail than that of the older smokers of lung screening, as befits health screening.
_TAIL_SHARES = (0.999, 0.99999)
_TAIL_SCORES = (2500.0, 7000.0)
LEAST_POSITIVE = 1.0

# The lower end of positive scores lies just above the share of zeros; the score is interpolated in its logarithm.
_quantiles = PchipInterpolator(
    norm.ppf([*_CUMULATIVE[:4], *_TAIL_SHARES]),
    np.log([LEAST_POSITIVE, *MARGIN_UPPER_BOUNDS[1:], *_TAIL_SCORES]),
    extrapolate=False,
)


def agatston_scores(rank: npt.ArrayLike, *, step: float) -> npt.NDArray[np.float64]:
    """Agatston scores at the given ranks of the reference population.

    Args:
        rank: share of the reference population with less calcium, in (0, 1).
        step: scores are rounded to multiples of it, as scoring software prints them: 1 or 0.1 Agatston units.

    Returns:
        Scores: 0 for the lowest 55.6 %, then from 1 upwards, at most 7,000.
    """
    quantile = norm.ppf(np.asarray(rank, dtype=float))
    lowest, highest = _quantiles.x[0], _quantiles.x[-1]
    positive = np.exp(_quantiles(np.clip(quantile, lowest, highest)))
    scores = np.where(quantile <= lowest, 0.0, np.round(positive / step) * step)
    return np.asarray(np.round(scores, 1), dtype=np.float64)


def rank_of_score(score: float) -> float:
    """Share of the reference population whose score, before rounding, lies below `score` (at or below, for 0)."""
    if score <= 0:
        return float(_CUMULATIVE[0])
    grid = np.linspace(_quantiles.x[0], _quantiles.x[-1], 200_001)
    return float(norm.cdf(np.interp(np.log(score), _quantiles(grid), grid)))
