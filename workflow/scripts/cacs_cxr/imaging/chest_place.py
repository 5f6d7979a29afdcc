"""Where the thorax lies in an upright radiograph: the rectangle at which the mean chest fits it best."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cacs_cxr.imaging.border import inner_box
from cacs_cxr.imaging.chest_frame import COARSE, FINE, axis_places, rank_image, standardised
from cacs_cxr.imaging.chest_maps import STANDARD_MAPS
from cacs_cxr.imaging.quality import REDUCED, filters_of, reduce_levels, without_edge

# The mean chest's extent takes in shoulders and upper abdomen: edges of the thorax, from the apices to the
# costophrenic angles, in shares of that extent, as simulated chests, whose thorax is known, have them on average.
TOP, LEFT, BOTTOM, RIGHT = 0.02, 0.03, 0.89, 0.97


class ChestPlace(NamedTuple):
    """Edges of the thorax in shares of the radiograph's height and width; beyond 0 to 1 where it is cut."""

    top: float
    left: float
    bottom: float
    right: float


def chest_place(levels: npt.NDArray[np.uint8]) -> ChestPlace:
    """Rectangle of the thorax: of the places and sizes at which the mean chest is laid over it, the best one.

    Args:
        levels: the radiograph without its padding [h, w], upright.
    """
    reduced = reduce_levels(levels)
    box = without_edge(inner_box(reduced))
    ranks = rank_image(reduced, box)
    coarse = standardised(ranks.reshape(COARSE, FINE // COARSE, COARSE, FINE // COARSE).mean(axis=(1, 3)))
    filters = filters_of(STANDARD_MAPS)
    best = int((filters.kernels @ coarse.ravel() / COARSE + filters.prior).argmax())
    axis = axis_places()
    (middle, height), (centre, width) = axis[filters.rows[best]], axis[filters.columns[best]]
    down, across = (box.bottom - box.top) / REDUCED, (box.right - box.left) / REDUCED
    first_row, first_column = box.top / REDUCED, box.left / REDUCED
    return ChestPlace(
        top=float(first_row + (middle + (TOP - 0.5) * height) * down),
        left=float(first_column + (centre + (LEFT - 0.5) * width) * across),
        bottom=float(first_row + (middle + (BOTTOM - 0.5) * height) * down),
        right=float(first_column + (centre + (RIGHT - 0.5) * width) * across),
    )
