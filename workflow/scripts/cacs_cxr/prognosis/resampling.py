"""Bootstrap samples of patients sorted once: their risk sets and concordance, fast enough for thousands of samples."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cacs_cxr.prognosis.risk_sets import Floats, Places, RiskSets


@dataclass(frozen=True)
class SortedPatients:
    """Patients by rising time, those with the event first on each day.

    Attributes:
        order: patients in that order [n].
        day: number of each patient's day among the distinct ones, in that order [n].
        event: in that order [n].
        later: place of the first patient whose event is known to come after an event of this day [n].
    """

    order: Places
    day: Places
    event: npt.NDArray[np.bool_]
    later: Places


@dataclass(frozen=True)
class Resample:
    """A bootstrap sample: every patient who is in it once, with how often.

    Attributes:
        rows: places of those patients among the sorted ones [k].
        counts: how often each is in the sample [k].
        sets: risk sets of the sample, each event as often as it is in it, over the k rows.
        event_rows: rows with the event, each once [e].
        later: row of the sample from which pairs with each of these events are comparable [e].
    """

    rows: Places
    counts: Floats
    sets: RiskSets
    event_rows: Places
    later: Places


def sorted_patients(time: npt.ArrayLike, event: npt.ArrayLike) -> SortedPatients:
    """Sort patients once for all samples of them."""
    days, happened = np.asarray(time), np.asarray(event, dtype=bool)
    day = np.unique(days, return_inverse=True)[1]
    order = np.lexsort((~happened, day))
    key = 2 * day[order] + ~happened[order]
    return SortedPatients(order, day[order], happened[order], np.searchsorted(key, 2 * day[order] + 1, side="left"))


def resample(patients: SortedPatients, counts: npt.ArrayLike) -> Resample:
    """The sample in which each of the sorted patients is so often, equal to a table with that many copies of each row.

    Args:
        patients: as `sorted_patients` returns them.
        counts: how often each is drawn, in the sorted order [n].
    """
    times = np.asarray(counts)
    rows = np.flatnonzero(times)
    number, day = times[rows], patients.day[rows]
    once = np.flatnonzero(patients.event[rows])
    event_rows = np.repeat(once, number[once])
    event_days = day[event_rows]
    tie = np.cumsum(np.diff(event_days, prepend=event_days[:1]) > 0).astype(np.intp)
    size = np.bincount(tie) if tie.size else np.empty(0, dtype=np.intp)
    first = np.cumsum(size) - size
    ones = np.ones(event_rows.size)
    sets = RiskSets(
        order=np.arange(rows.size),
        event_rows=event_rows,
        starts=np.searchsorted(day, event_days, side="left"),
        stops=np.full(event_rows.size, rows.size),
        tie=tie,
        taken_off=(np.arange(event_rows.size) - first[tie]) / size[tie],
        event_weights=ones,
        share=ones,
        weights=number.astype(float),
    )
    later = np.searchsorted(rows, patients.later[rows[once]], side="left")
    return Resample(rows, number.astype(float), sets, once, later)


def sampled_concordance(sample: Resample, score: Floats) -> float:
    """Harrell's C of a score in a sample, without its standard error; NaN without comparable pairs.

    Args:
        sample: as `resample` returns it; with all counts 1 it is the patients themselves.
        score: of the sample's rows [k].
    """
    weights = sample.counts
    own = weights[sample.event_rows]
    suffix = np.concatenate([np.cumsum(weights[::-1])[::-1], [0.0]])
    pairs = float(own @ suffix[sample.later])
    if pairs == 0:
        return np.nan
    by_score = np.argsort(score)
    rising, wanted = score[by_score], score[sample.event_rows]
    low, high = (np.searchsorted(rising, wanted, side=side) for side in ("left", "right"))
    below = _mass_below(by_score, weights, sample.later, low)
    tied = np.zeros(own.size)
    if shared := np.flatnonzero(high > low + 1).tolist():
        tied[shared] = _mass_below(by_score, weights, sample.later[shared], high[shared]) - below[shared]
    return float(own @ (below + tied / 2)) / pairs


def _mass_below(by_score: Places, weights: Floats, start: Places, limit: Places) -> Floats:
    """Weight of the rows from `start` on that are among the first `limit` by score, for each of e questions [e].

    Rows and ranks are cut into blocks of less than √n: whole blocks come from a table of sums, the rest is looked at
    row by row, so that a question costs O(√n).
    """
    n = by_score.size
    width = max(int(np.sqrt(n) / 2.5), 1)
    blocks = n // width + 1
    rank = np.empty(n, dtype=np.intp)
    rank[by_score] = np.arange(n)
    cell = (np.arange(n) // width) * blocks + rank // width
    table = np.bincount(cell, weights=weights, minlength=blocks * blocks).reshape(blocks, blocks)
    sums = np.zeros((blocks + 1, blocks + 1))
    sums[:-1, 1:] = np.cumsum(np.cumsum(table[::-1], axis=0)[::-1], axis=1)
    block, bucket = start // width, limit // width
    whole = sums[np.minimum(block + 1, blocks), bucket]
    inside = np.arange(width)
    padded_rank = np.append(rank, np.full(width, n))
    padded_weight = np.append(weights, np.zeros(width))
    padded_row = np.append(by_score, np.full(width, n))
    # Rows of the block that `start` lies in, whatever their rank; then ranks of the bucket of `limit`, in later blocks.
    rows = block[:, np.newaxis] * width + inside
    near = np.where(
        (rows >= start[:, np.newaxis]) & (padded_rank[rows] < limit[:, np.newaxis]), padded_weight[rows], 0.0
    )
    places = bucket[:, np.newaxis] * width + inside
    found = padded_row[places]
    far = np.where(
        (places < limit[:, np.newaxis]) & (found >= (block[:, np.newaxis] + 1) * width), padded_weight[found], 0.0
    )
    return np.asarray(whole + near.sum(axis=1) + far.sum(axis=1))


def bootstrap_counts(n: int, generator: np.random.Generator) -> npt.NDArray[np.int64]:
    """How often each of n patients is in a sample of n drawn with replacement [n]."""
    return np.bincount(generator.integers(0, n, n), minlength=n)


def percentile_limits(replicates: npt.ArrayLike) -> tuple[float, float]:
    """95 % limits by the percentile method (Efron); NaN where fewer than 20 replicates are known.

    Args:
        replicates: of the estimate, NaN where a sample had none.
    """
    known = np.asarray(replicates, dtype=float)
    known = known[np.isfinite(known)]
    if known.size < 20:
        return np.nan, np.nan
    low, high = np.quantile(known, [0.025, 0.975])
    return float(low), float(high)
