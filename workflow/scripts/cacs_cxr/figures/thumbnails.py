"""Radiographs made small and set side by side on a sheet that is measured in millimetres."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from cacs_cxr.figures.style import DOUBLE_COLUMN, MILLIMETRES_PER_INCH, SHEET_RESOLUTION, new_figure
from cacs_cxr.seeds import derive_seed

NO_VENDOR = "not named"
PIXELS_PER_MILLIMETRE = SHEET_RESOLUTION / MILLIMETRES_PER_INCH
# A chest is recognised in so few pixels; lines of writing that were burnt into a radiograph are too small to be read.
MOST_PIXELS = 120
LARGEST_SIDE = MOST_PIXELS / PIXELS_PER_MILLIMETRE


@dataclass(frozen=True)
class Placed:
    """A radiograph on a sheet: its row in the image array, its upper left corner and its side in millimetres."""

    row: int
    left: float
    top: float
    side: float


def drawn_at_random(rows: pd.Series, *, most: int, seed: int, place: tuple[str, ...]) -> list[int]:
    """At most so many of the rows, by rising row; the draw depends on the study's seed, the place and the rows alone.

    Args:
        most: how many are drawn at most.
        place: what tells this draw from others.
    """
    ordered = np.sort(rows.to_numpy(dtype=np.int64))
    generator = np.random.default_rng(derive_seed(seed, "thumbnails", *place))
    chosen = generator.choice(ordered, size=min(most, len(ordered)), replace=False)
    return [int(row) for row in np.sort(chosen)]


def new_sheet(*, height: float, simulated: bool) -> tuple[Figure, Axes]:
    """Empty sheet of the greater print width with one axes in millimetres, its origin at the lower left."""
    figure = new_figure(width=DOUBLE_COLUMN, height=height, simulated=simulated)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, DOUBLE_COLUMN), ylim=(0, height))
    axes.set_axis_off()
    return figure, axes


def thumbnail(levels: npt.NDArray[np.uint8], *, pixels: int) -> npt.NDArray[np.uint8]:
    """Radiograph on a square of so many pixels, at most 120: antialiased where reduced, interpolated where enlarged."""
    if pixels > MOST_PIXELS:
        raise ValueError(f"{pixels} pixels a side; at most {MOST_PIXELS}, so that burnt-in lines cannot be read.")
    return np.asarray(Image.fromarray(np.ascontiguousarray(levels)).resize((pixels, pixels), Image.Resampling.BILINEAR))


def paste(axes: Axes, images: npt.NDArray[np.uint8], placed: Sequence[Placed]) -> None:
    """Set the radiographs on a sheet as one picture of the sheet's own resolution; only those placed are read.

    Args:
        axes: as `new_sheet` made it.
        images: uint8 [N, S, S], memory-mapped or not.
        placed: what is set where.
    """
    width, height = axes.get_xlim()[1], axes.get_ylim()[1]
    picture = np.full([int(length * PIXELS_PER_MILLIMETRE) for length in (height, width)], 255, dtype=np.uint8)
    for item in placed:
        pixels = round(item.side * PIXELS_PER_MILLIMETRE)
        top, left = round((height - item.top) * PIXELS_PER_MILLIMETRE), round(item.left * PIXELS_PER_MILLIMETRE)
        picture[top : top + pixels, left : left + pixels] = thumbnail(images[item.row], pixels=pixels)
    right, bottom = picture.shape[1] / PIXELS_PER_MILLIMETRE, height - picture.shape[0] / PIXELS_PER_MILLIMETRE
    extent = (0.0, right, bottom, height)
    # Three equal channels pass unchanged; a colour map would round some levels.
    axes.imshow(np.dstack([picture] * 3), extent=extent, aspect="auto", interpolation="none", zorder=0)
    axes.set(xlim=(0, width), ylim=(0, height))
