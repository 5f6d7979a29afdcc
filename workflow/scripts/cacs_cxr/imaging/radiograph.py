"""One radiograph file, read: its pixels on the network's square, or the reason why not."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cacs_cxr.imaging.decode import Codes, decode_dicom
from cacs_cxr.imaging.geometry import fit, pad, quantise
from cacs_cxr.imaging.intensity import Intensity, lookup_table, masked_table, usable_voi
from cacs_cxr.imaging.quality import measure_quality
from cacs_cxr.imaging.raster import decode_raster, starts_like_raster
from cacs_cxr.imaging.refusals import Refused


@dataclass(frozen=True, eq=False)
class Radiograph:
    """A preprocessed radiograph.

    Attributes:
        levels: uint8 [size, size]; zeros where it could not be read.
        reason: empty, or why it could not be read (a key of `refusals.REMEDIES`).
        intensity_path: the transformations that made the grey values, in their order.
        width: columns of the file's image; 0 where unknown.
        height: rows of the file's image; 0 where unknown.
        pixel_sha256: of the stored pixels and their size, the same for every lossless encoding and header.
        quality: figures and flags of `quality.measure_quality`.
    """

    levels: npt.NDArray[np.uint8]
    reason: str = ""
    intensity_path: str = ""
    width: int = 0
    height: int = 0
    pixel_sha256: str = ""
    quality: dict[str, float | bool] = field(default_factory=dict)


def read_radiograph(path: Path, *, size: int) -> Radiograph:
    """Read and preprocess a radiograph file of any kind; a refusal is a reason, not an exception.

    Args:
        size: side of the square in pixels.
    """
    try:
        with path.open("rb") as file:
            start = file.read(16)
        if starts_like_raster(start):
            grey, identity, intensity_path = decode_raster(path)
            return _finish(grey, fit(grey, size=size), identity, intensity_path, size=size)
        codes, intensity = decode_dicom(path)
        resized, intensity_path = render(codes, intensity, size=size)
        return _finish(codes, resized, np.ascontiguousarray(codes).data, intensity_path, size=size)
    except Refused as refusal:
        return refused(refusal.reason, size=size)
    except FileNotFoundError:
        return refused("missing-file", size=size)
    except OSError:
        return refused("cannot-open", size=size)


def refused(reason: str, *, size: int) -> Radiograph:
    """Record of a radiograph that could not be read."""
    return Radiograph(levels=np.zeros((size, size), dtype=np.uint8), reason=Refused(reason).reason)


def render(codes: Codes, intensity: Intensity, *, size: int) -> tuple[npt.NDArray[np.float32], str]:
    """Grey values in [0, 1] of pixel codes, reduced to fit a square, and the path taken."""
    table_size = 1 << intensity.bits.allocated
    counts = np.zeros(table_size, dtype=np.int64)
    if usable_voi(intensity) is None:
        counts = np.bincount(codes.ravel(), minlength=table_size)
    table, path = lookup_table(intensity, counts)
    resized = fit(table[codes], size=size)
    # Not-a-number spreads from codes with bits outside the stored ones, so no pass over the image must look for them.
    if np.isnan(resized).any():
        resized, path = fit(masked_table(table, intensity.bits)[codes], size=size), f"mask>{path}"
    return resized, path


def _finish(
    image: npt.NDArray[Any],
    resized: npt.NDArray[np.float32],
    identity: bytes | memoryview,
    intensity_path: str,
    *,
    size: int,
) -> Radiograph:
    height, width = image.shape
    levels = quantise(resized)
    digest = hashlib.sha256(f"{height} {width} ".encode())
    digest.update(identity)
    return Radiograph(
        levels=pad(levels, size=size),
        intensity_path=intensity_path,
        width=width,
        height=height,
        pixel_sha256=digest.hexdigest(),
        quality=measure_quality(levels),
    )
