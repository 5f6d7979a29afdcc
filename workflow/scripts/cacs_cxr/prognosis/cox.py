"""Cox regression by Newton's method, as R's coxph: ties, delayed entry, strata, case weights and offsets."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg.lapack import dposv

from cacs_cxr.prognosis.risk_sets import EFRON, RiskSets, Ties, risk_sets

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
class RiskMoments:
    """What the risk sets are at given coefficients, over the e terms of the partial likelihood.

    Attributes:
        risk: weighted relative hazard of each row, scaled so that the greatest hazard is 1 [n].
        scale: logarithm of that scale.
        denominator: risk of each event's risk set, less what Efron's method takes off [e].
        mean: mean of the covariates over it [e, p].
    """

    risk: Floats
    scale: float
    denominator: Floats
    mean: Floats


def risk_moments(predictor: Floats, covariates: Floats, sets: RiskSets) -> RiskMoments:
    """Denominators and mean covariates of all risk sets.

    Args:
        predictor: linear predictor in the order of `sets` [n].
        covariates: in the same order [n, p].
        sets: risk sets of all events.
    """
    highest = float(predictor.max())
    hazard = np.exp(predictor - highest)
    risk = hazard if sets.weights is None else hazard * sets.weights
    sums = sets.at_risk(_with_products(risk, covariates))
    if sets.efron:
        tied = _with_products(hazard[sets.event_rows] * sets.event_weights, covariates[sets.event_rows])
        sums -= sets.taken_off[:, np.newaxis] * sets.over_ties(tied)
    return RiskMoments(risk, highest, sums[:, 0], sums[:, 1:] / sums[:, :1])


def _with_products(weights: Floats, covariates: Floats) -> Floats:
    """Weights [n] and their products with the covariates, by columns [n, 1 + p]."""
    values = np.empty((weights.size, covariates.shape[1] + 1), order="F")
    values[:, 0] = weights
    np.multiply(weights[:, np.newaxis], covariates, out=values[:, 1:])
    return values


def information_of(moments: RiskMoments, covariates: Floats, sets: RiskSets, *, terms: Floats | None = None) -> Floats:
    """Sum over the events of the covariance of the covariates in the risk set, each times its term [p, p].

    Args:
        moments: as `risk_moments` returns them.
        covariates: in the order of `sets` [n, p].
        sets: risk sets of all events.
        terms: multiplies the weight of each event's risk set; None for 1 [e].
    """
    share = sets.share if terms is None else sets.share * terms
    # How much of each row's risk all the risk sets hold together; spares a sum of n matrices.
    held = sets.held(share / moments.denominator)
    within = (held * moments.risk)[:, np.newaxis] * covariates
    return np.asarray(within.T @ covariates - (share[:, np.newaxis] * moments.mean).T @ moments.mean)


def partial_likelihood(
    coefficients: Floats, covariates: Floats, sets: RiskSets, *, offset: Floats | float = 0.0
) -> tuple[float, Floats, npt.NDArray[np.float64]]:
    """Partial log-likelihood, its gradient [p] and the observed information [p, p].

    Args:
        coefficients: [p].
        covariates: in the order of `sets` [n, p].
        sets: risk sets of all events.
        offset: added to the linear predictor, in the same order [n].
    """
    predictor = covariates @ coefficients + offset
    moments = risk_moments(predictor, covariates, sets)
    rows, share = sets.event_rows, sets.share
    at_events = float(sets.event_weights @ predictor[rows])
    loglik = at_events - float(share @ np.log(moments.denominator)) - float(share.sum()) * moments.scale
    gradient = sets.event_weights @ covariates[rows] - share @ moments.mean
    return loglik, np.asarray(gradient), information_of(moments, covariates, sets)


def cox_regression(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    covariates: npt.ArrayLike,
    *,
    entry: npt.ArrayLike | None = None,
    strata: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    offset: npt.ArrayLike | None = None,
    ties: Ties = EFRON,
) -> CoxFit:
    """Fit a Cox model to convergence of every coefficient, not of the likelihood alone.

    Args:
        time: end of follow-up, best in integer days: near-ties of float years are not merged [n].
        event: whether follow-up ended with the event: 0/1 or booleans [n].
        covariates: one column a coefficient [n, p], linearly independent within the risk sets; p may be 0.
        entry: start of each row, for delayed entry or several intervals a patient [n].
        strata: labels of strata with baseline hazards of their own [n].
        weights: case weights [n]; the covariance is the model's, `robust_covariance` is for weights that are no counts.
        offset: added to the linear predictor with coefficient 1 [n].
        ties: Efron's method, R's default, or Breslow's.

    Returns:
        The fit. Where the likelihood rises without end along some coefficients these are marked `unbounded`; all others
        then have the values to which they tend.

    Raises:
        ValueError: input that is not finite, events other than 0 and 1, or rows that enter at or after their time.
    """
    raw = np.asarray(covariates, dtype=float)
    size = raw.shape[1]
    if not np.isfinite(raw).all():
        raise ValueError("covariates must be finite; leave out or impute rows with missing values.")
    sets = risk_sets(time, event, entry=entry, strata=strata, weights=weights, ties=ties)
    if not sets.event_rows.size:
        nothing = np.full(size, np.nan), np.full((size, size), np.nan), np.nan, np.nan, np.nan
        return CoxFit(*nothing, np.zeros(size, dtype=bool), "no events")
    scale = raw.std(axis=0)
    scale[scale == 0] = 1.0
    standard = ((raw - raw.mean(axis=0)) / scale)[sets.order]
    shift = 0.0 if offset is None else np.asarray(offset, dtype=float)[sets.order]
    fit = newton(standard, sets, offset=shift)
    return CoxFit(
        fit.coefficients / scale,
        fit.covariance / np.outer(scale, scale),
        fit.loglik_null,
        fit.loglik,
        fit.score,
        fit.unbounded,
        fit.failure,
    )


def newton(
    standard: Floats,
    sets: RiskSets,
    *,
    offset: Floats | float = 0.0,
    start: Floats | None = None,
    enough: float = 0.0,
) -> CoxFit:
    """Maximise the partial likelihood by Newton's method with halved steps.

    Args:
        standard: covariates of mean 0 and variance 1 in the order of `sets` [n, p].
        sets: risk sets of all events, at least one.
        offset: added to the linear predictor, in the same order [n].
        start: coefficients to start from; the null likelihood and the score test then belong to them, not to 0 [p].
        enough: a step that would gain less than half of it in log-likelihood ends the search, with step and gain
            taken; for many samples from good starts. Coefficients without bound are then not marked.
    """
    standard = np.asfortranarray(standard)
    size = standard.shape[1]
    estimate = np.zeros(size) if start is None else start
    loglik, gradient, information = partial_likelihood(estimate, standard, sets, offset=offset)
    loglik_null, score, unbounded, failure = loglik, 0.0, np.zeros(size, dtype=bool), NO_CONVERGENCE
    for iteration in range(ITERATIONS):
        step = _newton_step(information, gradient)
        if step is None:
            failure = "singular information matrix: the terms are linearly dependent"
            break
        gain = float(step @ gradient)
        score = gain if iteration == 0 else score
        largest = float(np.max(np.abs(step), initial=0.0))
        if largest < SMALL_STEP or (gain < enough and largest < 1):
            estimate, loglik, failure = estimate + step, loglik + gain / 2, ""
            break
        if gain < max(FLAT_LIKELIHOOD, enough) and largest > 1e-3:
            unbounded, failure = np.abs(step) > 1e-4, ""
            break
        taken = _uphill(estimate, step, loglik, standard, sets, offset)
        if taken is None:
            break
        estimate, loglik, gradient, information = taken
    inverse: Floats = np.full((size, size), np.nan) if failure else np.asarray(np.linalg.inv(information))
    if failure:
        estimate = np.full(size, np.nan)
    return CoxFit(estimate, inverse, loglik_null, loglik, score, unbounded, failure)


def _newton_step(information: Floats, gradient: Floats) -> Floats | None:
    if not gradient.size:
        return gradient
    step, fault = dposv(information, gradient)[1:]
    return None if fault else np.asarray(step)


def _uphill(
    estimate: Floats, step: Floats, loglik: float, standard: Floats, sets: RiskSets, offset: Floats | float
) -> tuple[Floats, float, Floats, Floats] | None:
    """Take the step, halved until the likelihood does not fall and no patient's risk vanishes beside another's."""
    for halvings in range(20):
        trial = estimate + step / 2**halvings
        if np.ptp(standard @ trial + offset) > WIDEST_PREDICTOR:
            continue
        reached, gradient, information = partial_likelihood(trial, standard, sets, offset=offset)
        if reached >= loglik - 1e-9 * abs(loglik):
            return trial, reached, gradient, information
    return None
