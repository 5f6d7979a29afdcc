"""Where the elements of a DICOM file stand, found without a DICOM library, for tests that damage them."""

from struct import unpack_from

_LONG = {b"OB", b"OW", b"OF", b"SQ", b"UT", b"UN", b"OD", b"OL", b"UC", b"UR"}
_START = 132
_UNDEFINED = 0xFFFFFFFF


def element_spans(content: bytes) -> list[tuple[int, int, int]]:
    """First byte, first byte of the value and end of each element of the file's top level, as far as they make sense.

    An element of undefined length, and whatever follows what makes no sense, runs to the end. Empty where the file is
    no DICOM file.
    """
    if content[128:132] != b"DICM":
        return []
    spans, place = [], _START
    while place + 8 <= len(content):
        order = ">" if content[place] == 0 and content[place + 1] != 0 else "<"
        explicit = content[place + 4 : place + 6].isalpha() and content[place + 4 : place + 6].isupper()
        if explicit and content[place + 4 : place + 6] in _LONG and place + 12 <= len(content):
            value, length = place + 12, unpack_from(f"{order}I", content, place + 8)[0]
        elif explicit:
            value, length = place + 8, unpack_from(f"{order}H", content, place + 6)[0]
        else:
            value, length = place + 8, unpack_from(f"{order}I", content, place + 4)[0]
        end = len(content) if length == _UNDEFINED else min(value + length, len(content))
        spans.append((place, value, end))
        place = end
    return spans
