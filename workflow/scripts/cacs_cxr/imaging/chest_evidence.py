"""How a radiograph lies, judged from its coarse ranks: upright, positive, right way round, whole, a chest at all."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cacs_cxr.imaging.chest_frame import Filters, Floats, Patches, find_chest

POSITIVE, NEGATIVE = 0, 1


@dataclass(frozen=True, eq=False)
class ChestMaps:
    """What radiographs are judged by: small grids that are laid over them, and offsets.

    Evidence is the natural logarithm of odds: the mean product of a map and of ranks, plus the map's offset.

    Attributes:
        mean_chest: mean ranks of frontal chests laid over each other [16, 16].
        chest: map of a frontal chest [16, 16].
        heart_side: map of a heart on the patient's left [16, 16].
        parts: maps of a left, upper, lower and middle part of a chest, against a whole one [16, 16].
    """

    mean_chest: Floats
    chest: Floats
    chest_offset: float
    heart_side: Floats
    parts: Mapping[str, Floats]
    part_offsets: Mapping[str, float]


@dataclass(frozen=True)
class ChestEvidence:
    """What the ranks of a radiograph say. Evidence is the natural logarithm of odds; 0 is undecided.

    Attributes:
        correlation: with the mean chest, at the best place and as the radiograph seems to lie (-1 to 1).
        polarity: best correlation as a positive minus best correlation as a negative (-2 to 2); below 0 in a negative.
        rotation: degrees clockwise that bring the radiograph upright: 0, 90, 180 or 270.
        chest: evidence that it shows a frontal chest.
        heart_side: evidence that, once upright, the heart lies on the patient's left, the right of the image.
        completeness: evidence that, once upright, it shows a whole chest and not a half or the middle of one.
    """

    correlation: float
    polarity: float
    rotation: int
    chest: float
    heart_side: float
    completeness: float


def weigh_evidence(ranks: Floats, *, maps: ChestMaps, filters: Filters) -> ChestEvidence:
    """Judge a radiograph.

    The radiograph is taken to lie as the mean chest fits it best: over four rotations and both polarities, mirrored or
    not. Then the maps, each fitted by logistic regression, are laid over the chest that was found.

    Args:
        ranks: of `chest_frame.rank_image`.
        filters: of `chest_frame.make_filters`, from the mean chest of `maps`.
    """
    found = find_chest(ranks, filters)
    fits = found.correlations.max(axis=0)
    turns, sign = divmod(int(fits.argmax()), fits.shape[1])
    return ChestEvidence(
        correlation=float(fits[turns, sign]),
        polarity=float(fits[:, POSITIVE].max() - fits[:, NEGATIVE].max()),
        rotation=90 * turns,
        chest=_laid(maps.chest, best_patch(found, turns=turns, sign=sign)) + maps.chest_offset,
        heart_side=_laid(maps.heart_side, side_difference(found, turns=turns, sign=sign)),
        completeness=completeness(found.uprights[0, turns, sign], maps),
    )


def best_patch(found: Patches, *, turns: int, sign: int) -> Floats:
    """Patch of a hypothesis, mirrored or not, whichever fits the mean chest better."""
    patch: Floats = found.patches[int(found.correlations[:, turns, sign].argmax()), turns, sign]
    return patch


def side_difference(found: Patches, *, turns: int, sign: int) -> Floats:
    """Patch of the radiograph minus that of its mirror image, each at its own best place.

    The mirror image of a radiograph has minus its difference, and so minus its evidence.
    """
    difference: Floats = found.patches[0, turns, sign] - found.patches[1, turns, sign]
    return difference


def completeness(upright: Floats, maps: ChestMaps) -> float:
    """Evidence for a whole chest against each of its parts: left, right, upper, lower and middle.

    Args:
        upright: the whole image, upright and positive, on the coarse grid; the right part is the left one of its mirror
            image.
    """
    views = [(name, upright) for name in maps.parts]
    views.append(("left", upright[:, ::-1]))
    parts = [_laid(maps.parts[name], view) + maps.part_offsets[name] for name, view in views]
    return -float(np.logaddexp.reduce(parts))


def _laid(grid: Floats, patch: Floats) -> float:
    return float((grid * patch).mean())
