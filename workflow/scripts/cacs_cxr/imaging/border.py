"""The collimation border of a radiograph: the near-constant margin that the shutters or the detector's edge leave."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

SPREAD_LEVELS = 10  # of 255: the middle eight tenths of a margin's row differ by no more
LEAST_SHARE = 0.25  # of the image's area; where less would be left, the margin is no border but the image


class Box(NamedTuple):
    """Part of an image that is kept, in pixels: first row, row after the last, first column, column after the last."""

    top: int
    bottom: int
    left: int
    right: int


NOTHING = Box(0, 0, 0, 0)


def whole(rows: int, columns: int) -> Box:
    """Box that keeps all of an image."""
    return Box(0, rows, 0, columns)


def inner_box(levels: npt.NDArray[np.uint8]) -> Box:
    """Box of a reduced radiograph inside its near-constant border; all of it where there is none.

    Rows are taken from the top and the bottom as long as the 10th and the 90th percentile of their levels differ by at
    most `SPREAD_LEVELS`, so that noise and a marker in the margin do not hold them; then columns, within those rows.

    Args:
        levels: [h, w], a radiograph without padding.
    """
    first, last = _run(levels)
    left, right = _run(levels[first:last].T)
    box = Box(first, last, left, right)
    kept = (box.bottom - box.top) * (box.right - box.left)
    return box if kept >= LEAST_SHARE * levels.size else whole(*levels.shape)


def _run(lines: npt.NDArray[np.uint8]) -> tuple[int, int]:
    """First and one past the last line that is not near-constant."""
    if lines.size == 0:
        return 0, 0
    low, high = np.percentile(lines, [10, 90], axis=1, method="nearest").astype(int)
    varied = np.flatnonzero(high - low > SPREAD_LEVELS)
    return (int(varied[0]), int(varied[-1]) + 1) if len(varied) else (0, 0)


def scaled(box: Box, *, reduced: tuple[int, int], full: tuple[int, int]) -> Box:
    """Box of the full image that holds a box of its reduced form, rounded outwards so that nothing kept is cut.

    Args:
        reduced: rows and columns of the image that `box` counts in.
        full: rows and columns of the full image.
    """
    down, across = full[0] / reduced[0], full[1] / reduced[1]
    return Box(
        int(np.floor(box.top * down)),
        min(full[0], int(np.ceil(box.bottom * down))),
        int(np.floor(box.left * across)),
        min(full[1], int(np.ceil(box.right * across))),
    )
