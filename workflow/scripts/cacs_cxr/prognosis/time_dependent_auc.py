"""Cumulative/dynamic AUC at a horizon by inverse probability of censoring weights, with its influence function."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cacs_cxr.distributions import NORMAL_975

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TimeDependentAuc:
    """AUC of a risk score for events until a horizon against patients still at risk after it.

    Attributes:
        auc: NaN without cases or controls.
        se: from the influence function, the weights' estimation included; NaN where it is 0.
        cases: patients with the event until the horizon.
        controls: patients followed beyond it.
        influence: of each patient on the AUC [n]; differences of AUCs have the influence of the difference.
    """

    auc: float
    se: float
    cases: int
    controls: int
    influence: Floats

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval, cut to [0, 1]."""
        half = NORMAL_975 * self.se
        return float(np.maximum(self.auc - half, 0.0)), float(np.minimum(self.auc + half, 1.0))


def censoring_survival(time: npt.ArrayLike, event: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Kaplan-Meier estimate of being uncensored: times [k] and the probability from each time on [k].

    A patient with an event is at risk of censoring on its day, as in R's prodlim(reverse = TRUE) and timeROC.
    """
    days, happened = np.asarray(time, dtype=float), np.asarray(event, dtype=bool)
    times, lost = np.unique(days[~happened], return_counts=True)
    at_risk = days.size - np.searchsorted(np.sort(days), times, side="left")
    return times, np.asarray(np.cumprod(1 - lost / at_risk), dtype=float)


def uncensored_before(day: npt.ArrayLike, time: npt.ArrayLike, event: npt.ArrayLike) -> Floats:
    """Probability of being uncensored just before each day."""
    times, survival = censoring_survival(time, event)
    return np.asarray(np.concatenate([[1.0], survival])[np.searchsorted(times, np.asarray(day, float), side="left")])


def time_dependent_auc(
    time: npt.ArrayLike, event: npt.ArrayLike, score: npt.ArrayLike, *, horizon: float
) -> TimeDependentAuc:
    """AUC(t): cases with the event until t weighted by 1 / G(T-), controls with time > t; ties of the score count half.

    Source: Blanche and others, Stat Med 2013;32:5381; as riskRegression::Score(metrics = "auc") and timeROC give it
    without competing risks (with them, these controls are patients free of any event: competing events count as
    censored).

    Args:
        time: days [n].
        event: whether the event happened [n].
        score: higher means higher risk [n].
        horizon: days.
    """
    days, happened, values = np.asarray(time, float), np.asarray(event, dtype=bool), np.asarray(score, float)
    case, control = happened & (days <= horizon), days > horizon
    nothing = np.full(days.size, np.nan)
    if not case.any() or not control.any() or np.isnan(values).any():
        return TimeDependentAuc(np.nan, np.nan, int(case.sum()), int(control.sum()), nothing)
    weight = np.where(case, 1 / uncensored_before(days, days, happened), 0.0)
    below, ties = _mass_below(values, control.astype(float))
    above_cases, tied_cases = _mass_below(values, weight)
    total, controls = weight.sum(), control.sum()
    share = (below + ties / 2) / controls
    auc = float(weight @ share / total)
    higher = total - above_cases - tied_cases
    as_control = np.where(control, ((higher + tied_cases / 2) / total - auc) / controls, 0.0)
    as_case = weight * (share - auc) / total
    influence = as_case + as_control + _through_weights(days, happened, case, as_case)
    # R's Score takes the standard deviation of the influence with n - 1.
    se = float(np.sqrt(influence @ influence * days.size / (days.size - 1)))
    return TimeDependentAuc(auc, se if se > 0 else np.nan, int(case.sum()), int(controls), influence)


def _mass_below(values: Floats, mass: Floats) -> tuple[Floats, Floats]:
    """Mass of smaller values, and of equal ones, for each value [n]."""
    levels, place = np.unique(values, return_inverse=True)
    sums = np.bincount(place, weights=mass, minlength=levels.size)
    return np.asarray((np.cumsum(sums) - sums)[place]), np.asarray(sums[place])


def _through_weights(
    days: Floats, happened: npt.NDArray[np.bool_], case: npt.NDArray[np.bool_], as_case: Floats
) -> Floats:
    """Influence of each patient on the AUC through the estimate of censoring, the derivative of 1 / G(T-) [n]."""
    times, lost = np.unique(days[~happened], return_counts=True)
    if not times.size:
        return np.zeros(days.size)
    rising = np.sort(days)
    at_risk = days.size - np.searchsorted(rising, times, side="left")
    left = np.maximum(at_risk - lost, 1)
    # Cases after a censoring carry its factor in their weight: the sum of their terms at every time of censoring.
    order = np.argsort(days[case], kind="stable")
    sums = np.concatenate([[0.0], np.cumsum(as_case[case][order])])
    later = sums[-1] - sums[np.searchsorted(days[case][order], times, side="right")]
    own = np.zeros(days.size)
    place = np.searchsorted(times, days[~happened])
    own[~happened] = (later / left)[place]
    until = np.concatenate([[0.0], np.cumsum(later * lost / (at_risk * left))])
    return np.asarray(own - until[np.searchsorted(times, days, side="right")])
