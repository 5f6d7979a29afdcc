"""From paths through matter to the grey levels of a radiograph: attenuation, scatter, noise, logarithm, processing."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, zoom

from cacs_cxr.simulation.anatomy import DETECTOR_MM, Chest
from cacs_cxr.simulation.frontal import frontal_paths
from cacs_cxr.simulation.lateral import lateral_paths
from cacs_cxr.simulation.shapes import Paths, Plane

# Effective attenuation of a filtered 120 kV beam, per mm.
SOFT_PER_MM = 0.0185
BONE_PER_MM = 0.034
SCATTER_SHARE = 0.30  # of what leaves the patient, behind a grid

_LETTERS = {"L": "1000 1000 1000 1000 1111", "R": "1110 1001 1110 1010 1001"}


@dataclass(frozen=True)
class Processing:
    """How a vendor turns the detector's signal into a picture.

    Attributes:
        quanta: X-ray quanta a pixel of 1 mm² in the open beam; sets the noise.
        sharpening: weight of the unsharp mask; equalisation: share of the coarse contrast that is taken away.
        gamma: exponent of the curve from log signal to grey level.
    """

    quanta: float
    sharpening: float
    equalisation: float
    gamma: float


def log_exposure(paths: Paths, *, processing: Processing, pixel_mm: float, generator: np.random.Generator) -> Plane:
    """Logarithm of the attenuation that the detector measures: 0 in the open beam, growing with the matter passed.

    Args:
        paths: soft tissue and bone along every ray, mm.
        processing: for its quanta.
        pixel_mm: side of a pixel.
        generator: source of the noise.
    """
    primary = np.exp(-SOFT_PER_MM * paths.soft - BONE_PER_MM * paths.bone)
    coarse = max(primary.shape[1] // 32, 1)
    small = primary[: primary.shape[0] // coarse * coarse, : primary.shape[1] // coarse * coarse]
    small = small.reshape(small.shape[0] // coarse, coarse, small.shape[1] // coarse, coarse).mean(axis=(1, 3))
    spread = gaussian_filter(small, 30.0 / (coarse * pixel_mm), mode="nearest")
    factors = (primary.shape[0] / spread.shape[0], primary.shape[1] / spread.shape[1])
    scatter = SCATTER_SHARE * zoom(spread, factors, order=1, mode="nearest", grid_mode=True)
    exposure = (1 - SCATTER_SHARE) * primary + scatter
    noise = np.sqrt(exposure / (processing.quanta * pixel_mm**2))
    exposure += noise * generator.standard_normal(exposure.shape, dtype=np.float32)
    return np.asarray(-np.log(np.maximum(exposure, 1e-4)), dtype=np.float32)


def processed(log_signal: Plane, *, processing: Processing, pixel_mm: float) -> Plane:
    """Grey levels: 0 in the open beam (black), 1 in the densest parts (white), a little beyond at both ends.

    The coarse structure is attenuated and edges are raised, as vendors' multi-scale processing does; the display's
    window then covers 0 to 1.
    """
    coarse = gaussian_filter(log_signal, 36.0 / pixel_mm, mode="nearest", truncate=2.0)
    edges = log_signal - gaussian_filter(log_signal, 4.0 / pixel_mm, mode="nearest", truncate=3.0)
    image = log_signal - processing.equalisation * coarse + processing.sharpening * edges
    low, high = np.percentile(image[::2, ::2], [1.0, 99.7])
    scaled = (image - np.float32(low)) / np.float32(max(high - low, 1e-6))
    curved = np.where(scaled > 0, np.maximum(scaled, 1e-6) ** np.float32(processing.gamma), scaled)
    return np.asarray(np.clip(curved, -0.17, 1.17), dtype=np.float32)


def lay_marker(paths: Paths, letter: str, *, pixel_mm: float) -> Paths:
    """Paths with a lead letter on the detector: "R" on the patient's right (left in the image), "L" on the other side.

    Args:
        paths: paths through the patient.
        letter: ``"L"``, ``"R"`` or ``""`` for none.
        pixel_mm: side of a pixel.
    """
    if not letter:
        return paths
    pattern = np.kron(np.array([[int(cell) for cell in line] for line in _LETTERS[letter].split()]), np.ones((3, 3)))
    scale = max(1, round(14.0 / (pixel_mm * pattern.shape[0])))
    step = max(1, round(pixel_mm * pattern.shape[0] / 22.0))
    lead = np.kron(pattern, np.ones((scale, scale)))[::step, ::step]
    row = round(26 / pixel_mm)
    margin = round(20 / pixel_mm)
    column = margin if letter == "R" else paths.bone.shape[1] - margin - lead.shape[1]
    bone = paths.bone.copy()
    bone[row : row + lead.shape[0], column : column + lead.shape[1]] += np.float32(90) * lead.astype(np.float32)
    return Paths(soft=paths.soft, bone=bone)


def draw_radiograph(
    chest: Chest,
    *,
    view: str,
    marker: str,
    processing: Processing,
    size: int,
    format_mm: tuple[float, float],
    person: np.random.Generator,
    exposure: np.random.Generator,
) -> Plane:
    """Draw a radiograph.

    Args:
        chest: the chest and its position.
        view: ``"lateral"``, or a frontal view.
        marker: lead letter, or "".
        processing: the vendor's.
        size: pixels along 430 mm.
        format_mm: width and height of the detector, at most 430 mm.
        person: source of randomness for what a person's radiographs share (vessels, flecks of calcium).
        exposure: source of randomness for the noise.

    Returns:
        Grey levels [rows, columns] as `processed` gives them.
    """
    pixel_mm = DETECTOR_MM / size
    columns, rows = (round(length / pixel_mm) for length in format_mm)
    if view == "lateral":
        paths = lateral_paths(chest, columns=columns, rows=rows, pixel_mm=pixel_mm, generator=person)
    else:
        paths = frontal_paths(chest, columns=columns, rows=rows, pixel_mm=pixel_mm, generator=person)
    marked = lay_marker(paths, marker, pixel_mm=pixel_mm)
    signal = log_exposure(marked, processing=processing, pixel_mm=pixel_mm, generator=exposure)
    return processed(signal, processing=processing, pixel_mm=pixel_mm)
