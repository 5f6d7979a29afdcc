"""Harrell's concordance with the infinitesimal-jackknife standard error of R's concordance(), in O(n log² n)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Concordance:
    """Concordance of a risk score with survival.

    Attributes:
        c: (concordant + tied / 2) / comparable pairs; NaN without comparable pairs.
        se: infinitesimal-jackknife standard error; NaN where it is 0 or c is NaN.
        concordant: comparable pairs in which the patient with the earlier event has the higher score.
        discordant: those in which he has the lower one.
        tied: those of equal score.
        influence: derivative of c by each patient's weight [n]; differences of c have the influence of the difference.
    """

    c: float
    se: float
    concordant: int
    discordant: int
    tied: int
    influence: npt.NDArray[np.float64]

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval, cut to [0, 1]."""
        half = float(norm.isf(0.025)) * self.se
        return float(np.maximum(self.c - half, 0.0)), float(np.minimum(self.c + half, 1.0))


def concordance(time: npt.ArrayLike, event: npt.ArrayLike, score: npt.ArrayLike) -> Concordance:
    """Concordance over all pairs whose order of events is known.

    A pair is comparable when the earlier time is an event; of an event and a censoring on one day the event is earlier;
    two events on one day are not comparable.

    Args:
        time: integer days [n].
        event: whether the event happened [n].
        score: higher means higher risk [n].
    """
    days, happened = np.asarray(time, dtype=np.int64), np.asarray(event, dtype=bool)
    rank = np.unique(np.asarray(score, dtype=float), return_inverse=True)[1].astype(np.int64)
    # Events of one day stand in rising order of score: counted as if the first came first, none of their pairs is
    # concordant, and what was counted too much is only ties and pairs.
    order = np.lexsort((rank, ~happened, days))
    concordant, tied, pairs = _pairs_in_order(happened[order], rank[order])
    rows, equal, together = _tied_events(days[order], happened[order], rank[order])
    tied[rows] -= equal
    pairs[rows] -= together
    total = int(pairs.sum()) // 2
    n_concordant, n_tied = int(concordant.sum()) // 2, int(tied.sum()) // 2
    if total == 0:
        return Concordance(np.nan, np.nan, 0, 0, 0, np.full(days.size, np.nan))
    c = (n_concordant + n_tied / 2) / total
    influence = np.empty(days.size)
    influence[order] = (concordant + tied / 2 - c * pairs) / total
    se = float(np.sqrt(influence @ influence))
    return Concordance(c, se if se > 0 else np.nan, n_concordant, total - n_concordant - n_tied, n_tied, influence)


def _pairs_in_order(event: npt.NDArray[np.bool_], rank: Ints) -> tuple[Ints, Ints, Ints]:
    """Concordant, tied and all pairs of each patient, a pair being an event and any later row.

    Halves, quarters and so on of the rows are compared with their neighbours, all blocks of one width at a time.
    """
    n = rank.size
    concordant, tied, pairs = (np.zeros(n, dtype=np.int64) for _ in range(3))
    rows = np.arange(n)
    key_width = n + 1
    width = 1
    while width < n:
        pair, right = rows // (2 * width), (rows // width) % 2 == 1
        early, late = rows[~right & event], rows[right]
        key = pair * key_width + rank
        for mine, others, sign in ((early, late, "left"), (late, early, "right")):
            sorted_keys = np.sort(key[others])
            first = np.searchsorted(sorted_keys, pair[mine] * key_width, side="left")
            low = np.searchsorted(sorted_keys, key[mine], side="left")
            high = np.searchsorted(sorted_keys, key[mine], side="right")
            last = np.searchsorted(sorted_keys, (pair[mine] + 1) * key_width, side="left")
            concordant[mine] += low - first if sign == "left" else last - high
            tied[mine] += high - low
            pairs[mine] += last - first
        width *= 2
    return concordant, tied, pairs


def _tied_events(days: Ints, event: npt.NDArray[np.bool_], rank: Ints) -> tuple[Ints, Ints, Ints]:
    """Rows of events [e], other events of the same day and score [e], and other events of the same day [e]."""
    rows = np.flatnonzero(event)
    day, key = days[rows], days[rows] * (rank.size + 1) + rank[rows]
    equal, together = (
        np.searchsorted(values, values, side="right") - np.searchsorted(values, values, side="left") - 1
        for values in (key, day)
    )
    return rows, equal, together
