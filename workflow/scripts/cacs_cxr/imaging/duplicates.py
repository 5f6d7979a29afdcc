"""Repeated radiographs: those of identical stored pixels, and those that are nearly identical pictures.

A copy that was compressed with loss, windowed, exported with 8 bits, inverted, rescaled or given a border has other
pixels and often another header and UID. It is found by its picture: candidates by their hashes, among all radiographs
and, more widely, among those of one patient; then each candidate pair by its similarity.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from cacs_cxr.imaging.border import Box, inner_box, scaled
from cacs_cxr.imaging.geometry import fitted_shape
from cacs_cxr.imaging.hash_neighbours import Pairs, differing_bits, near_pairs
from cacs_cxr.imaging.likeness import (
    HASH_BITS,
    Coarse,
    Detail,
    Hashes,
    coarse_picture,
    picture_detail,
    picture_hash,
    shows_something,
    similarity,
)
from cacs_cxr.job import progress

ANYWHERE_BITS = 40  # of 256 that differ at most in a candidate pair of any two radiographs
ONE_PATIENT_BITS = 80  # the same within a patient, where every pair is looked at
LEAST_SIMILARITY = 0.97
BORDER_SIDE = 256  # pixels at which a border is looked for, at most
DETAILS_KEPT = 256
IDENTICAL, NEARLY = "identical", "nearly identical"
SAME_PATIENT, OTHER_PATIENT, OTHER_SITE = "same patient", "another patient", "another site"
_OF = {SAME_PATIENT: "the same patient", OTHER_PATIENT: "another patient", OTHER_SITE: "another site"}


def identical_to(table: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Row of the first readable radiograph with the same pixels, -1 where there is none before.

    Args:
        table: row, readable, pixel_sha256.
    """
    first = table[table["readable"]].groupby("pixel_sha256")["row"].transform("min").reindex(table.index)
    return np.where(first.isna() | (first == table["row"]), -1, first.fillna(-1)).astype(np.int64)


def nearly_identical_to(
    table: pd.DataFrame, *, images: Sequence[Path], rows: Sequence[npt.NDArray[np.int64]]
) -> npt.NDArray[np.int64]:
    """Row of the first radiograph that is nearly the same picture and has other pixels, -1 where there is none before.

    A shard of images is read at a time, then those of candidate pairs once more. Memory: about 500 bytes a radiograph,
    the shard, and some 300 MB at most for the pairs of the moment and for pictures kept at hand.

    Args:
        table: row (0, 1, 2, … in this order), patient, readable, duplicate_of, rotate, and the box that was kept.
        images: array files of the shards, [n, size, size] each.
        rows: rows of the table that the images of each shard belong to.
    """
    boxes = picture_boxes(table, images)
    firsts = (table["readable"] & (table["duplicate_of"] < 0)).to_numpy()
    owners, hashes = _hash_all(images, rows, boxes=boxes, wanted=firsts)
    candidates = _candidates(owners, hashes, patients=table["patient"])
    read = _reader(images, rows, total=len(table))

    @lru_cache(maxsize=DETAILS_KEPT)
    def details(row: int) -> list[Detail]:
        return picture_details(read(row), boxes[row])

    nearly = np.full(len(table), -1, dtype=np.int64)
    for later, earlier in candidates:
        if nearly[later] < 0 and are_alike(details(int(later)), details(int(earlier))):
            nearly[later] = earlier
    repeated = table["duplicate_of"].to_numpy()
    return np.where(repeated >= 0, nearly[repeated], nearly)


def picture_details(levels: npt.NDArray[np.uint8], box: Box) -> list[Detail]:
    """What `are_alike` compares of a radiograph: one detail, or two where it has a border, or none of a blank one.

    Args:
        levels: [size, size].
        box: the radiograph in that square, without the padding.
    """
    return [picture_detail(picture) for picture in _coarse_pictures(levels, box)]


def are_alike(one: Sequence[Detail], other: Sequence[Detail]) -> bool:
    """Whether two radiographs are nearly identical, with or without their borders."""
    return any(similarity(*pair) >= LEAST_SIMILARITY for pair in product(one, other))


def picture_boxes(table: pd.DataFrame, images: Sequence[Path]) -> list[Box]:
    """Where each radiograph lies in its square, without the padding."""
    size = int(np.load(images[0], mmap_mode="r", allow_pickle=False).shape[1])
    heights = (table["box_bottom"] - table["box_top"]).to_numpy()
    widths = (table["box_right"] - table["box_left"]).to_numpy()
    turned = table["rotate"].isin([90, 270]).to_numpy()
    heights, widths = np.where(turned, widths, heights), np.where(turned, heights, widths)
    return [centred_box(int(height), int(width), size=size) for height, width in zip(heights, widths, strict=True)]


def centred_box(height: int, width: int, *, size: int) -> Box:
    """Part of the square that an image of this height and width fills after `geometry.fit` and `geometry.pad`."""
    if min(height, width) <= 0:
        return Box(0, size, 0, size)
    rows, columns = fitted_shape(height, width, size=size)
    top, left = (size - rows) // 2, (size - columns) // 2
    return Box(top, top + rows, left, left + columns)


def _coarse_pictures(levels: npt.NDArray[np.uint8], box: Box) -> list[Coarse]:
    """Coarse pictures of a radiograph as it is and, where it has a border, without; none that shows nothing."""
    part = levels[box.top : box.bottom, box.left : box.right]
    reduced = np.asarray(Image.fromarray(part).reduce(max(1, max(part.shape) // BORDER_SIDE)))
    whole = Box(0, part.shape[0], 0, part.shape[1])
    inner = scaled(inner_box(reduced), reduced=reduced.shape, full=part.shape)
    pictures = (coarse_picture(part, edges) for edges in dict.fromkeys((whole, inner)))
    return [picture for picture in pictures if shows_something(picture)]


def _hash_all(
    images: Sequence[Path], rows: Sequence[npt.NDArray[np.int64]], *, boxes: list[Box], wanted: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.int64], Hashes]:
    """Row and hash of every coarse picture [m], [m, 4]."""
    owners, hashes = [], []
    report, done = progress(len(wanted), noun="pictures compared"), 0
    for path, places in zip(images, rows, strict=True):
        shard = np.load(path, mmap_mode="r", allow_pickle=False)
        for levels, row in zip(shard, places.tolist(), strict=True):
            for picture in _coarse_pictures(levels, boxes[row]) if wanted[row] else []:
                owners.append(row)
                hashes.append(picture_hash(picture))
            done += 1
            report(done)
    return np.array(owners, dtype=np.int64), np.array(hashes, dtype=np.uint64).reshape(-1, HASH_BITS // 64)


def _candidates(owners: npt.NDArray[np.int64], hashes: Hashes, *, patients: "pd.Series[str]") -> Pairs:
    """Pairs of a later and an earlier row whose hashes or negatives are near enough [n, 2], sorted."""
    anywhere = [near_pairs(probes, hashes, limit=ANYWHERE_BITS) for probes in (hashes, ~hashes)]
    pairs = np.concatenate([*anywhere, *_pairs_of_patients(owners, hashes, patients=patients)])
    rows = np.sort(owners[pairs], axis=1)[:, ::-1]
    return np.unique(rows[rows[:, 0] != rows[:, 1]], axis=0)


def _pairs_of_patients(
    owners: npt.NDArray[np.int64], hashes: Hashes, *, patients: "pd.Series[str]"
) -> Iterator[npt.NDArray[np.int64]]:
    """Pairs of places in `hashes` that belong to one patient and are near enough, patient by patient."""
    for places in pd.Series(owners).groupby(patients.to_numpy()[owners], sort=True).indices.values():
        for later, place in enumerate(places[1:], start=1):
            distance = differing_bits(hashes[places[:later]], hashes[place])
            near = np.minimum(distance, HASH_BITS - distance) <= ONE_PATIENT_BITS
            yield np.stack([np.full(near.sum(), place), places[:later][near]], axis=1)


def _reader(
    images: Sequence[Path], rows: Sequence[npt.NDArray[np.int64]], *, total: int
) -> Callable[[int], npt.NDArray[np.uint8]]:
    """Function from a row to its image, read from the shards when it is asked for."""
    shards = [np.load(path, mmap_mode="r", allow_pickle=False) for path in images]
    shard_of, place_of = np.zeros(total, dtype=np.int32), np.zeros(total, dtype=np.int64)
    for number, places in enumerate(rows):
        shard_of[places], place_of[places] = number, np.arange(len(places))
    return lambda row: shards[shard_of[row]][place_of[row]]


def count_duplicates(table: pd.DataFrame) -> pd.DataFrame:
    """Repeated radiographs by site: site, kind, relation to the radiograph repeated, n.

    `kind` is identical or nearly identical; `relation` is same patient, another patient (of the site) or another site.

    Args:
        table: row (0, 1, 2, … in this order), site, patient, duplicate_of, near_duplicate_of.
    """
    parts = []
    for kind, column in ((IDENTICAL, "duplicate_of"), (NEARLY, "near_duplicate_of")):
        later = table[table[column] >= 0]
        first = table.iloc[later[column]]
        elsewhere = later["site"].to_numpy() != first["site"].to_numpy()
        someone = later["patient"].to_numpy() != first["patient"].to_numpy()
        relation = np.select([elsewhere, someone], [OTHER_SITE, OTHER_PATIENT], SAME_PATIENT)
        parts.append(pd.DataFrame({"site": later["site"].to_numpy(), "kind": kind, "relation": relation}))
    counts = pd.concat(parts).groupby(["site", "kind", "relation"], sort=True).size()
    return counts.rename("n").reset_index()


def duplicate_lines(counts: pd.DataFrame) -> str:
    """What the terminal and the log say of repeated radiographs, a line each; empty where there are none.

    Args:
        counts: as `count_duplicates` returns it.
    """
    lines = []
    for counted in counts.to_dict("records"):
        text = f"{counted['site']}: {counted['n']:,} {counted['kind']} to a radiograph of {_OF[counted['relation']]}"
        leak = ". LEAK: one picture under two names (images/images.parquet); `guards: pixels_of_two_patients` decides"
        lines.append(text + (leak if counted["relation"] != SAME_PATIENT else ""))
    return "".join(f"{line}\n" for line in lines)
