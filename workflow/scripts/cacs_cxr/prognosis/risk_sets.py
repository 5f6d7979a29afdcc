"""Risk sets of a Cox model: ties, delayed entry, strata and case weights, as sums over sorted patients."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]
Ties = Literal["efron", "breslow"]
EFRON: Ties = "efron"
BRESLOW: Ties = "breslow"


@dataclass(frozen=True)
class RiskSets:
    """Risk sets of e events among n rows (patients, or intervals of patients) sorted by stratum and time.

    Attributes:
        order: rows by stratum and rising time [n].
        event_rows: places of the events in that order [e].
        starts: place at which each event's risk set starts [e].
        stops: place before which it ends: the end of its stratum [e].
        tie: number of each event's time (and stratum) among those with events, never falling [e].
        taken_off: share of the time's events that Efron's method takes off the risk set; 0 by Breslow's [e].
        event_weights: case weight of each event [e].
        share: mean weight of the events of the same time, with which each term of the likelihood counts [e].
        weights: case weights in the order of the rows; None where all are 1 [n].
        entry_order: places by rising entry within strata; None without delayed entry [n].
        entry_starts: place in `entry_order` from which rows have not entered before each event's time [e].
    """

    order: Places
    event_rows: Places
    starts: Places
    stops: Places
    tie: Places
    taken_off: Floats
    event_weights: Floats
    share: Floats
    weights: Floats | None = None
    entry_order: Places | None = None
    entry_starts: Places | None = None

    @property
    def size(self) -> int:
        """Number of rows n."""
        return int(self.order.size)

    @cached_property
    def first_of_tie(self) -> Places:
        """Place of the first event of every distinct time among the events."""
        return np.flatnonzero(np.diff(self.tie, prepend=-1)).astype(np.intp)

    def over_ties(self, values: Floats) -> Floats:
        """Sum over the events of the same time of each event, given at each event [e] or [e, p]."""
        return np.asarray(np.add.reduceat(values, self.first_of_tie, axis=0).take(self.tie, axis=0))

    @cached_property
    def efron(self) -> bool:
        """Whether anything is taken off any risk set."""
        return bool(self.taken_off.any())

    @cached_property
    def _blocks(self) -> "_Blocks":
        return _blocks(self.starts, self.stops, size=self.size)

    @cached_property
    def _late_blocks(self) -> "_Blocks":
        starts = self.starts if self.entry_starts is None else self.entry_starts
        return _blocks(starts, self.stops, size=self.size)

    def at_risk(self, values: Floats) -> Floats:
        """Sum of the rows' values over the risk set of each event; values are [n] or [n, p]."""
        total = self._blocks.sums(values)
        if self.entry_order is not None:
            total = total - self._late_blocks.sums(values[self.entry_order])
        return total

    def held(self, terms: Floats) -> Floats:
        """Sum over the events in whose risk set each row is of the events' terms [e] or [e, p], events less what
        Efron's method takes off them.
        """
        held = self._blocks.spread(terms)
        if self.entry_order is not None:
            held[self.entry_order] -= self._late_blocks.spread(terms)
        if self.efron:
            off = self.taken_off if terms.ndim == 1 else self.taken_off[:, np.newaxis]
            # Written, not added: a row that stands for several resampled events has as many equal entries.
            taken = np.zeros_like(held)
            taken[self.event_rows] = self.over_ties(off * terms)
            held -= taken
        return held


@dataclass(frozen=True)
class _Blocks:
    """Rows cut wherever a risk set starts or stops: sums over risk sets are sums over a few blocks, not over all rows.

    Attributes:
        edges: first row of each of m blocks [m].
        lengths: rows before the first block, then of each block [m + 1].
        starts: block at which each event's risk set starts [e].
        stops: block before which it ends, m for the end [e].
        open: whether all of them end with the last block.
    """

    edges: Places
    lengths: Places
    starts: Places
    stops: Places
    open: bool

    def sums(self, values: Floats) -> Floats:
        """Sum over the blocks of each event, of rows' values [n] or [n, p]."""
        suffix = np.zeros((self.edges.size + 1, *values.shape[1:]))
        np.cumsum(np.add.reduceat(values, self.edges, axis=0)[::-1], axis=0, out=suffix[1:])
        suffix = suffix[::-1]
        total = suffix.take(self.starts, axis=0)
        return total if self.open else total - suffix.take(self.stops, axis=0)

    def spread(self, terms: Floats) -> Floats:
        """Sum over the events of each row's block, of events' terms [e] or [e, p]."""
        columns = terms.reshape(terms.shape[0], -1)
        number = self.edges.size + 1
        spread = np.empty((int(self.lengths.sum()), columns.shape[1]))
        for place, column in enumerate(columns.T):
            steps = np.bincount(self.starts, weights=column, minlength=number)
            if not self.open:
                steps -= np.bincount(self.stops, weights=column, minlength=number)
            held = np.concatenate([[0.0], np.cumsum(steps[:-1])])
            spread[:, place] = np.repeat(held, self.lengths)
        return spread.reshape((spread.shape[0], *terms.shape[1:]))


def _blocks(starts: Places, stops: Places, *, size: int) -> _Blocks:
    edges = np.union1d(starts, stops)
    edges = edges[edges < size]
    lengths = np.diff(edges, prepend=0, append=size)
    return _Blocks(
        edges, lengths, np.searchsorted(edges, starts), np.searchsorted(edges, stops), bool((stops == size).all())
    )


def risk_sets(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    *,
    entry: npt.ArrayLike | None = None,
    strata: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    ties: Ties = EFRON,
) -> RiskSets:
    """Risk sets of all events: rows with entry < t <= time of the same stratum are at risk at t.

    Of d events at one time the l-th (l from 0) has the share l / d of the events' risk taken off (Efron); weighted as
    R's coxph weights them.

    Args:
        time: end of follow-up, best in integer days [n].
        event: whether follow-up ended with the event [n].
        entry: start of each row, before its time [n]; None where all are at risk from the beginning.
        strata: any labels [n].
        weights: case weights, not negative [n].
        ties: how events of the same time are treated.

    Raises:
        ValueError: times or weights that are not finite, events other than 0 and 1, or rows that end where they start.
    """
    days, happened = np.asarray(time), _events(event)
    n = days.size
    if not np.isfinite(days.astype(float)).all():
        raise ValueError("times must be finite numbers; leave out patients without follow-up.")
    stratum = np.zeros(n, dtype=np.intp) if strata is None else np.unique(np.asarray(strata), return_inverse=True)[1]
    entered = None if entry is None else np.asarray(entry)
    if entered is not None and not (entered < days).all():
        raise ValueError("every row must enter before its time; leave out rows that end where they start.")
    pool = days if entered is None else np.concatenate([days, entered])
    levels, code = np.unique(pool, return_inverse=True)
    width = max(levels.size, 1)
    key = stratum * width + code[:n]
    order = np.argsort(key, kind="stable")
    rising = key[order]
    event_rows = np.flatnonzero(happened[order])
    event_keys = rising[event_rows]
    _, tie, count = np.unique(event_keys, return_inverse=True, return_counts=True)
    first = np.concatenate([[0], np.cumsum(count)[:-1]]).astype(np.intp) if count.size else np.empty(0, np.intp)
    taken_off = (np.arange(event_rows.size) - first[tie]) / count[tie] if ties == EFRON else np.zeros(event_rows.size)
    sorted_weights = None if weights is None else np.asarray(weights, dtype=float)[order]
    if sorted_weights is not None and not (np.isfinite(sorted_weights) & (sorted_weights >= 0)).all():
        raise ValueError("case weights must be finite and not negative.")
    event_weights = np.ones(event_rows.size) if sorted_weights is None else sorted_weights[event_rows]
    sets = RiskSets(
        order=order,
        event_rows=event_rows,
        starts=np.searchsorted(rising, event_keys, side="left"),
        stops=np.searchsorted(rising, (event_keys // width + 1) * width, side="left"),
        tie=tie,
        taken_off=taken_off,
        event_weights=event_weights,
        share=event_weights,
        weights=sorted_weights,
    )
    if sorted_weights is not None and event_rows.size:
        sets = replace(sets, share=sets.over_ties(event_weights) / count[tie])
    if entered is None:
        return sets
    entry_key = (stratum * width + code[n:])[order]
    entry_order = np.argsort(entry_key, kind="stable")
    entry_starts = np.searchsorted(entry_key[entry_order], event_keys, side="left")
    return replace(sets, entry_order=entry_order, entry_starts=entry_starts)


def _events(event: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Events as booleans; other codes than 0 and 1 are refused, since a 2 would otherwise count as the event."""
    codes = np.asarray(event)
    if codes.dtype != bool and not np.isin(codes, (0, 1)).all():
        raise ValueError("events must be 0 or 1 (or False, True); code 2 belongs to an analysis of competing risks.")
    return codes.astype(bool)
