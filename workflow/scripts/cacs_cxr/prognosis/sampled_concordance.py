"""Harrell's C of a score in several samples of the same patients at once, without its standard error."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cacs_cxr.prognosis.resampling import SortedPatients
from cacs_cxr.prognosis.risk_sets import Floats, Places

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Blocks:
    """Sorted patients cut into blocks of one width, for questions about those later than each event.

    Attributes:
        width: places in a block.
        number: of blocks; the last one is not full.
        event_rows: sorted places of the patients with the event [e].
        later: place of the first patient whose event is known to come after each of these [e].
        started: which places of the block of `later` are not before it [e, width].
    """

    width: int
    number: int
    event_rows: Places
    later: Places
    started: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Samples:
    """How often each sorted patient is in each of s samples, and what follows for any score.

    Attributes:
        counts: [s, n].
        of_event: of the patients with the event [s, e].
        pairs: comparable pairs [s].
        by_block: counts in blocks of patients, float32 [s, blocks, width].
    """

    counts: Counts
    of_event: Counts
    pairs: Counts
    by_block: npt.NDArray[np.float32]


def cut_into_blocks(patients: SortedPatients) -> Blocks:
    """Cut sorted patients into blocks, once for all samples and scores of them.

    A question looks at two blocks place by place, and at a sum over pairs of blocks: blocks of (2 n² / e)^(1/3) places
    make all questions and all sums equally long.
    """
    n = patients.order.size
    event_rows = np.flatnonzero(patients.event)
    width = max(round((2 * n**2 / max(event_rows.size, 1)) ** (1 / 3)), 1)
    later = patients.later[event_rows]
    started = later[:, np.newaxis] % width <= np.arange(width)
    return Blocks(width, n // width + 1, event_rows, later, started)


def samples(blocks: Blocks, counts: Counts) -> Samples:
    """Prepare samples for all scores.

    Args:
        blocks: as `cut_into_blocks` returns them.
        counts: how often each sorted patient is in each sample [s, n].
    """
    number, n = counts.shape
    of_event = counts[:, blocks.event_rows]
    suffix = np.zeros((number, n + 1), dtype=np.int64)
    np.cumsum(counts[:, ::-1], axis=1, out=suffix[:, 1:])
    pairs = np.einsum("se,se->s", of_event, suffix[:, n - blocks.later])
    return Samples(counts, of_event, pairs, _padded(counts, blocks))


def sampled_concordance(blocks: Blocks, drawn: Samples, score: Floats) -> Floats:
    """C in each sample; NaN where one has no comparable pairs.

    Args:
        blocks: as `cut_into_blocks` returns them.
        drawn: as `samples` returns them.
        score: higher means higher risk, in the sorted order [n].
    """
    by_score = np.argsort(score)
    place = np.empty(score.size, dtype=np.int32)
    place[by_score] = np.arange(score.size)
    rising = score[by_score]
    first_of_tie = np.flatnonzero(np.concatenate([[True], rising[1:] != rising[:-1]]))
    tie = np.searchsorted(first_of_tie, place[blocks.event_rows], side="right")
    low, high = first_of_tie[tie - 1], np.append(first_of_tie, score.size)[tie]
    # Only scores that others share need the second question.
    shared = np.flatnonzero(high > low + 1)
    asked = np.concatenate([np.arange(low.size), shared])
    masses = _below(blocks, drawn, by_score, place, np.concatenate([low, high[shared]]), asked=asked)
    below = masses[:, : low.size]
    below[:, shared] = (below[:, shared] + masses[:, low.size :]) / 2
    found = np.einsum("se,se->s", drawn.of_event, below)
    return np.asarray(np.divide(found, drawn.pairs, out=np.full(found.size, np.nan), where=drawn.pairs > 0))


def _below(
    blocks: Blocks, drawn: Samples, by_score: Places, place: npt.NDArray[np.int32], limit: Places, *, asked: Places
) -> Floats:
    """How many patients later than each event asked about are among the first `limit` by score [s, asked]."""
    n, width, number = by_score.size, blocks.width, blocks.number
    shape = (number, width)
    ranks = np.full(number * width, n, dtype=np.int32)
    ranks[:n] = place
    rows = np.full(number * width, -1, dtype=np.int32)
    rows[:n] = by_score
    block, bucket = blocks.later[asked] // width, limit // width
    rest, next_block = (
        values.astype(np.int32)[:, np.newaxis] for values in (limit - bucket * width, (block + 1) * width)
    )
    # Patients of the event's own block, whatever their score; then scores of the limit's block, in later blocks.
    near = ranks.reshape(shape).take(block, axis=0) < limit.astype(np.int32)[:, np.newaxis]
    near &= blocks.started.take(asked, axis=0)
    far = rows.reshape(shape).take(bucket, axis=0) >= next_block
    far &= np.arange(width, dtype=np.int32) < rest
    near_share, far_share = near.astype(np.float32), far.astype(np.float32)
    by_rank = _padded(drawn.counts[:, by_score], blocks)
    cell = (np.arange(n) // width) * number + place // width
    masses = np.empty((drawn.counts.shape[0], limit.size))
    for sample, mass in enumerate(masses):
        table = np.bincount(cell, weights=drawn.counts[sample], minlength=number**2).astype(np.int64)
        mass[:] = _corner_sums(table.reshape(number, number))[block + 1, bucket]
        mass += np.einsum("ew,ew->e", near_share, drawn.by_block[sample].take(block, axis=0))
        mass += np.einsum("ew,ew->e", far_share, by_rank[sample].take(bucket, axis=0))
    return masses


def _corner_sums(table: Counts) -> Counts:
    """Sums over the rows from each place on and the columns before each place [rows + 1, columns + 1].

    Along contiguous rows of whole numbers, which is several times as fast as along columns or of floats.
    """
    rows, columns = table.shape
    sums = np.zeros((rows + 1, columns + 1), dtype=np.int64)
    along = np.cumsum(table, axis=1)
    sums[:-1, 1:] = np.cumsum(np.ascontiguousarray(along.T[:, ::-1]), axis=1)[:, ::-1].T
    return sums


def _padded(counts: Counts, blocks: Blocks) -> npt.NDArray[np.float32]:
    """Counts in blocks, 0 beyond the last; float32 holds them exactly and halves the time [s, blocks, width]."""
    padded = np.zeros((counts.shape[0], blocks.number * blocks.width), dtype=np.float32)
    padded[:, : counts.shape[1]] = counts
    return padded.reshape(counts.shape[0], blocks.number, blocks.width)
