"""What precedes the data set of a DICOM file (PS3.10 section 7.1), and how far a deflated data set inflates."""

import os
import re
import zlib
from struct import Struct, unpack
from typing import BinaryIO

from pydicom.uid import DeflatedExplicitVRLittleEndian

PREAMBLE = 128
_VALUE_REPRESENTATION = re.compile(rb"[A-Z]{2}")
_META_ELEMENT = Struct("<HH2sH")
_META_BYTES = 4096  # of one element; the longest of the standard have 64
_UID = re.compile(rb"[0-9.]+[\0 ]?")
_GREATEST_RATIO = 1032  # of inflated to deflated bytes (RFC 1951)
_SEARCHED = 1 << 16  # bytes at the start of a file in which its transfer syntax is searched


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


def plain_transfer_syntax(file: BinaryIO) -> str:
    """Transfer syntax by the meta header at the file's position, which is left behind that header.

    Returns:
        Its UID; empty where there is no meta header or one that is not written as the standard says.
    """
    syntax = ""
    while len(start := file.read(8)) == 8:
        group, element, representation, length = _META_ELEMENT.unpack(start)
        if group != 0x0002:
            file.seek(-8, os.SEEK_CUR)
            return syntax
        if representation == b"OB":
            (length,) = unpack("<I", file.read(4))
        elif representation not in (b"UI", b"SH", b"AE", b"UL"):
            return ""
        if length > _META_BYTES:
            return ""
        value = file.read(length)
        if element == 0x0010:
            syntax = value.rstrip(b"\0 ").decode("ascii") if _UID.fullmatch(value) else ""
    return ""


def inflates_within(file: BinaryIO, limit: int) -> bool:
    """Whether the rest of a deflated file has at most so many bytes; found by inflating it piece by piece."""
    inflater, total = zlib.decompressobj(-zlib.MAX_WBITS), 0
    while piece := file.read(1 << 20):
        while piece:
            total += len(inflater.decompress(piece, 1 << 24))
            if total > limit:
                return False
            piece = inflater.unconsumed_tail
    return True


def may_inflate_beyond(file: BinaryIO, limit: int, *, size: int) -> bool:
    """Whether a file of so many bytes may be a deflated one and large enough to inflate to more than the limit."""
    file.seek(0)
    return size * _GREATEST_RATIO > limit and DeflatedExplicitVRLittleEndian.encode() in file.read(_SEARCHED)
