"""Files of a few kilobytes that declare gigabytes: each is refused for its reason, and none takes the memory."""

import re
import sys
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from struct import pack
from typing import Any

import numpy as np
import pytest
from lossless_jpeg import encode_lossless_jpeg
from PIL import Image
from pydicom import Sequence
from pydicom.dataset import FileDataset
from pydicom.uid import (
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    RLELossless,
)
from synthetic_dicom import encode, lut_item, radiograph, save, wrap

from cacs_cxr.imaging.guard import Lost, guarded
from cacs_cxr.imaging.radiograph import read_radiograph

PIXELS = np.arange(64 * 40, dtype=np.uint16).reshape(64, 40)
GIANT = {"Rows": 10_000, "Columns": 10_000}
STATUS = Path("/proc/self/status")
LARGEST = 64  # megabytes


def read_and_measure(*, path: Path) -> tuple[str, float]:
    """Reason of a refusal, and megabytes by which the process grew meanwhile at its peak."""
    if STATUS.exists():
        Path("/proc/self/clear_refs").write_text("5")
    before = resident()
    reason = read_radiograph(path, size=16).reason
    return reason, resident() - before


def resident() -> float:
    found = re.search(r"VmHWM:\s+(\d+)", STATUS.read_text()) if STATUS.exists() else None
    return int(found[1]) / 1024 if found else 0


def plain(**elements: Any) -> FileDataset:
    return radiograph(PIXELS, bits_stored=12, **elements)


def compressed(codestream: bytes, syntax: str, **elements: Any) -> FileDataset:
    return wrap(plain(**elements), [codestream], syntax)


def jpeg_2000(*, rows: int, columns: int, tile: int) -> bytes:
    """A codestream whose main header declares another size than its few data have."""
    stream = bytearray(encode(plain(), JPEG2000Lossless).PixelData[16:])
    stream[8:16], stream[24:32] = pack(">II", columns, rows), pack(">II", tile, tile)
    return bytes(stream)


def small_precincts() -> bytes:
    """A giant of precincts of two by two pixels, for each of which a decoder keeps a record."""
    stream = jpeg_2000(rows=10_000, columns=10_000, tile=10_000)
    style = stream.index(b"\xff\x52")
    length, body = 12, bytearray(stream[style + 4 : style + 14])
    body[0] |= 1
    precincts = bytes([0x11] * (body[5] + 1))
    body_end = style + 2 + length
    return stream[: style + 2] + pack(">H", length + len(precincts)) + bytes(body) + precincts + stream[body_end:]


def lossless_jpeg(*, rows: int, columns: int) -> bytes:
    stream = bytearray(encode_lossless_jpeg(PIXELS, precision=12))
    frame = stream.index(b"\xff\xc3")
    stream[frame + 5 : frame + 9] = pack(">HH", rows, columns)
    return bytes(stream)


def baseline_jpeg(*, rows: int, columns: int, progressive: bool = False) -> bytes:
    buffer = BytesIO()
    Image.fromarray(np.zeros((64, 40), np.uint8)).save(buffer, "JPEG", progressive=progressive)
    stream = bytearray(buffer.getvalue())
    frame = stream.index(b"\xff\xc2" if progressive else b"\xff\xc0")
    stream[frame + 5 : frame + 9] = pack(">HH", rows, columns)
    return bytes(stream)


def run_lengths(runs: int) -> bytes:
    """An RLE frame of two segments of runs of 128 zeros."""
    segment = b"\x81\0" * runs
    return pack("<16I", 2, 64, 64 + len(segment), *[0] * 13) + segment + segment


def with_element(path: Path, tag: int, representation: str, length: int, value: bytes) -> Path:
    """A file with an element of that length before its pixels, whatever the value's length is."""
    whole = save(plain(), path).read_bytes()
    place = whole.rindex(b"\xe0\x7f\x10\0OW")
    head = pack("<HH", tag >> 16, tag & 0xFFFF) + representation.encode() + b"\0\0" + pack("<I", length)
    path.write_bytes(whole[:place] + head + value + whole[place:])
    return path


def png_with(path: Path, name: bytes, data: bytes, *, length: int | None = None) -> Path:
    """A small PNG file with a further chunk after its header, of the data's length or another."""
    buffer = BytesIO()
    Image.fromarray(np.zeros((64, 40), np.uint8)).save(buffer, "PNG")
    chunk = pack(">I", len(data) if length is None else length) + name + data + pack(">I", zlib.crc32(name + data))
    path.write_bytes(buffer.getvalue()[:33] + chunk + buffer.getvalue()[33:])
    return path


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


NESTED = b"\xfe\xff\x00\xe0\xff\xff\xff\xff\x28\x00\x10\x30SQ\0\0\xff\xff\xff\xff"
BOMB = zlib.compress(bytes(1 << 27))
FILES: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "rows and columns": ("too-large", lambda p: save(plain(Rows=65535, Columns=65535), p)),
    "JPEG 2000 in its codestream": (
        "size-mismatch",
        lambda p: save(compressed(jpeg_2000(rows=65535, columns=65535, tile=65535), JPEG2000Lossless), p),
    ),
    "JPEG 2000 without data": (
        "damaged-pixels",
        lambda p: save(compressed(jpeg_2000(rows=10_000, columns=10_000, tile=10_000), JPEG2000Lossless, **GIANT), p),
    ),
    "JPEG 2000 of missing tiles": (
        "truncated",
        lambda p: save(compressed(jpeg_2000(rows=10_000, columns=10_000, tile=100), JPEG2000Lossless, **GIANT), p),
    ),
    "JPEG 2000 of tiles of a pixel": (
        "damaged-pixels",
        lambda p: save(compressed(jpeg_2000(rows=10_000, columns=10_000, tile=1), JPEG2000Lossless, **GIANT), p),
    ),
    "JPEG 2000 of small precincts": (
        "damaged-pixels",
        lambda p: save(compressed(small_precincts(), JPEG2000Lossless, **GIANT), p),
    ),
    "lossless JPEG in its codestream": (
        "size-mismatch",
        lambda p: save(compressed(lossless_jpeg(rows=65535, columns=65535), JPEGLosslessSV1), p),
    ),
    "lossless JPEG without data": (
        "truncated",
        lambda p: save(compressed(lossless_jpeg(rows=10_000, columns=10_000), JPEGLosslessSV1, **GIANT), p),
    ),
    "baseline JPEG without data": (
        "truncated",
        lambda p: save(compressed(baseline_jpeg(rows=10_000, columns=10_000), JPEGBaseline8Bit, **GIANT), p),
    ),
    "progressive JPEG": (
        "unsupported-syntax",
        lambda p: save(
            compressed(baseline_jpeg(rows=10_000, columns=10_000, progressive=True), JPEGBaseline8Bit, **GIANT), p
        ),
    ),
    "run lengths beyond any image": ("too-large", lambda p: save(compressed(run_lengths(600_000), RLELossless), p)),
    "run lengths beyond the image": ("", lambda p: save(compressed(run_lengths(250_000), RLELossless), p)),
    "items without end": (
        "too-large",
        lambda p: save(wrap(plain(), [b""] * 100_000, JPEGLosslessSV1), p),
    ),
    "LUT data beyond their entries": (
        "",
        lambda p: save(plain(VOILUTSequence=Sequence([lut_item(0, bytes(1 << 22), entries=4096, depth=16)])), p),
    ),
    "many LUTs": (
        "",
        lambda p: save(plain(VOILUTSequence=Sequence([lut_item(0, b"\1\0\2\0", entries=2, depth=16)] * 3000)), p),
    ),
    "sequences in sequences": (
        "damaged-header",
        lambda p: with_element(p, 0x00283010, "SQ", 0xFFFFFFFF, NESTED * 5000),
    ),
    "PNG of 65,535 pixels": ("too-large", lambda p: written(p, giant_png())),
    "PNG with compressed text": ("damaged-pixels", lambda p: png_with(p, b"zTXt", b"Comment\0\0" + BOMB)),
    "PNG with international text": ("damaged-pixels", lambda p: png_with(p, b"iTXt", b"Comment\0\1\0\0\0" + BOMB)),
    "PNG with a profile": ("damaged-pixels", lambda p: png_with(p, b"iCCP", b"profile\0\0" + BOMB)),
    "PNG with a chunk of two gigabytes": ("damaged-pixels", lambda p: png_with(p, b"tEXt", b"", length=0x7FFFFFFF)),
    "PNG with more pixels than it has": ("", lambda p: png_with(p, b"IDAT", BOMB)),
    "JPEG of 65,500 pixels": ("too-large", lambda p: written(p, baseline_jpeg(rows=65_500, columns=65_500))),
    "JPEG without data": ("truncated", lambda p: written(p, baseline_jpeg(rows=10_000, columns=10_000))),
}


def giant_png() -> bytes:
    buffer = BytesIO()
    Image.fromarray(np.zeros((64, 40), np.uint8)).save(buffer, "PNG")
    whole = bytearray(buffer.getvalue())
    whole[16:24] = pack(">II", 65535, 65535)
    whole[29:33] = pack(">I", zlib.crc32(whole[12:29]))
    return bytes(whole)


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, float] | Lost]:
    folder = tmp_path_factory.mktemp("files")
    paths = [make(folder / str(number)) for number, (_, make) in enumerate(FILES.values())]
    calls = [{"path": path} for path in paths]
    return dict(zip(FILES, guarded(read_and_measure, calls, seconds=30, memory_bytes=1 << 30), strict=True))


@pytest.mark.parametrize("name", FILES)
def test_what_a_file_declares_is_refused_without_its_memory(
    name: str, answers: dict[str, tuple[str, float] | Lost]
) -> None:
    answer = answers[name]
    assert not isinstance(answer, Lost), answer
    reason, megabytes = answer
    assert reason == FILES[name][0]
    assert megabytes < LARGEST


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux only")
def test_the_limit_of_memory_holds_for_an_image_that_is_read(tmp_path: Path) -> None:
    path = save(radiograph(np.zeros((4000, 4000), np.uint16), bits_stored=12), tmp_path / "a")
    calls = [{"path": path}]
    assert list(guarded(read_and_measure, calls, seconds=30, memory_bytes=1 << 24)) == [Lost("out-of-memory")]
    (answer,) = guarded(read_and_measure, calls, seconds=30, memory_bytes=1 << 28)
    assert not isinstance(answer, Lost)
    assert answer[0] == ""
