"""Files of every lossless transfer syntax, bit depth, signedness, polarity and kind of intensity, against the standard.

The reference works on one pixel at a time, with the formulas of PS3.3 C.11.1 and C.11.2 as they stand there. It knows
the pixels from their making and the header from its making, and calls nothing of the library.
"""

from collections.abc import Callable
from itertools import product
from math import exp, isnan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from codestreams import HIGH_THROUGHPUT, pattern
from pydicom import Sequence
from pydicom.dataset import FileDataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, HTJ2KLossless, ImplicitVRLittleEndian
from synthetic_dicom import LOSSLESS, encode, lut_item, radiograph, save, wrap

from cacs_cxr.imaging.decode import decode_dicom
from cacs_cxr.imaging.intensity import count_codes, lookup_table
from cacs_cxr.imaging.radiograph import read_radiograph

DEPTHS = [(8, "u"), (8, "i"), *product((10, 12, 15, 16), "ui")]
POLARITIES = ("MONOCHROME1", "MONOCHROME2")
Grey = Callable[[int], float]


def window(center: float, width: float, function: str) -> Grey:
    """Output of a window from 0 to 1 (PS3.3 C.11.2.1.2.1, C.11.2.1.3.1, C.11.2.1.3.2)."""

    def linear(value: float) -> float:
        if value <= center - 0.5 - (width - 1) / 2:
            return 0
        if value > center - 0.5 + (width - 1) / 2:
            return 1
        return (value - (center - 0.5)) / (width - 1) + 0.5

    def linear_exact(value: float) -> float:
        if value <= center - width / 2:
            return 0
        if value > center + width / 2:
            return 1
        return (value - center) / width + 0.5

    def sigmoid(value: float) -> float:
        return 1 / (1 + exp(-4 * (value - center) / width))

    return {"LINEAR": linear, "LINEAR_EXACT": linear_exact, "SIGMOID": sigmoid}[function]


def table(first: int, outputs: list[int]) -> Callable[[float], int]:
    """Output of a lookup table (PS3.3 C.11.1.1.1, C.11.2.1.1)."""

    def look_up(value: float) -> int:
        if value < first:
            return outputs[0]
        if value >= first + len(outputs):
            return outputs[-1]
        return outputs[int(value) - first]

    return look_up


def full_range(outputs: list[int], look_up: Callable[[float], int]) -> Grey:
    """A VOI LUT's outputs from its least to its greatest."""
    least, greatest = min(outputs), max(outputs)
    return lambda value: (look_up(value) - least) / (greatest - least)


def percentiles(values: list[float]) -> Grey:
    """Linear between the least values at or below which 0.5 and 99.5 per cent of the pixels lie."""
    ranked = sorted(values)

    def at(percent: float) -> float:
        return next(value for rank, value in enumerate(ranked, start=1) if 100 * rank >= percent * len(ranked))

    low, high = at(0.5), at(99.5)
    return lambda value: min(max((value - low) / (high - low), 0), 1)


def case(kind: str, *, bits: int, signedness: str, stored: list[int]) -> tuple[dict[str, Any], Grey]:
    """Elements of a header of the kind, and the grey value of a stored value under it."""
    least = -(1 << (bits - 1)) if signedness == "i" else 0
    span = 1 << bits
    middle = least + 0.45 * span
    if kind in ("LINEAR", "LINEAR_EXACT", "SIGMOID"):
        elements = {"WindowCenter": middle, "WindowWidth": span / 2, "VOILUTFunction": kind}
        return elements, window(middle, span / 2, kind)
    if kind == "negative slope":
        elements = {"RescaleSlope": -2.5, "RescaleIntercept": 7, "WindowCenter": -2.5 * middle, "WindowWidth": span}
        grey = window(-2.5 * middle, span, "LINEAR")
        return elements, lambda value: grey(-2.5 * value + 7)
    if kind == "negative slope and VOI LUT":
        # The first value mapped is negative, and stands as a signed or as the same unsigned word.
        outputs = [int(1000 * (step / 399) ** 0.5) for step in range(400)]
        elements = {
            "RescaleSlope": -1,
            "RescaleIntercept": least + 10,
            "VOILUTSequence": Sequence([lut_item(-350, outputs, entries=400, depth=10, vr="SS")]),
        }
        grey = full_range(outputs, table(-350, outputs))
        return elements, lambda value: grey(-value + least + 10)
    if kind == "modality LUT":
        outputs = [(step * step) // 64 for step in range(256)]
        first = least + span // 8
        elements = {
            "ModalityLUTSequence": Sequence([lut_item(first & 0xFFFF, outputs, entries=256, depth=16)]),
            "WindowCenter": 500,
            "WindowWidth": 900,
        }
        modality, grey = table(first, outputs), window(500, 900, "LINEAR")
        return elements, lambda value: grey(modality(value))
    if kind in ("VOI LUT, 16 bits", "VOI LUT, 8 bits", "VOI LUT, 8 bits packed"):
        entries, first = min(span, 1 << 12) - 3, least + span // 16
        greatest = 65535 if kind == "VOI LUT, 16 bits" else 255
        outputs = [round(greatest * (step / (entries - 1)) ** 2) for step in range(entries)]
        depth = 16 if greatest == 65535 else 8
        data = bytes([*outputs, *([0] * (entries % 2))]) if "packed" in kind else outputs
        items = Sequence([lut_item(first & 0xFFFF, data, entries=entries, depth=depth)])
        return {"VOILUTSequence": items}, full_range(outputs, table(first, outputs))
    if kind == "padding":
        elements = {"PixelPaddingValue": stored[7] & 0xFFFF, "WindowCenter": middle, "WindowWidth": span}
        grey = window(middle, span, "LINEAR")
        return elements, lambda value: float("nan") if value == stored[7] else grey(value)
    slope = 3 if kind == "rescale and percentiles" else 1
    elements = {"RescaleSlope": slope, "RescaleIntercept": -5} if slope == 3 else {}
    grey = percentiles([slope * value - 5 for value in stored])
    return elements, lambda value: grey(slope * value - 5)


KINDS = [
    "LINEAR",
    "LINEAR_EXACT",
    "SIGMOID",
    "negative slope",
    "negative slope and VOI LUT",
    "modality LUT",
    "VOI LUT, 16 bits",
    "VOI LUT, 8 bits",
    "VOI LUT, 8 bits packed",
    "padding",
    "percentiles",
    "rescale and percentiles",
]


def encoded(dataset: FileDataset, syntax: str) -> FileDataset:
    """The data set in a transfer syntax; packed LUT data in big-endian words where that is the syntax."""
    for item in dataset.get("VOILUTSequence", []):
        if syntax == ExplicitVRBigEndian and isinstance(item.LUTData, bytes):
            item.LUTData = np.frombuffer(item.LUTData, "<u2").astype(">u2").tobytes()
    return encode(dataset, syntax)


def check(path: Path, *, kind: str, bits: int, signedness: str, photometric: str, syntax: str) -> None:
    pixels = pattern(bits, signedness)
    # OpenJPEG compresses no image smaller than 32 x 32; the streams that nothing here can make are of 16 x 16.
    pixels = pixels if syntax == HTJ2KLossless else np.tile(pixels, (2, 2))
    stored = [int(value) for value in pixels.ravel()]
    elements, grey = case(kind, bits=bits, signedness=signedness, stored=stored)
    if signedness == "i" and "PixelPaddingValue" in elements:
        elements["PixelPaddingValue"] -= 1 << 16 if elements["PixelPaddingValue"] >= 1 << 15 else 0
    dataset = radiograph(pixels, bits_stored=bits, PhotometricInterpretation=photometric, **elements)
    if syntax == HTJ2KLossless:
        dataset = wrap(dataset, [HIGH_THROUGHPUT[f"{signedness}{bits}"]], syntax)
    else:
        dataset = encoded(dataset, syntax)
    level = {value: grey(value) for value in set(stored)}
    expected = [
        0 if isnan(level[value]) else 1 - level[value] if photometric == "MONOCHROME1" else level[value]
        for value in stored
    ]
    codes, intensity = decode_dicom(save(dataset, path))
    greys, _ = lookup_table(intensity, count_codes(codes, bits=intensity.bits))
    np.testing.assert_allclose(greys[codes].ravel(), expected, atol=1e-6, err_msg=f"{bits}{signedness} {photometric}")


@pytest.mark.parametrize("syntax", [*LOSSLESS, HTJ2KLossless], ids=lambda syntax: syntax.keyword)
def test_every_syntax_shows_every_depth_and_polarity_as_the_standard_says(tmp_path: Path, syntax: str) -> None:
    for number, ((bits, signedness), photometric) in enumerate(product(DEPTHS, POLARITIES)):
        kind = KINDS[(number + 7 * len(syntax)) % len(KINDS)]
        check(tmp_path / "a", kind=kind, bits=bits, signedness=signedness, photometric=photometric, syntax=syntax)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_intensity_is_as_the_standard_says(tmp_path: Path, kind: str) -> None:
    for (bits, signedness), photometric in product(DEPTHS, POLARITIES):
        check(
            tmp_path / "a",
            kind=kind,
            bits=bits,
            signedness=signedness,
            photometric=photometric,
            syntax=ExplicitVRLittleEndian,
        )


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian], ids=lambda syntax: syntax.keyword)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if "LUT" in kind or kind == "padding"])
def test_words_of_headers_are_read_in_every_encoding(tmp_path: Path, kind: str, syntax: str) -> None:
    for bits, signedness in ((8, "u"), (12, "i"), (16, "u")):
        check(tmp_path / "a", kind=kind, bits=bits, signedness=signedness, photometric="MONOCHROME2", syntax=syntax)


def test_the_levels_of_a_radiograph_are_the_rounded_greys(tmp_path: Path) -> None:
    pixels = pattern(12, "u")
    dataset = radiograph(pixels, bits_stored=12, WindowCenter=2000, WindowWidth=3000)
    grey = window(2000, 3000, "LINEAR")
    expected = [round(255 * grey(int(value))) for value in pixels.ravel()]
    assert read_radiograph(save(dataset, tmp_path / "a"), size=16).levels.ravel().tolist() == expected
