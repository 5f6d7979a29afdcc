"""The bones of the frontal chest: ribs, spine and shoulder girdle, as mm of bone along every ray."""

from typing import Any

import numpy as np
import numpy.typing as npt

from cacs_cxr.simulation.anatomy import Chest
from cacs_cxr.simulation.shapes import Plane, flat_band, hollow_band, round_profile, smooth_step
from cacs_cxr.simulation.unevenness import RIBS, Unevenness

POSTERIOR, ANTERIOR = 0, 1


def _row_of_ribs(
    level: npt.NDArray[Any],
    *,
    breadth: npt.NDArray[Any] | float,
    left: npt.NDArray[np.bool_],
    uneven: Unevenness,
    row: int,
) -> Plane:
    """A row of ribs at once: the phase within a row of curves tells rib from gap.

    Args:
        level: height in distances of ribs; each whole number is the middle of a rib.
        breadth: half the breadth of a rib, in the same unit.
        left: whether a pixel lies on the patient's left.
        uneven: the person's.
        row: POSTERIOR or ANTERIOR.
    """
    number = np.rint(level)
    place = np.clip(number, 0, RIBS - 1).astype(np.intp) + RIBS * left.astype(np.intp)
    offset, factor, density = (item[row].ravel()[place] for item in (uneven.offset, uneven.breadth, uneven.density))
    share = np.minimum((level - number - offset) / (breadth * factor), 1)
    return np.asarray(flat_band(share) * density, dtype=np.float32)


def ribs(chest: Chest, x: Plane, y: Plane, wall: Plane, uneven: Unevenness) -> Plane:
    """Posterior ribs, which leave the spine nearly level and bend down along the wall, and the anterior ends."""
    away, left = np.abs(x), x > 0
    outward = np.clip(away / np.maximum(wall, 1), 0, 1.03)
    fan = np.clip((y - chest.apex) / 240, -0.1, 1.2)
    inside = (
        smooth_step(wall + 5 - away, 3)
        * smooth_step(y - chest.apex + 20, 18)
        * smooth_step(chest.dome_left + 50 - y, 60)
    )
    slope = chest.rib_slope
    arch = (15 - 9 * fan) * np.sin(np.pi * np.minimum(1.25 * outward, 1))
    sag = slope * (0.50 + 0.80 * fan) * outward ** np.float32(2.3) - arch
    level = (y - sag - chest.apex) / chest.rib_pitch + 1
    posterior = _row_of_ribs(level, breadth=0.25 - 0.04 * outward, left=left, uneven=uneven, row=POSTERIOR)
    # Seen edge-on where they turn along the wall, and fading towards their heads.
    posterior = (
        posterior * smooth_step(away - 18, 14) * (0.75 + 0.25 * outward + 0.7 * smooth_step(outward - 0.88, 0.12))
    )
    rise = slope * (0.9 + 0.75 * fan) * np.maximum(1 - outward, 0) ** np.float32(1.25) + slope * (0.50 + 0.80 * fan)
    level = (y - rise - chest.apex) / (1.12 * chest.rib_pitch) + 1.5
    anterior = _row_of_ribs(level, breadth=0.30, left=left, uneven=uneven, row=ANTERIOR)
    end = outward - 0.46 - 0.1 * np.sin(3.0 * np.rint(level))
    anterior = 0.36 * anterior * smooth_step(end, 0.10) * smooth_step(wall - away + 3, 3)
    cartilage = np.clip(chest.cartilage_calcium, 0, 5) * np.exp(-(((outward - 0.42) / 0.07) ** 2))
    grain = np.clip(np.sin(x * 0.9 + 2.1 * np.rint(level)) * np.sin(y * 1.1), 0, 1)
    cartilage = 0.5 * cartilage * grain * (np.abs(level - np.rint(level)) < 0.2) * smooth_step(y - 150, 60)
    return np.asarray((6.5 * posterior + 6.5 * anterior + cartilage) * chest.bone * inside, dtype=np.float32)


def spine(chest: Chest, x: Plane, y: Plane) -> Plane:
    """Vertebral bodies with discs, pedicles and spinous processes; the neck's are narrower."""
    line = x - chest.scoliosis * np.sin(y / 70)
    half = 13 + 6 * smooth_step(y - 160, 300)
    pitch = np.where(y < 70, 17, 24).astype(np.float32)
    phase = y / pitch - np.rint(y / pitch)
    waist = half * (1 - 0.10 * smooth_step(0.36 - np.abs(phase), 0.2))
    body = round_profile(np.minimum(line / waist, 1), 3.0) * (0.66 + 0.34 * smooth_step(0.40 - np.abs(phase), 0.10))
    process = 0.5 * np.exp(-((line / 2.6) ** 2)) * np.exp(-((phase / 0.28) ** 2))
    pedicles = 0.35 * np.exp(-(((np.abs(line) - 0.62 * half) / 2.8) ** 2) - ((phase + 0.12) / 0.13) ** 2)
    transverse = 0.30 * smooth_step(half + 15 - np.abs(line), 6) * np.exp(-(((phase + 0.1) / 0.13) ** 2))
    return np.asarray(4.5 * chest.bone * (body + process + pedicles + transverse), dtype=np.float32)


def shoulder_girdle(chest: Chest, x: Plane, y: Plane, wall: Plane) -> Plane:
    """Clavicles, shoulder blades, and the heads and shafts of the humeri."""
    away = np.abs(x)
    out = np.clip((away - 14) / 140, 0, 1)
    clavicle_y = chest.apex + 34 - 46 * out + 11 * np.sin(2 * np.pi * out)
    width = 5.6 + 3.0 * (1 - out) ** 4 + 2 * out**3
    ends = smooth_step(away - 13, 4) * smooth_step(158 - away, 8)
    clavicle = 10 * hollow_band(np.minimum((y - clavicle_y) / width, 1)) * ends
    return np.asarray(
        (clavicle + _shoulder_blades(chest, away, y, wall) + _humeri(away, y)) * chest.bone, dtype=np.float32
    )


def _shoulder_blades(chest: Chest, away: Plane, y: Plane, wall: Plane) -> Plane:
    """Thin plates with a thick lateral border, the ridge of the spine and the socket of the shoulder."""
    down = np.clip((y - 84) / 118, 0, 1)
    medial = wall + 6 - chest.blades - 10 * np.sin(np.pi * down) + 8 * down
    lateral = 168 - 12 * np.sin(np.pi * 0.5 * down) - (168 - 12 - medial) * down ** np.float32(1.6)
    height = smooth_step(y - 84, 8) * smooth_step(202 - y, 10)
    plate = 2.4 * smooth_step(away - medial, 3) * smooth_step(lateral - away, 4)
    borders = 3.0 * np.exp(-(((away - medial) / 2.2) ** 2)) + 5.5 * np.exp(-(((away - lateral + 4) / 4.0) ** 2))
    ridge_y = 108 - 0.34 * (away - medial)
    ridge = 3.5 * np.exp(-(((y - ridge_y) / 3.4) ** 2)) * smooth_step(away - medial, 6) * smooth_step(184 - away, 8)
    socket = 7 * np.exp(-(((np.hypot((away - 172) / 0.55, y - 96) - 17) / 4.5) ** 2))
    return np.asarray((plate + borders) * height + ridge + socket, dtype=np.float32)


def _humeri(away: Plane, y: Plane) -> Plane:
    head = 16 * round_profile(np.minimum(np.hypot((away - 190) / 23, (y - 94) / 24), 1), 2.6)
    shaft = 12 * hollow_band(np.minimum((away - 199 - 0.10 * (y - 100)) / 12, 1)) * smooth_step(y - 104, 16)
    return np.asarray(np.maximum(head, shaft), dtype=np.float32)
