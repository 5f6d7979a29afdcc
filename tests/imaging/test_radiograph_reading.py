"""One file from disk to the network's square: borders, corrections and the digest of the pixels."""

import errno
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from synthetic_dicom import radiograph, save

from cacs_cxr.imaging.border import Box, inner_box, scaled
from cacs_cxr.imaging.radiograph import Correction, read_radiograph

WINDOW = {"WindowCenter": 2048, "WindowWidth": 4096}


@pytest.fixture
def chest() -> np.ndarray:
    """A field of 300 x 200 pixels that varies, in a detector of 400 x 320 that saw nothing else but a marker."""
    generator = np.random.default_rng(7)
    image = generator.normal(40, 6, (400, 320))
    rows, columns = np.mgrid[0:300, 0:200]
    image[60:360, 50:250] = 1500 + 2000 * columns / 200 + 500 * np.sin(rows / 30)
    image[10:30, 20:40] = 4000
    return np.clip(image, 0, 4095).astype("u2")


def test_a_collimation_border_is_cut_off_where_asked(chest: np.ndarray, tmp_path: Path) -> None:
    path = save(radiograph(chest, bits_stored=12, **WINDOW), tmp_path / "a")
    kept = read_radiograph(path, size=64)
    trimmed = read_radiograph(path, size=64, border="trim")
    assert kept.box == (0, 400, 0, 320)
    for found, true in zip(trimmed.box, (60, 360, 50, 250), strict=True):
        assert abs(found - true) <= 2
    # The field fills the height of the square, two thirds of its width.
    assert (trimmed.levels[:, 32] > 60).all()
    assert (trimmed.levels[:, :10] == 0).all()
    assert trimmed.pixel_sha256 == kept.pixel_sha256
    assert (trimmed.width, trimmed.height) == (320, 400)


def test_a_border_is_never_the_whole_image() -> None:
    flat = np.full((50, 40), 7, dtype=np.uint8)
    assert inner_box(flat) == (0, 50, 0, 40)
    flat[20:24, 10:14] = np.arange(16).reshape(4, 4) * 16
    assert inner_box(flat) == (0, 50, 0, 40)


def test_a_box_grows_outwards_when_it_is_scaled() -> None:
    assert scaled(Box(1, 9, 0, 10), reduced=(10, 10), full=(1005, 333)) == (100, 905, 0, 333)


@pytest.mark.parametrize("suffix", ["dicom", "png"])
def test_corrections_apply_to_every_kind_of_file(chest: np.ndarray, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / "a"
    if suffix == "dicom":
        save(radiograph(chest, bits_stored=12, PhotometricInterpretation="MONOCHROME2", **WINDOW), path)
    else:
        Image.fromarray((chest // 16).astype(np.uint8)).save(path, format="PNG")
    plain = read_radiograph(path, size=40)
    turned = read_radiograph(path, size=40, correction=Correction(rotate=90))
    mirrored = read_radiograph(path, size=40, correction=Correction(mirror=True))
    negative = read_radiograph(path, size=40, correction=Correction(photometric="MONOCHROME1"))
    assert np.array_equal(turned.levels, np.rot90(plain.levels, k=-1))
    assert np.array_equal(mirrored.levels, plain.levels[:, ::-1])
    assert np.abs(negative.levels[:, 4:36].astype(int) + plain.levels[:, 4:36] - 255).max() <= 1
    assert negative.intensity_path.endswith(">invert")
    assert not negative.levels[:, :4].any()


def test_a_tag_that_says_negative_can_be_overruled(chest: np.ndarray, tmp_path: Path) -> None:
    lying = save(radiograph(chest, bits_stored=12, PhotometricInterpretation="MONOCHROME1", **WINDOW), tmp_path / "a")
    honest = save(radiograph(chest, bits_stored=12, **WINDOW), tmp_path / "b")
    overruled = read_radiograph(lying, size=64, correction=Correction(photometric="MONOCHROME2"))
    assert np.array_equal(overruled.levels, read_radiograph(honest, size=64).levels)


def test_eight_bits_have_one_digest_in_eight_and_in_sixteen_allocated(tmp_path: Path) -> None:
    pixels = np.arange(200, dtype="u1").reshape(10, 20)
    narrow = read_radiograph(save(radiograph(pixels, bits_stored=8), tmp_path / "a"), size=16)
    wide = read_radiograph(save(radiograph(pixels.astype("u2"), bits_stored=8), tmp_path / "b"), size=16)
    other = read_radiograph(save(radiograph(pixels.reshape(20, 10), bits_stored=8), tmp_path / "c"), size=16)
    assert narrow.pixel_sha256 == wide.pixel_sha256 != other.pixel_sha256
    assert np.array_equal(narrow.levels, wide.levels)


def test_memory_that_the_system_lacks_says_nothing_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(radiograph(np.zeros((64, 64), np.uint16), bits_stored=12), tmp_path / "a")

    def without_memory(*_: object, **__: object) -> None:
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    monkeypatch.setattr("cacs_cxr.imaging.headers.mmap", without_memory)
    with pytest.raises(MemoryError):
        read_radiograph(path, size=64)
