"""One radiograph file, read: its pixels on the network's square, or the reason why not."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from cacs_cxr.imaging.border import NOTHING, Box, inner_box, scaled, whole
from cacs_cxr.imaging.decode import decode_dicom
from cacs_cxr.imaging.geometry import fit, fit_through_table, mirrored, pad, quantise, turned
from cacs_cxr.imaging.intensity import count_codes, lookup_table, masked_table, usable_voi
from cacs_cxr.imaging.pixel_identity import pixel_digest, value_digest
from cacs_cxr.imaging.quality import measure_quality
from cacs_cxr.imaging.raster import decode_raster, starts_like_raster
from cacs_cxr.imaging.refusals import Refused, refusal_by_system

Border = Literal["keep", "trim"]
BORDER_SIZE = 256  # side in pixels at which the border is looked for, whatever the side of the result


@dataclass(frozen=True)
class Correction:
    """What an override table says of a file whose tags lie.

    Attributes:
        photometric: the true photometric interpretation, or empty: the header is right.
        rotate: degrees clockwise by which the image must be turned: 0, 90, 180 or 270.
        mirror: whether left and right must be exchanged, after turning.
    """

    photometric: Literal["", "MONOCHROME1", "MONOCHROME2"] = ""
    rotate: int = 0
    mirror: bool = False


NONE_NEEDED = Correction()


@dataclass(frozen=True, eq=False)
class Radiograph:
    """A preprocessed radiograph.

    Attributes:
        levels: uint8 [size, size]; zeros where it could not be read.
        reason: empty, or why it could not be read (a key of `refusals.REMEDIES`).
        intensity_path: the transformations that made the grey values, in their order.
        width: columns of the file's image; 0 where unknown.
        height: rows of the file's image; 0 where unknown.
        box: the part of the file's image that was kept.
        pixel_sha256: of the stored pixels and their size, the same for every lossless encoding and header.
        quality: figures and flags of `quality.measure_quality`.
    """

    levels: npt.NDArray[np.uint8]
    reason: str = ""
    intensity_path: str = ""
    width: int = 0
    height: int = 0
    box: Box = NOTHING
    pixel_sha256: str = ""
    quality: dict[str, float | bool] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class _Reading:
    """A decoded file: rows and columns, digest of its pixels, and the reduction of a part of it to fit a square."""

    shape: tuple[int, int]
    pixel_sha256: str
    reduce: Callable[[Box, int], tuple[npt.NDArray[np.float32], str]]


def read_radiograph(
    path: Path, *, size: int, correction: Correction = NONE_NEEDED, border: Border = "keep"
) -> Radiograph:
    """Read and preprocess a radiograph file of any kind; a refusal is a reason, not an exception.

    Args:
        size: side of the square in pixels.
        correction: what an override table says of the file.
        border: whether a near-constant collimation border stays or is cut off before the reduction.
    """
    try:
        with path.open("rb") as file:
            start = file.read(16)
        reading = _read_raster(path, correction) if starts_like_raster(start) else _read_dicom(path, correction)
        return _finish(reading, size=size, correction=correction, border=border)
    except Refused as refusal:
        return refused(refusal.reason, size=size)
    except OSError as error:
        return refused(refusal_by_system(error).reason, size=size)


def refused(reason: str, *, size: int) -> Radiograph:
    """Record of a radiograph that could not be read."""
    return Radiograph(levels=np.zeros((size, size), dtype=np.uint8), reason=Refused(reason).reason)


def _read_dicom(path: Path, correction: Correction) -> _Reading:
    codes, intensity = decode_dicom(path)
    if correction.photometric:
        intensity = replace(intensity, inverted=correction.photometric == "MONOCHROME1")
    counts = np.zeros(1 << intensity.bits.allocated, dtype=np.int64)
    if usable_voi(intensity) is None:
        counts = count_codes(codes, bits=intensity.bits)
    table, intensity_path = lookup_table(intensity, counts)

    def reduce(box: Box, side: int) -> tuple[npt.NDArray[np.float32], str]:
        part = codes[box.top : box.bottom, box.left : box.right]
        reduced = fit_through_table(part, table, size=side)
        # Not-a-number spreads from codes with bits outside the stored ones, so no pass over the image looks for them.
        if np.isnan(reduced).any():
            masked = masked_table(table, intensity.bits)
            return fit_through_table(part, masked, size=side), f"mask>{intensity_path}"
        return reduced, intensity_path

    return _Reading(codes.shape, pixel_digest(codes, bits=intensity.bits), reduce)


def _read_raster(path: Path, correction: Correction) -> _Reading:
    grey, identity, intensity_path = decode_raster(path)
    negative = correction.photometric == "MONOCHROME1"

    def reduce(box: Box, side: int) -> tuple[npt.NDArray[np.float32], str]:
        reduced = fit(np.ascontiguousarray(grey[box.top : box.bottom, box.left : box.right]), size=side)
        return (1 - reduced, f"{intensity_path}>invert") if negative else (reduced, intensity_path)

    shape = (grey.shape[0], grey.shape[1])
    return _Reading(shape, value_digest(shape, [identity]), reduce)


def _finish(reading: _Reading, *, size: int, correction: Correction, border: Border) -> Radiograph:
    rows, columns = reading.shape
    box = whole(rows, columns)
    if border == "trim":
        coarse = quantise(reading.reduce(box, BORDER_SIZE)[0])
        box = scaled(inner_box(coarse), reduced=(coarse.shape[0], coarse.shape[1]), full=(rows, columns))
    reduced, intensity_path = reading.reduce(box, size)
    levels = turned(quantise(reduced), clockwise=correction.rotate)
    if correction.mirror:
        levels = mirrored(levels)
    return Radiograph(
        levels=pad(levels, size=size),
        intensity_path=intensity_path,
        width=columns,
        height=rows,
        box=box,
        pixel_sha256=reading.pixel_sha256,
        quality=measure_quality(levels),
    )
