"""What makes two files the same radiograph: their stored pixels, however they are encoded."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from cacs_cxr.imaging.intensity import StoredBits, code_values

Codes = npt.NDArray[np.unsignedinteger[Any]]
_PIXELS_AT_ONCE = 1 << 19


def value_digest(shape: tuple[int, int], parts: Iterable[memoryview]) -> str:
    """SHA-256, hexadecimal, of an image's rows and columns and of its values, which may come in several parts."""
    digest = hashlib.sha256(f"{shape[0]} {shape[1]} ".encode())
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def pixel_digest(codes: Codes, *, bits: StoredBits) -> str:
    """SHA-256, hexadecimal, of an image's size and stored values.

    Neither the bits allocated, nor the position of the stored bits in them, nor what stands in the others, nor how far
    a sign is extended changes it. A PNG file of the same values has the same digest (`raster.decode_raster`).

    Args:
        codes: [rows, columns], unsigned readings of the allocated bits.
    """
    return value_digest((codes.shape[0], codes.shape[1]), _stored_values(codes, bits=bits))


def _stored_values(codes: Codes, *, bits: StoredBits) -> Iterator[memoryview]:
    dtype = np.dtype(np.uint8 if bits.stored <= 8 else "<u2")
    table = code_values(bits)[0].astype(dtype)
    canonical = not bits.signed and bits.high_bit == bits.stored - 1
    step = max(1, _PIXELS_AT_ONCE // codes.shape[1])
    for top in range(0, len(codes), step):
        band = codes[top : top + step]
        if canonical and int(band.max()) < 1 << bits.stored:
            yield np.ascontiguousarray(band, dtype=dtype).data
        else:
            yield table[band].data
