"""What makes a chest uneven: ribs of different height, breadth and density, and tissue that is nowhere even."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cacs_cxr.simulation.anatomy import DETECTOR_MM, Chest
from cacs_cxr.simulation.shapes import Plane

RIBS = 14  # a few more than twelve: they are numbered from above the apex
WAVES = 40  # of the tissue's unevenness along each side of the detector; the shortest is 2 * 430 / 40 = 21 mm long
STEEPNESS = 1.4  # of the fall of its amplitude with the frequency


@dataclass(frozen=True, eq=False)
class Unevenness:
    """Deviations of one person from the regular chest.

    Attributes:
        offset, breadth, density: of the posterior and the anterior ribs of the right and the left side,
            [2, 2, RIBS]: displacement as a share of the ribs' distance, and factors near 1.
        tissue: amplitudes of cosines, [WAVES, WAVES], whose sum has a standard deviation near 1.
        heart: amplitudes (mm) of two waves along each border of the heart, [2, 2].
    """

    offset: npt.NDArray[np.float32]
    breadth: npt.NDArray[np.float32]
    density: npt.NDArray[np.float32]
    tissue: npt.NDArray[np.float32]
    heart: npt.NDArray[np.float32]


def draw_unevenness(generator: np.random.Generator) -> Unevenness:
    """Draw a person's unevenness."""
    shape = (2, 2, RIBS)
    frequency = np.hypot(*np.meshgrid(np.arange(WAVES), np.arange(WAVES)))
    spectrum = np.where(frequency > 0, np.maximum(frequency, 1) ** -STEEPNESS, 0)
    amplitudes = spectrum * generator.standard_normal(spectrum.shape)
    return Unevenness(
        offset=generator.normal(0, 0.05, shape).astype(np.float32),
        breadth=np.clip(generator.normal(1, 0.12, shape), 0.7, 1.35).astype(np.float32),
        density=np.clip(generator.normal(1, 0.15, shape), 0.6, 1.5).astype(np.float32),
        tissue=(amplitudes / np.sqrt((spectrum**2).sum() / 4)).astype(np.float32),
        heart=generator.normal(0, 1.0, (2, 2)).astype(np.float32),
    )


def tissue_field(unevenness: Unevenness, chest: Chest, *, columns: int, rows: int, pixel_mm: float) -> Plane:
    """Unevenness of the tissue at every pixel, mean 0 and standard deviation near 1, moving with the chest."""
    waves = np.arange(WAVES)

    def cosines(number: int, shift: float) -> npt.NDArray[np.float32]:
        place = ((np.arange(number) + 0.5 - number / 2) * pixel_mm - shift) / chest.scale
        return np.cos(np.pi * np.outer(place / DETECTOR_MM + 0.5, waves)).astype(np.float32)

    down = np.einsum("rk,kl->rl", cosines(rows, chest.shift_y), unevenness.tissue)
    return np.asarray(np.einsum("rl,cl->rc", down, cosines(columns, chest.shift_x)))
