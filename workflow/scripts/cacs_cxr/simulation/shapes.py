"""The shapes of which chests are composed: profiles of bodies and edges, and the coordinates they are drawn in."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cacs_cxr.simulation.anatomy import DETECTOR_MM, Chest

Plane = npt.NDArray[np.float32]

LUNG_DENSITY = 0.26  # of a breathed-in lung, relative to soft tissue


@dataclass(frozen=True)
class Paths:
    """Paths through the patient along every ray, mm: soft tissue (water equivalent) and bone beyond it."""

    soft: Plane
    bone: Plane


def smooth_step(distance: npt.NDArray[Any], width: float) -> Plane:
    """0 well below zero, 1 well above, rising over about `width` mm."""
    ramp = np.clip(distance * np.float32(0.5 / width) + np.float32(0.5), 0, 1)
    return np.asarray(ramp * ramp * (3 - 2 * ramp), dtype=np.float32)


def round_profile(share: npt.NDArray[Any], power: float = 2.0) -> Plane:
    """Thickness of a round body at a share of its half width: 1 in the middle, 0 from the border on."""
    return np.asarray(np.sqrt(np.clip(1 - np.abs(share) ** np.float32(power), 0, 1)), dtype=np.float32)


def hollow_band(share: npt.NDArray[Any]) -> Plane:
    """Cortical bone of a tube at a share of its half width: bright edges, a fainter middle."""
    inner = round_profile(share / np.float32(0.74))
    return np.asarray(1.7 * (round_profile(share) - np.float32(0.66) * inner), dtype=np.float32)


def flat_band(share: npt.NDArray[Any]) -> Plane:
    """A flat bone seen face-on at a share of its half width: even, with slightly brighter edges."""
    squared = share * share
    return np.asarray(
        np.sqrt(np.clip(1 - squared * squared * squared, 0, 1)) * (0.75 + 0.45 * squared * squared), dtype=np.float32
    )


def chest_coordinates(chest: Chest, *, columns: int, rows: int, pixel_mm: float) -> tuple[Plane, Plane]:
    """x and y of every pixel in the chest's own millimetres."""
    middle = np.float32(DETECTOR_MM / 2)
    across = ((np.arange(columns, dtype=np.float32) + 0.5 - columns / 2) * pixel_mm - chest.shift_x) / chest.scale
    down = ((np.arange(rows, dtype=np.float32) + 0.5 - rows / 2) * pixel_mm - chest.shift_y) / chest.scale
    cosine, sine = np.cos(chest.tilt), np.sin(chest.tilt)
    x = (cosine * across)[None, :] + (sine * down)[:, None]
    y = (-sine * across)[None, :] + (cosine * down)[:, None] + middle
    return x.astype(np.float32), y.astype(np.float32)
