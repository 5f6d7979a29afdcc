"""Restricted mean survival time with the standard error of R's print(survfit, rmean = ), and differences of it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cacs_cxr.distributions import NORMAL_975, normal_tail
from cacs_cxr.prognosis.kaplan_meier import kaplan_meier


@dataclass(frozen=True)
class RestrictedMean:
    """Mean of the time until the event or the horizon, whichever is first, in days, and its standard error."""

    days: float
    se: float


def restricted_mean(time: npt.ArrayLike, event: npt.ArrayLike, *, horizon: float) -> RestrictedMean:
    """Area under the Kaplan-Meier curve up to a horizon.

    Args:
        time: integer days [n].
        event: whether the event happened [n].
        horizon: days; NaN is returned where follow-up ends before it with survival above 0, since the curve is not
            known there.
    """
    if not np.asarray(time).size:
        return RestrictedMean(np.nan, np.nan)
    curve = kaplan_meier(time, event)
    if curve.times[-1] < horizon and curve.survival[-1] > 0:
        return RestrictedMean(np.nan, np.nan)
    inside = curve.times < horizon
    times, survival = curve.times[inside], curve.survival[inside]
    areas = survival * np.diff(np.append(times, horizon))
    later = np.cumsum(areas[::-1])[::-1]
    at_risk, events = curve.n_at_risk[inside].astype(float), curve.n_events[inside]
    left = at_risk - events
    variance = np.divide(later**2 * events, at_risk * left, out=np.zeros(times.size), where=left > 0)
    return RestrictedMean(float(areas.sum()), float(np.sqrt(variance.sum())))


def mean_difference(one: RestrictedMean, other: RestrictedMean) -> tuple[float, float, float, float, float]:
    """Difference one - other in days, its standard error, 95 % limits and two-sided p-value."""
    difference, se = one.days - other.days, float(np.hypot(one.se, other.se))
    half = NORMAL_975 * se
    p = 2 * normal_tail(abs(difference / se)) if se > 0 else np.nan
    return difference, se, difference - half, difference + half, p
