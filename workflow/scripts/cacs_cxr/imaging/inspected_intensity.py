"""What the study makes of an image's grey values, step by step: bits, polarity, padding, modality, windows and LUTs."""

from collections.abc import Iterator

from cacs_cxr.imaging.admission import PixelFormat
from cacs_cxr.imaging.header_intensity import declared_intensity
from cacs_cxr.imaging.headers import Header, items
from cacs_cxr.imaging.inspected_header import ABSENT, Step, number_text, presence
from cacs_cxr.imaging.intensity import (
    HIGH_PERCENT,
    LOW_PERCENT,
    Intensity,
    Lut,
    Rescale,
    Window,
    code_values,
    is_usable,
    usable_voi,
)


def tell_pixels(header: Header, form: PixelFormat) -> Iterator[Step]:
    """Steps of the topic ``pixels``: how a stored value lies in its bits, and which end is white."""
    dataset, bits = header.dataset, form.bits
    yield Step("pixels", "BitsAllocated", number_text(dataset, "BitsAllocated"), f"{bits.allocated} bits a pixel")
    yield Step("pixels", "BitsStored", number_text(dataset, "BitsStored"), f"{bits.stored} of them hold the value")
    yield Step("pixels", "HighBit", number_text(dataset, "HighBit"), f"bit {bits.high_bit} is the highest of these")
    values, _ = code_values(bits)
    sign = "signed" if bits.signed else "unsigned"
    range_text = f"{sign}: values {int(values.min()):,} to {int(values.max()):,}"
    yield Step("pixels", "PixelRepresentation", number_text(dataset, "PixelRepresentation"), range_text)
    white = "low" if form.inverted else "high"
    step = "inverted at the end" if form.inverted else "not inverted"
    name = "MONOCHROME1" if form.inverted else "MONOCHROME2"
    yield Step("pixels", "PhotometricInterpretation", name, f"{white} values are white: {step}")


def tell_intensity(header: Header, form: PixelFormat) -> Iterator[Step]:
    """Steps of the topic ``intensity``, in the order in which they are applied."""
    dataset, intensity = header.dataset, declared_intensity(header, form)
    padding = intensity.padding
    decision = f"values {padding[0]:,} to {padding[1]:,} become black" if padding else "none"
    yield Step("intensity", "PixelPaddingValue", number_text(dataset, "PixelPaddingValue"), decision)
    limit = number_text(dataset, "PixelPaddingRangeLimit")
    yield Step("intensity", "PixelPaddingRangeLimit", limit, "the other end of these values" if padding else "")
    yield from _tell_modality(header, intensity)
    yield from _tell_voi(header, intensity)


def _tell_modality(header: Header, intensity: Intensity) -> Iterator[Step]:
    dataset, modality = header.dataset, intensity.modality
    offered = len(items(dataset, "ModalityLUTSequence"))
    if isinstance(modality, Lut):
        yield Step("intensity", "ModalityLUTSequence", lut_text(modality), "applied; slope and intercept are not")
    else:
        decision = "none of them is a table; not applied" if offered else ""
        yield Step("intensity", "ModalityLUTSequence", f"{offered} items" if offered else ABSENT, decision)
    for keyword in ("RescaleSlope", "RescaleIntercept"):
        yield Step("intensity", keyword, number_text(dataset, keyword), _rescale_decision(modality))


def _rescale_decision(modality: Rescale | Lut | None) -> str:
    if isinstance(modality, Lut):
        return "not applied: a modality LUT goes before"
    if modality is None:
        return "changes nothing"
    turned = ", which turns the polarity" if modality.slope < 0 else ""
    return f"value × {modality.slope:.6g} + {modality.intercept:.6g}{turned}"


def _tell_voi(header: Header, intensity: Intensity) -> Iterator[Step]:
    dataset, taken = header.dataset, usable_voi(intensity)
    luts = [voi for voi in intensity.voi if isinstance(voi, Lut)]
    windows = [voi for voi in intensity.voi if isinstance(voi, Window)]
    offered = len(items(dataset, "VOILUTSequence"))
    if not luts:
        decision = "none of them is a table" if offered else ""
        yield Step("intensity", "VOILUTSequence", f"{offered} items" if offered else ABSENT, decision)
    for lut in luts:
        yield Step("intensity", "VOILUTSequence", lut_text(lut), _voi_decision(lut, taken))
    if not windows:
        yield Step("intensity", "WindowCenter", number_text(dataset, "WindowCenter"), "")
        yield Step("intensity", "WindowWidth", number_text(dataset, "WindowWidth"), "")
    for window in windows:
        found = f"centre {window.center:.6g}, width {window.width:.6g}, {window.function}"
        yield Step("intensity", "WindowCenter, WindowWidth", found, _voi_decision(window, taken))
    if windows:
        given = presence(dataset, "VOILUTFunction")
        yield Step("intensity", "VOILUTFunction", given, f"read as {windows[0].function}")
    if taken is None:
        decision = f"from percentile {LOW_PERCENT:g} to {HIGH_PERCENT:g} of the pixels, padding left out"
        yield Step("intensity", "no usable VOI LUT or window", "", decision)


def _voi_decision(voi: Window | Lut, taken: Window | Lut | None) -> str:
    if voi is taken:
        return "taken: the first that is usable, LUTs before windows"
    return "not taken: another goes before" if is_usable(voi) else "not usable"


def lut_text(lut: Lut) -> str:
    """Size and ranges of a lookup table."""
    low, high = int(lut.values.min()), int(lut.values.max())
    return f"{len(lut.values):,} entries from input {lut.first:,} on, outputs {low:,} to {high:,}"
