"""Newton's Cox regression: by hand, against lifelines, ties, separation and truth."""

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter

from cacs_cxr.prognosis.cox import cox_regression, partial_likelihood
from cacs_cxr.prognosis.risk_sets import risk_sets


def simulated(*, n: int, seed: int, coefficients: list[float], step: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    covariates = np.column_stack([rng.normal(60, 9, n), rng.integers(0, 2, n).astype(float)])[:, : len(coefficients)]
    hazard = 1e-4 * np.exp((covariates - covariates.mean(axis=0)) @ np.array(coefficients))
    failure, censoring = rng.exponential(1 / hazard), rng.uniform(500, 4000, n)
    days = np.ceil(np.minimum(failure, censoring) / step).astype(int) * step
    return days, failure <= censoring, covariates


def test_one_binary_covariate_by_hand() -> None:
    # Events at days 1 (x = 1) and 2 (x = 0), then a censored x = 1: with t = exp(b) the likelihood is
    # t / (2 t + 1) * 1 / (t + 1), greatest at t = sqrt(1 / 2).
    fit = cox_regression([1, 2, 3], [1, 1, 0], [[1.0], [0.0], [1.0]])
    assert fit.coefficients[0] == pytest.approx(np.log(np.sqrt(0.5)), rel=1e-10)
    assert fit.loglik_null == pytest.approx(np.log(1 / 3) + np.log(1 / 2))


def test_efron_by_hand_for_two_tied_events() -> None:
    # Both of three patients die on day 1: at b = 0 the second death has 3 - 1/2 * 2 = 2 at risk.
    sets = risk_sets([1, 1, 2], [1, 1, 0])
    loglik, _, _ = partial_likelihood(np.zeros(1), np.array([[0.0], [1.0], [0.0]]), sets)
    assert loglik == pytest.approx(-np.log(3) - np.log(2))


@pytest.mark.parametrize("step", [1, 30, 365])
def test_heavily_tied_fits_are_those_of_lifelines(step: int) -> None:
    days, event, covariates = simulated(n=400, seed=3, coefficients=[0.04, 0.6], step=step)
    fit = cox_regression(days, event, covariates)
    frame = pd.DataFrame(covariates, columns=["a", "b"]).assign(days=days, event=event)
    other = CoxPHFitter().fit(frame, "days", "event", fit_options={"precision": 1e-12, "r_precision": 1e-14})
    assert fit.coefficients == pytest.approx(other.params_.to_numpy(), rel=1e-6)
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx(other.standard_errors_.to_numpy(), rel=1e-6)
    assert fit.loglik == pytest.approx(other.log_likelihood_, rel=1e-10)


def test_gradient_and_information_are_derivatives() -> None:
    days, event, covariates = simulated(n=60, seed=4, coefficients=[0.04, 0.6], step=200)
    sets = risk_sets(days, event)
    rows = ((covariates - covariates.mean(axis=0)) / covariates.std(axis=0))[sets.order]
    at, h = np.array([0.2, -0.3]), 1e-5
    _, gradient, information = partial_likelihood(at, rows, sets)
    for place, unit in enumerate(np.eye(2) * h):
        up, down = partial_likelihood(at + unit, rows, sets), partial_likelihood(at - unit, rows, sets)
        assert gradient[place] == pytest.approx((up[0] - down[0]) / (2 * h), rel=1e-6)
        assert information[place] == pytest.approx(-(up[1] - down[1]) / (2 * h), rel=1e-5)


def test_units_and_order_of_patients_do_not_matter() -> None:
    days, event, covariates = simulated(n=300, seed=5, coefficients=[0.04, 0.6], step=1)
    fit = cox_regression(days, event, covariates)
    order = np.random.default_rng(0).permutation(300)
    other = cox_regression(days[order], event[order], covariates[order] * [1e6, 1e-6] + [0, 40])
    assert other.coefficients * [1e6, 1e-6] == pytest.approx(fit.coefficients, rel=1e-8)


def test_planted_hazard_ratio_is_recovered() -> None:
    days, event, covariates = simulated(n=20_000, seed=6, coefficients=[0.05, 0.7], step=1)
    fit = cox_regression(days, event, covariates)
    errors = np.sqrt(np.diag(fit.covariance))
    assert (errors < [0.002, 0.035]).all()
    assert (np.abs(fit.coefficients - [0.05, 0.7]) < 2.5 * errors).all()


def test_separated_covariate_is_marked_and_the_other_tends_to_its_limit() -> None:
    days, event, covariates = simulated(n=300, seed=7, coefficients=[0.05], step=1)
    safe = np.zeros(300)
    safe[np.flatnonzero(~event)[:40]] = 1.0
    fit = cox_regression(days, event, np.column_stack([safe, covariates[:, 0]]))
    limit = cox_regression(days[safe == 0], event[safe == 0], covariates[safe == 0])
    assert fit.unbounded.tolist() == [True, False]
    assert fit.coefficients[1] == pytest.approx(limit.coefficients[0], rel=1e-6)
    assert fit.covariance[1, 1] == pytest.approx(limit.covariance[0, 0], rel=1e-6)
    assert fit.loglik == pytest.approx(limit.loglik, abs=1e-6)


def test_dependent_columns_and_no_events_fail_with_a_reason() -> None:
    days, event, covariates = simulated(n=100, seed=8, coefficients=[0.05], step=1)
    twice = cox_regression(days, event, np.column_stack([covariates, covariates]))
    assert "linearly dependent" in twice.failure
    assert np.isnan(twice.coefficients).all()
    nothing = cox_regression([1, 2], [0, 0], [[1.0], [2.0]])
    assert nothing.failure == "no events"


def test_one_event_and_extreme_values_finish() -> None:
    fit = cox_regression([1, 2, 3], [0, 1, 0], [[1.0], [0.0], [1e8]])
    assert fit.unbounded.tolist() == [True]
    without_terms = cox_regression([1, 2, 3], [0, 1, 0], np.empty((3, 0)))
    assert without_terms.loglik == pytest.approx(-np.log(2))
