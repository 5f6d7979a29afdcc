"""Pairs of hashes that differ in few bits, found without comparing all pairs."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from cacs_cxr.imaging.likeness import HASH_BITS, Hashes

BANDS = 12
CERTAIN_DISTANCE = 2 * BANDS - 1
"""Differing bits up to which every pair is found: of 23 over 12 bands, some band has at most one."""
PAIRS_AT_ONCE = 1 << 21

Pairs = npt.NDArray[np.int64]


def differing_bits(one: Hashes, other: Hashes) -> npt.NDArray[np.int64]:
    """Number of bits in which hashes differ; arrays [..., 4] of equal or broadcastable shape."""
    counts: npt.NDArray[np.int64] = np.bitwise_count(one ^ other).sum(axis=-1, dtype=np.int64)
    return counts


def near_pairs(probes: Hashes, hashes: Hashes, *, limit: int) -> Pairs:
    """Pairs of a probe and a hash that differ in at most `limit` bits, by multi-index hashing.

    The bits are dealt out to 12 bands of 21 or 22. A pair is looked at where it agrees in all but at most one bit of
    some band: up to 23 differing bits that is certain (pigeonhole), and with bits that differ at random it happens to
    97 % of pairs at 32 and to 86 % at 40. Memory: some 64 bytes a hash, and 256 MB for the pairs of the moment.
    Norouzi et al., Fast exact search in Hamming space with multi-index hashing, IEEE TPAMI 2014;36:1107.

    Args:
        probes: [m, 4].
        hashes: [n, 4].

    Returns:
        Places in `probes` and in `hashes` [pairs, 2], each pair once, sorted.
    """
    found = [np.empty((0, 2), dtype=np.int64)]
    for band in range(BANDS):
        keys, width = band_keys(hashes, band)
        order = np.argsort(keys, kind="stable")
        starts = np.concatenate([[0], np.cumsum(np.bincount(keys, minlength=1 << width))])
        asked, _ = band_keys(probes, band)
        for flip in (0, *(1 << np.arange(width))):
            for one, other in _bucket_pairs(asked ^ flip, starts):
                pair = np.stack([one, order[other]], axis=1)
                near = differing_bits(probes[pair[:, 0]], hashes[pair[:, 1]]) <= limit
                found.append(pair[near])
        found = [np.unique(np.concatenate(found), axis=0)]
    return found[0]


def band_keys(hashes: Hashes, band: int) -> tuple[npt.NDArray[np.int64], int]:
    """Bits band, band + 12, band + 24 … of each hash as one number [n], and how many bits they are."""
    bits = range(band, HASH_BITS, BANDS)
    keys = np.zeros(len(hashes), dtype=np.int64)
    for place, bit in enumerate(bits):
        word = hashes[:, bit // 64] >> np.uint64(bit % 64)
        keys |= (word & np.uint64(1)).astype(np.int64) << place
    return keys, len(bits)


def _bucket_pairs(asked: npt.NDArray[np.int64], starts: npt.NDArray[np.int64]) -> Iterator[tuple[Pairs, Pairs]]:
    """Every asked place with every place in the bucket of its key, in parts of bounded size.

    Args:
        asked: key of each probe.
        starts: where the bucket of each key begins in the order of keys, and where the last one ends.
    """
    first, sizes = starts[asked], starts[asked + 1] - starts[asked]
    ends = np.cumsum(sizes)
    total = int(ends[-1]) if len(ends) else 0
    for begin in range(0, total, PAIRS_AT_ONCE):
        places = np.arange(begin, min(begin + PAIRS_AT_ONCE, total))
        one = np.searchsorted(ends, places, side="right")
        yield one, first[one] + places - (ends[one] - sizes[one])
