"""What the maps of the quality check are fitted on: ranks of radiographs, altered copies, parts and random pictures."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "workflow" / "scripts"), str(Path(__file__).resolve().parent)]

from measure_quality_flags import SIDES, keep_part  # noqa: E402

from cacs_cxr.imaging.border import inner_box  # noqa: E402
from cacs_cxr.imaging.chest_frame import COARSE, FINE, Floats, rank_image, standardised  # noqa: E402
from cacs_cxr.imaging.quality import reduce_levels, without_edge  # noqa: E402

Levels = npt.NDArray[np.uint8]
Array = npt.NDArray[np.float64]
SIZE = 128  # pixels a side, at which radiographs are altered


@dataclass(frozen=True, eq=False)
class Material:
    """Ranks of the radiographs, of altered copies [copies][radiographs], and of parts by name, likewise."""

    plain: list[Floats]
    copies: list[list[Floats]]
    parts: dict[str, list[list[Floats]]]
    patients: npt.NDArray[np.str_]

    def of(self, chosen: npt.NDArray[np.bool_]) -> "Material":
        """The radiographs chosen."""
        index = np.flatnonzero(chosen)

        def take(rows: list[Floats]) -> list[Floats]:
            return [rows[i] for i in index]

        parts = {name: [take(copy) for copy in copies] for name, copies in self.parts.items()}
        return Material(take(self.plain), [take(copy) for copy in self.copies], parts, self.patients[index])


def ranks(levels: Levels) -> Floats:
    """Coarse ranks inside the border, as `measure_quality` judges them."""
    reduced = reduce_levels(levels)
    return rank_image(reduced, without_edge(inner_box(reduced)))


def coarse(image: Floats) -> Floats:
    """Ranks on the coarse grid."""
    return standardised(image.reshape(COARSE, FINE // COARSE, COARSE, FINE // COARSE).mean(axis=(1, 3)))


def altered(levels: Levels, generator: np.random.Generator) -> Levels:
    """A radiograph turned by up to 5 degrees and cut by 2 to 10 % at each side."""
    image = Image.fromarray(levels).rotate(generator.uniform(-5, 5), Image.Resampling.BILINEAR)
    (top, bottom), (left, right) = (generator.uniform(0.02, 0.10, 2) * length for length in levels.shape)
    height, width = levels.shape
    return np.asarray(image)[int(top) : int(height - bottom), int(left) : int(width - right)]


def texture(generator: np.random.Generator) -> Levels:
    """A random smooth picture with up to four random discs and edges."""
    frequency = np.fft.fftfreq(64)
    radius = np.hypot(frequency[:, None], frequency * generator.uniform(0.5, 2))
    amplitude = np.maximum(radius, 1 / 64) ** -generator.uniform(1, 2.5)
    picture = np.fft.ifft2(amplitude * np.exp(2j * np.pi * generator.random((64, 64)))).real
    picture = (picture - picture.mean()) / picture.std()
    y, x = np.mgrid[0:1:64j, 0:1:64j]
    for _ in range(generator.integers(0, 5)):
        (cx, cy), (rx, ry), angle = generator.random(2), generator.uniform(0.05, 0.5, 2), generator.uniform(0, np.pi)
        u = ((x - cx) * np.cos(angle) + (y - cy) * np.sin(angle)) / rx
        v = ((y - cy) * np.cos(angle) - (x - cx) * np.sin(angle)) / ry
        picture = picture + generator.normal(0, 2) * ((u * u + v * v < 1) if generator.random() < 0.5 else (u > 0))
    return np.asarray(255 * (picture - picture.min()) / np.ptp(picture), dtype=np.uint8)


def prepare(radiographs: Sequence[Levels], patients: npt.NDArray[np.str_]) -> Material:
    """Ranks of all radiographs, of four altered copies, and of two copies of every part, of 45 to 70 % of the side."""
    generator = np.random.default_rng(1)
    large = [np.asarray(Image.fromarray(levels).resize((SIZE, SIZE), Image.Resampling.BOX)) for levels in radiographs]

    def part(levels: Levels, name: str) -> Levels:
        return keep_part(altered(levels, generator), name, generator.uniform(0.5 if name == "middle" else 0.45, 0.7))

    return Material(
        plain=[ranks(levels) for levels in radiographs],
        copies=[[ranks(altered(levels, generator)) for levels in large] for _ in range(4)],
        parts={name: [[ranks(part(levels, name)) for levels in large] for _ in range(2)] for name in SIDES},
        patients=patients,
    )


def patient_weights(patients: npt.NDArray[np.str_]) -> Array:
    """Weights of radiographs: the same sum for each patient, 1 in all."""
    _, index, counts = np.unique(patients, return_inverse=True, return_counts=True)
    return np.asarray(1 / counts[index] / len(counts))
