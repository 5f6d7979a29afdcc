"""Compression with loss, as teleradiology and archives of the second hand apply it."""

import io

import numpy as np
import numpy.typing as npt
import openjpeg.utils
from PIL import Image

from cacs_cxr.simulation.shapes import Plane

JPEG_QUALITY = 90
JPEG_2000_RATIO = 12.0


def jpeg_baseline(levels: Plane) -> bytes:
    """Grey levels (0 black to 1 white) as a JPEG of eight bits."""
    buffer = io.BytesIO()
    grey = np.round(np.clip(levels, 0, 1) * 255).astype(np.uint8)
    Image.fromarray(grey).save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


def jpeg_2000(values: npt.NDArray[np.uint16], *, bits: int) -> bytes:
    """Stored values as an irreversible JPEG 2000 codestream of as many bits."""
    return bytes(openjpeg.utils.encode_array(values, bits_stored=bits, compression_ratios=[JPEG_2000_RATIO]))
