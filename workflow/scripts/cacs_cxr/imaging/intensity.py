"""From stored pixel values to what the radiologist sees: one lookup table per image, composed as DICOM PS3.3 says.

Order (PS3.3 C.7.6.3.1, C.11.1, C.11.2; PS3.4 N.2): padding mask, modality LUT or rescale, VOI LUT or window, inversion
for MONOCHROME1. The result is in [0, 1] with 0 black. Presentation LUT Shape and Pixel Intensity Relationship are not
used: in real archives they repeat MONOCHROME1 or contradict the pixels.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Table = npt.NDArray[np.float32]
LOW_PERCENT, HIGH_PERCENT = 0.5, 99.5
COUNTED_PIXELS = 1 << 20


@dataclass(frozen=True)
class StoredBits:
    """Layout of a stored pixel value (PS3.3 C.7.6.3.1): bits allocated (8 or 16), bits stored, high bit, signedness."""

    allocated: int
    stored: int
    high_bit: int
    signed: bool


@dataclass(frozen=True)
class Rescale:
    """Output = slope × stored value + intercept (PS3.3 C.11.1.1.2); a negative slope turns the polarity."""

    slope: float
    intercept: float


@dataclass(frozen=True, eq=False)
class Lut:
    """Lookup table of a modality or VOI LUT sequence: the first input value mapped, and the outputs from there on."""

    first: int
    values: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Window:
    """Window of a VOI LUT module (PS3.3 C.11.2.1.2 and C.11.2.1.3)."""

    center: float
    width: float
    function: Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"] = "LINEAR"


@dataclass(frozen=True)
class Intensity:
    """All that decides the grey value of a stored value.

    Attributes:
        padding: lowest and highest stored value that means "no image here", or None.
        voi: the VOI transformations that the header offers, in order of preference; the first usable one is taken.
        inverted: whether the lowest value is displayed white (MONOCHROME1).
    """

    bits: StoredBits
    padding: tuple[int, int] | None = None
    modality: Rescale | Lut | None = None
    voi: tuple[Window | Lut, ...] = ()
    inverted: bool = False


def code_values(bits: StoredBits) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Stored value of every code that fits the allocated bits.

    Returns:
        Stored values [2**allocated], and whether the code has bits set outside the stored ones (other than the sign).
    """
    codes = np.arange(1 << bits.allocated, dtype=np.int64)
    shift, span = bits.high_bit + 1 - bits.stored, 1 << bits.stored
    values = (codes >> shift) & (span - 1)
    strange = (values << shift) != codes
    if bits.signed:
        values = np.where(values >= span >> 1, values - span, values)
        # Writers either extend the sign into the unused high bits or leave them zero.
        strange &= ((values << shift) & ((1 << bits.allocated) - 1)) != codes
    return values, strange


def count_codes(codes: npt.NDArray[np.unsignedinteger[Any]], *, bits: StoredBits) -> npt.NDArray[np.int64]:
    """How many pixels have each code [2**allocated], for percentiles: of evenly spaced rows of a large image.

    All rows are counted below `COUNTED_PIXELS`; beyond it as many rows as make that many pixels, which moves a
    percentile by less than the image's noise does.
    """
    counts = np.zeros(1 << bits.allocated, dtype=np.int64)
    rows = codes[:: max(1, codes.size // COUNTED_PIXELS)]
    counts += np.bincount(rows.ravel(), minlength=len(counts))
    return counts


def apply_lut(values: npt.NDArray[np.int64] | Floats, lut: Lut) -> Floats:
    """Outputs of a lookup table; inputs below and above its range take the first and last entry (PS3.3 C.11.2.1.1)."""
    index = np.floor(np.asarray(values, dtype=float) + 0.5).astype(np.int64) - lut.first
    return lut.values[np.clip(index, 0, len(lut.values) - 1)].astype(float)


def apply_modality(values: npt.NDArray[np.int64], modality: Rescale | Lut | None) -> Floats:
    """Modality values of stored values (PS3.3 C.11.1)."""
    if isinstance(modality, Lut):
        return apply_lut(values, modality)
    if modality is None:
        return values.astype(float)
    return values.astype(float) * modality.slope + modality.intercept


def apply_window(values: Floats, window: Window) -> Floats:
    """Grey values in [0, 1] by a window: PS3.3 C.11.2.1.2.1 LINEAR, C.11.2.1.3.1 SIGMOID, C.11.2.1.3.2 LINEAR_EXACT."""
    center, width = window.center, window.width
    if window.function == "SIGMOID":
        return 1 / (1 + np.exp(np.clip(-4 * (values - center) / width, -700, 700)))
    if window.function == "LINEAR_EXACT":
        return np.clip((values - center) / width + 0.5, 0, 1)
    if width == 1:
        return (values > center - 0.5).astype(float)
    return np.clip((values - (center - 0.5)) / (width - 1) + 0.5, 0, 1)


def apply_voi(values: Floats, voi: Window | Lut) -> Floats:
    """Grey values in [0, 1] by a window, or by a VOI LUT scaled by its own least and greatest output.

    The declared depth of a LUT is not used for scaling: vendors write the depth of the storage there.
    """
    if isinstance(voi, Window):
        return apply_window(values, voi)
    low, high = float(voi.values.min()), float(voi.values.max())
    return (apply_lut(values, voi) - low) / (high - low)


def is_usable(voi: Window | Lut) -> bool:
    """Whether a VOI transformation is one: a LUT of two or more levels; a finite window of a width that is allowed."""
    if isinstance(voi, Lut):
        return len(voi.values) >= 2 and bool(voi.values.max() > voi.values.min())
    least = 1.0 if voi.function == "LINEAR" else np.finfo(float).tiny
    return bool(np.isfinite(voi.center) and np.isfinite(voi.width) and voi.width >= least)


def usable_voi(intensity: Intensity) -> Window | Lut | None:
    """First usable VOI transformation of the header; None where grey values must come from the image's percentiles."""
    return next((voi for voi in intensity.voi if is_usable(voi)), None)


def weighted_percentile(values: Floats, counts: npt.NDArray[np.int64], percent: float) -> float:
    """Least value at or below which at least `percent` per cent of the counted pixels lie."""
    order = np.argsort(values, kind="stable")
    cumulative = np.cumsum(counts[order])
    return float(values[order][np.searchsorted(cumulative, percent / 100 * cumulative[-1])])


def stretch(values: Floats, counts: npt.NDArray[np.int64]) -> Floats:
    """Grey values in [0, 1], linear between the 0.5th and 99.5th percentile of the pixels; 0 for a constant image."""
    if not counts.any():
        return np.zeros_like(values)
    low, high = (weighted_percentile(values, counts, percent) for percent in (LOW_PERCENT, HIGH_PERCENT))
    if low == high:
        low, high = float(values[counts > 0].min()), float(values[counts > 0].max())
    if low == high:
        return np.zeros_like(values)
    return np.clip((values - low) / (high - low), 0, 1)


def lookup_table(intensity: Intensity, counts: npt.NDArray[np.int64]) -> tuple[Table, str]:
    """The one table of an image, from the code of a pixel to its grey value.

    Args:
        counts: how many pixels have each code [2**allocated]; only read where `usable_voi` is None.

    Returns:
        Grey values in [0, 1] [2**allocated], 0 black, padding 0, NaN for codes with bits outside the stored ones; and
        the path taken, e.g. ``rescale>window-linear>invert``.
    """
    stored, strange = code_values(intensity.bits)
    padding = np.zeros(len(stored), dtype=bool)
    path = []
    if intensity.padding is not None:
        low, high = intensity.padding
        padding = (stored >= low) & (stored <= high)
        path.append("padding")
    values = apply_modality(stored, intensity.modality)
    if isinstance(intensity.modality, Lut):
        path.append("modality-lut")
    elif intensity.modality is not None:
        path.append("rescale")
    voi = usable_voi(intensity)
    if voi is None:
        grey = stretch(values, np.where(padding, 0, counts))
        path.append("percentile")
    else:
        grey = apply_voi(values, voi)
        path.append("voi-lut" if isinstance(voi, Lut) else f"window-{voi.function.lower().replace('_', '-')}")
    if intensity.inverted:
        grey = 1 - grey
        path.append("invert")
    grey[padding] = 0
    grey[strange] = np.nan
    return grey.astype(np.float32), ">".join(path)


def masked_table(table: Table, bits: StoredBits) -> Table:
    """Table that ignores bits outside the stored ones, as PS3.5 8.1.1 asks: old files keep overlays there."""
    shift = bits.high_bit + 1 - bits.stored
    codes = np.arange(len(table))
    masked: Table = table[codes & (((1 << bits.stored) - 1) << shift)]
    return masked
