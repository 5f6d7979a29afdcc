"""What makes two files the same radiograph: their stored pixels, however they are encoded."""

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt

from cacs_cxr.imaging.intensity import StoredBits, code_values

_PIXELS_AT_ONCE = 1 << 19


def pixel_digest(codes: npt.NDArray[np.unsignedinteger[Any]], *, bits: StoredBits) -> str:
    """SHA-256, hexadecimal, of an image's size and stored values.

    Neither the bits allocated, nor the position of the stored bits in them, nor what stands in the others, nor how far
    a sign is extended changes it. A PNG file of the same values has the same digest (`raster.decode_raster`).

    Args:
        codes: [rows, columns], unsigned readings of the allocated bits.
    """
    dtype = np.dtype(np.uint8 if bits.stored <= 8 else "<u2")
    table = code_values(bits)[0].astype(dtype)
    canonical = not bits.signed and bits.high_bit == bits.stored - 1
    rows, columns = codes.shape
    digest = hashlib.sha256(f"{rows} {columns} ".encode())
    step = max(1, _PIXELS_AT_ONCE // columns)
    for top in range(0, rows, step):
        band = codes[top : top + step]
        if canonical and int(band.max()) < 1 << bits.stored:
            digest.update(np.ascontiguousarray(band, dtype=dtype).data)
        else:
            digest.update(table[band].data)
    return digest.hexdigest()
