"""Radiographs of any size on one square: aspect kept, centred on black, turned only where an override says so."""

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

BAND_PIXELS = 1 << 17  # half a megabyte of grey values: a band stays in a core's cache


def fitted_shape(height: int, width: int, *, size: int) -> tuple[int, int]:
    """Height and width in pixels, at least 1, of an image fitted into a square of `size` pixels, its aspect kept."""
    scale = size / max(height, width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def fit(grey: npt.NDArray[np.float32], *, size: int) -> npt.NDArray[np.float32]:
    """Image resized to fit a square: bilinear, with support widened on reduction (antialiased).

    Args:
        grey: [height, width], any range.

    Returns:
        [h, w] in the same range, the greater of both equal to `size`.
    """
    return _resized(grey, *fitted_shape(*grey.shape, size=size))


def fit_through_table(
    codes: npt.NDArray[np.unsignedinteger[Any]], table: npt.NDArray[np.float32], *, size: int
) -> npt.NDArray[np.float32]:
    """``fit(table[codes], size=size)`` to the last bit, without ever holding all grey values.

    The reduction is separable and goes along the rows first, so that bands of rows can be looked up and narrowed one
    after the other: three times less memory, and no pass over the whole image but the one that reads it. (Pillow takes
    the columns first where an image is over a hundred times as high as wide; the last bits may differ there.)

    Args:
        codes: [height, width], each below the length of `table`.
        table: grey value of every code.

    Returns:
        [h, w], the greater of both equal to `size`.
    """
    height, width = fitted_shape(*codes.shape, size=size)
    rows, columns = codes.shape
    step = max(1, BAND_PIXELS // columns)
    looked_up = np.empty((min(step, rows), columns), dtype=np.float32)
    narrow = np.empty((rows, width), dtype=np.float32)
    for top in range(0, rows, step):
        band = codes[top : top + step]
        # The mode spares a bounds check of every code, which is below the length of the table by its type.
        grey = np.take(table, band, out=looked_up[: len(band)], mode="clip")
        narrow[top : top + step] = _resized(grey, len(band), width)
    return _resized(narrow, height, width)


def _resized(grey: npt.NDArray[np.float32], height: int, width: int) -> npt.NDArray[np.float32]:
    return np.asarray(Image.fromarray(grey).resize((width, height), Image.Resampling.BILINEAR))


def quantise(grey: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Eight-bit levels of grey values in [0, 1], rounded to nearest; precision is given up only here."""
    return np.clip(np.rint(grey * 255), 0, 255).astype(np.uint8)


def pad(levels: npt.NDArray[np.uint8], *, size: int) -> npt.NDArray[np.uint8]:
    """Image centred on a black square of `size` pixels; an odd remainder goes below and to the right."""
    square = np.zeros((size, size), dtype=np.uint8)
    height, width = levels.shape
    top, left = (size - height) // 2, (size - width) // 2
    square[top : top + height, left : left + width] = levels
    return square


def turned(levels: npt.NDArray[np.uint8], *, clockwise: int) -> npt.NDArray[np.uint8]:
    """Image turned by 0, 90, 180 or 270 degrees clockwise, its pixels unchanged."""
    return np.ascontiguousarray(np.rot90(levels, k=-clockwise // 90))


def mirrored(levels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Image with left and right exchanged."""
    return np.ascontiguousarray(levels[:, ::-1])
