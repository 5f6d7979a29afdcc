import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from cacs_cxr.prediction.logistic import sigmoid
from cacs_cxr.prediction.network_calibration import calibration_of, network_calibration, network_logits


def drawn(n: int, *, shift: float, slope: float) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    logits = random.normal(-1, 1, n)
    return (random.uniform(size=n) < sigmoid(shift + slope * logits)).astype(np.int64), sigmoid(logits)


def test_intercept_and_slope_are_those_of_generalised_linear_models() -> None:
    labels, probabilities = drawn(500, shift=0.4, slope=1.5)
    logits = np.log(probabilities / (1 - probabilities))
    found = calibration_of(labels, probabilities)
    large = sm.GLM(labels, np.ones(500), family=sm.families.Binomial(), offset=logits).fit()
    joint = sm.Logit(labels, sm.add_constant(logits)).fit(disp=0)
    assert [found["intercept"], found["intercept_se"]] == pytest.approx([large.params[0], large.bse[0]], rel=1e-6)
    assert [found["slope"], found["slope_se"]] == pytest.approx([joint.params[1], joint.bse[1]], rel=1e-6)


def test_shares_and_scores_by_hand() -> None:
    found = calibration_of(np.array([1, 0, 0, 1]), np.array([0.8, 0.4, 0.2, 0.6]))
    assert (found["n"], found["n_positive"], found["observed"], found["expected"]) == (4, 2, 0.5, 0.5)
    assert found["observed_to_expected"] == pytest.approx(1.0)
    assert found["brier"] == pytest.approx((0.04 + 0.16 + 0.04 + 0.16) / 4)
    assert found["log_loss"] == pytest.approx(-np.log([0.8, 0.6, 0.8, 0.6]).mean())


def test_one_class_has_shares_and_a_note() -> None:
    found = calibration_of(np.zeros(5, dtype=np.int64), np.full(5, 0.2))
    assert np.isnan([found["intercept"], found["slope"]]).all()
    assert found["note"] == "intercept and slope not estimable: one class"


def test_each_patient_counts_once_by_the_network_that_did_not_see_him() -> None:
    keys = ["network", "threshold", "fold", "member", "patient", "part", "logit"]
    inside = pd.DataFrame(
        [
            ("cxr", "gt0", 0, 0, "a", "test", 1.0), ("cxr", "gt0", 0, 1, "a", "test", 3.0),
            ("cxr", "gt0", 1, 0, "a", "tuning", 9.0), ("cxr", "gt0", 1, 0, "b", "test", -1.0),
        ],
        columns=keys,
    )  # fmt: skip
    outside = pd.DataFrame(
        [("cxr", "gt0", fold, 0, "c", logit) for fold, logit in ((0, 0.0), (1, 1.0))], columns=[*keys[:5], "logit"]
    )
    logits = network_logits(inside, outside)
    assert logits.set_index("patient")["logit"].to_dict() == {"a": 2.0, "b": -1.0, "c": 0.5}
    predictions = pd.DataFrame({
        "site": ["in", "in", "out"], "patient": ["a", "b", "c"], "fold": [0, 1, -1], "model": "cxr",
        "threshold": "gt0", "label": [1, 0, 1], "probability": [0.7, 0.4, 0.6],
    })  # fmt: skip
    table = network_calibration(logits, predictions).set_index(["site", "stage"])
    assert table.loc[("in", "network"), "expected"] == pytest.approx(sigmoid([2.0, -1.0]).mean())
    assert table.loc[("in", "calibrated"), "expected"] == pytest.approx(0.55)
    assert table.loc[("out", "network"), "expected"] == pytest.approx(sigmoid(0.5))
    assert network_logits(inside, outside.head(0))["patient"].tolist() == ["a", "b"]
