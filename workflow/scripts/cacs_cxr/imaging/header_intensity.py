"""The intensity transformations that a DICOM header declares, damaged parts left out."""

from itertools import islice
from struct import unpack_from
from typing import Any, Literal

import numpy as np

from cacs_cxr.imaging.admission import PixelFormat
from cacs_cxr.imaging.headers import Header, integer, items, numbers, text
from cacs_cxr.imaging.intensity import Intensity, Lut, Rescale, StoredBits, Window, code_values

TAGS = (
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
    "ModalityLUTSequence",
    "RescaleIntercept",
    "RescaleSlope",
    "VOILUTSequence",
    "WindowCenter",
    "WindowWidth",
    "VOILUTFunction",
)
_FUNCTIONS: dict[str, Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"]] = {
    "": "LINEAR",
    "LINEAR": "LINEAR",
    "LINEAR_EXACT": "LINEAR_EXACT",
    "SIGMOID": "SIGMOID",
}
_OFFERED = 16  # VOI transformations of each kind that are looked at
_GREATEST_LUT = 1 << 16  # entries


def declared_intensity(header: Header, form: PixelFormat) -> Intensity:
    """Intensity transformations of a header, in the order of preference: VOI LUTs before windows, first ones first."""
    dataset = header.dataset
    little = bool(dataset.original_encoding[1])
    stored, _ = code_values(form.bits)
    modality = _modality(dataset, least_input=int(stored.min()), little=little)
    least = _least_output(modality, low=int(stored.min()), high=int(stored.max()))
    offered = items(dataset, "VOILUTSequence")[:_OFFERED]
    luts = [read_lut(item, least_input=least, little=little) for item in offered]
    return Intensity(
        bits=form.bits,
        padding=_padding(dataset, form.bits),
        modality=modality,
        voi=(*(lut for lut in luts if lut is not None), *_windows(dataset)),
        inverted=form.inverted,
    )


def read_lut(item: Any, *, least_input: float, little: bool) -> Lut | None:
    """Lookup table of a sequence item; None where descriptor or data make none.

    Args:
        item: holds LUTDescriptor and LUTData.
        least_input: least value that can reach the LUT: below 0, the first value mapped is a signed number.
        little: byte order of the data where they are bytes.
    """
    descriptor = _descriptor(item.get_item("LUTDescriptor"), little=little)
    if len(descriptor) != 3:
        return None
    # The number of entries is unsigned whatever the VR says, and 0 stands for 65,536 (PS3.3 C.11.1.1).
    entries, first, depth = (descriptor[0] & 0xFFFF) or _GREATEST_LUT, descriptor[1], descriptor[2]
    if first >= 1 << 15 and least_input < 0:
        first -= 1 << 16
    # As it stands in the file: pydicom would make a Python number of each entry of whatever length there is.
    data = item.get_item("LUTData")
    values = _lut_values(None if data is None else data.value, entries=entries, depth=depth, little=little)
    return None if len(values) == 0 else Lut(first=first, values=values)


def _descriptor(element: Any, *, little: bool) -> tuple[int, ...]:
    """Numbers of a LUT descriptor: 16-bit words, of which the second may be signed; none where it holds others."""
    if element is None or element.VR not in (None, "US", "SS", "US or SS", "UN"):
        return ()
    if not isinstance(element.value, bytes):
        return tuple(element.value)
    order, first = "<" if little else ">", "h" if element.VR == "SS" else "H"
    return unpack_from(f"{order}H{first}H", element.value) if len(element.value) >= 6 else ()


def _lut_values(data: Any, *, entries: int, depth: int, little: bool) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Unsigned outputs of a LUT from bytes or integers; 8-bit outputs may stand one or two to a 16-bit word."""
    if data is None:
        return np.empty(0, dtype=np.int64)
    if isinstance(data, bytes):
        whole = min(len(data) // 2, entries)
        words = np.frombuffer(data, dtype="<u2" if little else ">u2", count=whole).astype(np.int64)
    else:
        words = np.atleast_1d(np.asarray(data, dtype=np.int64)) & 0xFFFF
    if depth <= 8 and len(words) < entries and len(words) == (entries + 1) // 2:
        words = np.stack([words & 0xFF, words >> 8], axis=1).ravel()
    return words[:entries]


def _modality(dataset: Any, *, least_input: int, little: bool) -> Lut | Rescale | None:
    for item in items(dataset, "ModalityLUTSequence"):
        if (lut := read_lut(item, least_input=least_input, little=little)) is not None:
            return lut
    slope, intercept = (numbers(dataset, keyword) for keyword in ("RescaleSlope", "RescaleIntercept"))
    rescale = Rescale(slope=next(iter(slope), 1.0), intercept=next(iter(intercept), 0.0))
    usable = np.isfinite([rescale.slope, rescale.intercept]).all() and rescale.slope != 0
    return rescale if usable and rescale != Rescale(1.0, 0.0) else None


def _least_output(modality: Lut | Rescale | None, *, low: int, high: int) -> float:
    if isinstance(modality, Lut):
        return float(modality.values.min())
    if modality is None:
        return low
    return min(low * modality.slope, high * modality.slope) + modality.intercept


def _windows(dataset: Any) -> list[Window]:
    function = _FUNCTIONS.get(text(dataset, "VOILUTFunction").upper(), "LINEAR")
    pairs = zip(numbers(dataset, "WindowCenter"), numbers(dataset, "WindowWidth"), strict=False)
    return [Window(center, width, function) for center, width in islice(pairs, _OFFERED)]


def _padding(dataset: Any, bits: StoredBits) -> tuple[int, int] | None:
    """Lowest and highest padding value, read in the signedness of the pixels whatever the VR was."""
    first = integer(dataset, "PixelPaddingValue", absent=1 << 20)
    if first == 1 << 20:
        return None
    last = integer(dataset, "PixelPaddingRangeLimit", absent=first)
    span = 1 << bits.allocated
    values = [value % span for value in (first, last)]
    if bits.signed:
        values = [value - span if value >= span // 2 else value for value in values]
    return min(values), max(values)
