"""Headers of DICOM files: read without their pixels, looked at before they are trusted, and asked for single values."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial
from itertools import count
from mmap import ACCESS_READ, mmap
from pathlib import Path
from struct import unpack
from typing import Any, BinaryIO

from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset, read_partial
from pydicom.tag import BaseTag, Tag
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from cacs_cxr.imaging.file_start import (
    PREAMBLE,
    inflates_within,
    may_inflate_beyond,
    plain_transfer_syntax,
    starts_like_dicom,
)
from cacs_cxr.imaging.refusals import Refused, refusal_by_system
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
INFLATED_LIMIT = 1 << 28  # bytes of a deflated file: those of the largest image, and more
_UNDEFINED = 0xFFFFFFFF
_ELEMENT_LIMIT = 20_000  # before the pixels; real headers have some hundreds
_TEXT_LIMIT = 1 << 16  # bytes of an element whose value is asked for; as numbers of Python they take a hundredfold
_PIXEL_ELEMENTS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})  # float, double float and integer pixels
_ASCII = frozenset({"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "SH", "TM", "UI"})
_PADDING = " \0\r\n\t"


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

    dataset: Dataset
    transfer_syntax: str
    pixels: PixelElement | None
    bytes: int
    note: str


def _pixel_element(file: BinaryIO, *, little: bool) -> PixelElement | None:
    """Pixel data element at the file's position, where reading a header stops; None if another or none is there.

    Its own bytes tell whether it names its value representation: no even length reads as one of these.
    """
    start, order = file.read(12), "<" if little else ">"
    if len(start) < 8 or unpack(order + "HH", start[:4]) != (0x7FE0, 0x0010):
        return None
    explicit = start[4:6] in (b"OW", b"OB", b"UN")
    if explicit and len(start) < 12:
        return None
    (length,) = unpack(order + "I", start[8:12] if explicit else start[4:8])
    offset = file.tell() - len(start) + (12 if explicit else 8)
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
                return parse_header(file, tags=tags)
        except OSError as error:
            raise refusal_by_system(error) from None


def parse_header(file: BinaryIO, *, tags: tuple[str, ...]) -> Header:
    """As `read_header`, of a file that is open; the caller enters `header_values_unspoken`, once for many files.

    Raises:
        Refused: as `read_header`.
        OSError: the file cannot be read.
    """
    try:
        size = os.fstat(file.fileno()).st_size
        if not size:
            raise Refused("empty-file")
        # Mapped: reading a file takes the memory that a length asks for, before it finds that the file is shorter.
        with mmap(file.fileno(), 0, access=ACCESS_READ) as content:
            return _parse(content, size=size, tags=tags)
    except (Refused, MemoryError):
        raise
    except OSError as error:
        # Without a number it is not the system's: pydicom raises it for damage as well.
        if error.errno is None:
            raise Refused("damaged-header") from None
        raise
    except Exception:  # pydicom raises whatever the bytes happen to provoke
        raise Refused("damaged-header") from None


def _parse(file: Any, *, size: int, tags: tuple[str, ...]) -> Header:
    start = file.read(PREAMBLE + 4)
    if not starts_like_dicom(start):
        raise Refused("not-an-image")
    marked = start[PREAMBLE:] == b"DICM"
    file.seek(len(start) if marked else 0)
    syntax = plain_transfer_syntax(file)
    at_pixels = partial(_at_pixels, count(1))
    if syntax and syntax != DeflatedExplicitVRLittleEndian:
        dataset = read_dataset(
            file,
            is_implicit_VR=syntax == ImplicitVRLittleEndian,
            is_little_endian=syntax != ExplicitVRBigEndian,
            stop_when=at_pixels,
            specific_tags=list(_numbers_of(tags)),
        )
    else:
        # Where the meta header is unusual, pydicom finds the transfer syntax; a small file cannot inflate too far.
        limit = INFLATED_LIMIT
        too_large = not inflates_within(file, limit) if syntax else may_inflate_beyond(file, limit, size=size)
        if too_large:
            raise Refused("too-large")
        file.seek(0)
        dataset = read_partial(file, stop_when=at_pixels, force=True, specific_tags=list(_numbers_of(tags)))
        syntax = str(dataset.file_meta.get("TransferSyntaxUID", ""))
    implicit, little = dataset.original_encoding
    deflated = syntax == DeflatedExplicitVRLittleEndian
    pixels = None if deflated else _pixel_element(file, little=bool(little))
    if pixels is None and not deflated:
        raise Refused("no-pixel-data")
    note = "" if marked else "no-preamble"
    if not syntax:
        note = "no-meta-header"
        if pixels is not None and pixels.length == -1:
            raise Refused("no-transfer-syntax")
        explicit = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
        syntax = str(ImplicitVRLittleEndian if implicit else explicit)
    return Header(dataset=dataset, transfer_syntax=syntax, pixels=pixels, bytes=size, note=note)


def _at_pixels(numbers: Iterator[int], tag: int, _representation: str | None, _length: int) -> bool:
    if next(numbers) > _ELEMENT_LIMIT:
        raise Refused("damaged-header")
    return tag in _PIXEL_ELEMENTS


@cache
def _numbers_of(keywords: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(_dictionary_entry(keyword)[0] for keyword in keywords)


@cache
def _dictionary_entry(keyword: str) -> tuple[BaseTag, str]:
    """Tag and value representation of a keyword in the data dictionary (PS3.6)."""
    tag = Tag(keyword)
    return tag, dictionary_VR(tag)


def _plain_texts(raw: RawDataElement, representation: str) -> list[str] | None:
    """Values of an element whose bytes need no character set: ASCII text or 16-bit numbers; None of any other.

    pydicom's conversion gives the same texts and takes some ten times as long.
    """
    value = raw.value
    if not value:
        return []
    if raw.VR not in (None, representation):
        return None
    if representation in _ASCII:
        if not value.isascii() or b"\x1b" in value:
            return None
        return [item.strip(_PADDING) for item in value.decode("ascii").split("\\")]
    if representation == "US" and not len(value) % 2:
        return [str(number) for number in unpack(f"{'<' if raw.is_little_endian else '>'}{len(value) // 2}H", value)]
    return None


def texts(dataset: Any, keyword: str) -> list[str]:
    """Values of an element as trimmed texts; empty where it is absent or cannot be read."""
    try:
        tag, representation = _dictionary_entry(keyword)
        element = dataset.get_item(tag, keep_deferred=True)
        if element is None:
            return []
        if isinstance(element, RawDataElement) and element.value and len(element.value) > _TEXT_LIMIT:
            return []
        if isinstance(element, RawDataElement) and (plain := _plain_texts(element, representation)) is not None:
            return plain
        value = dataset[tag].value
        values = [] if value is None else [value] if isinstance(value, str) or not hasattr(value, "__iter__") else value
        return [str(item).strip(_PADDING) for item in values]
    except MemoryError:
        raise
    except Exception:  # a value converts only when asked for, and a damaged one raises anything
        return []


def text(dataset: Any, keyword: str) -> str:
    """First value of an element as trimmed text; empty where it is absent or cannot be read."""
    found = texts(dataset, keyword)
    return found[0] if found else ""


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
