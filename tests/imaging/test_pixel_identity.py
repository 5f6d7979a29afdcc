import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from codestreams import pattern
from PIL import Image
from synthetic_dicom import LOSSLESS, encode, radiograph, save

from cacs_cxr.imaging.decode import decode_dicom
from cacs_cxr.imaging.intensity import StoredBits
from cacs_cxr.imaging.pixel_identity import pixel_digest
from cacs_cxr.imaging.raster import decode_raster


def tiled(bits: int, signedness: str) -> np.ndarray[Any, Any]:
    return np.tile(pattern(bits, signedness), (2, 2))


def digest(path: Path) -> str:
    codes, intensity = decode_dicom(path)
    return pixel_digest(codes, bits=intensity.bits)


@pytest.mark.parametrize(("bits", "signedness"), [(8, "u"), (8, "i"), (12, "u"), (12, "i"), (16, "u"), (16, "i")])
def test_every_lossless_encoding_has_one_digest(tmp_path: Path, bits: int, signedness: str) -> None:
    files = [
        save(encode(radiograph(tiled(bits, signedness), bits_stored=bits), syntax), tmp_path / str(number))
        for number, syntax in enumerate(LOSSLESS)
    ]
    assert len({digest(file) for file in files}) == 1


def test_bits_allocated_and_bits_not_stored_change_no_digest(tmp_path: Path) -> None:
    eight, sixteen = tiled(8, "u"), tiled(8, "u").astype("u2")
    left = radiograph(sixteen << 4, bits_stored=8, HighBit=11)
    overlaid = radiograph(sixteen | 0x4000, bits_stored=8)
    datasets = [radiograph(eight, bits_stored=8), radiograph(sixteen, bits_stored=8), left, overlaid]
    assert len({digest(save(each, tmp_path / str(number))) for number, each in enumerate(datasets)}) == 1
    # Twelve bits with and without the sign's extension.
    signed, low = tiled(12, "i"), tiled(12, "i").view("u2") & 0xFFF
    datasets = [radiograph(signed, bits_stored=12), radiograph(low, bits_stored=12, PixelRepresentation=1)]
    assert len({digest(save(each, tmp_path / str(number))) for number, each in enumerate(datasets)}) == 1


def test_other_pixels_and_another_shape_have_another_digest() -> None:
    bits = StoredBits(allocated=16, stored=12, high_bit=11, signed=False)
    pixels = tiled(12, "u")
    changed = pixels.copy()
    changed[31, 31] ^= 1
    images = [pixels, changed, pixels.reshape(16, 64), pixels[::-1]]
    assert len({pixel_digest(image, bits=bits) for image in images}) == 4


@pytest.mark.parametrize("bits", [8, 12])
def test_a_png_of_the_same_values_has_the_same_digest(tmp_path: Path, bits: int) -> None:
    pixels = tiled(bits, "u")
    Image.fromarray(pixels).save(tmp_path / "a.png")
    _, identity, _ = decode_raster(tmp_path / "a.png")
    expected = hashlib.sha256(b"32 32 " + bytes(identity)).hexdigest()
    assert digest(save(radiograph(pixels, bits_stored=bits), tmp_path / "b")) == expected
