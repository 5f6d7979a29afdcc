import numpy as np
import pandas as pd
import pytest

from cacs_cxr.factor_columns import coded_factor, fit_design
from cacs_cxr.faults import InputError
from cacs_cxr.prediction.clinical import fit_clinical
from cacs_cxr.study import Factor

AGE = Factor("age", "Age", "continuous", unit="years")
SEX = Factor("sex", "Male sex", "binary", levels=("F", "M"))
BMI = Factor("bmi", "Body mass index", "continuous", missing="impute")
PATIENTS = pd.DataFrame({"age": [50.0, 60, 70, 80], "sex": ["F", "M", "M", "F"], "bmi": [20.0, np.nan, 30.0, 22.0]})


def test_columns_are_raw_units_levels_and_an_indicator() -> None:
    design = fit_design(PATIENTS, [AGE, SEX, BMI])
    assert design.terms == ("age", "sex[M]", "bmi", "bmi[missing]")
    assert design.columns(PATIENTS).tolist() == [[50, 0, 20, 0], [60, 1, 22, 1], [70, 1, 30, 0], [80, 0, 22, 0]]


def test_the_median_is_of_the_patients_fitted_on_not_of_those_predicted() -> None:
    design = fit_design(PATIENTS, [BMI])
    new = pd.DataFrame({"bmi": [np.nan, 99.0, 98.0]})
    assert design.columns(new)[:, 0].tolist() == [22.0, 99.0, 98.0]


def test_without_a_missing_value_there_is_no_indicator_and_a_later_one_is_filled() -> None:
    design = fit_design(PATIENTS.iloc[[0, 2, 3]], [BMI])
    assert design.terms == ("bmi",)
    assert design.columns(PATIENTS)[1, 0] == 22.0


def test_an_unknown_level_and_a_missing_value_are_refused() -> None:
    with pytest.raises(InputError, match=r"'sex'.*'X'.*F or M"):
        coded_factor(pd.Series(["F", "X"]), SEX)
    with pytest.raises(InputError, match=r"1 missing values.*impute"):
        coded_factor(pd.Series([50.0, np.nan]), AGE)
    with pytest.raises(InputError, match="no value at all"):
        fit_design(pd.DataFrame({"bmi": [np.nan, np.nan]}), [BMI])


def test_nullable_integers_are_numbers() -> None:
    assert np.isnan(coded_factor(pd.Series([1, None], dtype="Int64"), BMI)[1])


def test_the_fit_recovers_log_odds_per_unit() -> None:
    random = np.random.default_rng(0)
    n = 20000
    patients = pd.DataFrame({
        "age": random.normal(60, 10, n),
        "sex": random.choice(["F", "M"], n),
        "bmi": np.where(random.uniform(size=n) < 0.1, np.nan, random.normal(24, 3, n)),
    })  # fmt: skip
    logits = -6 + 0.08 * patients["age"] + 0.9 * (patients["sex"] == "M")
    labels = (random.uniform(size=n) < 1 / (1 + np.exp(-logits))).astype(np.int64).to_numpy()
    design, fit = fit_clinical(patients, labels, [AGE, SEX, BMI])
    by_term = dict(zip(fit.terms, fit.coefficients, strict=True))
    assert by_term["age"] == pytest.approx(0.08, abs=0.006)
    assert by_term["sex[M]"] == pytest.approx(0.9, abs=0.1)
    assert by_term["bmi"] == pytest.approx(0.0, abs=0.02)
    assert fit.logits(design.columns(patients)).shape == (n,)
