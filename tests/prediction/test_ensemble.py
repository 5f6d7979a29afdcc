import numpy as np
import pytest

from cacs_cxr.prediction.ensemble import mean_logit, probability


def test_the_mean_is_of_logits_by_hand() -> None:
    logits = [[np.log(1.0), np.log(9.0)], [np.log(4.0), np.log(1.0)]]
    np.testing.assert_allclose(probability(mean_logit(logits)), [2 / 3, 3 / 4])


def test_no_probability_is_certain() -> None:
    low, high = probability([-1e6, 1e6])
    assert 0.0 < low < 1e-9
    assert 1.0 - 1e-9 < high < 1.0
    assert probability([0.0])[0] == pytest.approx(0.5)
