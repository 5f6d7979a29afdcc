"""Calcification of the aortic arch and of the left coronary artery, drawn as flecks of mineral."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cacs_cxr.simulation.anatomy import Array, Chest, arch_arc, coronary_course
from cacs_cxr.simulation.shapes import Plane


@dataclass(frozen=True, eq=False)
class Flecks:
    """Flecks of calcium: middle (x, y) and size (standard deviation) in mm of the chest, mineral in mm of bone [n]."""

    x: Array
    y: Array
    size: Array
    mineral: Array


def _add_flecks(
    plane: Plane,
    *,
    x: Plane,
    y: Plane,
    points: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]],
    sizes: npt.NDArray[np.float64],
    mineral: npt.NDArray[np.float64],
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
        window = np.s_[
            max(row - reach, 0) : max(row + reach + 1, 0), max(column - reach, 0) : max(column + reach + 1, 0)
        ]
        square = (x[window] - px) ** 2 + (y[window] - py) ** 2
        plane[window] += np.float32(height * (size / wide) ** 2) * np.exp(-square / np.float32(2 * wide**2))


def draw_flecks(chest: Chest, generator: np.random.Generator) -> tuple[Flecks, Flecks]:
    """Draw the flecks of the aortic arch's wall and those of the left coronary artery."""
    count = 26
    angles = generator.uniform(-2.4, 0.9, count)
    mineral = 0.55 * chest.arch_calcium * generator.gamma(2.0, 0.5, count)
    arch = Flecks(*arch_arc(chest, angles), size=generator.uniform(1.2, 2.4, count), mineral=mineral)
    count = 14
    along = generator.beta(1.2, 2.2, count)
    x, y = coronary_course(chest, along)
    x, y = x + generator.normal(0, 1.2, count), y + generator.normal(0, 1.2, count)
    mineral = 0.55 * chest.coronary_calcium * generator.gamma(1.5, 0.7, count)
    return arch, Flecks(x, y, size=generator.uniform(0.8, 1.8, count), mineral=mineral)


def calcifications(flecks: Sequence[Flecks], x: Plane, y: Plane) -> Plane:
    """Mineral along every ray, mm of bone, of flecks in the chest's coordinates."""
    plane = np.zeros_like(x)
    for part in flecks:
        _add_flecks(plane, x=x, y=y, points=(part.x, part.y), sizes=part.size, mineral=part.mineral)
    return plane
