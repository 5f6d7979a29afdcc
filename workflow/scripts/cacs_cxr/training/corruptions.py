"""Corruptions of preprocessed radiographs, as archives and detectors make them, in three degrees of severity."""

import io
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

Levels = npt.NDArray[np.uint8]
SEVERITIES = (1, 2, 3)
NOISE_SD = (8.0, 16.0, 32.0)  # grey levels
BLUR_SHARE = (0.005, 0.01, 0.02)  # standard deviation of the Gaussian in parts of the side
EXPOSURE_GAMMA = (1.25, 1.5, 2.0)
ROTATION_DEGREES = (5.0, 10.0, 20.0)
JPEG_QUALITY = (50, 20, 10)
OCCLUDED_SIDE = (0.1, 0.2, 0.4)  # side of the black square in parts of the side


def noise(image: Levels, severity: int, random: np.random.Generator) -> Levels:
    """Gaussian noise, cut to the grey scale."""
    noisy = image + random.normal(0.0, NOISE_SD[severity - 1], image.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def blur(image: Levels, severity: int, random: np.random.Generator) -> Levels:  # noqa: ARG001
    """Gaussian blur."""
    radius = BLUR_SHARE[severity - 1] * image.shape[0]
    return np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(radius)), dtype=np.uint8)


def exposure(image: Levels, severity: int, random: np.random.Generator) -> Levels:
    """A curve of greys that makes the radiograph darker or, as often, brighter; black and white stay."""
    gamma = EXPOSURE_GAMMA[severity - 1] ** random.choice([-1.0, 1.0])
    curve = np.rint(255.0 * (np.arange(256) / 255.0) ** gamma).astype(np.uint8)
    return np.asarray(curve[image], dtype=np.uint8)


def rotation(image: Levels, severity: int, random: np.random.Generator) -> Levels:
    """Turned to the one side or the other, what comes from outside black."""
    degrees = ROTATION_DEGREES[severity - 1] * random.choice([-1.0, 1.0])
    return np.asarray(Image.fromarray(image).rotate(degrees, resample=Image.Resampling.BILINEAR), dtype=np.uint8)


def compression(image: Levels, severity: int, random: np.random.Generator) -> Levels:  # noqa: ARG001
    """Written as JPEG and read back."""
    packed = io.BytesIO()
    Image.fromarray(image).save(packed, format="jpeg", quality=JPEG_QUALITY[severity - 1])
    return np.asarray(Image.open(packed), dtype=np.uint8)


def occlusion(image: Levels, severity: int, random: np.random.Generator) -> Levels:
    """A black square anywhere inside, as a collimator, a label or a device leaves it."""
    side = max(round(OCCLUDED_SIDE[severity - 1] * image.shape[0]), 1)
    top, left = (int(random.integers(0, length - side + 1)) for length in image.shape)
    covered = image.copy()
    covered[top : top + side, left : left + side] = 0
    return covered


CORRUPTIONS: Mapping[str, Callable[[Levels, int, np.random.Generator], Levels]] = {
    "noise": noise,
    "blur": blur,
    "exposure": exposure,
    "rotation": rotation,
    "compression": compression,
    "occlusion": occlusion,
}


def corrupt(images: Levels, *, name: str, severity: int, seeds: Sequence[int]) -> Levels:
    """Corrupted copies of radiographs; each depends on its own seed alone, whatever others are with it.

    Args:
        images: grey levels [n, S, S].
        name: one of `CORRUPTIONS`.
        severity: 1, 2 or 3.
        seeds: of each radiograph [n].

    Returns:
        Grey levels [n, S, S].
    """
    change = CORRUPTIONS[name]
    corrupted = np.empty_like(images)
    for place, (image, seed) in enumerate(zip(images, seeds, strict=True)):
        corrupted[place] = change(np.ascontiguousarray(image), severity, np.random.default_rng(seed))
    return corrupted
