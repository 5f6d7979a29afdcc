"""Radiographs of any size on one square: aspect kept, centred on black."""

import numpy as np
import numpy.typing as npt
from PIL import Image


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
    height, width = fitted_shape(*grey.shape, size=size)
    resized = Image.fromarray(grey).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(resized)


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
