"""Cumulative incidence with competing events by Aalen and Johansen, with R's infinitesimal-jackknife standard error."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.distributions import NORMAL_975
from cacs_cxr.prognosis.follow_up import EVENT, GroupedFollowUp
from cacs_cxr.study import Study

Floats = npt.NDArray[np.float64]
COLUMNS = [
    "site", "grouping", "category", "cause", "time_days", "n_at_risk", "n_events", "incidence", "se", "low", "high",
]  # fmt: skip
CAUSES = {1: "event", 2: "competing"}


@dataclass(frozen=True)
class CumulativeIncidence:
    """Probability of having had one cause of the event by each time, the others competing.

    Attributes:
        times: days, rising, 0 first [k].
        n_at_risk: patients with time >= the row's time [k].
        n_events: events of the cause at the row's time [k].
        incidence: [k].
        se: infinitesimal jackknife, as summary(survfit(Surv(time, factor))) [k].
        variance: Aalen's variance as cmprsk::cuminc has it, NaN where it is not defined [k].
        low: log-log 95 % limit by `se`, NaN where the incidence is 0 or 1 [k]; `high` likewise.
    """

    times: npt.NDArray[np.int64]
    n_at_risk: npt.NDArray[np.int64]
    n_events: npt.NDArray[np.int64]
    incidence: Floats
    se: Floats
    variance: Floats
    low: Floats
    high: Floats

    def at(self, day: float) -> tuple[float, float, float, float]:
        """Incidence, standard error and limits at a day; NaN after the last observed time."""
        row = int(np.searchsorted(self.times, day, side="right")) - 1
        if row < 0 or day > self.times[-1]:
            return np.nan, np.nan, np.nan, np.nan
        return float(self.incidence[row]), float(self.se[row]), float(self.low[row]), float(self.high[row])


def cumulative_incidence(time: npt.ArrayLike, code: npt.ArrayLike, *, cause: int = EVENT) -> CumulativeIncidence:
    """Aalen-Johansen estimate of one cause.

    Args:
        time: days, whole ones in the study [n], n > 0.
        code: 0 censored, otherwise the cause [n]; of an event and a censoring on one day the event comes first, and
            events of different causes on one day are simultaneous.
        cause: the cause.
    """
    days, causes = np.asarray(time), np.asarray(code)
    times = np.unique(np.append(days, 0))
    place = np.searchsorted(times, days)
    at_risk = days.size - np.searchsorted(np.sort(days), times, side="left")
    own = np.bincount(place[causes == cause], minlength=times.size)
    any_event = np.bincount(place[causes != 0], minlength=times.size)
    survival = np.cumprod(1 - any_event / at_risk)
    before = np.concatenate([[1.0], survival[:-1]])
    incidence = np.cumsum(before * own / at_risk)
    se = _jackknife(place, causes, incidence, before, at_risk, own, any_event, cause=cause)
    variance = _aalen(incidence, before, at_risk, own, any_event)
    # An incidence of 1 up to rounding has no limits, as one of exactly 1 has none.
    inner = (incidence > 0) & (incidence < 1 - 1e-12)
    low, high = np.full(times.size, np.nan), np.full(times.size, np.nan)
    log_incidence = np.log(incidence[inner])
    half = NORMAL_975 * se[inner] / (incidence[inner] * -log_incidence)
    # A standard error far beyond the incidence makes the exponent overflow; the limit is then 0, as it should be.
    with np.errstate(over="ignore"):
        low[inner], high[inner] = (np.exp(log_incidence * np.exp(sign * half)) for sign in (1, -1))
    return CumulativeIncidence(times, at_risk, own, incidence, se, variance, low, high)


def _jackknife(
    place: npt.NDArray[np.intp],
    causes: npt.NDArray[np.generic],
    incidence: Floats,
    before: Floats,
    at_risk: npt.NDArray[np.int64],
    own: npt.NDArray[np.int64],
    any_event: npt.NDArray[np.int64],
    *,
    cause: int,
) -> Floats:
    """Root of the sum of squared derivatives of the incidence by the patients' weights, at every time.

    The derivative of a patient who has left is a + b F(t), that of one still at risk the same for all: sums of a², ab
    and b² over the patients who have left suffice.
    """
    left = at_risk - any_event
    steps = np.divide(any_event, at_risk * left, out=np.zeros(left.size), where=left > 0)
    taken = np.cumsum(before * own / at_risk**2)
    through, through_incidence = np.cumsum(steps), np.cumsum(incidence * steps)
    gone = np.divide(1.0, left, out=np.zeros(left.size), where=left > 0)[place] * (causes != 0)
    a = np.where(causes == cause, (before / at_risk)[place], 0.0) - taken[place]
    a = a + gone * incidence[place] - through_incidence[place]
    b = through[place] - gone
    squares, products, slopes = (
        np.cumsum(np.bincount(place, weights=part, minlength=left.size)) for part in (a * a, a * b, b * b)
    )
    remaining = at_risk - np.bincount(place, minlength=left.size)
    common = -taken + incidence * through - through_incidence
    total = squares + 2 * incidence * products + incidence**2 * slopes + remaining * common**2
    return np.asarray(np.sqrt(np.maximum(total, 0.0)))


def _aalen(
    incidence: Floats,
    before: Floats,
    at_risk: npt.NDArray[np.int64],
    own: npt.NDArray[np.int64],
    any_event: npt.NDArray[np.int64],
) -> Floats:
    """Aalen's variance, a day's events a multinomial sample without replacement, as cmprsk::cuminc has it.

    With present F it is v1 - 2 F v2 + F² v3, v1 to v3 being running sums over the days with events.
    """
    n, other = at_risk.astype(float), any_event - own
    after = before * (1 - any_event / n)
    inverse = np.divide(1.0, after, out=np.zeros(n.size), where=after > 0)
    sums = np.zeros((3, n.size))
    for events, shift, counts in ((other, 0.0, (other > 0) & (after > 0)), (own, 1.0, own > 0)):
        finite = np.where(events > 1, 1 - (events - 1) / np.maximum(n - 1, 1), 1.0)
        mass = np.where(counts, before**2 * finite * events / n**2, 0.0)
        height = shift + incidence * inverse
        sums += mass * np.stack([height**2, inverse * height, inverse**2])
    squares, products, slopes = np.cumsum(sums, axis=1)
    variance = squares - 2 * incidence * products + incidence**2 * slopes
    last = np.maximum.accumulate(np.where(own > 0, np.arange(n.size), -1))
    return np.where(last >= 0, variance[last], 0.0)


def cumulative_incidence_table(group: GroupedFollowUp, study: Study) -> pd.DataFrame:
    """Curves of both causes of every category that has patients, with `COLUMNS`; a row at day 0 and at every time."""
    frames = []
    for number, category in enumerate(study.categories):
        rows = group.category == number
        if not rows.any():
            continue
        for code, cause in CAUSES.items():
            curve = cumulative_incidence(group.time[rows], group.code[rows], cause=code)
            frames.append(
                pd.DataFrame(
                    {
                        "site": group.site,
                        "grouping": group.grouping,
                        "category": category,
                        "cause": cause,
                        "time_days": curve.times,
                        "n_at_risk": curve.n_at_risk,
                        "n_events": curve.n_events,
                        "incidence": curve.incidence,
                        "se": curve.se,
                        "low": curve.low,
                        "high": curve.high,
                    }
                )
            )
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=COLUMNS)
