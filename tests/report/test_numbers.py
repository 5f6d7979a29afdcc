"""Numbers in print."""

import pytest

from cacs_cxr.report.numbers import count, estimate, listing, p_phrase, p_value, share


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.0312, ".031"),
        (0.000999, "<.001"),
        (1e-300, "<.001"),
        (0.001, ".001"),
        (0.9999, ">.999"),
        (1.0, ">.999"),
        (float("nan"), "not estimable"),
    ],
)
def test_p_values_have_three_decimals(p: float, text: str) -> None:
    assert p_value(p) == text


def test_p_values_in_a_sentence() -> None:
    assert p_phrase(0.04) == "p = .040"
    assert p_phrase(1e-9) == "p < .001"
    assert p_phrase(float("nan")) == "p not estimable"


def test_estimates_show_their_interval_or_say_that_there_is_none() -> None:
    nan = float("nan")
    assert estimate(0.7449, 0.71, 0.78) == "0.74 (0.71–0.78)"
    assert estimate(-0.012, -0.02, 0.001, digits=3) == "−0.012 (−0.020 to 0.001)"
    assert estimate(-0.0001, 0.0, 0.1) == "0.00 (0.00–0.10)"
    assert estimate(nan, nan, nan) == "not estimable"
    assert estimate(1.0, nan, nan) == "1.00 (interval not estimable)"


def test_counts_and_lists() -> None:
    assert count(10230) == "10,230"
    assert share(3, 8) == "3 (37.5 %)"
    assert share(0, 0) == "0"
    assert listing([]) == ""
    assert listing(["a"]) == "a"
    assert listing(["a", "b", "c"]) == "a, b and c"
