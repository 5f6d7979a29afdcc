"""Baseline hazard, Schoenfeld and score residuals of a Cox model, and the robust variance that they give."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cacs_cxr.prognosis.cox import information_of, risk_moments
from cacs_cxr.prognosis.risk_sets import EFRON, Floats, RiskSets, Ties, risk_sets


@dataclass(frozen=True)
class BaselineHazard:
    """Cumulative hazard of a patient whose linear predictor is 0, a step at every time with an event.

    Attributes:
        times: rising [k].
        hazard: cumulative hazard from each time on [k].
    """

    times: Floats
    hazard: Floats

    def at(self, day: npt.ArrayLike) -> Floats:
        """Cumulative hazard at one or several days; 0 before the first event."""
        steps = np.concatenate([[0.0], self.hazard])
        return np.asarray(steps[np.searchsorted(self.times, np.asarray(day), side="right")])

    def risk(self, day: float, predictor: npt.ArrayLike) -> Floats:
        """Probability of the event by a day, 1 - exp(-H(day) exp(predictor)) [n]."""
        return np.asarray(-np.expm1(-float(self.at(day)) * np.exp(np.asarray(predictor, dtype=float))))


def baseline_hazard(
    time: npt.ArrayLike, event: npt.ArrayLike, predictor: npt.ArrayLike, *, ties: Ties = EFRON
) -> BaselineHazard:
    """Baseline hazard by the method of the model's ties, as R's survfit.coxph.

    Args:
        time: days [n].
        event: whether the event happened [n].
        predictor: linear predictor, not centred [n].
        ties: those of the model.
    """
    sets = risk_sets(time, event, ties=ties)
    days = np.asarray(time, dtype=float)[sets.order][sets.event_rows]
    if not days.size:
        return BaselineHazard(np.empty(0), np.empty(0))
    moments = risk_moments(np.asarray(predictor, dtype=float)[sets.order], np.empty((sets.size, 0)), sets)
    increments = np.add.reduceat(sets.share / moments.denominator, sets.first_of_tie) * np.exp(-moments.scale)
    return BaselineHazard(days[sets.first_of_tie], np.cumsum(increments))


def schoenfeld_residuals(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    covariates: npt.ArrayLike,
    coefficients: npt.ArrayLike,
    *,
    strata: npt.ArrayLike | None = None,
    ties: Ties = EFRON,
) -> tuple[Floats, Floats]:
    """Times of the events [e] and the residuals [e, p]: covariates of the event less their mean in the risk set.

    Events of one time have the mean of all terms of that time taken off, as R's residuals(type = "schoenfeld").
    """
    rows = np.asarray(covariates, dtype=float)
    sets = risk_sets(time, event, strata=strata, ties=ties)
    ordered = rows[sets.order]
    moments = risk_moments(ordered @ np.asarray(coefficients, dtype=float), ordered, sets)
    count = sets.over_ties(np.ones(sets.tie.size))[:, np.newaxis]
    residuals = ordered[sets.event_rows] - sets.over_ties(moments.mean) / count
    return np.asarray(time, dtype=float)[sets.order][sets.event_rows], residuals


def score_residuals(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    covariates: npt.ArrayLike,
    coefficients: npt.ArrayLike,
    *,
    entry: npt.ArrayLike | None = None,
    strata: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    ties: Ties = EFRON,
) -> tuple[Floats, Floats]:
    """Each row's part of the score [n, p], times its weight, and the information [p, p], at the coefficients.

    Source: Therneau and Grambsch, Modeling Survival Data (2000), section 7.2; Efron's method as R's
    residuals(type = "score").
    """
    rows = np.asarray(covariates, dtype=float)
    sets = risk_sets(time, event, entry=entry, strata=strata, weights=weights, ties=ties)
    ordered = rows[sets.order]
    parts, information = sorted_score_residuals(ordered, np.asarray(coefficients, dtype=float), sets)
    residuals = np.empty_like(parts)
    residuals[sets.order] = parts
    return residuals, information


def sorted_score_residuals(covariates: Floats, coefficients: Floats, sets: RiskSets) -> tuple[Floats, Floats]:
    """As `score_residuals`, of covariates in the order of the risk sets, and in that order [n, p]."""
    moments = risk_moments(covariates @ coefficients, covariates, sets)
    terms = sets.share / moments.denominator
    held, held_mean = sets.held(terms), sets.held(terms[:, np.newaxis] * moments.mean)
    parts = -moments.risk[:, np.newaxis] * (held[:, np.newaxis] * covariates - held_mean)
    count = sets.over_ties(np.ones(sets.tie.size))[:, np.newaxis]
    at_events = covariates[sets.event_rows] - sets.over_ties(moments.mean) / count
    parts[sets.event_rows] += sets.event_weights[:, np.newaxis] * at_events
    return parts, information_of(moments, covariates, sets)


def robust_covariance(residuals: Floats, information: Floats, *, cluster: npt.ArrayLike | None = None) -> Floats:
    """Sandwich covariance of the coefficients [p, p], as R's coxph(cluster = ) (Lin and Wei, JASA 1989;84:1074).

    Args:
        residuals: score residuals times weights, as `score_residuals` returns them [n, p].
        information: its second value [p, p].
        cluster: labels of what is independent of each other; None where every row is [n].
    """
    parts = residuals
    if cluster is not None:
        labels, place = np.unique(np.asarray(cluster), return_inverse=True)
        parts = np.zeros((labels.size, residuals.shape[1]))
        np.add.at(parts, place, residuals)
    influence = parts @ np.linalg.inv(information)
    return np.asarray(influence.T @ influence)
