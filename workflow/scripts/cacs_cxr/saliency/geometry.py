"""Places in the network's square: the picture without its padding, and points of the original image within it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

Floats = npt.NDArray[np.float64]
Marks = npt.NDArray[np.bool_]
MOST_PIXELS = 128


class Rectangle(NamedTuple):
    """Edges in pixels of the square, from its upper left corner; top and left belong to it, bottom and right not."""

    top: float
    left: float
    bottom: float
    right: float


def picture_rectangle(row: Mapping[str, Any], levels: npt.NDArray[np.uint8]) -> Rectangle:
    """The part of the square that a radiograph fills; the rest is padding.

    Args:
        row: of images.parquet: the box of the original image that was kept.
        levels: the preprocessed radiograph [S, S]; as padding is black, it tells whether it was turned by a quarter.
    """
    size = levels.shape[0]
    height, width = row["box_bottom"] - row["box_top"], row["box_right"] - row["box_left"]
    upright, turned = _centred(height, width, size=size), _centred(width, height, size=size)
    lost = [int(levels[~inside(place, size=size)].sum()) for place in (upright, turned)]
    return turned if lost[1] < lost[0] else upright


def _centred(height: float, width: float, *, size: int) -> Rectangle:
    scale = size / max(height, width, 1)
    rows, columns = max(1, round(height * scale)), max(1, round(width * scale))
    top, left = (size - rows) // 2, (size - columns) // 2
    return Rectangle(top, left, top + rows, left + columns)


def within(picture: Rectangle, *, top: float, left: float, bottom: float, right: float) -> Rectangle:
    """A rectangle that is given in shares of the picture's height and width, cut to the picture."""
    height, width = picture.bottom - picture.top, picture.right - picture.left
    first_row, last_row = (picture.top + np.clip(edge, 0, 1) * height for edge in (top, bottom))
    first_column, last_column = (picture.left + np.clip(edge, 0, 1) * width for edge in (left, right))
    return Rectangle(float(first_row), float(first_column), float(last_row), float(last_column))


def inside(rectangle: Rectangle, *, size: int) -> Marks:
    """Pixels [size, size] whose middle lies in a rectangle."""
    middle = np.arange(size) + 0.5
    rows = (middle >= rectangle.top) & (middle < rectangle.bottom)
    columns = (middle >= rectangle.left) & (middle < rectangle.right)
    return rows[:, None] & columns[None, :]


def rim(picture: Rectangle, *, share: float, size: int) -> tuple[Marks, Marks]:
    """Pixels along the edges of a picture, and those of them in its corners.

    Args:
        share: breadth of the rim as a share of the picture's height and width.
    """
    height, width = picture.bottom - picture.top, picture.right - picture.left
    whole = inside(picture, size=size)
    rows = inside(picture._replace(top=picture.top + share * height, bottom=picture.bottom - share * height), size=size)
    columns = inside(
        picture._replace(left=picture.left + share * width, right=picture.right - share * width), size=size
    )
    return whole & ~(rows & columns), whole & ~rows & ~columns


def to_square(points: Floats, row: Mapping[str, Any], picture: Rectangle) -> Floats:
    """Points of an original image in the network's square.

    Args:
        points: x and y in shares of the original image's width and height [n, 2].
        row: width and height of the original image, the box of it that was kept, and, where an override asked for it,
            rotate (degrees clockwise) and mirror.
        picture: rectangle of the radiograph in the square.

    Returns:
        Row and column in pixels of the square [n, 2]; outside the picture for points that were not kept.
    """
    x = (points[:, 0] * row["width"] - row["box_left"]) / (row["box_right"] - row["box_left"])
    y = (points[:, 1] * row["height"] - row["box_top"]) / (row["box_bottom"] - row["box_top"])
    for _ in range(int(row.get("rotate", 0)) // 90 % 4):
        x, y = 1 - y, x
    if row.get("mirror", False):
        x = 1 - x
    height, width = picture.bottom - picture.top, picture.right - picture.left
    return np.column_stack([picture.top + y * height, picture.left + x * width])


def near(points: Floats, *, reach: float, size: int) -> Marks:
    """Pixels [size, size] whose middle lies within `reach` pixels of any point (row, column) [n, 2]."""
    middle = np.arange(size) + 0.5
    rows, columns = middle[:, None, None] - points[:, 0], middle[None, :, None] - points[:, 1]
    return np.asarray((np.square(rows) + np.square(columns) <= reach**2).any(axis=2))


def reduced(levels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Radiograph [S, S] on at most `MOST_PIXELS` a side, each the mean of what it covers: maps have fewer cells."""
    if levels.shape[0] <= MOST_PIXELS:
        return levels
    image = Image.fromarray(np.ascontiguousarray(levels))
    return np.asarray(image.resize((MOST_PIXELS, MOST_PIXELS), Image.Resampling.BOX))


def enlarged(grid: npt.NDArray[np.floating[Any]], *, size: int) -> Floats:
    """A map [h, w] on the pixels of the square [size, size], linearly between the middles of its cells."""
    image = Image.fromarray(np.asarray(grid, dtype=np.float32))
    return np.asarray(image.resize((size, size), Image.Resampling.BILINEAR), dtype=np.float64)
