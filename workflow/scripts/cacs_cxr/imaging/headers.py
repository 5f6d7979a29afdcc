"""Headers of DICOM files: read without their pixels, looked at before they are trusted, and asked for single values."""

import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from struct import unpack
from typing import Any, BinaryIO

from pydicom import dcmread
from pydicom.dataset import FileDataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from cacs_cxr.imaging.refusals import Refused
from cacs_cxr.imaging.silence import header_values_unspoken

PIXEL_TAGS = (
    "SpecificCharacterSet",
    "ImageType",
    "Modality",
    "PixelRepresentation",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "NumberOfFrames",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
)
PREAMBLE = 128
INFLATED_LIMIT = 1 << 29  # bytes of a deflated file; a few kilobytes can inflate to any size
_VALUE_REPRESENTATION = re.compile(rb"[A-Z]{2}")
_UNDEFINED = 0xFFFFFFFF
_META_BYTES = 4096  # the transfer syntax stands in the first few hundred


@dataclass(frozen=True)
class PixelElement:
    """Where the pixel data of a file lie: first byte, and bytes declared (-1: compressed, length undefined)."""

    offset: int
    length: int


@dataclass(frozen=True)
class Header:
    """A DICOM header as far as it was asked for.

    Attributes:
        pixels: None in a deflated file, whose positions mean nothing in the file.
        transfer_syntax: UID; where the file has no meta header, the one that the encoding of its elements implies.
        note: ``no-preamble`` or ``no-meta-header`` for a file that is read although it lacks one; else empty.
    """

    dataset: FileDataset
    transfer_syntax: str
    pixels: PixelElement | None
    bytes: int
    note: str


def starts_like_dicom(start: bytes) -> bool:
    """Whether the first 132 bytes are DICOM: the preamble and its mark, or else a plausible first element."""
    if start[PREAMBLE : PREAMBLE + 4] == b"DICM":
        return True
    if len(start) < 8:
        return False
    group, element, length = unpack("<HHI", start[:8])
    if group not in (0x0002, 0x0008):
        group, element, length = unpack(">HHI", start[:8])
    if group not in (0x0002, 0x0008) or element > 0x0080:
        return False
    return bool(_VALUE_REPRESENTATION.fullmatch(start[4:6])) or length <= 256


def _inflates_within_limit(file: BinaryIO) -> bool:
    """Whether the rest of a deflated file stays within the limit; found by inflating it piece by piece."""
    inflater, total = zlib.decompressobj(-zlib.MAX_WBITS), 0
    while piece := file.read(1 << 20):
        while piece:
            total += len(inflater.decompress(piece, 1 << 24))
            if total > INFLATED_LIMIT:
                return False
            piece = inflater.unconsumed_tail
    return True


def _pixel_element(file: BinaryIO, *, implicit: bool, little: bool) -> PixelElement | None:
    """Pixel data element at the file's position, where reading a header stops; None if another or none is there."""
    start, order = file.read(12), "<" if little else ">"
    if len(start) < 8 or unpack(order + "HH", start[:4]) != (0x7FE0, 0x0010):
        return None
    if not implicit and len(start) < 12:
        return None
    (length,) = unpack(order + "I", start[4:8] if implicit else start[8:12])
    offset = file.tell() - len(start) + (8 if implicit else 12)
    return PixelElement(offset, -1 if length == _UNDEFINED else length)


def read_header(path: Path, *, tags: tuple[str, ...]) -> Header:
    """Read the named elements of a DICOM file, never its pixels.

    Args:
        tags: keywords of the elements to read; all others are skipped.

    Raises:
        Refused: with its reason, where the file is no DICOM, is damaged or has no pixel data.
    """
    with header_values_unspoken():
        try:
            with path.open("rb") as file:
                return _read_open_header(file, size=path.stat().st_size, tags=tags)
        except (Refused, MemoryError):
            raise
        except OSError as error:
            raise Refused("missing-file" if isinstance(error, FileNotFoundError) else "cannot-open") from None
        except Exception:  # pydicom raises whatever the bytes happen to provoke
            raise Refused("damaged-header") from None


def _read_open_header(file: BinaryIO, *, size: int, tags: tuple[str, ...]) -> Header:
    start = file.read(PREAMBLE + 4)
    if not start:
        raise Refused("empty-file")
    if not starts_like_dicom(start):
        raise Refused("not-an-image")
    note = ""
    if start[PREAMBLE:] != b"DICM":
        note = "no-preamble"
    elif DeflatedExplicitVRLittleEndian.encode() in (meta := file.read(_META_BYTES)) and len(meta) >= 12:
        file.seek(PREAMBLE + 4 + 12 + unpack("<I", meta[8:12])[0])
        if not _inflates_within_limit(file):
            raise Refused("too-large")
    file.seek(0)
    dataset = dcmread(file, stop_before_pixels=True, force=True, specific_tags=list(tags))
    implicit, little = dataset.original_encoding
    syntax = str(dataset.file_meta.get("TransferSyntaxUID", ""))
    deflated = syntax == DeflatedExplicitVRLittleEndian
    pixels = None if deflated else _pixel_element(file, implicit=bool(implicit), little=bool(little))
    if pixels is None and not deflated:
        raise Refused("no-pixel-data")
    if not syntax:
        note = "no-meta-header"
        if pixels is not None and pixels.length == -1:
            raise Refused("no-transfer-syntax")
        explicit = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
        syntax = str(ImplicitVRLittleEndian if implicit else explicit)
    return Header(dataset=dataset, transfer_syntax=syntax, pixels=pixels, bytes=size, note=note)


def texts(dataset: Any, keyword: str) -> list[str]:
    """Values of an element as trimmed texts; empty where it is absent or cannot be read."""
    try:
        value = dataset.get(keyword)
        values = [] if value is None else [value] if isinstance(value, str) or not hasattr(value, "__iter__") else value
        return [str(item).strip(" \0\r\n\t") for item in values]
    except MemoryError:
        raise
    except Exception:  # a value converts only when asked for, and a damaged one raises anything
        return []


def text(dataset: Any, keyword: str) -> str:
    """First value of an element as trimmed text; empty where it is absent or cannot be read."""
    return next(iter(texts(dataset, keyword)), "")


def numbers(dataset: Any, keyword: str) -> list[float]:
    """Values of an element as numbers; empty where it is absent or any of them is none."""
    try:
        return [float(item) for item in texts(dataset, keyword) if item]
    except ValueError:
        return []


def integer(dataset: Any, keyword: str, *, absent: int) -> int:
    """First value of an element as an integer; `absent` where there is none."""
    found = numbers(dataset, keyword)
    return int(found[0]) if found and abs(found[0]) < 1 << 31 else absent


def items(dataset: Any, keyword: str) -> list[Any]:
    """Items of a sequence; empty where it is absent, no sequence, or cannot be read."""
    try:
        sequence = dataset.get(keyword)
        return [] if sequence is None else [item for item in sequence if hasattr(item, "get")]
    except MemoryError:
        raise
    except Exception:  # as in `texts`
        return []
