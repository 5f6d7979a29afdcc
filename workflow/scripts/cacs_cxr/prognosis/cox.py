"""Cox regression with Efron's handling of ties, by Newton's method, as R's coxph."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
SMALL_STEP = 1e-9
FLAT_LIKELIHOOD = 1e-10
ITERATIONS = 60
WIDEST_PREDICTOR = 500.0
NO_CONVERGENCE = "no convergence: an estimate grows without bound, since a term separates the events fully"


@dataclass(frozen=True)
class CoxFit:
    """A fitted Cox model.

    Attributes:
        coefficients: log hazard ratios per one unit [p].
        covariance: inverse of the observed information [p, p].
        loglik_null: partial log-likelihood with all coefficients 0.
        loglik: partial log-likelihood at the estimate.
        score: score test statistic of all coefficients.
        unbounded: coefficients that grow without bound because the events are fully separated [p].
        failure: empty, or why there is no estimate at all (coefficients are then NaN).
    """

    coefficients: Floats
    covariance: Floats
    loglik_null: float
    loglik: float
    score: float
    unbounded: npt.NDArray[np.bool_]
    failure: str = ""


@dataclass(frozen=True)
class RiskSets:
    """Risk sets of all events, over patients sorted by time.

    Attributes:
        order: patients by rising time [n].
        event_rows: places of the events in that order [e].
        starts: place at which each event's risk set starts; it reaches to the end [e].
        tie: number of each event's day among the days with events [e].
        taken_off: share of the day's events that Efron's method takes off the risk set [e].
    """

    order: npt.NDArray[np.intp]
    event_rows: npt.NDArray[np.intp]
    starts: npt.NDArray[np.intp]
    tie: npt.NDArray[np.intp]
    taken_off: Floats


def risk_sets(time: npt.ArrayLike, event: npt.ArrayLike) -> RiskSets:
    """Risk sets of all events; the l-th of d tied events (l from 0) has the share l / d of the ties taken off."""
    days, happened = np.asarray(time), np.asarray(event, dtype=bool)
    order = np.argsort(days, kind="stable")
    rising = days[order]
    event_rows = np.flatnonzero(happened[order])
    times, tie, count = np.unique(rising[event_rows], return_inverse=True, return_counts=True)
    first = np.concatenate([[0], np.cumsum(count)[:-1]]).astype(np.intp) if times.size else np.empty(0, np.intp)
    taken_off = (np.arange(event_rows.size) - first[tie]) / count[tie]
    starts = np.searchsorted(rising, rising[event_rows], side="left")
    return RiskSets(order, event_rows, starts, tie, taken_off)


def partial_likelihood(
    coefficients: Floats, covariates: Floats, sets: RiskSets
) -> tuple[float, Floats, npt.NDArray[np.float64]]:
    """Efron's partial log-likelihood, its gradient [p] and the observed information [p, p].

    Args:
        coefficients: [p].
        covariates: in the order of time of `sets` [n, p].
        sets: risk sets of all events.
    """
    rows, tie, taken_off = sets.event_rows, sets.tie, sets.taken_off
    predictor = covariates @ coefficients
    highest = float(predictor.max())
    risk = np.exp(predictor - highest)
    weighted = risk[:, np.newaxis] * covariates
    ties = int(tie[-1]) + 1
    tied_risk = np.bincount(tie, weights=risk[rows], minlength=ties)[tie]
    tied_weighted = np.zeros((ties, covariates.shape[1]))
    np.add.at(tied_weighted, tie, weighted[rows])
    denominator = np.cumsum(risk[::-1])[::-1][sets.starts] - taken_off * tied_risk
    numerator = np.cumsum(weighted[::-1], axis=0)[::-1][sets.starts] - taken_off[:, np.newaxis] * tied_weighted[tie]
    # How much of each patient's risk all the risk sets hold together; spares a sum of n matrices.
    held = np.zeros(risk.size)
    np.add.at(held, sets.starts, 1 / denominator)
    held = np.cumsum(held)
    held[rows] -= np.bincount(tie, weights=taken_off / denominator, minlength=ties)[tie]
    mean = numerator / denominator[:, np.newaxis]
    loglik = float(predictor[rows].sum() - rows.size * highest - np.log(denominator).sum())
    gradient = covariates[rows].sum(axis=0) - mean.sum(axis=0)
    information = (held[:, np.newaxis] * weighted).T @ covariates - mean.T @ mean
    return loglik, gradient, information


def cox_regression(time: npt.ArrayLike, event: npt.ArrayLike, covariates: npt.ArrayLike) -> CoxFit:
    """Fit a Cox model to convergence of every coefficient, not of the likelihood alone.

    Args:
        time: integer days [n].
        event: whether the event happened [n].
        covariates: one column a coefficient [n, p], linearly independent within the risk sets; p may be 0.

    Returns:
        The fit. Where the likelihood rises without end along some coefficients these are marked `unbounded`; all others
        then have the values to which they tend.
    """
    raw = np.asarray(covariates, dtype=float)
    size = raw.shape[1]
    sets = risk_sets(time, event)
    if not sets.event_rows.size:
        nothing = np.full(size, np.nan), np.full((size, size), np.nan), np.nan, np.nan, np.nan
        return CoxFit(*nothing, np.zeros(size, dtype=bool), "no events")
    scale = raw.std(axis=0)
    scale[scale == 0] = 1.0
    standard = ((raw - raw.mean(axis=0)) / scale)[sets.order]
    estimate = np.zeros(size)
    loglik, gradient, information = partial_likelihood(estimate, standard, sets)
    loglik_null, score, unbounded, failure = loglik, 0.0, np.zeros(size, dtype=bool), NO_CONVERGENCE
    for iteration in range(ITERATIONS):
        step = _newton_step(information, gradient)
        if step is None:
            failure = "singular information matrix: the terms are linearly dependent"
            break
        gain = float(step @ gradient)
        score = gain if iteration == 0 else score
        largest = float(np.max(np.abs(step), initial=0.0))
        if largest < SMALL_STEP:
            estimate, failure = estimate + step, ""
            break
        if gain < FLAT_LIKELIHOOD and largest > 1e-3:
            unbounded, failure = np.abs(step) > 1e-4, ""
            break
        taken = _uphill(estimate, step, loglik, standard, sets)
        if taken is None:
            break
        estimate, loglik, gradient, information = taken
    inverse = np.full((size, size), np.nan) if failure else np.linalg.inv(information)
    if failure:
        estimate = np.full(size, np.nan)
    return CoxFit(estimate / scale, inverse / np.outer(scale, scale), loglik_null, loglik, score, unbounded, failure)


def _newton_step(information: Floats, gradient: Floats) -> Floats | None:
    try:
        factor = np.linalg.cholesky(information)
    except np.linalg.LinAlgError:
        return None
    return np.asarray(np.linalg.solve(factor.T, np.linalg.solve(factor, gradient)))


def _uphill(
    estimate: Floats, step: Floats, loglik: float, standard: Floats, sets: RiskSets
) -> tuple[Floats, float, Floats, Floats] | None:
    """Take the step, halved until the likelihood does not fall and no patient's risk vanishes beside another's."""
    for halvings in range(20):
        trial = estimate + step / 2**halvings
        if np.ptp(standard @ trial) > WIDEST_PREDICTOR:
            continue
        reached, gradient, information = partial_likelihood(trial, standard, sets)
        if reached >= loglik - 1e-9 * abs(loglik):
            return trial, reached, gradient, information
    return None
