"""Where the chest lies in a radiograph, for every way in which that may lie: a matched filter of the mean chest.

A radiograph is reduced to ranks on a coarse grid, which no window, curve or vendor's processing changes, and whose
negative is minus one times them. In each of its eight symmetries and in both polarities the mean chest is laid over it
at some thousand places and sizes; where the two correlate best, a patch is cut out that shows the chest always at the
same place and size.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt
from PIL import Image

from cacs_cxr.imaging.border import Box

Floats = npt.NDArray[np.float32]
FINE, COARSE, PATCH = 32, 16, 16  # cells a side: ranks, ranks that the filters meet, patch
MIRRORS, ROTATIONS, SIGNS = 2, 4, 2
FILTER_REACH, PATCH_REACH = 0.7, 0.5  # half the side of the mean chest and of the patch, in extents of the chest
EXTENTS = (0.6, 0.7, 0.8, 0.92, 1.05, 1.2)  # of a chest, in shares of the image's side
GREATEST_RATIO = 1.35  # of width to height, or of height to width, in shares of the image
USUAL_EXTENT, EXTENT_SD, CENTRE_SD = 0.85, 0.25, 0.11
PRIOR_WEIGHT = 0.01  # of the squared deviations from the usual place, beside a correlation


@dataclass(frozen=True, eq=False)
class Filters:
    """The mean chest at all places and sizes.

    Attributes:
        kernels: of zero mean and unit norm [places, COARSE x COARSE].
        prior: what a place costs, 0 or less [places].
        cuts: matrices that cut a patch out of FINE ranks along one axis [axis places, PATCH, FINE].
        rows, columns: index into `cuts` of every place [places].
    """

    kernels: Floats
    prior: Floats
    cuts: Floats
    rows: npt.NDArray[np.intp]
    columns: npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Patches:
    """The chest as found under every hypothesis [MIRRORS, ROTATIONS, SIGNS].

    Hypotheses: mirrored or not; the clockwise quarter turns that bring the image upright; positive or negative.

    Attributes:
        correlations: with the mean chest at the best place.
        patches: ranks around the chest, upright and positive, of zero mean and unit mean square [..., PATCH, PATCH].
        uprights: the whole image under the hypothesis [..., COARSE, COARSE], scaled as the patches.
    """

    correlations: Floats
    patches: Floats
    uprights: Floats


def rank_image(levels: npt.NDArray[np.uint8], box: Box) -> Floats:
    """Ranks of a part of a radiograph on a coarse grid [FINE, FINE]: mean 0, mean square 1; 0 where nothing differs.

    Args:
        levels: [h, w].
        box: the part.
    """
    corners = (box.left, box.top, box.right, box.bottom)
    part = Image.fromarray(levels).convert("F").resize((FINE, FINE), Image.Resampling.BOX, corners)
    _, index, counts = np.unique(np.asarray(part), return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts - 1) / 2
    return standardised(middle[index].reshape(FINE, FINE).astype(np.float32))


def standardised(images: Floats) -> Floats:
    """Images [..., n, n] of mean 0 and mean square 1; of zeros where nothing differs."""
    centred = images - images.mean(axis=(-2, -1), keepdims=True)
    spread = np.sqrt(np.square(centred).mean(axis=(-2, -1), keepdims=True))
    return np.asarray(centred / np.where(spread > 1e-6, spread, np.inf), dtype=np.float32)


def axis_places() -> npt.NDArray[np.float64]:
    """Centres and extents of a chest along one axis, in shares of the image's side [axis places, 2]."""
    places = []
    for extent in EXTENTS:
        reach = abs(extent - 1) / 2 + 0.15
        steps = int(np.ceil(reach / (0.15 * min(extent, 1))))
        places += [(0.5 + offset, extent) for offset in np.linspace(-reach, reach, 2 * steps + 1)]
    return np.array(places)


def interpolation(positions: npt.NDArray[np.float64], *, cells: int) -> npt.NDArray[np.float64]:
    """Matrix [positions, cells] of linear interpolation between the cells of an axis; the outer cells continue.

    Args:
        positions: 0 at the axis' start, 1 at its end.
        cells: number of cells.
    """
    index = np.clip(positions * cells - 0.5, 0, cells - 1)
    weights: npt.NDArray[np.float64] = np.maximum(0, 1 - np.abs(index[:, None] - np.arange(cells)))
    return weights


def make_filters(mean_chest: Floats) -> Filters:
    """Filters of a mean chest [n, n], which reaches `FILTER_REACH` extents to every side of the chest's centre."""
    axis = axis_places()
    grid = (np.arange(COARSE) + 0.5) / COARSE
    subcells = ((np.arange(2 * PATCH) + 0.5) / PATCH - 1) * PATCH_REACH
    spreads, covered, cuts = [], [], []
    for centre, extent in axis:
        distance = (grid - centre) / extent
        spreads.append(interpolation((distance / FILTER_REACH + 1) / 2, cells=len(mean_chest)))
        covered.append(np.abs(distance) <= FILTER_REACH)
        cuts.append(interpolation(centre + extent * subcells, cells=FINE).reshape(PATCH, 2, FINE).mean(axis=1))
    pairs = [
        (row, column)
        for row, column in product(range(len(axis)), repeat=2)
        if max(axis[row, 1] / axis[column, 1], axis[column, 1] / axis[row, 1]) <= GREATEST_RATIO
    ]
    rows, columns = np.array(pairs).T
    spread, inside = np.array(spreads), np.array(covered, dtype=float)
    mask = inside[rows][:, :, None] * inside[columns][:, None, :]
    kernels = (spread @ mean_chest)[rows] @ spread[columns].transpose(0, 2, 1) * mask
    kernels -= mask * (kernels.sum(axis=(1, 2)) / mask.sum(axis=(1, 2)))[:, None, None]
    kernels /= np.sqrt(np.square(kernels).sum(axis=(1, 2), keepdims=True))
    cost = ((axis[:, 0] - 0.5) / CENTRE_SD) ** 2 + (np.log(axis[:, 1] / USUAL_EXTENT) / EXTENT_SD) ** 2
    return Filters(
        kernels=kernels.reshape(len(pairs), -1).astype(np.float32),
        prior=(-PRIOR_WEIGHT / 2 * (cost[rows] + cost[columns])).astype(np.float32),
        cuts=np.array(cuts, dtype=np.float32),
        rows=rows,
        columns=columns,
    )


def find_chest(ranks: Floats, filters: Filters) -> Patches:
    """The chest under every hypothesis: how well it fits the mean chest at its best place, and the patch there.

    Args:
        ranks: of `rank_image`.
        filters: of `make_filters`.
    """
    turned = np.stack([np.rot90(ranks, -turns) for turns in range(ROTATIONS)])
    images = np.stack([turned, turned[:, :, ::-1]])
    coarse = images.reshape(MIRRORS, ROTATIONS, COARSE, FINE // COARSE, COARSE, FINE // COARSE).mean(axis=(3, 5))
    uprights = standardised(coarse)
    matches = uprights.reshape(-1, COARSE * COARSE) @ filters.kernels.T / COARSE
    signed = np.stack([matches, -matches], axis=1)
    best = (signed + filters.prior).argmax(axis=2)
    correlations = np.take_along_axis(signed, best[:, :, None], axis=2)
    signs = np.array([1, -1], dtype=np.float32)[:, None, None]
    across = filters.cuts[filters.columns[best]].transpose(0, 1, 3, 2)
    patches = filters.cuts[filters.rows[best]] @ images.reshape(-1, 1, FINE, FINE) @ across
    shape = (MIRRORS, ROTATIONS, SIGNS)
    return Patches(
        correlations=correlations.reshape(shape).astype(np.float32),
        patches=standardised(signs * patches).reshape(*shape, PATCH, PATCH),
        uprights=(uprights[:, :, None] * signs).reshape(*shape, COARSE, COARSE),
    )
