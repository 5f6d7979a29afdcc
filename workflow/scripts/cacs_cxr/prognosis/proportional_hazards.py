"""Test of proportional hazards as R's cox.zph (survival >= 3), and scaled Schoenfeld residuals for its plot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.distributions import chi_squared_tail
from cacs_cxr.prognosis.cox import information_of, risk_moments
from cacs_cxr.prognosis.risk_sets import EFRON, Floats, RiskSets, Ties, risk_sets

GLOBAL = "GLOBAL"
Transform = Literal["km", "rank", "identity", "log"]
TRANSFORMS: tuple[Transform, ...] = ("km", "rank", "identity", "log")


@dataclass(frozen=True)
class ProportionalityTest:
    """Score test that the coefficients of a term do not change with (transformed) time; NaN where it cannot be done."""

    term: str
    chi2: float
    df: int
    p: float


def transformed_time(time: npt.ArrayLike, event: npt.ArrayLike, *, transform: Transform) -> Floats:
    """The function of time g at every patient's own time, as cox.zph has it [n].

    ``km`` is 1 - Kaplan-Meier just before the time, ``rank`` the rank among all times, censored ones too.
    """
    days, happened = np.asarray(time, dtype=float), np.asarray(event, dtype=bool)
    if transform == "identity":
        return days
    if transform == "log":
        if (days[happened] <= 0).any():
            raise ValueError("the logarithm of time needs events after time 0; use another transform.")
        return np.log(np.where(days > 0, days, 1.0))
    if transform == "rank":
        return np.asarray(pd.Series(days).rank().to_numpy(float))
    times, events = np.unique(days[happened], return_counts=True)
    at_risk = days.size - np.searchsorted(np.sort(days), times, side="left")
    survival = np.concatenate([[1.0], np.cumprod(1 - events / at_risk)])
    return np.asarray(1 - survival[np.searchsorted(times, days, side="left")])


def proportionality_tests(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    covariates: npt.ArrayLike,
    coefficients: npt.ArrayLike,
    *,
    terms: Mapping[str, Sequence[int]],
    transform: Transform = "km",
    strata: npt.ArrayLike | None = None,
    ties: Ties = EFRON,
) -> list[ProportionalityTest]:
    """A test for every term and one, ``GLOBAL``, for all coefficients, in the manner of cox.zph(terms = TRUE).

    It is the score test of adding the products of a term's columns with g(t) to the model (Therneau, survival >= 3),
    not the approximation of Grambsch and Therneau that older versions and other packages have.

    Args:
        time: days [n].
        event: whether the event happened [n].
        covariates: columns of the fitted model [n, p].
        coefficients: at convergence [p].
        terms: columns of each term by its name; a factor of several levels is one term.
        transform: the function of time g.
        strata: of the model.
        ties: of the model.
    """
    rows = np.asarray(covariates, dtype=float)
    scale = rows.std(axis=0)
    scale[scale == 0] = 1.0
    standard, beta = (rows - rows.mean(axis=0)) / scale, np.asarray(coefficients, dtype=float) * scale
    sets = risk_sets(time, event, strata=strata, ties=ties)
    g = transformed_time(time, event, transform=transform)[sets.order][sets.event_rows]
    score, blocks = _interaction_score(standard[sets.order], beta, sets, g - g.mean() if g.size else g)
    information, cross, square = blocks
    results = []
    for name, columns in [*terms.items(), (GLOBAL, range(rows.shape[1]))]:
        chosen = np.array(list(columns), dtype=np.intp)
        results.append(_test(name, score[chosen], information, cross[:, chosen], square[np.ix_(chosen, chosen)]))
    return results


def _interaction_score(
    covariates: Floats, coefficients: Floats, sets: RiskSets, g: Floats
) -> tuple[Floats, tuple[Floats, Floats, Floats]]:
    """Score of the products with g at 0 [p], and the blocks of the information of coefficients and products."""
    moments = risk_moments(covariates @ coefficients, covariates, sets)
    at_events = (sets.event_weights * g) @ covariates[sets.event_rows]
    score = at_events - (sets.share * g) @ moments.mean
    blocks = tuple(information_of(moments, covariates, sets, terms=g**power) for power in (0, 1, 2))
    return score, (blocks[0], blocks[1], blocks[2])


def _test(name: str, score: Floats, information: Floats, cross: Floats, square: Floats) -> ProportionalityTest:
    df = int(score.size)
    try:
        variance = square - cross.T @ np.linalg.solve(information, cross)
        singular = np.linalg.matrix_rank(variance, hermitian=True) < df
    except np.linalg.LinAlgError:
        singular = True
    if singular or not np.isfinite(score).all():
        return ProportionalityTest(name, np.nan, df, np.nan)
    statistic = float(score @ np.linalg.solve(variance, score))
    return ProportionalityTest(name, statistic, df, chi_squared_tail(statistic, df))


def scaled_schoenfeld(
    residuals: npt.ArrayLike, covariance: npt.ArrayLike, coefficients: npt.ArrayLike
) -> npt.NDArray[np.float64]:
    """Residuals whose mean over time is the coefficient: beta + e V r, e the number of events [e, p].

    Source: Grambsch and Therneau, Biometrika 1994;81:515.
    """
    raw = np.asarray(residuals, dtype=float)
    return np.asarray(np.asarray(coefficients) + raw.shape[0] * raw @ np.asarray(covariance, dtype=float))


def natural_spline(values: npt.ArrayLike, *, knots: npt.ArrayLike) -> Floats:
    """Columns of a natural cubic spline with an intercept [n, k]; the first and last knot bound the cubic part."""
    x, places = np.asarray(values, dtype=float), np.asarray(knots, dtype=float)
    span = places[-1] - places[0]

    def bent(knot: float) -> Floats:
        cubes = np.maximum(x - knot, 0) ** 3 - np.maximum(x - places[-1], 0) ** 3
        return np.asarray(cubes / ((places[-1] - knot) * span**2))

    last = bent(places[-2])
    return np.column_stack([np.ones_like(x), (x - places[0]) / span, *(bent(knot) - last for knot in places[:-2])])


def smoothed(g: Floats, values: Floats, grid: Floats, *, variance: float, df: int = 4) -> tuple[Floats, Floats]:
    """Natural spline through scaled residuals and its standard error at a grid, as plot.cox.zph draws it.

    Args:
        g: transformed times of the events [e].
        values: scaled residuals of one coefficient [e].
        grid: transformed times at which the curve is wanted [k].
        variance: of the coefficient.
        df: degrees of freedom of the spline, its intercept left out.
    """
    knots = np.unique(np.quantile(g, np.linspace(0, 1, df + 1)))
    if knots.size < 3:
        return np.full(grid.size, np.nan), np.full(grid.size, np.nan)
    design, wanted = natural_spline(g, knots=knots), natural_spline(grid, knots=knots)
    inverse = np.linalg.pinv(design.T @ design)
    curve = wanted @ (inverse @ (design.T @ values))
    spread = np.einsum("kp,pq,kq->k", wanted, inverse, wanted)
    return curve, np.sqrt(np.maximum(variance * g.size * spread, 0.0))
