import numpy as np
import pytest

from cacs_cxr.prediction.integration import SHARE, fit_integration
from cacs_cxr.prediction.logistic import Floats, Logistic, fit_logistic, sigmoid


def drawn(n: int, intercept: float, seed: int) -> tuple[Floats, Floats, np.ndarray]:
    """Calibrated cxr logit, two factors, and labels that depend on both."""
    random = np.random.default_rng(seed)
    factors = np.column_stack([random.normal(60, 10, n), random.integers(0, 2, n)])
    cxr = random.normal(0, 1, n) + 0.03 * (factors[:, 0] - 60)
    logits = intercept + 0.9 * cxr + 0.06 * (factors[:, 0] - 60) + 0.7 * factors[:, 1]
    return cxr, factors, (random.uniform(size=n) < sigmoid(logits)).astype(np.int64)


def fitted(n: int, intercept: float, seed: int) -> tuple[Logistic, Logistic]:
    cxr, factors, labels = drawn(4 * n, intercept, seed)
    clinical = fit_logistic(factors, labels, terms=["age", "sex[M]"])
    model = fit_integration(cxr[:n], factors[:n], labels[:n], clinical=clinical, spread=factors.std(axis=0))
    return model, clinical


def test_many_patients_outweigh_the_prior() -> None:
    model, _ = fitted(50000, -1.0, 0)
    assert model.terms == ("intercept", "cxr logit", "age", "sex[M]")
    assert model.coefficients[1:] == pytest.approx([0.9, 0.06, 0.7], abs=0.05)


def test_few_patients_stay_near_what_is_known_and_calibrated() -> None:
    model, clinical = fitted(150, -4.0, 1)
    assert 3 < model.n_positive < 20
    assert model.coefficients[2] == pytest.approx(SHARE * clinical.coefficients[1], abs=0.03)
    cxr, factors, labels = drawn(600, -4.0, 1)
    inside = model.logits(np.column_stack([cxr, factors]))[:150]
    assert sigmoid(inside).mean() == pytest.approx(labels[:150].mean(), abs=1e-8)
    assert np.isfinite(model.standard_errors).all()


def test_few_positives_predict_new_patients_better_than_maximum_likelihood_does() -> None:
    """The reason for the prior: mean log-loss over 40 tuning splits with some ten positive patients."""
    new_cxr, new_factors, new_labels = drawn(20000, -4.0, 99)
    new = np.column_stack([new_cxr, new_factors])
    loss: dict[str, list[float]] = {"prior": [], "likelihood": []}
    for seed in range(40):
        cxr, factors, labels = drawn(900, -4.0, seed)
        clinical = fit_logistic(factors, labels, terms=["age", "sex"])
        model = fit_integration(cxr[:225], factors[:225], labels[:225], clinical=clinical, spread=factors.std(axis=0))
        plain = fit_logistic(np.column_stack([cxr, factors])[:225], labels[:225], terms=["cxr", "age", "sex"])
        for name, fit in (("prior", model), ("likelihood", plain)):
            logits = fit.logits(new)
            loss[name].append(float(np.mean(np.logaddexp(0, logits) - new_labels * logits)))
    assert np.mean(loss["prior"]) < np.mean(loss["likelihood"]) - 0.002


def test_a_tuning_split_of_one_class_gives_the_mean_of_both_models() -> None:
    cxr, factors, labels = drawn(400, -1.0, 3)
    clinical = fit_logistic(factors, labels, terms=["age", "sex[M]"])
    none = np.zeros(50, dtype=np.int64)
    model = fit_integration(cxr[:50], factors[:50], none, clinical=clinical, spread=factors.std(axis=0))
    expected = (cxr + clinical.logits(factors)) / 2.0
    np.testing.assert_allclose(model.logits(np.column_stack([cxr, factors])), expected)
    assert "mean of the cxr and the clinical logit" in model.note
    assert np.isnan(model.standard_errors).all()


def test_a_column_without_spread_does_not_stop_the_fit() -> None:
    cxr, factors, labels = drawn(400, -1.0, 4)
    clinical = fit_logistic(factors, labels, terms=["age", "sex[M]"])
    same = factors[:100].copy()
    same[:, 1] = 1.0
    model = fit_integration(cxr[:100], same, labels[:100], clinical=clinical, spread=np.array([10.0, 0.0]))
    assert np.isfinite(model.coefficients).all()
