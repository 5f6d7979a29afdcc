import numpy as np
import pytest

from cacs_cxr.imaging.geometry import fit, fit_through_table, fitted_shape, mirrored, pad, quantise, turned


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [(2000, 1000, (64, 32)), (1000, 2000, (32, 64)), (2800, 2828, (63, 64)), (16, 16, (64, 64)), (9000, 1, (64, 1))],
)
def test_aspect_is_kept(height: int, width: int, expected: tuple[int, int]) -> None:
    assert fitted_shape(height, width, size=64) == expected
    assert fit(np.zeros((height, width), dtype=np.float32), size=64).shape == expected


@pytest.mark.parametrize("shape", [(1000, 700), (37, 91), (5, 5)])
def test_a_constant_image_stays_constant(shape: tuple[int, int]) -> None:
    levels = quantise(fit(np.full(shape, 0.6, dtype=np.float32), size=64))
    assert np.unique(levels).tolist() == [153]


def test_reduction_is_antialiased() -> None:
    # One-pixel stripes of 0 and 1 have a mean of one half; a nearest or plain bilinear pick would show 0, 1 or moire.
    stripes = np.tile(np.array([0, 1], dtype=np.float32), (640, 320))
    reduced = fit(stripes, size=64)
    assert np.abs(reduced - 0.5).max() < 0.03


def test_whole_number_reduction_keeps_the_mean_and_the_orientation() -> None:
    image = np.zeros((256, 256), dtype=np.float32)
    image[:128, 128:] = 1
    reduced = fit(image, size=64)
    assert reduced.mean() == pytest.approx(0.25, abs=1e-3)
    assert (reduced[10, 50], reduced[10, 10], reduced[50, 50]) == (1, 0, 0)


def test_levels_are_rounded_to_nearest_after_the_reduction() -> None:
    assert quantise(np.array([[0, 0.499 / 255, 0.501 / 255, 1, 1.2, -0.1]], dtype=np.float32)).tolist() == [
        [0, 0, 1, 255, 255, 0]
    ]


def test_padding_is_black_and_centred() -> None:
    square = pad(np.full((4, 1), 9, dtype=np.uint8), size=4)
    assert square.tolist() == [[0, 9, 0, 0]] * 4
    assert pad(np.full((2, 4), 9, dtype=np.uint8), size=4)[:, 0].tolist() == [0, 9, 9, 0]


@pytest.mark.parametrize("shape", [(700, 1300), (1300, 700), (3, 200_000), (19_000, 200), (40, 30)])
def test_looking_up_in_bands_gives_the_same_bits(shape: tuple[int, int]) -> None:
    generator = np.random.default_rng(1)
    codes = generator.integers(0, 4096, shape).astype(np.uint16)
    table = generator.random(1 << 16, dtype=np.float32)
    assert np.array_equal(fit_through_table(codes, table, size=64), fit(table[codes], size=64))


def test_turning_is_clockwise() -> None:
    image = np.array([[1, 2], [3, 4], [5, 6]], dtype=np.uint8)
    assert turned(image, clockwise=0).tolist() == image.tolist()
    assert turned(image, clockwise=90).tolist() == [[5, 3, 1], [6, 4, 2]]
    assert turned(image, clockwise=180).tolist() == [[6, 5], [4, 3], [2, 1]]
    assert turned(image, clockwise=270).tolist() == [[2, 4, 6], [1, 3, 5]]
    assert mirrored(image).tolist() == [[2, 1], [4, 3], [6, 5]]
