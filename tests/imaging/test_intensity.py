import numpy as np
import pytest

from cacs_cxr.imaging.intensity import (
    Intensity,
    Lut,
    Rescale,
    StoredBits,
    Window,
    apply_lut,
    apply_window,
    code_values,
    count_codes,
    lookup_table,
    masked_table,
    usable_voi,
    weighted_percentile,
)

EIGHT = StoredBits(8, 8, 7, False)
TWELVE = StoredBits(16, 12, 11, False)
SIGNED = StoredBits(16, 12, 11, True)
RAMP = Window(128, 256)


def no_counts(bits: StoredBits) -> np.ndarray:
    return np.zeros(1 << bits.allocated, dtype=np.int64)


def grey(intensity: Intensity, *stored: int) -> list[float]:
    table, _ = lookup_table(intensity, no_counts(intensity.bits))
    return [round(float(table[value & ((1 << intensity.bits.allocated) - 1)]), 6) for value in stored]


def path(intensity: Intensity) -> str:
    return lookup_table(intensity, no_counts(intensity.bits))[1]


def test_linear_window_follows_the_formula_of_the_standard() -> None:
    # PS3.3 C.11.2.1.2.1 for centre 2048 and width 4096: 0 is black, 4095 white, between them (x - 2047.5) / 4095 + 0.5.
    values = np.array([-1.0, 0.0, 1024.0, 2047.5, 4095.0, 5000.0])
    expected = [0.0, 0.0, (1024 - 2047.5) / 4095 + 0.5, 0.5, 1.0, 1.0]
    np.testing.assert_allclose(apply_window(values, Window(2048, 4096)), expected, rtol=0, atol=1e-15)


def test_examples_of_the_standard_for_narrow_windows() -> None:
    # PS3.3 C.11.2.1.2.1, note: centre 0, width 100 maps <= -50 to the least and > 49 to the greatest output;
    # centre 0, width 1 maps <= -0.5 to the least and all else to the greatest output.
    linear = Window(0, 100)
    np.testing.assert_allclose(apply_window(np.array([-50.0, 49.0, 50.0]), linear), [0, 1, 1])
    assert apply_window(np.array([-49.0]), linear)[0] == pytest.approx(1 / 99)
    np.testing.assert_array_equal(apply_window(np.array([-1.0, -0.5, -0.4, 0.0]), Window(0, 1)), [0, 0, 1, 1])


def test_linear_exact_window_follows_the_formula_of_the_standard() -> None:
    exact = Window(0, 100, "LINEAR_EXACT")
    np.testing.assert_allclose(apply_window(np.array([-51.0, -50, -25, 0, 50, 51]), exact), [0, 0, 0.25, 0.5, 1, 1])
    np.testing.assert_allclose(apply_window(np.array([10.0]), Window(10, 0.5, "LINEAR_EXACT")), [0.5])


def test_sigmoid_window_follows_the_formula_of_the_standard() -> None:
    values = np.array([-1e9, 0.0, 100.0, 200.0])
    expected = [0, 1 / (1 + np.exp(4)), 0.5, 1 / (1 + np.exp(-4))]
    np.testing.assert_allclose(apply_window(values, Window(100, 100, "SIGMOID")), expected, atol=1e-12)


def test_monochrome1_is_inverted_after_the_window() -> None:
    window = Window(center=300, width=101)
    ten = StoredBits(16, 10, 9, False)
    # Were 1023 - x windowed instead, 274 would be white.
    assert grey(Intensity(ten, voi=(window,)), 0, 249, 274, 350, 1023) == [0, 0, 0.245, 1, 1]
    assert grey(Intensity(ten, voi=(window,), inverted=True), 0, 249, 274, 350, 1023) == [1, 1, 0.755, 0, 0]
    assert path(Intensity(ten, voi=(window,), inverted=True)) == "window-linear>invert"


def test_negative_slope_turns_the_polarity_before_the_window() -> None:
    intensity = Intensity(TWELVE, modality=Rescale(-10, 4096), voi=(Window(2048, 4096),))
    assert grey(intensity, 0, 410) == [1, 0]
    assert grey(intensity, 100) == [round((3096 - 2047.5) / 4095 + 0.5, 6)]
    assert path(intensity) == "rescale>window-linear"


def test_modality_lut_is_applied_before_the_window() -> None:
    lut = Lut(first=10, values=np.array([0, 128, 255]))
    intensity = Intensity(EIGHT, modality=lut, voi=(Window(127.5, 255, "LINEAR_EXACT"),))
    assert grey(intensity, 0, 10, 11, 12, 200) == [0, 0, round(128 / 255, 6), 1, 1]
    assert path(intensity) == "modality-lut>window-linear-exact"


def test_voi_lut_of_eight_bits_with_more_than_256_entries_does_not_wrap() -> None:
    ramp = np.repeat(np.arange(256), 16)
    table, taken = lookup_table(Intensity(TWELVE, voi=(Lut(0, ramp),)), no_counts(TWELVE))
    np.testing.assert_allclose(table[:4096], np.arange(4096) // 16 / 255, atol=1e-7)
    assert taken == "voi-lut"


def test_voi_lut_takes_its_ends_outside_its_range_and_is_scaled_by_its_own_outputs() -> None:
    # Outputs 1000..3000 of a LUT that declares 16 bits use the whole range of greys.
    assert grey(Intensity(TWELVE, voi=(Lut(100, np.array([1000, 2000, 3000])),)), 0, 100, 101, 102, 4095) == [
        0,
        0,
        0.5,
        1,
        1,
    ]


def test_voi_lut_with_negative_first_value_and_unsigned_pixels() -> None:
    assert grey(Intensity(EIGHT, voi=(Lut(-2, np.array([0, 10, 20, 30, 40])),)), 0, 1, 2, 3) == [0.5, 0.75, 1, 1]


def test_inputs_of_a_lut_are_rounded_to_the_nearest_integer() -> None:
    np.testing.assert_array_equal(apply_lut(np.array([0.4, 0.6, 1.4]), Lut(0, np.array([5, 6, 7]))), [5, 6, 6])


def test_voi_lut_goes_before_a_window_and_unusable_ones_are_passed_over() -> None:
    lut, window = Lut(0, np.array([0, 1])), Window(100, 10)
    assert usable_voi(Intensity(EIGHT, voi=(lut, window))) is lut
    constant, zero, nan = Lut(0, np.array([7, 7, 7])), Window(100, 0), Window(float("nan"), 10)
    assert usable_voi(Intensity(EIGHT, voi=(constant, zero, nan, window))) is window
    assert usable_voi(Intensity(EIGHT, voi=(constant, Window(1, 0.5)))) is None
    assert usable_voi(Intensity(EIGHT, voi=(Window(1, 0.5, "LINEAR_EXACT"),))) is not None


def test_signed_pixels_are_read_with_and_without_extended_sign() -> None:
    intensity = Intensity(SIGNED, voi=(Window(0, 4096),))
    extended = grey(intensity, -2048, -1, 0, 2047)
    assert extended == [round((value + 0.5) / 4095 + 0.5, 6) for value in (-2048, -1, 0, 2047)]
    table, _ = lookup_table(intensity, no_counts(SIGNED))
    assert table[0x0FFF] == table[0xFFFF]
    assert table[0x0800] == table[0xF800] == 0


def test_padding_is_black_in_both_photometric_interpretations() -> None:
    for inverted in (False, True):
        intensity = Intensity(EIGHT, padding=(200, 210), voi=(RAMP,), inverted=inverted)
        assert grey(intensity, 200, 205, 210) == [0, 0, 0]
        assert grey(intensity, 199, 211) != [0, 0]
    assert path(intensity) == "padding>window-linear>invert"


def test_percentiles_leave_out_the_padding_and_half_a_per_cent_at_each_end() -> None:
    counts = no_counts(EIGHT)
    counts[[0, 10, 20, 70, 120, 250]] = [5000, 4, 496, 496, 4, 0]
    table, taken = lookup_table(Intensity(EIGHT, padding=(0, 0)), counts)
    assert [float(table[value]) for value in (0, 10, 20, 45, 70, 120)] == [0, 0, 0, 0.5, 1, 1]
    assert taken == "padding>percentile"


def test_percentiles_follow_modality_values_where_the_slope_is_negative() -> None:
    counts = no_counts(EIGHT)
    counts[[50, 100, 150]] = [10, 10, 10]
    table, _ = lookup_table(Intensity(EIGHT, modality=Rescale(-1, 0)), counts)
    assert [float(table[value]) for value in (50, 100, 150)] == [1, 0.5, 0]


@pytest.mark.parametrize("used", [[], [77]])
def test_percentiles_of_an_empty_or_constant_image_give_black(used: list[int]) -> None:
    counts = no_counts(EIGHT)
    counts[used] = 9
    assert not lookup_table(Intensity(EIGHT), counts)[0].any()


def test_percentiles_of_two_values_keep_them_apart() -> None:
    counts = no_counts(EIGHT)
    counts[[3, 9]] = [9999, 1]
    table, _ = lookup_table(Intensity(EIGHT), counts)
    assert (table[3], table[9]) == (0, 1)


def test_weighted_percentile_is_the_least_value_that_reaches_the_share() -> None:
    values, counts = np.array([30.0, 10.0, 20.0]), np.array([1, 1, 2])
    assert [weighted_percentile(values, counts, percent) for percent in (25, 26, 75, 76)] == [10, 20, 20, 30]


def test_codes_with_foreign_bits_are_marked_and_masked_on_demand() -> None:
    intensity = Intensity(TWELVE, voi=(Window(2048, 4096),))
    table, _ = lookup_table(intensity, no_counts(TWELVE))
    assert np.isnan(table[0x1000])
    masked = masked_table(table, TWELVE)
    assert masked[0x1000 | 0x0123] == table[0x0123]
    assert not np.isnan(masked).any()


def test_high_bit_above_the_stored_bits_shifts() -> None:
    values, strange = code_values(StoredBits(16, 12, 15, False))
    assert values[0x1230] == 0x123
    assert not strange[0x1230]
    assert strange[0x1231]


def test_codes_are_counted_on_all_rows_of_a_small_image_and_on_evenly_spaced_ones_of_a_large() -> None:
    bits = StoredBits(16, 12, 11, False)
    small = np.random.default_rng(3).integers(0, 4096, (200, 150)).astype("u2")
    assert np.array_equal(count_codes(small, bits=bits), np.bincount(small.ravel(), minlength=1 << 16))
    large = np.repeat(np.arange(3000, dtype="u2")[:, None], 2800, axis=1)
    counts = count_codes(large, bits=bits)
    assert counts.sum() >= 1 << 20
    assert np.diff(np.flatnonzero(counts)).tolist() == [8] * (np.count_nonzero(counts) - 1)
