"""RLE Lossless (PS3.5 Annex G), decoded up to the size of the image and no further."""

from contextlib import suppress
from struct import unpack_from

import numpy as np
import numpy.typing as npt

from cacs_cxr.imaging.refusals import Refused

_HEADER = 64
_SEGMENTS = 15
_RUNS_AT_ONCE = 4096  # each of 128 bytes at most


def decode_run_lengths(
    frame: bytes, *, rows: int, columns: int, allocated: int
) -> npt.NDArray[np.uint8] | npt.NDArray[np.uint16]:
    """Pixel codes [rows, columns] of an RLE frame: one segment a byte of a pixel, the most significant first.

    Args:
        allocated: bits of a pixel, 8 or 16.

    Raises:
        Refused: ``damaged-pixels`` for segments that are not those of such an image, ``truncated`` for short ones.
    """
    if len(frame) < _HEADER:
        raise Refused("truncated")
    count, *offsets = unpack_from(f"<{1 + _SEGMENTS}I", frame)
    if count != allocated // 8:
        raise Refused("damaged-pixels")
    starts = offsets[:count]
    if starts[0] != _HEADER or starts != sorted(starts):
        raise Refused("damaged-pixels")
    pixels = rows * columns
    segments = [
        _decode_segment(frame[start:end], length=pixels)
        for start, end in zip(starts, [*starts[1:], len(frame)], strict=True)
    ]
    if allocated == 8:
        return segments[0].reshape(rows, columns)
    codes = np.empty((rows, columns), dtype="<u2")
    octets = codes.view(np.uint8).reshape(-1, 2)
    octets[:, 1], octets[:, 0] = segments
    return codes


def _decode_segment(segment: bytes, *, length: int) -> npt.NDArray[np.uint8]:
    decoded, position = bytearray(), 0
    # The end of the segment and the length wanted are looked for rarely: a loop that does neither is half as slow.
    with suppress(IndexError):
        while len(decoded) < length:
            for _ in range(_RUNS_AT_ONCE):
                control = segment[position]
                if control < 128:
                    end = position + control + 2
                    decoded += segment[position + 1 : end]
                    position = end
                elif control > 128:
                    decoded += segment[position + 1 : position + 2] * (257 - control)
                    position += 2
                else:
                    position += 1
    if len(decoded) < length:
        raise Refused("truncated")
    return np.frombuffer(decoded, dtype=np.uint8, count=length)
