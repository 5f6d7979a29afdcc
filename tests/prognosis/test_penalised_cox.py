"""Groups without events: profile likelihood, Firth's penalty, and restricted means by hand."""

import numpy as np
import pytest

from cacs_cxr.prognosis.cox import cox_regression
from cacs_cxr.prognosis.penalised_cox import profiled
from cacs_cxr.prognosis.restricted_mean import mean_difference, restricted_mean


def test_firth_by_hand_in_two_patients() -> None:
    # One event, in a patient with x = 1 while one with x = 0 is at risk: likelihood t / (1 + t), information
    # t / (1 + t)²; t^1.5 / (1 + t)² is greatest at t = 3.
    found = profiled([1, 2], [1, 0], [[1.0], [0.0]], place=0, penalty="firth")
    assert np.exp(found.coefficient) == pytest.approx(3, rel=1e-5)


def test_profile_of_a_plain_model_is_near_walds_interval_and_has_its_estimate() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(600, 2))
    time, event = np.ceil(rng.exponential(900 * np.exp(-0.5 * x[:, 0]))).astype(int), rng.random(600) < 0.8
    fit = cox_regression(time, event, x)
    found = profiled(time, event, x, place=0, penalty="none")
    se = float(np.sqrt(fit.covariance[0, 0]))
    assert found.coefficient == pytest.approx(fit.coefficients[0], rel=1e-8)
    assert found.low == pytest.approx(fit.coefficients[0] - 1.96 * se, abs=0.05 * se)
    assert found.high == pytest.approx(fit.coefficients[0] + 1.96 * se, abs=0.05 * se)
    without = cox_regression(time, event, x[:, 1:])
    assert found.statistic == pytest.approx(2 * (fit.loglik - without.loglik), rel=1e-6)


def test_without_events_one_limit_is_infinite_and_firth_is_finite() -> None:
    rng = np.random.default_rng(2)
    group = np.repeat([0.0, 1.0], 20)[:, np.newaxis]
    time = rng.integers(1, 1000, 40)
    event = (group[:, 0] == 1) & (rng.random(40) < 0.5)
    plain = profiled(time, event, group, place=0, penalty="none")
    assert plain.coefficient == plain.high == np.inf
    assert np.isfinite(plain.low)
    firth = profiled(time, event, group, place=0, penalty="firth")
    assert plain.low < firth.coefficient < 10
    assert firth.low < firth.coefficient < firth.high


def test_restricted_mean_by_hand_and_where_follow_up_ends() -> None:
    # S is 1 until day 2, 2/3 until day 4, then 1/3: until day 5 the area is 2 + 4/3 + 1/3.
    mean = restricted_mean([2, 4, 9], [1, 1, 0], horizon=5)
    assert mean.days == pytest.approx(2 + 4 / 3 + 1 / 3)
    later = np.array([4 / 3 + 1 / 3, 1 / 3])
    assert mean.se == pytest.approx(np.sqrt(later[0] ** 2 / (3 * 2) + later[1] ** 2 / 2))
    assert np.isnan(restricted_mean([2, 4, 9], [1, 1, 0], horizon=10).days)
    assert restricted_mean([2, 4], [1, 1], horizon=10).days == 3
    difference, se, low, high, p = mean_difference(mean, restricted_mean([3, 5, 9], [1, 0, 0], horizon=5))
    assert low < difference < high
    assert se > 0
    assert 0 < p < 1
