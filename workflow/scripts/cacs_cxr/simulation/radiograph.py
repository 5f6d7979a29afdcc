"""From paths through matter to the pixels of a radiograph: attenuation, scatter, noise, detector, logarithm, processing."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter, zoom

from cacs_cxr.simulation.frontal import Paths

Plane = npt.NDArray[np.float32]

# Effective attenuation of a filtered 120 kV beam, per mm.
SOFT_PER_MM = 0.0185
BONE_PER_MM = 0.034
SCATTER_SHARE = 0.30  # of what leaves the patient, behind a grid


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
    """Grey levels from 0 (open beam, black) to 1 (densest, white), before the display's window.

    The coarse structure is attenuated and edges are raised, as vendors' multi-scale processing does.
    """
    coarse = gaussian_filter(log_signal, 36.0 / pixel_mm, mode="nearest", truncate=2.0)
    edges = log_signal - gaussian_filter(log_signal, 4.0 / pixel_mm, mode="nearest", truncate=3.0)
    image = log_signal - processing.equalisation * coarse + processing.sharpening * edges
    low, high = np.percentile(image[::2, ::2], [1.0, 99.7])
    scaled = np.clip((image - low) / max(high - low, 1e-6), 0, 1)
    return np.asarray(scaled ** np.float32(processing.gamma), dtype=np.float32)
