"""Bootstrap samples of patients sorted once, as counts: their risk sets, fast enough for thousands of samples."""

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
    """

    rows: Places
    counts: Floats
    sets: RiskSets
    event_rows: Places


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
    return Resample(rows, number.astype(float), sets, once)


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
