"""The one image of encapsulated pixel data (PS3.5 A.4), put together from its items as well as a file allows."""

import os
from dataclasses import dataclass
from pathlib import Path
from struct import unpack
from typing import BinaryIO

from cacs_cxr.imaging.codestream import starts_codestream
from cacs_cxr.imaging.refusals import Refused

ITEM = b"\xfe\xff\x00\xe0"
_DELIMITER = b"\xfe\xff\xdd\xe0"
_FRAGMENT_LIMIT = 1 << 16  # items; a writer that splits a radiograph into pieces of a kilobyte makes some 10,000


@dataclass(frozen=True)
class Frame:
    """Bytes of an encapsulated image, and whether the file ends before its last item does."""

    content: bytes
    truncated: bool


def read_frame(path: Path, *, offset: int, limit: int) -> Frame:
    """Image whose items begin at a position of a file.

    The offset table may be filled, empty or missing, the last item may be short of its length, an odd item may be
    padded or not, and the delimiter at the end may be missing.

    Args:
        limit: bytes of the items together that are read.

    Raises:
        Refused: ``no-pixel-data`` without an item, ``multi-frame`` where several images start, ``too-large`` beyond the
            limit.
    """
    fragments: list[bytes] = []
    truncated, total = False, 0
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(offset)
        while (length := _next_item(file)) is not None:
            rest = size - file.tell()
            truncated = length > rest
            total += min(length, rest)
            if total > limit or len(fragments) > _FRAGMENT_LIMIT:
                raise Refused("too-large")
            fragments.append(file.read(min(length, rest)))
    if len(fragments) > 1 and _is_offset_table(fragments[0], before=fragments[1]):
        del fragments[0]
    fragments = [fragment for fragment in fragments if fragment]
    if not fragments:
        raise Refused("no-pixel-data")
    if sum(starts_codestream(fragment) for fragment in fragments) > 1:
        raise Refused("multi-frame")
    return Frame(b"".join(fragments), truncated)


def _next_item(file: BinaryIO) -> int | None:
    """Length of the item at the file's position, which is left behind its tag and length; None where none is there."""
    start = file.read(9)
    # An item of odd length is followed by a padding byte by some writers and not by others.
    shift = 1 if start[:4] not in (ITEM, _DELIMITER) and start[1:5] == ITEM else 0
    if start[shift : shift + 4] != ITEM or len(start) < shift + 8:
        return None
    file.seek(shift + 8 - len(start), os.SEEK_CUR)
    length: int = unpack("<I", start[shift + 4 : shift + 8])[0]
    return length


def _is_offset_table(item: bytes, *, before: bytes) -> bool:
    """Whether a first item is the offset table: empty, of a first offset zero, or followed by the start of an image."""
    return item[:4] in (b"", b"\0\0\0\0") or (starts_codestream(before) and not starts_codestream(item))
