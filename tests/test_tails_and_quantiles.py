"""Tails and quantiles are those of scipy.stats, far tails and infinite statistics included; intervals those of R."""

import math

import numpy as np
import pytest
from scipy import stats

from cacs_cxr.distributions import (
    NORMAL_975,
    beta_quantile,
    binomial_cumulative,
    chi_squared_quantile,
    chi_squared_tail,
    f_tail,
    normal_quantile,
    normal_tail,
    t_quantile,
    t_tail,
)
from cacs_cxr.evaluation.operating_points import exact_interval, wilson_interval
from cacs_cxr.evaluation.predictive_values import mcnemar


@pytest.mark.parametrize("value", [0.0, 0.3, 1.96, 8.0, 37.0, 400.0, math.inf, math.nan])
def test_tails(value: float) -> None:
    def near(other: float) -> object:
        return pytest.approx(float(other), rel=1e-10, abs=1e-300, nan_ok=True)

    assert normal_tail(value) == near(stats.norm.sf(value))
    assert t_tail(value, 3.5) == near(stats.t.sf(value, 3.5))
    for df in (1, 3, 40):
        assert chi_squared_tail(value, df) == near(stats.chi2.sf(value, df))
    assert f_tail(value, 3, 17.5) == near(stats.f.sf(value, 3, 17.5))


def test_quantiles() -> None:
    assert pytest.approx(1.959963984540054, rel=1e-15) == NORMAL_975
    for p in (0.025, 0.5, 0.9):
        assert normal_quantile(p) == pytest.approx(stats.norm.ppf(p), rel=1e-12, abs=1e-15)
        assert t_quantile(p, 4.2) == pytest.approx(stats.t.ppf(p, 4.2), rel=1e-10, abs=1e-15)
        assert chi_squared_quantile(p, 7) == pytest.approx(stats.chi2.ppf(p, 7), rel=1e-10)
        assert beta_quantile(p, 2, 9) == pytest.approx(stats.beta.ppf(p, 2, 9), rel=1e-10)
    assert binomial_cumulative(3, 11, 0.5) == pytest.approx(stats.binom.cdf(3, 11, 0.5), rel=1e-12)


@pytest.mark.parametrize(("successes", "n"), [(0, 7), (7, 7), (1, 1), (3, 11), (480, 1000), (0, 100_000)])
def test_intervals_of_proportions(successes: int, n: int) -> None:
    for interval, method in ((wilson_interval, "wilson"), (exact_interval, "exact")):
        expected = stats.binomtest(successes, n).proportion_ci(method=method)
        assert interval(successes, n) == pytest.approx((expected.low, expected.high), rel=1e-9, abs=1e-15)


@pytest.mark.parametrize(("first", "second"), [(0, 5), (5, 5), (4, 5), (12, 3), (0, 0)])
def test_mcnemar_is_the_binomial_test_of_the_discordant_pairs(first: int, second: int) -> None:
    a = np.repeat([1, 0, 1], [first, second, 9])
    b = np.repeat([0, 1, 1], [first, second, 9])
    discordant = first + second
    expected = stats.binomtest(first, discordant, 0.5).pvalue if discordant else 1.0
    assert mcnemar(a, b).p == pytest.approx(expected, rel=1e-12)
