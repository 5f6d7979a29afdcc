"""PNG and JPEG radiographs: display-ready greys, so only their range and their colours are undone."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from cacs_cxr.imaging.admission import FILE_LIMIT, PIXEL_LIMIT
from cacs_cxr.imaging.refusals import Refused
from cacs_cxr.imaging.silence import header_values_unspoken

_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
_SIXTEEN_BITS = ("I;16", "I;16B", "I;16L", "I")
_ORIENTATION = 0x0112  # Exif tag
_STRIP = 512  # rows
_LEAST_BYTES = 1 / 512  # of a pixel: a JPEG block of 8 x 8 takes a bit at least


def starts_like_raster(start: bytes) -> bool:
    """Whether the first bytes are those of a PNG or JPEG file."""
    return start.startswith(_SIGNATURES)


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """A PNG or JPEG file that is admitted; mapped, for reading a file takes the memory that a chunk declares."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > FILE_LIMIT:
            raise Refused("too-large")
        with mmap(file.fileno(), 0, access=ACCESS_READ) as content:
            try:
                image = Image.open(content, formats=("PNG", "JPEG"))  # type: ignore[arg-type]
            except Image.DecompressionBombError:
                raise Refused("too-large") from None
            with image:
                _admit_image(image, size=size)
                yield image


def _admit_image(image: Image.Image, *, size: int) -> None:
    if image.width * image.height > PIXEL_LIMIT:
        raise Refused("too-large")
    if image.format == "JPEG" and size < _LEAST_BYTES * image.width * image.height:
        raise Refused("truncated")
    if getattr(image, "n_frames", 1) > 1:
        raise Refused("multi-frame")
    if image.mode == "CMYK":
        raise Refused("colour")


def raster_shape(path: Path) -> tuple[int, int]:
    """Rows and columns of a PNG or JPEG file by its header.

    Raises:
        Refused: with the reason.
    """
    with header_values_unspoken():
        try:
            with _opened(path) as image:
                return image.height, image.width
        except (Refused, MemoryError):
            raise
        except Exception:  # Pillow's plugins raise whatever the bytes happen to provoke
            raise Refused("damaged-header") from None


def decode_raster(path: Path) -> tuple[npt.NDArray[np.float32], memoryview, str]:
    """Grey values in [0, 1] of a PNG or JPEG file.

    Eight bits are taken as they are; sixteen are scaled by the image's own least and greatest value, for many writers
    leave the upper bits empty; colours become luma (ITU-R BT.601); alpha is laid over black.

    Returns:
        Grey values [rows, columns], the bytes that identify the pixels (one a pixel, or two of 16-bit ones), and the
        path taken, e.g. ``alpha>luma>as-is``.

    Raises:
        Refused: with the reason.
    """
    with header_values_unspoken():
        try:
            with _opened(path) as image:
                return _grey(image)
        except (Refused, MemoryError):
            raise
        except Exception:  # as above
            raise Refused("damaged-pixels") from None


def _grey(image: Image.Image) -> tuple[npt.NDArray[np.float32], memoryview, str]:
    path = []
    if image.getexif().get(_ORIENTATION, 1) != 1:
        image = ImageOps.exif_transpose(image)
        path.append("orient")
    if image.mode in _SIXTEEN_BITS:
        values = _by_strips(image, lambda strip: np.asarray(strip).astype("<u2"), dtype="<u2")
        low, high = int(values.min()), int(values.max())
        grey = np.subtract(values, np.float32(low), dtype=np.float32)
        grey /= np.float32(max(high - low, 1))
        return grey, values.data, ">".join([*path, "range"])
    path += _steps(image)
    levels = _by_strips(image, lambda strip: np.asarray(_luma(strip)), dtype="u1")
    return np.divide(levels, np.float32(255), dtype=np.float32), levels.data, ">".join([*path, "as-is"])


def _by_strips(
    image: Image.Image, work: Callable[[Image.Image], npt.NDArray[Any]], *, dtype: str
) -> npt.NDArray[np.unsignedinteger[Any]]:
    """Result of a conversion of single pixels, a strip of rows at a time: the steps between take little memory."""
    image.load()
    values = np.empty((image.height, image.width), dtype=dtype)
    for top in range(0, image.height, _STRIP):
        bottom = min(top + _STRIP, image.height)
        values[top:bottom] = work(image.crop((0, top, image.width, bottom)))
    return values


def _steps(image: Image.Image) -> list[str]:
    """What is undone of an 8-bit image: its alpha, its colours."""
    if image.mode == "P" and "transparency" not in image.info:
        return ["luma"]
    alpha = ["alpha"] if image.mode in ("P", "PA", "LA", "RGBA") else []
    return alpha if image.mode in ("L", "LA", "1") else [*alpha, "luma"]


def _luma(image: Image.Image) -> Image.Image:
    if image.mode == "P":
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    if image.mode in ("LA", "RGBA", "PA"):
        black = Image.new("RGBA", image.size, "black")
        image = Image.alpha_composite(black, image.convert("RGBA")).convert("RGB" if image.mode != "LA" else "L")
    return image.convert("L")
