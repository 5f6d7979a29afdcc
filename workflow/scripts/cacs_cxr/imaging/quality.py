"""Figures of a radiograph's quality from its pixels, and flags: they count and point out, and never exclude."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image

from cacs_cxr.imaging.border import Box, inner_box
from cacs_cxr.imaging.chest_evidence import ChestMaps, weigh_evidence
from cacs_cxr.imaging.chest_frame import Filters, make_filters, rank_image
from cacs_cxr.imaging.chest_maps import STANDARD_MAPS

Levels = npt.NDArray[np.uint8]
REDUCED = 64  # pixels a side, on which border and structure are judged
BLANK_LEVELS = 16
BLANK_STRUCTURE = 0.6
BORDER_SHARE = 0.35
# Natural logarithms of odds; how they were set and how well they work is told in docs/methods.md.
CHEST_EVIDENCE = -1.35
WRONG_WAY_EVIDENCE = -0.9  # of one that seems to lie wrong or to be a negative, as other pictures often do
HEART_SIDE_EVIDENCE = -3.4
COMPLETENESS_EVIDENCE = -1.5

FLAG_LABELS = {
    "likely_blank": "Likely blank",
    "likely_inverted": "Likely inverted (negative)",
    "likely_rotated": "Likely rotated",
    "likely_mirrored": "Likely mirrored",
    "likely_cropped": "Likely cropped, or with wide borders",
    "likely_not_chest": "Likely not a frontal chest",
}
FLAGS = tuple(FLAG_LABELS)
FIGURES: dict[str, float | bool] = {
    **dict.fromkeys(("mean", "p01", "p99", "entropy", "black_share", "white_share"), float("nan")),
    **dict.fromkeys(("structure", "border_share", "chest_correlation", "chest_evidence"), float("nan")),
    **dict.fromkeys(("polarity", "rotation", "heart_side", "completeness"), float("nan")),
    **dict.fromkeys(FLAGS, False),
}
"""Figures and flags of an image that could not be read."""


def measure_quality(levels: Levels, *, maps: ChestMaps = STANDARD_MAPS) -> dict[str, float | bool]:
    """Figures and flags of a radiograph.

    A blank image has no other flag, nor has one that is not a frontal chest; a cropped one is not judged for mirroring.

    Args:
        levels: the radiograph without its padding [h, w].
        maps: by which the chest is judged.

    Returns:
        The keys of `FIGURES`:

        - mean, p01, p99: of the levels, 0 to 255; entropy of their histogram in bits, 0 to 8; black_share and
          white_share: shares of the pixels at 0 and at 255.
        - structure: correlation of neighbouring cells of the reduced image, near 1 in a radiograph, near 0 in noise.
        - border_share: share of the image that a near-constant border takes (see `border.inner_box`).
        - chest_correlation, chest_evidence, polarity, rotation, heart_side, completeness: see `ChestEvidence`; NaN in a
          blank image.
        - the flags of `FLAGS`.
    """
    image = Image.fromarray(np.ascontiguousarray(levels))
    grey = grey_figures(np.array(image.histogram()))
    reduced = reduce_levels(levels)
    neighbours = structure(reduced)
    figures = {**FIGURES, **grey, "structure": neighbours}
    if grey["p99"] - grey["p01"] < BLANK_LEVELS or neighbours < BLANK_STRUCTURE:
        return {**figures, "likely_blank": True}
    box = inner_box(reduced)
    border = 1 - (box.bottom - box.top) * (box.right - box.left) / reduced.size
    evidence = weigh_evidence(rank_image(reduced, without_edge(box)), maps=maps, filters=filters_of(maps))
    inverted, rotated = evidence.polarity < 0, evidence.rotation != 0
    cropped = border > BORDER_SHARE or evidence.completeness < COMPLETENESS_EVIDENCE
    mirrored = not cropped and evidence.heart_side < HEART_SIDE_EVIDENCE
    wrong_way = inverted or rotated or mirrored
    chest = evidence.chest >= (WRONG_WAY_EVIDENCE if wrong_way else CHEST_EVIDENCE)
    return {
        **figures,
        "border_share": border,
        "chest_correlation": evidence.correlation,
        "chest_evidence": evidence.chest,
        "polarity": evidence.polarity,
        "rotation": float(evidence.rotation),
        "heart_side": evidence.heart_side,
        "completeness": evidence.completeness,
        "likely_inverted": chest and inverted,
        "likely_rotated": chest and rotated,
        "likely_mirrored": chest and mirrored,
        "likely_cropped": chest and cropped,
        "likely_not_chest": not chest,
    }


@lru_cache(maxsize=1)
def filters_of(maps: ChestMaps) -> Filters:
    """Filters of the mean chest of maps, made once in a process."""
    return make_filters(maps.mean_chest)


def grey_figures(counts: npt.NDArray[np.int64]) -> dict[str, float]:
    """Mean, percentiles, entropy and saturation of a histogram of levels [256]."""
    shares = counts / counts.sum()
    low, high = np.searchsorted(np.cumsum(counts), [0.01 * counts.sum(), 0.99 * counts.sum()])
    seen = shares[shares > 0]
    return {
        "mean": float(shares @ np.arange(256)),
        "p01": float(low),
        "p99": float(high),
        "entropy": float(abs(seen @ np.log2(seen))),
        "black_share": float(shares[0]),
        "white_share": float(shares[255]),
    }


def reduce_levels(levels: Levels) -> Levels:
    """Radiograph of any size [h, w] on `REDUCED` x `REDUCED` pixels, each the mean of what it covers."""
    image = Image.fromarray(np.ascontiguousarray(levels))
    # Pillow first reduces by whole factors, which takes a quarter of the time.
    return np.asarray(image.resize((REDUCED, REDUCED), Image.Resampling.BOX, reducing_gap=1.0))


def structure(levels: Levels) -> float:
    """Correlation of neighbouring pixels: their mean product over the mean square, both about the image's mean."""
    centred = levels - levels.mean(dtype=np.float64)
    beside, below = (centred[:, 1:] * centred[:, :-1]).mean(), (centred[1:] * centred[:-1]).mean()
    square = np.square(centred).mean()
    return float((beside + below) / (2 * square)) if square > 0 else 0.0


def without_edge(box: Box) -> Box:
    """Box inside a border, without the outermost cells of `REDUCED`, which the border may partly cover."""
    return Box(
        box.top + (box.top > 0),
        box.bottom - (box.bottom < REDUCED),
        box.left + (box.left > 0),
        box.right - (box.right < REDUCED),
    )
