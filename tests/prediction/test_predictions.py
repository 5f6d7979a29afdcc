from typing import Any

import numpy as np
import pandas as pd
import pytest

from cacs_cxr.prediction.predictions import COLUMNS, KEYS, predict_threshold
from cacs_cxr.study import Factor

AGE = Factor("age", "Age", "continuous")
SEX = Factor("sex", "Male sex", "binary", levels=("F", "M"))
BMI = Factor("bmi", "Body mass index", "continuous", missing="impute")
FOLDS = 4


def study(n: int = 200, external: int = 40, seed: int = 0) -> dict[str, Any]:
    """A study of n development and some external patients whose logits and factors bear on the label."""
    random = np.random.default_rng(seed)
    total = n + external
    age = random.normal(60, 10, total)
    signal = random.normal(0, 1, total)
    label = (0.05 * (age - 60) + signal + random.logistic(0, 1, total) > 0).astype(int)
    cohort = pd.DataFrame({
        "site": ["a"] * n + ["b"] * external,
        "patient": [f"{number:016x}" for number in random.permutation(total)],
        "age": age,
        "sex": random.choice(["F", "M"], total),
        "bmi": np.where(random.uniform(size=total) < 0.1, np.nan, random.normal(24, 3, total)),
    })  # fmt: skip
    inner = cohort["patient"].head(n)
    folds, logits, outside = [], [], []
    for fold in range(FOLDS):
        part = np.where(np.arange(n) % FOLDS == fold, "test", np.where(np.arange(n) // 4 % 3 == 0, "tuning", "train"))
        folds.append(pd.DataFrame({"patient": inner, "fold": fold, "part": part}))
        noisy = signal + random.normal(0, 0.3, total)
        table = pd.DataFrame({"patient": inner, "part": part, "logit": noisy[:n]})
        logits.append(table[table["part"] != "train"].assign(network="cxr", fold=fold, member=0))
        outside.append(cohort.tail(external)[["site", "patient"]].assign(fold=fold, logit=noisy[n:]))
    return {
        "cohort": cohort,
        "folds": pd.concat(folds, ignore_index=True),
        "logits": pd.concat(logits, ignore_index=True),
        "external": pd.concat(outside, ignore_index=True).assign(network="cxr", member=0),
        "threshold": "gt0",
        "factors": [AGE, SEX, BMI],
        "labels": pd.Series(label, index=cohort["patient"]),
        "calibration": "platt",
    }


def test_every_patient_is_predicted_once_by_every_model() -> None:
    given = study()
    predictions, _ = predict_threshold(**given)
    assert predictions.columns.tolist() == COLUMNS
    assert predictions.groupby(["site", "model"]).size().to_dict() == {
        ("a", "clinical"): 200, ("a", "cxr"): 200, ("a", "integrated"): 200,
        ("b", "clinical"): 40, ("b", "cxr"): 40, ("b", "integrated"): 40,
    }  # fmt: skip
    assert not predictions.duplicated(KEYS).any()
    assert predictions["probability"].between(0, 1, inclusive="neither").all()
    assert (predictions.loc[predictions["site"] == "b", "fold"] == -1).all()
    tested = given["folds"][given["folds"]["part"] == "test"].set_index("patient")["fold"]
    inside = predictions[predictions["site"] == "a"]
    assert (tested.loc[inside["patient"]].to_numpy() == inside["fold"].to_numpy()).all()
    pd.testing.assert_frame_equal(predictions, predictions.sort_values(KEYS, ignore_index=True))


def test_a_test_patients_label_does_not_reach_its_prediction() -> None:
    given = study()
    before, _ = predict_threshold(**given)
    test = given["folds"].query("fold == 0 and part == 'test'")["patient"]
    flipped = given["labels"].copy()
    flipped.loc[test] = 1 - flipped.loc[test]
    after, _ = predict_threshold(**{**given, "labels": flipped})
    own = before["patient"].isin(test)
    pd.testing.assert_series_equal(before.loc[own, "probability"], after.loc[own, "probability"], check_exact=True)
    assert not np.allclose(before.loc[~own, "probability"], after.loc[~own, "probability"])


def test_external_labels_reach_nothing() -> None:
    given = study()
    before, coefficients = predict_threshold(**given)
    outside = given["cohort"].query("site == 'b'")["patient"]
    flipped = given["labels"].copy()
    flipped.loc[outside] = 1 - flipped.loc[outside]
    after, same = predict_threshold(**{**given, "labels": flipped})
    pd.testing.assert_series_equal(before["probability"], after["probability"], check_exact=True)
    pd.testing.assert_frame_equal(coefficients, same)


def test_the_external_prediction_is_the_mean_logit_of_the_calibrated_networks() -> None:
    given = study()
    predictions, coefficients = predict_threshold(**given)
    cxr = coefficients[(coefficients["model"] == "cxr") & (coefficients["fold"] >= 0)]
    slopes = cxr.pivot_table(index="fold", columns="term", values="coefficient")
    patient = given["external"]["patient"].iloc[0]
    logits = given["external"].pivot_table(index="fold", columns="patient", values="logit")[patient]
    expected = (slopes["intercept"] + slopes["cxr logit"] * logits).mean()
    cxr_predictions = predictions[predictions["model"] == "cxr"].set_index("patient")
    assert cxr_predictions.loc[patient, "probability"] == pytest.approx(1 / (1 + np.exp(-expected)), abs=1e-12)


def test_coefficients_give_odds_ratios_with_intervals_by_fold_and_their_mean() -> None:
    _, coefficients = predict_threshold(**study())
    row = coefficients.query("model == 'integrated' and fold == 2 and term == 'age'").iloc[0]
    assert row["odds_ratio"] == pytest.approx(np.exp(row["coefficient"]))
    assert row["high"] == pytest.approx(np.exp(row["coefficient"] + 1.959964 * row["se"]))
    terms = coefficients.query("model == 'integrated' and fold == -1")["term"].tolist()
    assert terms == ["intercept", "cxr logit", "age", "sex[M]", "bmi", "bmi[missing]"]
    by_fold = coefficients.query("model == 'clinical' and term == 'age' and fold >= 0")["coefficient"]
    mean = coefficients.query("model == 'clinical' and term == 'age' and fold == -1").iloc[0]
    assert mean["coefficient"] == pytest.approx(by_fold.mean())
    assert coefficients.loc[coefficients["term"] == "intercept", "odds_ratio"].isna().all()


def test_sex_alone_no_factor_and_no_external_site_all_finish() -> None:
    given = study()
    predictions, _ = predict_threshold(**{**given, "factors": [SEX], "external": given["external"].head(0)})
    assert set(predictions["model"]) == {"clinical", "cxr", "integrated"}
    assert set(predictions["site"]) == {"a"}
    predictions, coefficients = predict_threshold(**{**given, "factors": []})
    assert set(predictions["model"]) == set(coefficients["model"]) == {"cxr"}


def test_a_tuning_split_without_positives_is_predicted_with_a_note() -> None:
    given = study()
    tuning = given["folds"].query("fold == 0 and part == 'tuning'")["patient"]
    labels = given["labels"].copy()
    labels.loc[tuning] = 0
    predictions, coefficients = predict_threshold(**{**given, "labels": labels})
    assert len(predictions) == 3 * 240
    notes = coefficients.query("fold == 0").groupby("model")["note"].first()
    assert notes["cxr"] == "tuning split of one class: network's own logit"
    assert "mean of the cxr and the clinical logit" in notes["integrated"]


def test_members_of_an_ensemble_are_averaged_before_calibration() -> None:
    """Two members whose logits differ by noise that cancels predict as the one without it does."""
    given = study()
    noise = np.random.default_rng(5).normal(0, 1, len(given["logits"]))
    outside = np.random.default_rng(6).normal(0, 1, len(given["external"]))
    twice = {
        key: pd.concat([
            given[key].assign(logit=given[key]["logit"] + values),
            given[key].assign(logit=given[key]["logit"] - values, member=1),
        ])
        for key, values in (("logits", noise), ("external", outside))
    }  # fmt: skip
    one, coefficients = predict_threshold(**given)
    two, same = predict_threshold(**{**given, **twice})
    pd.testing.assert_frame_equal(one, two, rtol=1e-9)
    pd.testing.assert_frame_equal(coefficients, same, rtol=1e-9)


def test_further_networks_are_calibrated_beside_and_change_nothing_of_the_others() -> None:
    given = study()
    joint = {key: pd.concat([given[key], given[key].assign(network="joint", logit=2 * given[key]["logit"])])
             for key in ("logits", "external")}  # fmt: skip
    alone, _ = predict_threshold(**given)
    predictions, coefficients = predict_threshold(**{**given, **joint})
    pd.testing.assert_frame_equal(predictions[predictions["model"] != "joint"].reset_index(drop=True), alone)
    # Twice the logit has half the slope: calibrated, it is the same prediction.
    values = {name: predictions.query("model == @name")["probability"].to_numpy() for name in ("cxr", "joint")}
    np.testing.assert_allclose(values["joint"], values["cxr"], rtol=1e-9)
    assert coefficients.query("model == 'joint' and fold == -1")["term"].tolist() == ["intercept", "joint logit"]
