"""The regions of a radiograph in which the energy of its map is looked for."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.saliency.geometry import Marks, Rectangle, inside, near, picture_rectangle, rim, to_square, within

RIM_SHARE = 0.08  # of the picture's height and width
CALCIUM_REACH = 0.03  # of the longer side, 13 mm of a detector of 43 cm: what lies so near to a fleck of calcium
PICTURE, THORAX, OUTSIDE, RIM, CORNERS, CALCIUM = "picture", "thorax", "outside thorax", "rim", "corners", "calcium"


def regions_of(
    levels: npt.NDArray[np.uint8],
    row: Mapping[str, Any],
    *,
    thorax: Sequence[float],
    flecks: pd.DataFrame | None = None,
) -> tuple[Rectangle, dict[str, Marks]]:
    """Rectangle of the picture in the square, and pixels [S, S] of every region by name.

    Args:
        levels: the preprocessed radiograph [S, S].
        row: of images.parquet; with flecks also rotate and mirror, where an override asked for them.
        thorax: its upper, left, lower and right edge in shares of the picture's height and width.
        flecks: where calcium was placed, in a simulated study: vessel, and x and y in shares of the original image.
    """
    size = levels.shape[0]
    picture = picture_rectangle(row, levels)
    top, left, bottom, right = thorax
    place = within(picture, top=top, left=left, bottom=bottom, right=right)
    edges, corners = rim(picture, share=RIM_SHARE, size=size)
    regions = {PICTURE: inside(picture, size=size), THORAX: inside(place, size=size), RIM: edges, CORNERS: corners}
    regions[OUTSIDE] = regions[PICTURE] & ~regions[THORAX]
    if flecks is not None:
        reach = CALCIUM_REACH * size
        for vessel, points in flecks.groupby("vessel"):
            at = to_square(points[["x", "y"]].to_numpy(float), row, picture)
            regions[str(vessel)] = near(at, reach=reach, size=size) & regions[PICTURE]
        regions[CALCIUM] = np.any([regions[str(vessel)] for vessel in flecks["vessel"].unique()], axis=0)
    return picture, regions
