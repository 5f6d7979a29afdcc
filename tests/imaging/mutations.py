"""Good radiograph files of every kind, damaged in every way: the generator of the robustness tests and benchmark."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from codestreams import EXTENDED, HIGH_THROUGHPUT, pattern, smooth
from element_spans import element_spans
from PIL import Image
from pydicom import Sequence
from pydicom.uid import HTJ2KLossless, JPEGBaseline8Bit, JPEGExtended12Bit
from synthetic_dicom import LOSSLESS, encode, lut_item, radiograph, save, wrap

EVERY = 8  # one file in so many is a good one
EXTREMES = (
    0,
    1,
    2,
    3,
    7,
    8,
    0x7F,
    0x80,
    0xFF,
    0x100,
    0x7FFF,
    0x8000,
    0xFFFE,
    0xFFFF,
    0x7FFFFFFF,
    0xFFFFFFFE,
    0xFFFFFFFF,
)
Mutation = Callable[[bytes, list[bytes], np.random.Generator], bytes]


@dataclass(frozen=True)
class Example:
    """A file to read.

    Attributes:
        origin: name of the good file that it is or was.
        mutation: what was done to it; empty for a good file.
    """

    origin: str
    mutation: str
    content: bytes


def originals() -> dict[str, bytes]:
    """Good files by name: every transfer syntax with its own header, and PNG and JPEG files."""
    pixels = np.tile(pattern(12, "u"), (2, 2))
    ramp = [(step * step) // 64 for step in range(512)]
    headers: list[dict[str, Any]] = [
        {"WindowCenter": 2000, "WindowWidth": 3000, "PhotometricInterpretation": "MONOCHROME1"},
        {"VOILUTSequence": Sequence([lut_item(700, ramp, entries=512, depth=12)])},
        {"RescaleSlope": -2, "RescaleIntercept": 9000, "PixelPaddingValue": 0},
        {"ModalityLUTSequence": Sequence([lut_item(0, ramp, entries=512, depth=16)]), "WindowCenter": [1, 2]},
    ]
    files: dict[str, bytes] = {}
    with TemporaryDirectory() as folder:
        path = Path(folder, "file")
        for number, syntax in enumerate(LOSSLESS):
            dataset = radiograph(pixels, bits_stored=12, **headers[number % len(headers)])
            dataset.ViewCodeSequence = Sequence([lut_item(0, [1, 2], entries=2, depth=8)])
            files[syntax.keyword] = save(encode(dataset, syntax), path).read_bytes()
        signed = radiograph(np.tile(pattern(12, "i"), (2, 2)), bits_stored=12, WindowCenter=0, WindowWidth=4000)
        files["signed"] = save(signed, path).read_bytes()
        high = radiograph(pattern(12, "u"), bits_stored=12, WindowCenter=2000, WindowWidth=3000)
        files["HTJ2K"] = save(wrap(high, [HIGH_THROUGHPUT["u12"]], HTJ2KLossless), path).read_bytes()
        extended = radiograph(smooth(), bits_stored=12, WindowCenter=2000, WindowWidth=3000)
        files["JPEG extended"] = save(wrap(extended, [EXTENDED], JPEGExtended12Bit), path).read_bytes()
        eight = (smooth() >> 4).astype(np.uint8)
        files["JPEG"] = raster(eight, "JPEG")
        baseline = wrap(radiograph(eight, bits_stored=8), [files["JPEG"]], JPEGBaseline8Bit)
        files["JPEG baseline"] = save(baseline, path).read_bytes()
    files["PNG"] = raster(eight, "PNG")
    files["PNG of 16 bits"] = raster(pixels, "PNG")
    files["PNG of colours"] = raster(np.stack([eight, eight // 2, eight, eight], axis=-1), "PNG")
    return files


def raster(pixels: np.ndarray[Any, Any], kind: str) -> bytes:
    """A PNG or JPEG file."""
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def examples(*, count: int, seed: int) -> Iterator[Example]:
    """Damaged files, with a good one among every eight; the same for the same seed."""
    generator = np.random.default_rng(seed)
    files = originals()
    names, contents = list(files), list(files.values())
    for number in range(count):
        origin = names[generator.integers(len(names))]
        if number % EVERY == 0:
            origin = names[number // EVERY % len(names)]
            yield Example(origin, "", files[origin])
            continue
        mutation, content = "", files[origin]
        # One change in most files: several hide each other.
        for _ in range(1 + int(generator.integers(4) == 0)):
            name = list(MUTATIONS)[generator.integers(len(MUTATIONS))]
            mutation, content = f"{mutation} {name}".strip(), MUTATIONS[name](content, contents, generator)
        yield Example(origin, mutation, content)


def flip_bits(content: bytes, _others: list[bytes], generator: np.random.Generator) -> bytes:
    changed = np.frombuffer(content, np.uint8).copy()
    for place in generator.integers(0, max(len(changed), 1), generator.integers(1, 9)):
        changed[place : place + 1] ^= np.uint8(1 << generator.integers(8))
    return changed.tobytes()


def change_bytes(content: bytes, _others: list[bytes], generator: np.random.Generator) -> bytes:
    changed = bytearray(content)
    for place in generator.integers(0, max(len(changed), 1), generator.integers(1, 17)):
        changed[place : place + 1] = bytes([generator.choice([0, 0xFF, generator.integers(256)])])
    return bytes(changed)


def truncate(content: bytes, _others: list[bytes], generator: np.random.Generator) -> bytes:
    return content[: generator.integers(len(content) + 1)]


def change_length(content: bytes, _others: list[bytes], generator: np.random.Generator) -> bytes:
    """Another length of an element, in the two or the four bytes before its value."""
    spans = element_spans(content)
    if not spans:
        return change_bytes(content, [], generator)
    _, value, _ = spans[generator.integers(len(spans))]
    width = int(generator.choice([2, 4]))
    length = int(generator.choice(EXTREMES)) % (1 << (8 * width))
    return content[: value - width] + length.to_bytes(width, "little") + content[value:]


def change_value(content: bytes, _others: list[bytes], generator: np.random.Generator) -> bytes:
    """Another value of an element of the same length: extreme numbers or random bytes."""
    spans = [span for span in element_spans(content) if 0 < span[2] - span[1] <= 64]
    if not spans:
        return change_bytes(content, [], generator)
    _, start, end = spans[generator.integers(len(spans))]
    length = end - start
    extreme = (int(generator.choice(EXTREMES)) % (1 << (8 * min(length, 4)))).to_bytes(min(length, 4), "little")
    digits = b"-1e308\\NaN\\1.#INF\\99999999999999999999\\"
    value = [extreme * length, generator.bytes(length), digits * length, b"\0" * length][generator.integers(4)][:length]
    return content[:start] + value + content[end:]


def remove_element(content: bytes, _others: list[bytes], generator: np.random.Generator) -> bytes:
    spans = element_spans(content)
    if not spans:
        return truncate(content, [], generator)
    start, _, end = spans[generator.integers(len(spans))]
    return content[:start] + content[end:]


def repeat_element(content: bytes, _others: list[bytes], generator: np.random.Generator) -> bytes:
    """An element once more, at the place of another."""
    spans = element_spans(content)
    if not spans:
        return splice(content, [content], generator)
    start, _, end = spans[generator.integers(len(spans))]
    place = spans[generator.integers(len(spans))][0]
    return content[:place] + content[start:end] * int(generator.choice([1, 2, 100])) + content[place:]


def damage_pixels(content: bytes, _others: list[bytes], generator: np.random.Generator) -> bytes:
    """Some bytes among the last nine tenths of the file, where pixels and codestreams are."""
    changed = bytearray(content)
    for _ in range(generator.integers(1, 5)):
        place = int(generator.integers(len(changed) // 10, max(len(changed), 1) + 1))
        width = int(generator.integers(1, 9))
        changed[place : place + width] = generator.bytes(len(changed[place : place + width]))
    return bytes(changed)


def damage_markers(content: bytes, _others: list[bytes], generator: np.random.Generator) -> bytes:
    """Another byte in the segments after the markers of a codestream."""
    starts = [place for place in range(len(content) - 1) if content[place] == 0xFF and content[place + 1] >= 0x4F]
    if not starts:
        return damage_pixels(content, [], generator)
    place = starts[generator.integers(len(starts))] + int(generator.integers(1, 20))
    value = int(generator.choice([0, 1, 0xFF, generator.integers(256)]))
    return content[:place] + bytes([value]) + content[place + 1 :]


def splice(content: bytes, others: list[bytes], generator: np.random.Generator) -> bytes:
    """The head of one file and the tail of another."""
    other = others[generator.integers(len(others))]
    return content[: generator.integers(len(content) + 1)] + other[generator.integers(len(other) + 1) :]


def insert_bytes(content: bytes, _others: list[bytes], generator: np.random.Generator) -> bytes:
    place = int(generator.integers(len(content) + 1))
    return content[:place] + generator.bytes(int(generator.choice([1, 2, 8, 300]))) + content[place:]


def blank_range(content: bytes, _others: list[bytes], generator: np.random.Generator) -> bytes:
    place, length = int(generator.integers(len(content) + 1)), int(generator.choice([2, 16, 512]))
    return content[:place] + b"\0" * len(content[place : place + length]) + content[place + length :]


MUTATIONS: dict[str, Mutation] = {
    mutation.__name__: mutation
    for mutation in (
        flip_bits,
        change_bytes,
        truncate,
        change_length,
        change_value,
        remove_element,
        repeat_element,
        damage_pixels,
        damage_markers,
        splice,
        insert_bytes,
        blank_range,
    )
}
