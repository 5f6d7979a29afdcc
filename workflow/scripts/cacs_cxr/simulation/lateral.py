"""The chest from the side as paths through matter: the patient looks to the left of the image, arms raised."""

from dataclasses import dataclass

import numpy as np

from cacs_cxr.simulation.anatomy import Chest
from cacs_cxr.simulation.shapes import (
    LUNG_DENSITY,
    Paths,
    Plane,
    chest_coordinates,
    flat_band,
    hollow_band,
    round_profile,
    smooth_step,
)
from cacs_cxr.simulation.unevenness import draw_unevenness, tissue_field

LUNG_UNEVENNESS = 0.035  # standard deviation, as a share of the path
CHEST_WALL = (24.0, 16.0)  # mm in front of and behind the lungs


@dataclass(frozen=True, eq=False)
class _Profile:
    """x (mm) of the skin and of the lungs' borders in front and behind, and of the middle of the spine, by height."""

    front: Plane
    back: Plane
    lung_front: Plane
    lung_back: Plane
    spine: Plane


def _profile(chest: Chest, y: Plane) -> _Profile:
    half = 0.5 * chest.depth
    neck = smooth_step(chest.apex + 30 - y, 90)
    kyphosis = np.sin(np.pi * np.clip((y - 40) / 330, 0, 1))
    back = (half + 8) * (1 - 0.34 * neck) - 14 + 20 * kyphosis
    bust = (6 + 22 * chest.breast) * np.exp(-(((y - chest.breast_y + 22) / 42) ** 2))
    front = -(half + 4) * (0.70 + 0.30 * smooth_step(y - 190, 220)) * (1 - 0.42 * neck) - bust
    chest_front = front + bust
    top = smooth_step(y - chest.apex - 26, 80)
    return _Profile(
        front=np.asarray(front, dtype=np.float32),
        back=back,
        lung_front=(chest_front + CHEST_WALL[0]) * (0.35 + 0.65 * top),
        lung_back=(back - CHEST_WALL[1]) * (0.75 + 0.25 * top),
        spine=back - CHEST_WALL[1] - 30 + 0.02 * chest.scoliosis,
    )


def _lungs(chest: Chest, x: Plane, y: Plane, profile: _Profile) -> Plane:
    """Path through both lungs, each above its own half of the diaphragm, which falls steeply to the back."""
    half = 0.5 * chest.depth
    middle, reach = (profile.lung_back + profile.lung_front) / 2, (profile.lung_back - profile.lung_front) / 2
    outline = round_profile(np.minimum(np.abs(x - middle) / np.maximum(reach, 1), 1), 5.0)
    outline = outline * smooth_step(y - chest.apex - 16 * (x - middle) ** 2 / np.maximum(reach, 1) ** 2, 14)
    behind = np.clip((x + 22) / half, 0, 1.3)
    before = np.clip(-(x + 22) / half, 0, 1.3)
    air = np.zeros_like(x)
    for dome, steep in ((chest.dome_right, 1.0), (chest.dome_left, 1.12)):
        edge = dome + (chest.costophrenic + 24) * steep * behind ** np.float32(2.2) + 16 * before**2
        air += 0.72 * chest.half_width * smooth_step(edge - y, 3)
    return np.asarray(air * outline, dtype=np.float32)


def _mediastinum(chest: Chest, x: Plane, y: Plane) -> Plane:
    """Heart, arch with the descending aorta, and hila."""
    half = 0.5 * chest.depth
    width = 0.5 * (chest.heart_left + chest.heart_right)
    across, along = x + 0.24 * half, y - chest.heart_bottom + 0.74 * width
    share = np.hypot((0.62 * across + 0.78 * along) / (1.05 * width), (0.62 * along - 0.78 * across) / (0.72 * width))
    heart = 1.5 * width * round_profile(np.minimum(share, 1), 2.1)
    ring = np.abs(np.hypot(x - 8, y - chest.knob_y - 26) - 30)
    arch = (
        1.1
        * chest.knob
        * round_profile(np.minimum(ring / (0.8 * chest.knob), 1))
        * smooth_step(chest.knob_y + 34 - y, 24)
    )
    course = np.abs(x - 8 - 30 - 0.06 * (y - chest.knob_y))
    descending = (
        1.3 * chest.aorta * round_profile(np.minimum(course / chest.aorta, 1)) * smooth_step(y - chest.knob_y - 20, 24)
    )
    hila = 26 * chest.hilum * np.exp(-(((x - 2) / 15) ** 2) - ((y - chest.heart_top - 12) / 20) ** 2)
    return np.asarray(heart + np.maximum(arch, descending) + hila, dtype=np.float32)


def _bones(chest: Chest, x: Plane, y: Plane, profile: _Profile, lungs: Plane) -> Plane:
    """Vertebrae with their arches, breastbone, and the ribs of both sides, one set a little larger than the other."""
    phase = y / 25 - np.rint(y / 25)
    line = x - profile.spine
    body = round_profile(np.minimum(np.abs(line) / 15, 1), 6) * (0.45 + 0.55 * smooth_step(0.40 - np.abs(phase), 0.08))
    arches = 0.45 * np.exp(-(((line - 26) / 7) ** 2) - ((phase - 0.2) / 0.2) ** 2)
    breastbone = hollow_band(np.minimum(np.abs(x - profile.lung_front + 9) / 6, 1))
    breastbone = breastbone * smooth_step(y - 100, 16) * smooth_step(chest.dome_right - 25 - y, 16)
    ribs = np.zeros_like(x)
    for pitch, start, fall in ((chest.rib_pitch, 0.0, 0.42), (1.06 * chest.rib_pitch, 9.0, 0.50)):
        level = (y + start - fall * (profile.lung_back - x) - chest.apex) / pitch
        ribs += flat_band(np.minimum(np.abs(level - np.rint(level)) / 0.2, 1))
    behind = np.clip((x - profile.lung_front) / np.maximum(profile.lung_back - profile.lung_front, 1), 0, 1)
    ribs = ribs * (0.35 + 0.65 * behind) * smooth_step(lungs - 20, 40)
    return np.asarray(chest.bone * (28 * body + 18 * arches + 9 * breastbone + 3.2 * ribs), dtype=np.float32)


def lateral_paths(chest: Chest, *, columns: int, rows: int, pixel_mm: float, generator: np.random.Generator) -> Paths:
    """Paths through a chest seen from the left: the spine lies at the right of the image, the breastbone at its left.

    Args:
        chest: the chest.
        columns, rows: size of the image in pixels.
        pixel_mm: side of a pixel on the detector.
        generator: source of randomness for the unevenness of the tissue.

    Returns:
        Soft tissue and bone in mm, float32 [rows, columns].
    """
    x, y = chest_coordinates(chest, columns=columns, rows=rows, pixel_mm=pixel_mm)
    profile = _profile(chest, y)
    middle, reach = (profile.back + profile.front) / 2, (profile.back - profile.front) / 2
    trunk = 2.1 * chest.half_width * round_profile(np.minimum(np.abs(x - middle) / reach, 1), 3.6)
    trunk = trunk * (0.62 + 0.38 * smooth_step(y - 120, 140)) * smooth_step(y - 6, 40)
    arms = 110 * round_profile(np.minimum(np.abs(x + 34 + 0.75 * (y - 46)) / 46, 1)) * smooth_step(96 - y, 50)
    air = _lungs(chest, x, y, profile)
    remaining = np.maximum(air - _mediastinum(chest, x, y), 0)
    field = tissue_field(draw_unevenness(generator), chest, columns=columns, rows=rows, pixel_mm=pixel_mm)
    windpipe = (
        15 * round_profile(np.minimum(np.abs(x - 6 - 0.16 * (y - 60)) / 9, 1)) * smooth_step(chest.knob_y + 40 - y, 10)
    )
    soft = np.maximum(trunk, arms) - (1 - LUNG_DENSITY) * remaining - windpipe * smooth_step(trunk - 60, 30)
    soft = soft + LUNG_UNEVENNESS * field * remaining
    bone = _bones(chest, x, y, profile, air) * smooth_step(trunk - 14, 16)
    return Paths(soft=np.maximum(soft, 0).astype(np.float32), bone=bone.astype(np.float32))
