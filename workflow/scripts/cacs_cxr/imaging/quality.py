"""Figures of a radiograph's quality from its pixels: they flag and count, and never exclude."""

import numpy as np
import numpy.typing as npt

BLANK_LEVELS = 16
INVERTED_LEVELS = -12.0
FIGURES: dict[str, float | bool] = {
    **dict.fromkeys(("mean", "p01", "p99", "polarity"), float("nan")),
    "likely_blank": False,
    "likely_inverted": False,
}
"""Figures of an image that could not be read."""


def polarity(levels: npt.NDArray[np.uint8]) -> float:
    """How much brighter the middle of a chest is than its sides, in levels of 255; clearly negative in a negative.

    Compared are the medians of the middle sixth (mediastinum) and of two sixths left and right of it (lungs), between
    25 % and 60 % of the height.
    """
    height, width = levels.shape
    band = levels[int(height * 0.25) : max(int(height * 0.60), int(height * 0.25) + 1)]
    edges = [int(width * part) for part in (0.20, 0.36, 0.42, 0.58, 0.64, 0.80)]
    left, middle, right = (band[:, a : max(b, a + 1)] for a, b in zip(edges[::2], edges[1::2], strict=True))
    return float(np.median(middle) - (np.median(left) + np.median(right)) / 2)


def measure_quality(levels: npt.NDArray[np.uint8]) -> dict[str, float | bool]:
    """Mean, first and 99th percentile (0-255), polarity, and the flags for blank and for inverted.

    Args:
        levels: the radiograph without its padding [h, w].
    """
    low, high = np.percentile(levels, [1, 99])
    middle = polarity(levels)
    blank = bool(high - low < BLANK_LEVELS)
    return {
        "mean": float(levels.mean()),
        "p01": float(low),
        "p99": float(high),
        "polarity": middle,
        "likely_blank": blank,
        "likely_inverted": not blank and middle < INVERTED_LEVELS,
    }
