from functools import partial

import numpy as np
import pytest
import statsmodels.api as sm

from cacs_cxr.prediction.calibration import fit_calibration
from cacs_cxr.prediction.logistic import sigmoid

platt = partial(fit_calibration, method="platt", network="cxr")
temperature = partial(fit_calibration, method="temperature", network="cxr")


def drawn(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    logits = random.normal(-1.0, 1.0, n)
    return logits, (random.uniform(size=n) < sigmoid(logits)).astype(np.int64)


def log_loss(logits: np.ndarray, labels: np.ndarray) -> float:
    return float(np.mean(np.logaddexp(0, logits) - labels * logits))


def test_a_logit_that_is_far_too_sure_is_put_right() -> None:
    logits, labels = drawn(4000)
    fit = platt(3.0 * logits + 2.0, labels)
    assert fit.coefficients == pytest.approx([-2.0 / 3.0, 1.0 / 3.0], abs=0.08)
    new, new_labels = drawn(4000, seed=1)
    raw = 3.0 * new + 2.0
    assert log_loss(fit.logits(raw[:, None]), new_labels) == pytest.approx(log_loss(new, new_labels), abs=0.003)
    assert log_loss(raw, new_labels) > log_loss(new, new_labels) + 0.15
    assert sigmoid(fit.logits((3.0 * logits + 2.0)[:, None])).mean() == pytest.approx(labels.mean(), abs=1e-8)
    assert fit.note == ""


def test_a_slope_that_is_not_positive_never_turns_the_network_round() -> None:
    logits, labels = drawn(400)
    fit = platt(-logits, labels)
    assert fit.coefficients[1] == 1.0
    assert sigmoid(fit.logits(-logits[:, None])).mean() == pytest.approx(labels.mean(), abs=1e-8)
    assert "not positive: intercept only" in fit.note
    assert np.isnan(fit.standard_errors[1])


def test_separated_classes_keep_the_networks_slope() -> None:
    fit = platt(np.arange(20.0) - 10.0, (np.arange(20) >= 10).astype(np.int64))
    assert fit.coefficients[1] == 1.0
    assert "intercept only" in fit.note


def test_equal_logits_keep_the_networks_slope() -> None:
    fit = platt(np.full(20, -1.0), (np.arange(20) < 5).astype(np.int64))
    assert sigmoid(fit.logits([[-1.0]]))[0] == pytest.approx(0.25)
    assert "constant" in fit.note


def test_a_tuning_split_without_positives_leaves_the_logit_as_it_is() -> None:
    logits, _ = drawn(30)
    fit = platt(logits, np.zeros(30, dtype=np.int64))
    np.testing.assert_array_equal(fit.logits(logits[:, None]), logits)
    assert fit.note == "tuning split of one class: network's own logit"


def test_a_temperature_divides_the_logits_by_the_number_of_least_loss() -> None:
    logits, labels = drawn(4000)
    fit = temperature(3.0 * logits, labels)
    expected = sm.Logit(labels, 3.0 * logits[:, None]).fit(disp=0, tol=1e-12)
    assert fit.terms == ("intercept", "cxr logit")
    assert fit.coefficients == pytest.approx([0.0, expected.params[0]], rel=1e-6)
    assert fit.standard_errors == pytest.approx([0.0, expected.bse[0]], rel=1e-6)
    assert 1 / fit.coefficients[1] == pytest.approx(3.0, rel=0.1)


def test_a_temperature_that_would_turn_the_network_round_is_not_taken() -> None:
    logits, labels = drawn(400)
    fit = temperature(-logits, labels)
    assert fit.coefficients.tolist() == [0.0, 1.0]
    assert "not positive: network's own logit" in fit.note
