"""What a compressed image says of itself, read from its first markers without decoding it."""

from struct import unpack

_JPEG_START, _JPEG2000_START, _JP2_SIGNATURE = b"\xff\xd8", b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0cjP  "
_FRAME_MARKERS = {*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0), 0xF7}  # 0xF7: JPEG-LS
_SEARCHED = 1 << 16


def codestream_size(codestream: bytes) -> tuple[int, int, int] | None:
    """Rows, columns and samples that a JPEG, JPEG-LS or JPEG 2000 image declares; None where it declares none.

    A decoder allocates what the codestream declares, whatever the header says: it is compared before decoding.
    """
    if codestream.startswith(_JP2_SIGNATURE):
        codestream = codestream[max(codestream.find(_JPEG2000_START, 0, _SEARCHED), 0) :]
    if codestream.startswith(_JPEG2000_START) and len(codestream) >= 42:
        right, bottom, left, top = unpack(">IIII", codestream[8:24])
        return bottom - top, right - left, unpack(">H", codestream[40:42])[0]
    if not codestream.startswith(_JPEG_START):
        return None
    position = 2
    while position + 10 <= len(codestream) and codestream[position] == 0xFF:
        marker = codestream[position + 1]
        if marker in _FRAME_MARKERS:
            rows, columns, samples = unpack(">HHB", codestream[position + 5 : position + 10])
            return rows, columns, samples
        # 0xFF fills up to the next marker; the markers 0x01 and 0xD0-0xD8 have no length.
        bare = marker == 0x01 or 0xD0 <= marker <= 0xD8
        step = 1 if marker == 0xFF else 2 if bare else 2 + unpack(">H", codestream[position + 2 : position + 4])[0]
        position += step
    return None
