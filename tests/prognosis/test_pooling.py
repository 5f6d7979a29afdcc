"""Rubin's rules and the pooled tests, worked by hand and at their limits."""

import numpy as np
import pytest
from scipy import stats

from cacs_cxr.prognosis.pooling import half_width, pool, pooled_chi_squared_test, pooled_wald_test, two_sided_p


def test_three_estimates_by_hand() -> None:
    # Mean 2, W = .25, B = 1, T = .25 + 4/3; r = 16/3, Rubin's df = 2 (1 + 3/16)^2 = 2.8203125.
    pooled = pool([[1.0], [2.0], [3.0]], np.full((3, 1, 1), 0.25), complete_df=20)
    assert pooled.coefficients[0] == 2
    assert pooled.covariance[0, 0] == pytest.approx(0.25 + 4 / 3)
    assert pooled.df_rubin[0] == pytest.approx(2.8203125)
    # Barnard and Rubin: observed df = 21/23 * 20 * (1 - 16/19).
    observed = 21 / 23 * 20 * 3 / 19
    assert pooled.df[0] == pytest.approx(1 / (1 / 2.8203125 + 1 / observed))
    assert pooled.fmi[0] == pytest.approx((16 / 3 + 2 / 5.8203125) / (19 / 3))
    assert half_width(2.0, df=3.0) == pytest.approx(2 * 3.182446305)


def test_wald_test_of_one_coefficient_is_the_square_of_t() -> None:
    pooled = pool([[1.0], [1.5], [2.0]], np.full((3, 1, 1), 0.5))
    test = pooled_wald_test(pooled, [0])
    assert test.statistic == pytest.approx(pooled.coefficients[0] ** 2 / pooled.covariance[0, 0])
    assert test.residual_df == pytest.approx(pooled.df_rubin[0])
    assert test.p == pytest.approx(two_sided_p(1.5, float(np.sqrt(pooled.covariance[0, 0])), df=pooled.df[0]))


def test_pooled_statistics_by_hand() -> None:
    # Roots 2, 3 and 4 vary by 1: r = 4/3; D2 = (29/3/2 - 2 * 4/3) / (7/3); df2 = 2^(-1) * 2 * (7/4)^2.
    test = pooled_chi_squared_test([4.0, 9.0, 16.0], df=2)
    f = (29 / 6 - 8 / 3) / (7 / 3)
    assert test.statistic == pytest.approx(2 * f)
    assert test.residual_df == pytest.approx(49 / 16)
    assert test.p == pytest.approx(stats.f.sf(f, 2, 49 / 16))


def test_data_sets_that_agree_give_the_plain_tests() -> None:
    covariance = np.array([[0.5, 0.1], [0.1, 0.3]])
    pooled = pool([[1.0, 0.5]] * 4, [covariance] * 4)
    chi2 = float(np.array([1.0, 0.5]) @ np.linalg.solve(covariance, [1.0, 0.5]))
    for test in (pooled_wald_test(pooled, [0, 1]), pooled_chi_squared_test([chi2] * 4, df=2)):
        assert test.statistic == pytest.approx(chi2)
        assert test.p == pytest.approx(stats.chi2.sf(chi2, 2))
    assert np.isinf(pooled.df).all()
    assert np.isinf(pooled.df_rubin).all()
    assert pooled.fmi.tolist() == [0, 0]


def test_intervals_cover_a_mean_with_missing_values() -> None:
    # Forty values of which half are missing at random, imputed by the Bayesian normal model.
    generator = np.random.default_rng(4)
    covered = 0
    for _ in range(400):
        seen = generator.normal(0, 1, 20)
        means, variances = [], []
        for _ in range(20):
            sigma = np.sqrt(seen.var(ddof=1) * 19 / generator.chisquare(19))
            centre = generator.normal(seen.mean(), sigma / np.sqrt(20))
            whole = np.concatenate([seen, generator.normal(centre, sigma, 20)])
            means.append([whole.mean()])
            variances.append([[whole.var(ddof=1) / 40]])
        pooled = pool(means, variances, complete_df=39)
        half = half_width(float(np.sqrt(pooled.covariance[0, 0])), df=float(pooled.df[0]))
        covered += abs(pooled.coefficients[0]) <= half
    assert 0.92 <= covered / 400 <= 0.98
