"""The bones of the frontal chest: ribs, spine and shoulder girdle, as mm of bone along every ray."""

import numpy as np

from cacs_cxr.simulation.anatomy import Chest
from cacs_cxr.simulation.shapes import Plane, hollow_band, round_profile, smooth_step


def ribs(chest: Chest, x: Plane, y: Plane, wall: Plane) -> Plane:
    """Posterior and anterior ribs: the phase of a row of curves tells rib from gap, so that all are drawn at once."""
    away = np.abs(x)
    outward = np.clip(away / np.maximum(wall, 1), 0, 1.03)
    fan = np.clip((y - chest.apex) / 240, -0.1, 1.2)
    inside = (
        smooth_step(wall + 5 - away, 3)
        * smooth_step(y - chest.apex + 20, 18)
        * smooth_step(chest.dome_left + 50 - y, 60)
    )
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


def spine(chest: Chest, x: Plane, y: Plane) -> Plane:
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


def shoulder_girdle(chest: Chest, x: Plane, y: Plane, wall: Plane) -> Plane:
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
