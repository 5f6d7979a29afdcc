"""The chest from the side, drawn coarsely: the study excludes lateral views by their header and never looks at them."""

import numpy as np

from cacs_cxr.simulation.anatomy import Chest
from cacs_cxr.simulation.shapes import LUNG_DENSITY, Paths, chest_coordinates, hollow_band, round_profile, smooth_step


def lateral_paths(chest: Chest, *, columns: int, rows: int, pixel_mm: float) -> Paths:
    """Paths through a chest seen from the left: the spine lies at the right of the image, the breastbone at its left.

    Args:
        chest: the chest.
        columns, rows: size of the image in pixels.
        pixel_mm: side of a pixel on the detector.

    Returns:
        Soft tissue and bone in mm, float32 [rows, columns].
    """
    x, y = chest_coordinates(chest, columns=columns, rows=rows, pixel_mm=pixel_mm)
    half = 0.5 * chest.depth
    swell = 1 - 0.25 * smooth_step(150 - y, 130)
    trunk = 2.1 * chest.half_width * round_profile(np.minimum(np.abs(x) / ((half + 12) * swell), 1), 3.0)
    trunk = trunk * smooth_step(y - 20 - 0.25 * np.abs(x), 30)
    arms = 90 * round_profile(np.minimum(np.abs(x + 0.2 * half + 0.9 * (y - 40)) / 44, 1)) * smooth_step(70 - y, 40)
    dome = 0.5 * (chest.dome_right + chest.dome_left)
    diaphragm = dome + 62 * np.clip((x + 10) / half, 0, 1.2) ** 2 + 10 * np.clip(-(x + 10) / half, 0, 1.2) ** 2
    middle, width = 4 - 0.06 * (y - 180), 0.80 * half * swell
    level = np.clip((y - chest.apex) / (diaphragm - chest.apex + 1), 0, 1)
    outline = np.minimum(np.abs(x - middle) / (width * np.sqrt(np.clip(level * 4, 0.02, 1))), 1)
    air = 1.45 * chest.half_width * round_profile(outline, 4.0) * smooth_step(diaphragm - y, 4)
    air = air * smooth_step(y - chest.apex, 14)
    heart_y, heart_x = chest.heart_bottom - 52, -0.32 * half
    tilted = 0.7 * (x - heart_x) + 0.7 * (y - heart_y), 0.7 * (y - heart_y) - 0.7 * (x - heart_x)
    heart = 120 * round_profile(np.minimum(np.hypot(tilted[0] / 62, tilted[1] / 45), 1), 2.6)
    radius = np.hypot(x - 6, y - chest.knob_y - 22)
    arch = (
        1.6
        * chest.knob
        * round_profile(np.minimum(np.abs(radius - 30) / chest.knob, 1))
        * smooth_step(chest.knob_y + 26 - y, 20)
    )
    trachea = 16 * round_profile(np.minimum(np.abs(x - 4 - 0.12 * (y - 60)) / 9, 1)) * smooth_step(150 - y, 10)
    remaining = np.maximum(air - heart - arch, 0)
    soft = np.maximum(trunk, arms) - (1 - LUNG_DENSITY) * remaining - trachea * smooth_step(trunk - 60, 30)
    line = x - 0.66 * half + 26 * np.cos((y - 190) / 120)
    phase = y / 25 - np.round(y / 25)
    body = round_profile(np.minimum(np.abs(line) / 17, 1), 6) * (0.5 + 0.5 * smooth_step(0.40 - np.abs(phase), 0.08))
    breastbone = hollow_band(np.minimum(np.abs(x + 0.86 * half * swell - 4) / 6, 1)) * smooth_step(y - 95, 14)
    breastbone = breastbone * smooth_step(dome - 20 - y, 14)
    ribs_phase = (y - 0.45 * (half - x) - chest.apex) / chest.rib_pitch
    ribs = hollow_band(np.minimum(np.abs(ribs_phase - np.round(ribs_phase)) / 0.22, 1)) * smooth_step(air - 30, 30)
    inside = smooth_step(trunk - 14, 16)
    bone = chest.bone * (24 * body + 9 * breastbone + 5 * ribs) * inside
    return Paths(soft=np.maximum(soft, 0).astype(np.float32), bone=bone.astype(np.float32))
