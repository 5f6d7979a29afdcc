"""Kaplan-Meier curves as R's survfit(conf.type = "log-log") has them, numbers at risk and medians."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.distributions import NORMAL_975
from cacs_cxr.prognosis.follow_up import GroupedFollowUp
from cacs_cxr.study import Study

COLUMNS = [
    "site", "grouping", "category", "time_days", "n_at_risk", "n_events", "survival", "se", "low", "high",
]  # fmt: skip
FLAT = float(np.sqrt(np.finfo(float).eps))


@dataclass(frozen=True)
class KaplanMeier:
    """A Kaplan-Meier curve: a row at time 0 and at every distinct time, censored ones too.

    Attributes:
        times: days, rising [k].
        n_at_risk: patients with time >= the row's time [k].
        n_events: events at the row's time [k].
        survival: probability just after the row's time [k].
        se: Greenwood's standard error of the survival; NaN where it is 0 [k].
        low: log-log 95 % limit; as in R NaN where the survival is 0, or 1 after time 0 [k]; `high` likewise.
    """

    times: npt.NDArray[np.int64]
    n_at_risk: npt.NDArray[np.int64]
    n_events: npt.NDArray[np.int64]
    survival: npt.NDArray[np.float64]
    se: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]

    def at(self, day: float) -> tuple[float, float, float, float]:
        """Survival, standard error and limits at a day; NaN after the last observed time."""
        row = int(np.searchsorted(self.times, day, side="right")) - 1
        if row < 0 or day > self.times[-1]:
            return np.nan, np.nan, np.nan, np.nan
        return float(self.survival[row]), float(self.se[row]), float(self.low[row]), float(self.high[row])

    @property
    def median(self) -> float:
        """First day on which survival is at most one half; the middle of the stretch where it is exactly one half."""
        half = np.flatnonzero(self.survival <= 0.5 + FLAT)
        if not half.size:
            return np.nan
        first = self.times[half[0]]
        if abs(self.survival[half[0]] - 0.5) > FLAT:
            return float(first)
        below = np.flatnonzero(self.survival < 0.5 - FLAT)
        end = self.times[below[0]] if below.size else self.times[-1]
        return float(first + end) / 2


def kaplan_meier(time: npt.ArrayLike, event: npt.ArrayLike) -> KaplanMeier:
    """Kaplan-Meier curve of one group.

    Args:
        time: integer days [n], n > 0.
        event: whether follow-up ended with the event [n]; a patient censored on the day of an event is at risk for it.
    """
    days, happened = np.asarray(time, dtype=np.int64), np.asarray(event, dtype=bool)
    times = np.unique(np.append(days, 0))
    n_at_risk = at_risk(days, times)
    n_events = np.bincount(np.searchsorted(times, days[happened]), minlength=times.size)
    survival = np.cumprod(1.0 - n_events / n_at_risk, dtype=np.float64)
    left = n_at_risk - n_events
    zero = np.flatnonzero(left == 0)
    survival[zero] = 0.0
    increments = np.divide(n_events, n_at_risk * left, out=np.full(times.size, np.nan), where=left > 0)
    log_se = np.sqrt(np.cumsum(increments))
    inner = (survival > 0) & (survival < 1) & np.isfinite(log_se)
    low, high = np.full(times.size, np.nan), np.full(times.size, np.nan)
    log_survival = np.log(survival[inner])
    half = NORMAL_975 * log_se[inner] / log_survival
    low[inner] = np.exp(-np.exp(np.log(-log_survival) - half))
    high[inner] = np.exp(-np.exp(np.log(-log_survival) + half))
    if survival[0] == 1.0:
        low[0] = high[0] = 1.0
    return KaplanMeier(times, n_at_risk, n_events, survival, survival * log_se, low, high)


def at_risk(time: npt.ArrayLike, ticks: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Patients whose time is at least each tick, R's convention [ticks]."""
    rising = np.sort(np.asarray(time))
    return np.asarray(rising.size - np.searchsorted(rising, np.asarray(ticks), side="left"), dtype=np.int64)


def median_follow_up(time: npt.ArrayLike, code: npt.ArrayLike) -> float:
    """Median follow-up by reverse Kaplan-Meier, in days; NaN where it is not reached or there are no patients.

    Only the end of observation (code 0) counts: an event, or a competing one, hides how long follow-up would have been.
    """
    codes = np.asarray(code)
    return kaplan_meier(time, codes == 0).median if codes.size else np.nan


def kaplan_meier_table(group: GroupedFollowUp, study: Study) -> pd.DataFrame:
    """Curves of all categories that have patients, with `COLUMNS`."""
    frames = []
    for code, category in enumerate(study.categories):
        rows = group.category == code
        if not rows.any():
            continue
        curve = kaplan_meier(group.time[rows], group.event[rows])
        frames.append(
            pd.DataFrame(
                {
                    "site": group.site,
                    "grouping": group.grouping,
                    "category": category,
                    "time_days": curve.times,
                    "n_at_risk": curve.n_at_risk,
                    "n_events": curve.n_events,
                    "survival": curve.survival,
                    "se": curve.se,
                    "low": curve.low,
                    "high": curve.high,
                }
            )
        )
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=COLUMNS)
