"""Harrell's and Uno's C with the infinitesimal-jackknife standard error of R's concordance(), in O(n log² n)."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from cacs_cxr.distributions import NORMAL_975

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
TimeWeight = Literal["n", "S", "S/G", "n/G2"]
HARRELL: TimeWeight = "n"
UNO: TimeWeight = "n/G2"


@dataclass(frozen=True)
class Concordance:
    """Concordance of a risk score with survival.

    Attributes:
        c: (concordant + tied / 2) / comparable pairs; NaN without comparable pairs.
        se: infinitesimal-jackknife standard error; NaN where it is 0 or c is NaN.
        concordant: comparable pairs in which the patient with the earlier event has the higher score; with another
            time weight than ``n`` the sum of their weights.
        discordant: those in which he has the lower one.
        tied: those of equal score.
        influence: derivative of c by each patient's weight [n]; differences of c have the influence of the difference.
    """

    c: float
    se: float
    concordant: float
    discordant: float
    tied: float
    influence: Floats

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval, cut to [0, 1]."""
        half = NORMAL_975 * self.se
        return float(np.maximum(self.c - half, 0.0)), float(np.minimum(self.c + half, 1.0))


def concordance(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    score: npt.ArrayLike,
    *,
    time_weight: TimeWeight = HARRELL,
    horizon: float | None = None,
) -> Concordance:
    """Concordance over all pairs whose order of events is known.

    A pair is comparable when the earlier time is an event; of an event and a censoring on one day the event is earlier;
    two events on one day are not comparable.

    Args:
        time: integer days [n].
        event: whether the event happened [n].
        score: higher means higher risk [n].
        time_weight: weight of a pair by the time of its event, as R's `timewt`: ``n`` is Harrell's C, ``n/G2`` Uno's
            (Stat Med 2011;30:1105). As in R the weights count as known in the standard error.
        horizon: events after it are not looked at (R's ymax), Uno's tau; None for all.
    """
    days, happened = np.asarray(time), np.asarray(event, dtype=bool)
    days = days.astype(np.int64) if np.issubdtype(days.dtype, np.integer) or (days == np.floor(days)).all() else days
    values = np.asarray(score, dtype=float)
    if np.isnan(values).any():
        return Concordance(np.nan, np.nan, 0, 0, 0, np.full(days.size, np.nan))
    weight = event_weights(days, happened, time_weight=time_weight)
    if horizon is not None:
        weight[days > horizon] = 0.0
    rank = np.unique(values, return_inverse=True)[1].astype(np.int64)
    # Events of one day stand in rising order of score: counted as if the first came first, none of their pairs is
    # concordant, and what was counted too much is only ties and pairs.
    order = np.lexsort((rank, ~happened, days))
    concordant, tied, pairs = _pairs_in_order(weight[order], rank[order], event=happened[order])
    rows, equal, together = _tied_events(days[order], happened[order], rank[order])
    shared = weight[order][rows]
    tied[rows] -= equal * shared
    pairs[rows] -= together * shared
    total = pairs.sum() / 2
    n_concordant, n_tied = float(concordant.sum() / 2), float(tied.sum() / 2)
    if total <= 0:
        return Concordance(np.nan, np.nan, 0, 0, 0, np.full(days.size, np.nan))
    c = float((n_concordant + n_tied / 2) / total)
    influence = np.empty(days.size)
    influence[order] = (concordant + tied / 2 - c * pairs) / total
    se = float(np.sqrt(influence @ influence))
    return Concordance(
        c, se if se > 0 else np.nan, n_concordant, float(total - n_concordant - n_tied), n_tied, influence
    )


def event_weights(time: npt.ArrayLike, event: npt.ArrayLike, *, time_weight: TimeWeight) -> Floats:
    """Weight of the pairs of each event by R's `timewt` [n].

    With S and G the Kaplan-Meier estimates of events and of censoring, both just before the event, and n(t) the number
    at risk: 1, n S / n(t), n S / (G n(t)), 1 / G². Of an event and a censoring on one day the event comes first.
    """
    days, happened = np.asarray(time), np.asarray(event, dtype=bool)
    if time_weight == HARRELL:
        return np.ones(days.size)
    times = np.unique(days)
    rising = np.sort(days)
    at_risk = rising.size - np.searchsorted(rising, times, side="left")
    events = np.bincount(np.searchsorted(times, days[happened]), minlength=times.size)
    lost = np.bincount(np.searchsorted(times, days[~happened]), minlength=times.size)
    left = at_risk - events
    survival = np.concatenate([[1.0], np.cumprod(1 - events / at_risk)])[:-1]
    uncensored = np.concatenate(
        [[1.0], np.cumprod(1 - np.divide(lost, left, out=np.zeros(times.size), where=left > 0))]
    )
    uncensored = uncensored[:-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        weights = {
            "S": days.size * survival / at_risk,
            "S/G": days.size * survival / (uncensored * at_risk),
            "n/G2": 1 / uncensored**2,
        }[time_weight]
    return np.asarray(weights[np.searchsorted(times, days)])


def _pairs_in_order(weight: Floats, rank: Ints, *, event: npt.NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """Concordant, tied and all pairs of each patient, weighted, a pair being an event and any later row.

    Halves, quarters and so on of the rows are compared with their neighbours, all blocks of one width at a time.
    """
    n = rank.size
    concordant, tied, pairs = (np.zeros(n) for _ in range(3))
    rows = np.arange(n)
    key_width = n + 1
    width = 1
    while width < n:
        pair, right = rows // (2 * width), (rows // width) % 2 == 1
        early, late = rows[~right & event], rows[right]
        key = pair * key_width + rank
        for mine, others, first_is_mine in ((early, late, True), (late, early, False)):
            place = np.argsort(key[others], kind="stable")
            sorted_keys = key[others][place]
            sums = np.arange(others.size + 1, dtype=float)
            if not first_is_mine:
                np.cumsum(weight[others][place], out=sums[1:])
            first = sums[np.searchsorted(sorted_keys, pair[mine] * key_width, side="left")]
            low = sums[np.searchsorted(sorted_keys, key[mine], side="left")]
            high = sums[np.searchsorted(sorted_keys, key[mine], side="right")]
            last = sums[np.searchsorted(sorted_keys, (pair[mine] + 1) * key_width, side="left")]
            own = weight[mine] if first_is_mine else 1.0
            concordant[mine] += own * (low - first if first_is_mine else last - high)
            tied[mine] += own * (high - low)
            pairs[mine] += own * (last - first)
        width *= 2
    return concordant, tied, pairs


def _tied_events(days: npt.NDArray[np.generic], event: npt.NDArray[np.bool_], rank: Ints) -> tuple[Ints, Ints, Ints]:
    """Rows of events [e], other events of the same day and score [e], and other events of the same day [e]."""
    rows = np.flatnonzero(event)
    day = np.unique(days[rows], return_inverse=True)[1]
    key = day * (rank.size + 1) + rank[rows]
    equal, together = (
        np.searchsorted(values, values, side="right") - np.searchsorted(values, values, side="left") - 1
        for values in (key, day)
    )
    return rows, equal, together
