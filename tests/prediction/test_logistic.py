import numpy as np
import pytest
import statsmodels.api as sm

from cacs_cxr.prediction.logistic import (
    Floats,
    NoFiniteMaximum,
    firth,
    fit_logistic,
    maximum_likelihood,
    sigmoid,
    with_normal_prior,
)


def drawn(n: int = 400, seed: int = 0) -> tuple[Floats, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    random = np.random.default_rng(seed)
    columns = np.column_stack([random.normal(60, 10, n), random.integers(0, 2, n), random.normal(24, 3, n)])
    logits = -6.0 + 0.07 * columns[:, 0] + 0.8 * columns[:, 1] + 0.03 * columns[:, 2]
    return columns, (random.uniform(size=n) < sigmoid(logits)).astype(np.int64)


def test_fit_equals_statsmodels_to_8_digits() -> None:
    columns, labels = drawn()
    fit = fit_logistic(columns, labels, terms=["age", "sex", "bmi"])
    reference = sm.GLM(labels, sm.add_constant(columns), family=sm.families.Binomial()).fit(tol=1e-14)
    np.testing.assert_allclose(fit.coefficients, reference.params, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(fit.standard_errors, reference.bse, rtol=1e-7)
    np.testing.assert_allclose(fit.logits(columns), reference.predict(which="linear"), atol=1e-8)
    assert (fit.n, fit.n_positive, fit.note) == (400, int(labels.sum()), "")


def test_an_offset_is_kept_fixed() -> None:
    columns, labels = drawn()
    offset = 0.05 * columns[:, 0] - 3.0
    ours, _ = maximum_likelihood(np.ones((400, 1)), labels, offset=offset)
    theirs = sm.GLM(labels, np.ones(400), family=sm.families.Binomial(), offset=offset).fit(tol=1e-14)
    np.testing.assert_allclose(ours, theirs.params, atol=1e-8)


def test_separated_classes_fall_back_to_a_finite_firth_fit() -> None:
    x = np.arange(10.0)[:, None]
    labels = (np.arange(10) >= 5).astype(np.int64)
    with pytest.raises(NoFiniteMaximum):
        maximum_likelihood(np.column_stack([np.ones(10), x]), labels)
    fit = fit_logistic(x, labels, terms=["x"])
    assert np.isfinite(fit.coefficients).all()
    assert np.isfinite(fit.standard_errors).all()
    assert 0.3 < fit.coefficients[1] < 3.0
    assert fit.note.startswith("Firth")
    assert sigmoid(fit.logits(x)).mean() == pytest.approx(0.5, abs=1e-6)


def test_firth_of_a_two_by_two_table_adds_half_to_every_cell() -> None:
    """In a saturated table it is the log odds ratio with 1/2 added to each cell (Heinze & Schemper 2002)."""
    x = np.repeat([0.0, 0.0, 1.0, 1.0], [5, 1, 0, 4])
    labels = np.repeat([0, 1, 0, 1], [5, 1, 0, 4]).astype(np.int64)
    coefficients, _ = firth(np.column_stack([np.ones(10), x]), labels)
    assert coefficients[1] == pytest.approx(np.log((4.5 / 0.5) / (1.5 / 5.5)), abs=1e-6)


def test_a_constant_column_gets_no_estimate() -> None:
    columns, labels = drawn()
    fit = fit_logistic(np.column_stack([columns, np.ones(400)]), labels, terms=["age", "sex", "bmi", "none"])
    assert fit.coefficients[4] == 0.0
    assert np.isnan(fit.standard_errors[4])
    assert np.isfinite(fit.standard_errors[:4]).all()
    assert fit.note == "none constant"


def test_one_class_has_no_fit() -> None:
    with pytest.raises(NoFiniteMaximum, match="one class"):
        fit_logistic(np.arange(4.0)[:, None], np.zeros(4, dtype=np.int64), terms=["x"])


def test_collinear_columns_have_no_fit() -> None:
    columns, labels = drawn()
    with pytest.raises(NoFiniteMaximum, match="collinear"):
        fit_logistic(np.column_stack([columns, columns[:, 0]]), labels, terms=list("abcd"))


def test_a_prior_without_precision_is_maximum_likelihood_and_a_strong_one_decides() -> None:
    columns, labels = drawn()
    design = np.column_stack([np.ones(400), (columns - columns.mean(axis=0)) / columns.std(axis=0)])
    free, _ = with_normal_prior(design, labels, centre=np.zeros(4), precision=np.zeros(4))
    np.testing.assert_allclose(free, maximum_likelihood(design, labels)[0], atol=1e-8)
    centre = np.array([0.0, 1.0, -1.0, 0.5])
    bound, _ = with_normal_prior(design, labels, centre=centre, precision=np.array([0.0, 1e9, 1e9, 1e9]))
    np.testing.assert_allclose(bound[1:], centre[1:], atol=1e-5)


def test_extreme_logits_do_not_overflow() -> None:
    assert sigmoid([-1000.0, 0.0, 1000.0]).tolist() == [0.0, 0.5, 1.0]


def test_firth_converges_where_one_patient_alone_lacks_a_factor() -> None:
    """An indicator of a single patient separates; the plain scoring step then overshoots by its own length for ever."""
    random = np.random.default_rng(5)
    columns = random.normal(size=(107, 3))
    labels = (random.random(107) < 1 / (1 + np.exp(-columns[:, 0]))).astype(np.int64)
    for patient in range(107):
        indicator = (np.arange(107) == patient).astype(float)
        fit = fit_logistic(np.column_stack([columns, indicator]), labels, terms=("a", "b", "c", "d"))
        assert np.isfinite(fit.coefficients).all()
        assert np.abs(fit.coefficients).max() < 5
        assert "Firth" in fit.note
