"""The frontal chest as paths through matter: millimetres of soft tissue and of bone along every ray."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter, map_coordinates

from cacs_cxr.simulation.anatomy import (
    DETECTOR_MM,
    Chest,
    arch_arc,
    chest_wall,
    coronary_course,
    heart_borders,
    knob_x,
)

Plane = npt.NDArray[np.float32]

LUNG_DENSITY = 0.26  # of a breathed-in lung, relative to soft tissue
_TREE_SIDE = 192
_TREE_VARIANTS = 6


@dataclass(frozen=True)
class Paths:
    """Paths through the patient along every ray, mm: soft tissue (water equivalent) and bone beyond it."""

    soft: Plane
    bone: Plane


def smooth_step(distance: Plane, width: float) -> Plane:
    """0 well below zero, 1 well above, rising over about `width` mm."""
    ramp = np.clip(distance * np.float32(0.5 / width) + np.float32(0.5), 0, 1)
    return np.asarray(ramp * ramp * (3 - 2 * ramp), dtype=np.float32)


def round_profile(share: Plane, power: float = 2.0) -> Plane:
    """Thickness of a round body at a share of its half width: 1 in the middle, 0 from the border on."""
    return np.asarray(np.sqrt(np.clip(1 - np.abs(share) ** np.float32(power), 0, 1)), dtype=np.float32)


def hollow_band(share: Plane) -> Plane:
    """Cortical bone of a tube at a share of its half width: bright edges, a fainter middle."""
    inner = round_profile(share / np.float32(0.74))
    return np.asarray(1.7 * (round_profile(share) - np.float32(0.66) * inner), dtype=np.float32)


@lru_cache(maxsize=1)
def vessel_trees() -> npt.NDArray[np.float32]:
    """Branching vessels of a lung, [variants, across, down] in lung coordinates: across 0 at the hilum, 1 at the wall."""
    trees = np.zeros((_TREE_VARIANTS, _TREE_SIDE, _TREE_SIDE), dtype=np.float32)
    for variant in range(_TREE_VARIANTS):
        generator = np.random.default_rng(variant)
        branches = [
            (0.02, 0.42 + 0.08 * generator.standard_normal(), angle + 0.12 * generator.standard_normal(), 1.0)
            for angle in (-1.15, -0.75, -0.3, 0.15, 0.55, 0.9, 1.2, 1.4)
        ]
        while branches:
            x, y, angle, calibre = branches.pop()
            length = generator.uniform(0.10, 0.2) * (0.5 + calibre / 2)
            bend = 0.35 * generator.standard_normal()
            for step in np.linspace(0, 1, 40):
                heading = angle + bend * step
                column = x + length * step * np.cos(heading)
                row = y + length * step * np.sin(heading)
                i, j = int(column * _TREE_SIDE), int(row * _TREE_SIDE)
                if 0 <= i < _TREE_SIDE and 0 <= j < _TREE_SIDE:
                    trees[variant, i, j] = max(trees[variant, i, j], calibre)
            if calibre > 0.14:
                end = (x + length * np.cos(angle + bend), y + length * np.sin(angle + bend))
                branches.append((*end, angle + bend + generator.uniform(0.15, 0.6), 0.72 * calibre))
                branches.append((*end, angle + bend - generator.uniform(0.15, 0.6), 0.66 * calibre))
        wide = gaussian_filter(np.where(trees[variant] > 0.45, trees[variant] ** 2, 0), 2.4) * 8
        trees[variant] = gaussian_filter(trees[variant] ** 1.1, 1.0) * 3.8 + wide
    return trees


def chest_coordinates(chest: Chest, *, columns: int, rows: int, pixel_mm: float) -> tuple[Plane, Plane]:
    """x and y of every pixel in the chest's own millimetres."""
    middle = np.float32(DETECTOR_MM / 2)
    across = ((np.arange(columns, dtype=np.float32) + 0.5 - columns / 2) * pixel_mm - chest.shift_x) / chest.scale
    down = ((np.arange(rows, dtype=np.float32) + 0.5 - rows / 2) * pixel_mm - chest.shift_y) / chest.scale
    cosine, sine = np.cos(chest.tilt), np.sin(chest.tilt)
    x = (cosine * across)[None, :] + (sine * down)[:, None]
    y = (-sine * across)[None, :] + (cosine * down)[:, None] + middle
    return x.astype(np.float32), y.astype(np.float32)


def _trunk(chest: Chest, x: Plane, y: Plane, wall: Plane) -> Plane:
    """Thickness of trunk, shoulders, arms and neck without the lungs' air."""
    away = np.abs(x)
    widest = np.float32(chest.half_width + chest.fat + 14)
    flank = widest - 10 * np.exp(-(((y - 250) / 70) ** 2))
    armpit = smooth_step(175 - y, 70)
    side = flank + 95 * armpit
    thickness = chest.depth * round_profile(np.minimum(away / side, 1), 2.6) * (0.80 + 0.20 * smooth_step(y - 150, 110))
    top = 34 + np.maximum(away - 48, 0) * chest.shoulder + 26 * smooth_step(62 - away, 14) * -1.0
    trunk = thickness * smooth_step(y - top - 8, 26)
    neck = 118 * round_profile(np.minimum(away / 56, 1), 2.2) * smooth_step(96 - y, 60)
    del wall
    return np.maximum(trunk, neck)


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
    profile = round_profile(across, 2.8) * smooth_step(away - medial, 5) * smooth_step(y - chest.apex, 8)
    inside = smooth_step(diaphragm - y, 2.2)
    recess = 0.16 * smooth_step(diaphragm + 46 - y, 40)
    air = depth * profile * np.maximum(inside, recess)
    # The trees of both lungs lie one behind the other along the first axis, so that one look-up serves both.
    trees = vessel_trees()
    both = np.concatenate([trees[variant % _TREE_VARIANTS], trees[(variant + 2) % _TREE_VARIANTS]])
    last = np.float32(_TREE_SIDE - 1)
    places = np.stack([across * last + left * np.float32(_TREE_SIDE), down * last])
    vessels = map_coordinates(both, places, order=1, mode="nearest", prefilter=False)
    return air, vessels * 9.0 * chest.vessels * inside * (across < 0.97)


def _mediastinum(chest: Chest, x: Plane, y: Plane) -> Plane:
    """Soft tissue that displaces lung: heart, great vessels, hila and the tissue between the lungs."""
    right, left = heart_borders(chest, y)
    middle, half = (left + right) / 2, np.maximum((left - right) / 2, 1)
    inside = smooth_step(y - chest.heart_top, 16) * smooth_step(chest.heart_bottom + 10 - y, 12)
    heart = 1.75 * half * round_profile(np.minimum((x - middle) / half, 1), 2.3) * inside
    distance = np.hypot(x - knob_x(chest), y - chest.knob_y)
    knob = 2.6 * chest.knob * round_profile(np.minimum(distance / chest.knob, 1), 2.5)
    below = np.clip((y - chest.knob_y) / (chest.heart_bottom - chest.knob_y), 0, 1)
    course = 12 + 0.55 * chest.knob * (1 - below) + 1.5 * chest.unfolding * np.sin(np.pi * np.clip(below * 1.1, 0, 1))
    descending = 2.4 * chest.aorta * round_profile(np.minimum((x - course) / chest.aorta, 1))
    descending = descending * smooth_step(y - chest.knob_y, 10)
    rise = np.exp(-(((y - chest.knob_y - 38) / 40) ** 2))
    ascending = 46 * round_profile(np.minimum((x + 4) / (21 + chest.unfolding * rise), 1)) * smooth_step(y - 96, 20)
    ascending = ascending * smooth_step(chest.heart_bottom - y, 20)
    upper = 58 * round_profile(np.minimum((x + 2) / (25 + 8 * smooth_step(110 - y, 60)), 1)) * smooth_step(
        chest.heart_top + 60 - y, 40
    )
    trunk = 34 * round_profile(np.minimum(np.hypot((x - 24) / 19, (y - chest.heart_top - 8) / 17), 1))
    away = np.abs(x)
    hilum_y = chest.heart_top + np.where(x > 0, 2, 12)
    hila = 34 * chest.hilum * np.exp(-(((away - 40) / 13) ** 2) - ((y - hilum_y) / 24) ** 2)
    return np.asarray(heart + np.maximum(knob, descending) + ascending + upper + trunk + hila, dtype=np.float32)


def _ribs(chest: Chest, x: Plane, y: Plane, wall: Plane) -> Plane:
    """Posterior and anterior ribs: the phase of a row of curves tells rib from gap, so that all are drawn at once."""
    away = np.abs(x)
    outward = np.clip(away / np.maximum(wall, 1), 0, 1.03)
    fan = np.clip((y - chest.apex) / 240, -0.1, 1.2)
    inside = smooth_step(wall + 5 - away, 3) * smooth_step(y - chest.apex + 20, 18) * smooth_step(chest.dome_left + 50 - y, 60)
    slope = chest.rib_slope
    sag = slope * (0.55 + 0.85 * fan) * outward ** np.float32(2.1) - 22 * np.sin(np.pi * outward) * (1 - 0.6 * fan)
    phase = (y - sag - chest.apex) / chest.rib_pitch
    number = np.round(phase)
    uneven = 0.05 * np.sin(2.4 * number + chest.scoliosis) + 0.04 * np.sign(x) * np.cos(1.7 * number)
    posterior = hollow_band(np.minimum((phase - number - uneven) / (0.25 - 0.05 * outward), 1))
    posterior = posterior * smooth_step(away - 20, 10) * (1 + 0.5 * smooth_step(outward - 0.86, 0.12))
    rise = -slope * (1.35 + 0.5 * fan) * (1 - outward ** np.float32(1.6))
    level = (y + rise - chest.apex - slope * (0.55 + 0.85 * fan)) / (1.12 * chest.rib_pitch) + np.float32(0.5)
    anterior = hollow_band(np.minimum((level - np.round(level)) / np.float32(0.29), 1))
    ends = smooth_step(outward - 0.46 - 0.1 * np.sin(3.0 * np.round(level)), 0.04)
    anterior = 0.42 * anterior * ends * smooth_step(wall - away + 3, 3)
    cartilage = np.clip(chest.cartilage_calcium, 0, 5) * np.exp(-(((outward - 0.42) / 0.07) ** 2))
    grain = np.clip(np.sin(x * 0.9 + 2.1 * np.round(level)) * np.sin(y * 1.1), 0, 1)
    cartilage = 0.5 * cartilage * grain * (np.abs(level - np.round(level)) < 0.2) * smooth_step(y - 150, 60)
    return np.asarray((9 * posterior + 9 * anterior + cartilage) * chest.bone * inside, dtype=np.float32)


def _spine(chest: Chest, x: Plane, y: Plane) -> Plane:
    """Vertebral bodies with discs, pedicles and spinous processes; the neck's are narrower."""
    line = x - chest.scoliosis * np.sin(y / 70)
    half = 14 + 6 * smooth_step(y - 160, 300)
    pitch = np.where(y < 70, 17, 24).astype(np.float32)
    phase = y / pitch - np.round(y / pitch)
    body = round_profile(np.minimum(line / half, 1), 5) * (0.74 + 0.26 * smooth_step(0.40 - np.abs(phase), 0.08))
    process = 0.5 * np.exp(-((line / 2.6) ** 2)) * np.exp(-((phase / 0.28) ** 2))
    pedicles = 0.32 * np.exp(-(((np.abs(line) - 0.62 * half) / 2.8) ** 2) - ((phase + 0.12) / 0.13) ** 2)
    transverse = 0.22 * smooth_step(half + 15 - np.abs(line), 6) * np.exp(-(((phase + 0.1) / 0.13) ** 2))
    return np.asarray(8.0 * chest.bone * (body + process + pedicles + transverse), dtype=np.float32)


def _shoulder_girdle(chest: Chest, x: Plane, y: Plane, wall: Plane) -> Plane:
    """Clavicles, shoulder blades turned off the lungs, and the heads of the humeri."""
    away = np.abs(x)
    out = np.clip((away - 14) / 140, 0, 1)
    clavicle_y = chest.apex + 34 - 46 * out + 13 * np.sin(2 * np.pi * out)
    width = 5.6 + 3.0 * (1 - out) ** 4 + 2 * out**3
    ends = smooth_step(away - 13, 4) * smooth_step(158 - away, 8)
    clavicle = 13 * hollow_band(np.minimum((y - clavicle_y) / width, 1)) * ends
    border = wall + 2 - 14 * np.exp(-(((y - 128) / 34) ** 2))
    blade_level = smooth_step(y - 78, 16) * smooth_step(222 - y, 34)
    edge = 6 * np.exp(-(((away - border - 4) / 3.2) ** 2)) * blade_level
    plate = 3.2 * smooth_step(away - border, 4) * smooth_step(border + 52 - 0.33 * (y - 80) - away, 10) * blade_level
    head = 26 * round_profile(np.minimum(np.hypot((away - 186) / 25, (y - 92) / 25), 1))
    shaft = 15 * hollow_band(np.minimum((away - 194 - 0.06 * (y - 100)) / 12, 1)) * smooth_step(y - 100, 10)
    return np.asarray((clavicle + edge + plate + np.maximum(head, shaft)) * chest.bone, dtype=np.float32)


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


def _flecks(
    plane: Plane, *, x: Plane, y: Plane, points: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]], sizes: npt.NDArray[np.float64], mineral: npt.NDArray[np.float64]
) -> None:
    """Add flecks of mineral (mm of bone in their middle) to a plane, each in a small window around it."""
    pixel = float(np.hypot(x[0, 1] - x[0, 0], y[0, 1] - y[0, 0]))
    origin = np.array([x[0, 0], y[0, 0]])
    right = np.array([x[0, 1] - x[0, 0], y[0, 1] - y[0, 0]]) / pixel**2
    below = np.array([x[1, 0] - x[0, 0], y[1, 0] - y[0, 0]]) / pixel**2
    for px, py, size, height in zip(*points, sizes, mineral, strict=True):
        # A fleck smaller than a pixel keeps its mass: it is widened and thinned.
        wide = float(np.hypot(size, 0.45 * pixel))
        offset = np.array([px, py]) - origin
        column, row, reach = int(offset @ right), int(offset @ below), int(3 * wide / pixel) + 2
        window = np.s_[max(row - reach, 0) : max(row + reach + 1, 0), max(column - reach, 0) : max(column + reach + 1, 0)]
        square = (x[window] - px) ** 2 + (y[window] - py) ** 2
        plane[window] += np.float32(height * (size / wide) ** 2) * np.exp(-square / np.float32(2 * wide**2))


def _calcium(chest: Chest, x: Plane, y: Plane, generator: np.random.Generator) -> Plane:
    """Calcification of the aortic arch's wall and of the left coronary artery."""
    plane = np.zeros_like(x)
    count = 26
    angles = generator.uniform(-2.4, 0.9, count)
    mineral = 0.55 * chest.arch_calcium * generator.gamma(2.0, 0.5, count)
    _flecks(plane, x=x, y=y, points=arch_arc(chest, angles), sizes=generator.uniform(1.2, 2.4, count), mineral=mineral)
    count = 14
    along = generator.beta(1.2, 2.2, count)
    px, py = coronary_course(chest, along)
    points = (px + generator.normal(0, 1.2, count), py + generator.normal(0, 1.2, count))
    mineral = 0.55 * chest.coronary_calcium * generator.gamma(1.5, 0.7, count)
    _flecks(plane, x=x, y=y, points=points, sizes=generator.uniform(0.8, 1.8, count), mineral=mineral)
    return plane


def frontal_paths(
    chest: Chest, *, columns: int, rows: int, pixel_mm: float, generator: np.random.Generator
) -> Paths:
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
    air, vessels = _lungs(chest, x, y, wall, int(generator.integers(_TREE_VARIANTS)))
    remaining = np.maximum(air - _mediastinum(chest, x, y), 0)
    trunk = _trunk(chest, x, y, wall)
    soft = trunk + _breasts(chest, x, y) - (1 - LUNG_DENSITY) * remaining - _air(chest, x, y)
    soft = soft + np.where(remaining > 4, vessels, 0)
    body = smooth_step(trunk - 12, 16)
    bone = (_ribs(chest, x, y, wall) + _spine(chest, x, y) + _shoulder_girdle(chest, x, y, wall)) * body
    return Paths(soft=np.maximum(soft, 0), bone=bone + _calcium(chest, x, y, generator))
