"""What a compressed image says of itself, read from its markers without decoding it."""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import unpack_from
from typing import Literal

from cacs_cxr.imaging.refusals import Refused

_JPEG_START, _JPEG2000_START, _JP2_SIGNATURE = b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0cjP  "
_END = b"\xff\xd9"
_FRAMES: dict[int, Literal["dct", "lossless", "jpeg-ls"]] = {
    0xC0: "dct",
    0xC1: "dct",
    0xC3: "lossless",
    0xF7: "jpeg-ls",
}
_OTHER_FRAMES = {0xC2, *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)}
_SCAN, _COMMENT = 0xDA, 0xFE
_CODING_STYLE, _TILE_PART = 0xFF52, 0xFF90
_LONGEST_STYLE = 45  # bytes
_SEARCHED = 1 << 16
_PADDING = 4096  # zero bytes that may follow the end marker
_TILE_LIMIT = 1 << 14  # tiles of 64 x 64 pixels in the largest detectors are some 5,000
_PRECINCT_LIMIT = 1 << 18  # precincts of 32 x 32 pixels in the greatest image admitted are some 130,000
# Bits of the shortest code of a DCT block (8 x 8 pixels) and of a lossless pixel, as parts of a pixel's byte.
_LEAST_BYTES = {"dct": 1 / 256, "lossless": 1 / 8}


@dataclass(frozen=True)
class Codestream:
    """The form that a JPEG (ISO 10918-1), JPEG-LS (ISO 14495-1) or JPEG 2000 (ISO 15444-1, -15) image declares.

    Attributes:
        kind: ``dct`` (baseline and extended), ``lossless``, ``jpeg-ls``, ``jpeg-2000`` (with HTJ2K), or ``other``: a
            coding that no DICOM transfer syntax in use has (progressive, hierarchical, arithmetic).
        samples: of a pixel; 1 is grey.
        precision: bits of a sample.
    """

    kind: Literal["dct", "lossless", "jpeg-ls", "jpeg-2000", "other"]
    rows: int
    columns: int
    samples: int
    precision: int


def describe(codestream: bytes) -> Codestream | None:
    """Form of a compressed image; None where it declares none, or one that is impossible.

    A decoder allocates what the codestream declares, whatever the header says: it is compared before decoding.
    """
    if codestream.startswith(_JPEG2000_START):
        return _describe_jpeg2000(codestream)
    if codestream.startswith(_JPEG_START):
        return _describe_jpeg(codestream)
    return None


def without_box(content: bytes) -> bytes:
    """JPEG 2000 codestream of a JP2 file, which DICOM does not allow but some writers store; others as they are."""
    if not content.startswith(_JP2_SIGNATURE):
        return content
    return content[max(content.find(_JPEG2000_START, 0, _SEARCHED), 0) :]


def without_remarks(codestream: bytes) -> bytes:
    """JPEG image without application and comment segments, of which some make GDCM abort the process.

    Raises:
        Refused: segments that do not follow each other up to the scan; GDCM aborts on these too.
    """
    kept, dropped = [codestream[:2]], False
    for marker, start, end in _jpeg_segments(codestream):
        if marker == _SCAN:
            return b"".join([*kept, codestream[start:]]) if dropped else codestream
        if 0xE0 <= marker <= 0xEF or marker == _COMMENT:
            dropped = True
        else:
            kept.append(codestream[start:end])
    raise Refused("damaged-pixels")


def without_trailing_comment(codestream: bytes) -> bytes:
    """JPEG 2000 image without the comment that Canon's detectors put behind its last tile, where none is allowed."""
    _, end = _tile_parts(codestream)
    return codestream[:end] + _END if codestream.startswith(b"\xff\x64", end) else codestream


def starts_codestream(fragment: bytes) -> bool:
    """Whether a fragment is the first of a JPEG, JPEG-LS or JPEG 2000 image."""
    return fragment.startswith((_JPEG_START, _JPEG2000_START, _JP2_SIGNATURE))


def ended(codestream: bytes) -> bytes:
    """The codestream with the end marker that some writers leave out."""
    return codestream if is_ended(codestream) else codestream + _END


def is_ended(codestream: bytes) -> bool:
    """Whether the end marker stands at the end, padding aside; JPEG and JPEG 2000 share it."""
    return codestream[-_PADDING:].rstrip(b"\0").endswith(_END)


def is_too_short(codestream: bytes, form: Codestream) -> bool:
    """Whether a codestream cannot hold its image, as decoders do not tell: too few bytes, or tiles that are missing."""
    if form.kind == "jpeg-2000":
        return _misses_tiles(codestream)
    return len(codestream) < _LEAST_BYTES.get(form.kind, 0) * form.rows * form.columns


def _jpeg_segments(codestream: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, first byte and end of the segments of a JPEG image, up to the first scan (ISO 10918-1 B.1.1)."""
    position = 2
    while position + 4 <= len(codestream) and codestream[position] == 0xFF:
        marker, start = codestream[position + 1], position
        if marker == 0xFF:  # fills up to the next marker
            position += 1
            continue
        if marker < 0xC0:  # none but reserved ones
            return
        bare = 0xD0 <= marker <= 0xD8
        position += 2 if bare else 2 + unpack_from(">H", codestream, position + 2)[0]
        yield marker, start, position
        if marker == _SCAN:
            return


def _describe_jpeg(codestream: bytes) -> Codestream | None:
    """Frame header of ISO 10918-1 B.2.2."""
    for marker, start, _ in _jpeg_segments(codestream):
        if (marker in _FRAMES or marker in _OTHER_FRAMES) and start + 10 <= len(codestream):
            precision, rows, columns, samples = unpack_from(">BHHB", codestream, start + 4)
            return Codestream(_FRAMES.get(marker, "other"), rows, columns, samples, precision)
    return None


def _describe_jpeg2000(codestream: bytes) -> Codestream | None:
    """Image and tile sizes of ISO 15444-1 A.5.1, unless its tiles or precincts are too many to be meant."""
    if len(codestream) < 45:
        return None
    right, bottom, left, top, tile_columns, tile_rows, tile_left, tile_top = unpack_from(">8I", codestream, 8)
    samples, depth, step_columns, step_rows = unpack_from(">HBBB", codestream, 40)
    if (step_columns, step_rows) != (1, 1) or min(tile_columns, tile_rows) == 0 or right <= left or bottom <= top:
        return None
    if tile_left > left or tile_top > top or _tiles(codestream) > _TILE_LIMIT:
        return None
    rows, columns = bottom - top, right - left
    for marker, position in _main_segments(codestream):
        style = codestream[position + 4 : position + 2 + _LONGEST_STYLE]
        if marker == _CODING_STYLE and _precincts(style, rows, columns) > _PRECINCT_LIMIT:
            return None
    return Codestream("jpeg-2000", rows, columns, samples, (depth & 0x7F) + 1)


def _tiles(codestream: bytes) -> int:
    right, bottom, _, _, columns, rows, left, top = unpack_from(">8I", codestream, 8)
    return int(-((left - right) // columns) * -((top - bottom) // rows))


def _main_segments(codestream: bytes) -> Iterator[tuple[int, int]]:
    """Marker and position of the segments of a JPEG 2000 main header, up to the first tile-part."""
    position = 2
    while position + 4 <= len(codestream):
        marker, length = unpack_from(">HH", codestream, position)
        yield marker, position
        if marker == _TILE_PART or marker < 0xFF00 or length < 2:
            return
        position += 2 + length


def _precincts(style: bytes, rows: int, columns: int) -> int:
    """Number of precincts of all resolutions by a coding style (ISO 15444-1 A.6.1, B.6); 0 where it names none."""
    if len(style) < 10 or not style[0] & 1:
        return 0
    levels, exponents = style[5], style[10:]
    total = 0
    for resolution, exponent in enumerate(exponents[: levels + 1]):
        across, down = (levels - resolution + part for part in (exponent & 15, exponent >> 4))
        total += -(-columns >> across) * -(-rows >> down)
    return total


def _misses_tiles(codestream: bytes) -> bool:
    found, end = _tile_parts(codestream)
    followed = end >= len(codestream) or codestream.startswith(_END, end)
    return followed and len(found) < _tiles(codestream)


def _tile_parts(codestream: bytes) -> tuple[set[int], int]:
    """Tiles that tile-parts which follow each other hold, and where these end (ISO 15444-1 A.4.2)."""
    position = next((place for marker, place in _main_segments(codestream) if marker == _TILE_PART), len(codestream))
    found: set[int] = set()
    while position + 12 <= len(codestream) and codestream.startswith(b"\xff\x90", position):
        tile, length = unpack_from(">HI", codestream, position + 4)
        found.add(tile)
        # Zero: the last tile-part, up to the end.
        position = position + length if length else len(codestream)
    return found, position
