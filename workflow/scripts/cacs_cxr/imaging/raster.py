"""PNG and JPEG radiographs: display-ready greys, so only their range and their colours are undone."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from cacs_cxr.imaging.admission import FILE_LIMIT, PIXEL_LIMIT
from cacs_cxr.imaging.refusals import Refused
from cacs_cxr.imaging.silence import header_values_unspoken

_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
_SIXTEEN_BITS = ("I;16", "I;16B", "I;16L", "I")
_ORIENTATION = 0x0112  # Exif tag


def starts_like_raster(start: bytes) -> bool:
    """Whether the first bytes are those of a PNG or JPEG file."""
    return start.startswith(_SIGNATURES)


def _admit_image(image: Image.Image, *, path: Path) -> None:
    if image.width * image.height > PIXEL_LIMIT or path.stat().st_size > FILE_LIMIT:
        raise Refused("too-large")
    if getattr(image, "n_frames", 1) > 1:
        raise Refused("multi-frame")
    if image.mode == "CMYK":
        raise Refused("colour")


def _open_image(path: Path) -> Image.Image:
    try:
        image = Image.open(path, formats=("PNG", "JPEG"))
    except Image.DecompressionBombError:
        raise Refused("too-large") from None
    try:
        _admit_image(image, path=path)
    except BaseException:
        image.close()
        raise
    return image


def raster_shape(path: Path) -> tuple[int, int]:
    """Rows and columns of a PNG or JPEG file by its header.

    Raises:
        Refused: with the reason.
    """
    with header_values_unspoken():
        try:
            with _open_image(path) as image:
                return image.height, image.width
        except (Refused, MemoryError):
            raise
        except Exception:  # Pillow's plugins raise whatever the bytes happen to provoke
            raise Refused("damaged-header") from None


def decode_raster(path: Path) -> tuple[npt.NDArray[np.float32], bytes, str]:
    """Grey values in [0, 1] of a PNG or JPEG file.

    Eight bits are taken as they are; sixteen are scaled by the image's own least and greatest value, for many writers
    leave the upper bits empty; colours become luma (ITU-R BT.601); alpha is laid over black.

    Returns:
        Grey values [rows, columns], the bytes that identify the pixels, and the path taken, e.g. ``alpha>luma>as-is``.

    Raises:
        Refused: with the reason.
    """
    with header_values_unspoken():
        try:
            with _open_image(path) as image:
                return _grey(image)
        except (Refused, MemoryError):
            raise
        except Exception:  # as above
            raise Refused("damaged-pixels") from None


def _grey(image: Image.Image) -> tuple[npt.NDArray[np.float32], bytes, str]:
    path = []
    if image.getexif().get(_ORIENTATION, 1) != 1:
        image = ImageOps.exif_transpose(image)
        path.append("orient")
    if image.mode in _SIXTEEN_BITS:
        values = np.asarray(image).astype(np.int64)
        low, high = int(values.min()), int(values.max())
        grey = (values - low) / max(high - low, 1)
        return grey.astype(np.float32), values.astype("<u2").tobytes(), ">".join([*path, "range"])
    if image.mode == "P":
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    if image.mode in ("LA", "RGBA", "PA"):
        black = Image.new("RGBA", image.size, "black")
        image = Image.alpha_composite(black, image.convert("RGBA")).convert("RGB" if image.mode != "LA" else "L")
        path.append("alpha")
    if image.mode not in ("L", "1"):
        path.append("luma")
    levels = np.asarray(image.convert("L"))
    return levels.astype(np.float32) / np.float32(255), levels.tobytes(), ">".join([*path, "as-is"])
