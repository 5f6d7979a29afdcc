"""The frontal chest as paths through matter: millimetres of soft tissue and of bone along every ray."""

import numpy as np
from scipy.ndimage import map_coordinates

from cacs_cxr.simulation.anatomy import Chest, chest_wall, heart_borders, knob_x
from cacs_cxr.simulation.calcification import Flecks, calcifications, draw_flecks
from cacs_cxr.simulation.shapes import LUNG_DENSITY, Paths, Plane, chest_coordinates, round_profile, smooth_step
from cacs_cxr.simulation.skeleton import ribs, shoulder_girdle, spine
from cacs_cxr.simulation.unevenness import Unevenness, draw_unevenness, tissue_field
from cacs_cxr.simulation.vessels import TREE_SIDE, TREE_VARIANTS, vessel_trees

VESSEL_MM = 9.0
VESSEL_FREE_MM = 60.0  # of lung that vessels need around them to be seen whole
LUNG_UNEVENNESS, TRUNK_UNEVENNESS = 0.022, 0.01  # standard deviation, as a share of the path


def _trunk(chest: Chest, x: Plane, y: Plane) -> Plane:
    """Thickness of trunk, shoulders, arms and neck without the lungs' air."""
    away = np.abs(x)
    widest = np.float32(chest.half_width + chest.fat + 14)
    flank = widest - 10 * np.exp(-(((y - 250) / 70) ** 2))
    armpit = smooth_step(175 - y, 70)
    side = flank + 95 * armpit
    thickness = chest.depth * round_profile(np.minimum(away / side, 1), 2.6) * (0.80 + 0.20 * smooth_step(y - 150, 110))
    top = 34 + np.maximum(away - 48, 0) * chest.shoulder - 26 * smooth_step(62 - away, 14)
    trunk = thickness * smooth_step(y - top - 8, 26)
    neck = 118 * round_profile(np.minimum(away / 56, 1), 2.2) * smooth_step(96 - y, 60)
    return np.asarray(np.maximum(trunk, neck), dtype=np.float32)


def _breasts(chest: Chest, x: Plane, y: Plane) -> Plane:
    """Breast shadow, or the fainter one of the pectoral muscles: densest just above its lower fold."""
    away = np.abs(x)
    centre, half = 0.60 * chest.half_width, 0.46 * chest.half_width + 14 * chest.breast
    above = (chest.breast_y - 22 * ((away - centre) / half) ** 2 - y) / (48 + 26 * chest.breast)
    profile = np.clip(1.6 * above, 0, 1) ** np.float32(0.7) * np.clip(1.3 - above, 0, 1)
    breast = 44 * chest.breast * profile * round_profile(np.minimum(np.abs(away - centre) / half, 1))
    muscle = 16 * round_profile(np.minimum(np.hypot((away - 88) / 58, (y - 140) / 52), 1))
    return np.asarray(breast + muscle, dtype=np.float32)


def _lungs(chest: Chest, x: Plane, y: Plane, wall: Plane, variant: int) -> tuple[Plane, Plane]:
    """Path through both lungs, and through the vessels in them."""
    away, left = np.abs(x), x > 0
    dome = np.where(left, np.float32(chest.dome_left), np.float32(chest.dome_right))
    centre, half = 0.50 * chest.half_width, 0.5 * chest.half_width
    offset = (away - centre) / half
    diaphragm = dome + chest.costophrenic * np.where(offset > 0, offset**2 * (0.35 + 0.65 * offset**2), 0.5 * offset**2)
    down = np.clip((y - chest.apex) / (dome + 50 - chest.apex), 0, 1)
    medial = 12 + 40 * (1 - down) ** 5
    across = np.clip((away - medial) / np.maximum(wall - medial, 1), 0, 1)
    depth = 0.76 * chest.depth * np.sqrt(np.clip(4 * down * (1.12 - down) + 0.12, 0, 1))
    profile = round_profile(across, 2.8) * smooth_step(away - medial - 1, 18) * smooth_step(y - chest.apex, 8)
    inside = smooth_step(diaphragm - y, 2.2)
    recess = 0.16 * smooth_step(diaphragm + 46 - y, 40)
    air = depth * profile * np.maximum(inside, recess)
    # The trees of both lungs lie one behind the other along the first axis, so that one look-up serves both.
    trees = vessel_trees()
    both = np.concatenate([trees[variant % TREE_VARIANTS], trees[(variant + 2) % TREE_VARIANTS]])
    last = np.float32(TREE_SIDE - 1)
    places = np.stack([across * last + left * np.float32(TREE_SIDE), down * last])
    vessels = map_coordinates(both, places, order=1, mode="nearest", prefilter=False)
    return air, vessels * VESSEL_MM * chest.vessels * inside * (across < 0.97)


def _mediastinum(chest: Chest, x: Plane, y: Plane, uneven: Unevenness) -> Plane:
    """Soft tissue that displaces lung: heart, great vessels, hila and the tissue between the lungs."""
    right, left = heart_borders(chest, y)
    turn = np.pi * np.clip((y - chest.heart_top) / (chest.heart_bottom - chest.heart_top), 0, 1)
    waves = np.stack([np.sin(2 * turn), np.sin(3 * turn)])
    right, left = (
        border + np.tensordot(amplitudes, waves, axes=1)
        for border, amplitudes in ((right, uneven.heart[0]), (left, uneven.heart[1]))
    )
    middle, half = (left + right) / 2, np.maximum((left - right) / 2, 1)
    inside = smooth_step(y - chest.heart_top, 16) * smooth_step(chest.heart_bottom + 10 - y, 12)
    heart = 2.1 * half * round_profile(np.minimum((x - middle) / half, 1), 2.3) * inside
    distance = np.hypot(x - knob_x(chest), y - chest.knob_y)
    knob = 2.6 * chest.knob * round_profile(np.minimum(distance / chest.knob, 1), 2.5)
    below = np.clip((y - chest.knob_y) / (chest.heart_bottom - chest.knob_y), 0, 1)
    course = 12 + 0.55 * chest.knob * (1 - below) + 1.5 * chest.unfolding * np.sin(np.pi * np.clip(below * 1.1, 0, 1))
    descending = 2.4 * chest.aorta * round_profile(np.minimum((x - course) / chest.aorta, 1))
    descending = descending * smooth_step(y - chest.knob_y, 10)
    rise = np.exp(-(((y - chest.knob_y - 38) / 40) ** 2))
    ascending = 34 * round_profile(np.minimum((x + 4) / (21 + chest.unfolding * rise), 1)) * smooth_step(y - 96, 20)
    ascending = ascending * smooth_step(chest.heart_bottom - y, 20)
    upper = (
        58
        * round_profile(np.minimum((x + 2) / (25 + 8 * smooth_step(110 - y, 60)), 1))
        * smooth_step(chest.heart_top + 60 - y, 40)
    )
    trunk = 34 * round_profile(np.minimum(np.hypot((x - 24) / 19, (y - chest.heart_top - 8) / 17), 1))
    away = np.abs(x)
    hilum_y = chest.heart_top + np.where(x > 0, 2, 12)
    hila = 34 * chest.hilum * np.exp(-(((away - 40) / 13) ** 2) - ((y - hilum_y) / 24) ** 2)
    return np.asarray(heart + np.maximum(knob, descending) + ascending + upper + trunk + hila, dtype=np.float32)


def _air(chest: Chest, x: Plane, y: Plane) -> Plane:
    """Gas outside the lungs: trachea and main bronchi, the stomach's bubble."""
    carina = chest.knob_y + 30
    trachea = 24 * round_profile(np.minimum((x + 2 + 0.03 * (y - 60)) / 8.5, 1)) * smooth_step(carina - y, 8)
    away = np.abs(x + 4)
    slope = np.where(x > -4, 0.72, 1.15)
    bronchi = 13 * round_profile(np.minimum((y - carina - slope * away) / 7.5, 1)) * smooth_step(40 - away, 12)
    bubble_y = chest.dome_left + 13 + 0.65 * chest.bubble
    stretch = np.hypot((x - 62) / (1.55 * chest.bubble + 1), (y - bubble_y) / (0.75 * chest.bubble + 1))
    bubble = 2.6 * chest.bubble * round_profile(np.minimum(stretch, 1))
    return np.asarray(trachea + bronchi + bubble, dtype=np.float32)


def draw_vessels_and_flecks(chest: Chest, generator: np.random.Generator) -> tuple[int, tuple[Flecks, Flecks]]:
    """What is drawn first of a person's stream: the variant of the lungs' vessels, and the flecks of calcium."""
    return int(generator.integers(TREE_VARIANTS)), draw_flecks(chest, generator)


def frontal_paths(chest: Chest, *, columns: int, rows: int, pixel_mm: float, generator: np.random.Generator) -> Paths:
    """Paths through a chest seen from the front.

    Args:
        chest: the chest.
        columns, rows: size of the image in pixels.
        pixel_mm: side of a pixel on the detector.
        generator: source of randomness for vessels and flecks of calcium.

    Returns:
        Soft tissue and bone in mm, float32 [rows, columns].
    """
    x, y = chest_coordinates(chest, columns=columns, rows=rows, pixel_mm=pixel_mm)
    wall = chest_wall(chest, y)
    variant, flecks = draw_vessels_and_flecks(chest, generator)
    uneven = draw_unevenness(generator)
    field = tissue_field(uneven, chest, columns=columns, rows=rows, pixel_mm=pixel_mm)
    air, vessels = _lungs(chest, x, y, wall, variant)
    remaining = np.maximum(air - _mediastinum(chest, x, y, uneven), 0)
    trunk = _trunk(chest, x, y)
    soft = trunk + _breasts(chest, x, y) - (1 - LUNG_DENSITY) * remaining - _air(chest, x, y)
    soft = (
        soft
        + vessels * np.minimum(remaining / VESSEL_FREE_MM, 1)
        + field * (LUNG_UNEVENNESS * remaining + TRUNK_UNEVENNESS * trunk)
    )
    body = smooth_step(trunk - 12, 16)
    bone = (ribs(chest, x, y, wall, uneven) + spine(chest, x, y) + shoulder_girdle(chest, x, y, wall)) * body
    return Paths(soft=np.maximum(soft, 0), bone=bone + calcifications(flecks, x, y))
