import numpy as np
import pytest
import statsmodels.api as sm
import torch

from cacs_cxr.training.batches import Radiographs
from cacs_cxr.training.inference import auc, calibrated_log_loss, log_loss, predict_logits
from cacs_cxr.training.network import build_network


def test_auc_by_hand() -> None:
    labels = np.array([0, 0, 1, 1])
    assert auc(labels, np.array([0.1, 0.4, 0.35, 0.8])) == 0.75
    assert auc(labels, np.array([1.0, 1.0, 1.0, 1.0])) == 0.5
    assert np.isnan(auc(np.zeros(3, dtype=np.int64), np.arange(3.0)))


def test_log_loss_by_hand() -> None:
    assert log_loss(np.array([1, 0]), np.array([0.0, 0.0])) == pytest.approx(np.log(2))
    assert log_loss(np.array([1]), np.array([-1000.0])) == pytest.approx(1000.0)


def test_prediction_is_in_evaluation_mode_and_does_not_depend_on_the_batch() -> None:
    network, _ = build_network("test_byobnet", outputs=1, factors=0, initial=None, seed=0)
    network.train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    pixels = torch.randint(0, 256, (7, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    radiographs = Radiographs(pixels, torch.zeros(7, 1), torch.zeros(7, 0))
    whole = predict_logits(network, radiographs, mean=0.5, sd=0.2, batch_size=7)
    np.testing.assert_allclose(predict_logits(network, radiographs, mean=0.5, sd=0.2, batch_size=2), whole, atol=1e-5)
    assert network.training
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())


def test_logits_that_are_not_finite_are_an_error() -> None:
    network, _ = build_network("test_byobnet", outputs=1, factors=0, initial=None, seed=0)
    radiographs = Radiographs(torch.zeros(2, 32, 32, dtype=torch.uint8), torch.zeros(2, 1), torch.zeros(2, 0))
    with pytest.raises(FloatingPointError, match=r"2 of 2 logits.*learning_rate"):
        predict_logits(network, radiographs, mean=float("nan"), sd=1.0, batch_size=2)


def test_calibrated_loss_is_that_of_the_fitted_logistic_regression() -> None:
    random = np.random.default_rng(3)
    logits = random.normal(0, 1, 200)
    labels = (random.random(200) < 1 / (1 + np.exp(1 - 0.5 * logits))).astype(np.int64)
    fitted = sm.GLM(labels, sm.add_constant(logits), family=sm.families.Binomial()).fit(tol=1e-12)
    expected = -fitted.llf / 200
    assert calibrated_log_loss(labels, logits) == pytest.approx(expected, rel=1e-8)
    assert calibrated_log_loss(labels, 10 * logits + 7) == pytest.approx(expected, rel=1e-8)


def test_calibrated_loss_of_logits_that_tell_nothing_or_all() -> None:
    labels = np.array([0, 0, 0, 1])
    constant = -(0.25 * np.log(0.25) + 0.75 * np.log(0.75))
    assert calibrated_log_loss(labels, np.zeros(4)) == pytest.approx(constant)
    assert calibrated_log_loss(labels, np.array([3.0, 2.0, 1.0, 0.0])) == pytest.approx(constant)
    assert calibrated_log_loss(labels, np.array([0.0, 1.0, 2.0, 3.0])) < 1e-6
    assert calibrated_log_loss(np.zeros(3, dtype=np.int64), np.array([1.0, 2.0, 3.0])) == 0.0
