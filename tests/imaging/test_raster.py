from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cacs_cxr.imaging.radiograph import read_radiograph
from cacs_cxr.imaging.raster import decode_raster, raster_shape
from cacs_cxr.imaging.refusals import Refused

RAMP = np.arange(64, dtype=np.uint8).reshape(8, 8) * 4


def written(tmp_path: Path, image: Image.Image, name: str = "a.png", **options: object) -> Path:
    path = tmp_path / name
    image.save(path, **options)  # type: ignore[arg-type]
    return path


def grey(path: Path) -> tuple[list[float], str]:
    values, _, taken = decode_raster(path)
    return [round(float(value) * 255, 2) for value in values.ravel()], taken


def test_eight_bit_greys_are_taken_as_they_are(tmp_path: Path) -> None:
    values, taken = grey(written(tmp_path, Image.fromarray(RAMP)))
    assert values == RAMP.ravel().tolist()
    assert taken == "as-is"


def test_sixteen_bits_are_scaled_by_their_own_range(tmp_path: Path) -> None:
    # A 12-bit image in 16 bits would be black if it were divided by 65,535.
    values, taken = grey(written(tmp_path, Image.fromarray(np.array([[100, 2100, 4100]], dtype=np.uint16))))
    assert values == [0, 127.5, 255]
    assert taken == "range"


def test_a_constant_sixteen_bit_image_is_black(tmp_path: Path) -> None:
    assert grey(written(tmp_path, Image.fromarray(np.full((2, 2), 900, dtype=np.uint16))))[0] == [0] * 4


def test_colours_become_luma(tmp_path: Path) -> None:
    colours = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [90, 90, 90]]], dtype=np.uint8)
    values, taken = grey(written(tmp_path, Image.fromarray(colours)))
    assert values == [76, 150, 29, 90]
    assert taken == "luma>as-is"


def test_alpha_is_laid_over_black(tmp_path: Path) -> None:
    colours = np.array([[[200, 200, 200, 255], [200, 200, 200, 0]]], dtype=np.uint8)
    values, taken = grey(written(tmp_path, Image.fromarray(colours)))
    assert values == [200, 0]
    assert taken == "alpha>luma>as-is"
    assert grey(written(tmp_path, Image.fromarray(colours[..., [0, 3]]), "la.png"))[0] == [200, 0]


def test_palettes_and_bits(tmp_path: Path) -> None:
    palette = Image.fromarray(RAMP).convert("P")
    assert grey(written(tmp_path, palette))[0] == RAMP.ravel().tolist()
    bits = Image.fromarray(RAMP > 100)
    assert grey(written(tmp_path, bits, "bits.png"))[0] == np.where(RAMP > 100, 255, 0).ravel().tolist()


def test_orientation_of_a_jpeg_is_applied(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    values, _, taken = decode_raster(
        written(tmp_path, Image.fromarray(np.zeros((8, 16), np.uint8)), "a.jpg", exif=exif)
    )
    assert values.shape == (16, 8)
    assert taken == "orient>as-is"


def refusal(path: Path) -> str:
    with pytest.raises(Refused) as caught:
        decode_raster(path)
    return caught.value.reason


def test_refusals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = written(tmp_path, Image.fromarray(np.tile(RAMP, (20, 20))))
    (tmp_path / "short.png").write_bytes(whole.read_bytes()[:200])
    assert refusal(tmp_path / "short.png") == "damaged-pixels"
    assert refusal(written(tmp_path, Image.new("CMYK", (9, 9)), "a.jpg")) == "colour"
    frames = written(
        tmp_path, Image.new("L", (9, 9)), "b.png", save_all=True, append_images=[Image.new("L", (9, 9), 9)]
    )
    assert refusal(frames) == "multi-frame"
    monkeypatch.setattr("cacs_cxr.imaging.raster.PIXEL_LIMIT", 1000)
    assert refusal(whole) == "too-large"
    with pytest.raises(Refused, match="too-large"):
        raster_shape(whole)


def test_a_png_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    whole = bytearray(written(tmp_path, Image.fromarray(RAMP)).read_bytes())
    import struct
    import zlib

    whole[16:24] = struct.pack(">II", 60000, 60000)
    whole[29:33] = struct.pack(">I", zlib.crc32(whole[12:29]))
    path = tmp_path / "bomb.png"
    path.write_bytes(whole)
    assert refusal(path) == "too-large"


def test_png_goes_through_geometry_like_dicom(tmp_path: Path) -> None:
    read = read_radiograph(written(tmp_path, Image.fromarray(np.full((100, 50), 77, np.uint8))), size=20)
    assert (read.width, read.height) == (50, 100)
    assert read.levels[:, 4].tolist() == [0] * 20
    assert read.levels[:, 5].tolist() == [77] * 20
