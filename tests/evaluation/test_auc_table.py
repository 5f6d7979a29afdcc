"""The table of AUCs: pooled, by fold, any model, any site."""

import numpy as np
import pandas as pd
import pytest

from cacs_cxr.evaluation.auc_table import COLUMNS, auc_table, fold_aucs
from cacs_cxr.evaluation.predictions_table import checked_predictions
from cacs_cxr.study import Study
from reference_cohort import (
    MODELS,
    analysis_table,
    plain_study,
    prediction_table,
    r_answers,
    read_cohort,
    two_sites,
)


def test_table_of_the_cohort_has_rs_numbers() -> None:
    cohort = read_cohort()
    study = two_sites()
    result = auc_table(checked_predictions(analysis_table(cohort), prediction_table(cohort), study))
    assert list(result.columns) == COLUMNS
    assert len(result) == 2 * 2 * 3
    answers = r_answers()["discrimination"]
    for row in result.to_dict("records"):
        letter = next(key for key, model in MODELS.items() if model == row["model"])
        r = answers[row["threshold"]]["int" if row["site"] == "development" else "ext"][letter]
        assert (row["n"], row["n_positive"]) == (r["n"], r["n_pos"])
        assert row["auc"] == pytest.approx(r["auc"], rel=1e-12)
        assert row["auc_se"] ** 2 == pytest.approx(r["var"], rel=1e-9)
        assert (row["auc_low"], row["auc_high"]) == pytest.approx(r["ci95"], rel=1e-9)
        if row["site"] == "external":
            assert np.isnan(row["auc_fold_mean"])
        elif letter == "A":
            assert row["auc_fold_mean"] == pytest.approx(answers[row["threshold"]]["folds_A"]["mean"], rel=1e-12)
            assert row["auc_fold_sd"] == pytest.approx(answers[row["threshold"]]["folds_A"]["sd"], rel=1e-12)


def test_folds_of_one_class_do_not_count() -> None:
    labels, folds = [0, 1, 0, 1, 0, 0], [0, 0, 1, 1, 2, 2]
    aucs = fold_aucs(labels, [0.1, 0.9, 0.8, 0.2, 0.5, 0.5], folds)
    assert aucs[0] == 1
    assert aucs[1] == 0
    assert np.isnan(aucs[2])


def test_patients_outside_cross_validation_are_no_fold() -> None:
    assert set(fold_aucs([0, 1, 0, 1], [0, 1, 0, 1], [-1, -1, 3, 3])) == {3}


def test_fold_note_mean_and_deviation_in_the_table() -> None:
    table = pd.DataFrame(
        {
            "site": "here",
            "model": "mine",
            "threshold": "gt0",
            "label": [0, 1, 0, 0, 1, 1, 0, 0],
            "probability": [0.1, 0.9, 0.2, 0.5, 0.3, 0.6, 0.4, 0.2],
            "fold": [0, 0, 1, 1, 1, 1, 2, 2],
        }
    )
    row = auc_table(table).iloc[0]
    assert row["auc_fold_mean"] == pytest.approx((1 + 0.75) / 2)
    assert row["auc_fold_sd"] == pytest.approx(0.25 / np.sqrt(2))
    assert row["note"] == "fold mean over 2 of 3 folds: one class in the others"


def test_any_model_and_any_number_of_sites() -> None:
    roles = {"a": "external", "b": "development", "c": "external", "d": "external"}
    study = Study.from_plain(plain_study(sites=roles))
    rng = np.random.default_rng(3)
    analysis = pd.DataFrame(
        {
            "patient": [f"{number}" for number in range(80)],
            "site": np.repeat(list(roles), 20),
            "fold": -1,
            "cacs": np.tile([0.0, 50.0, 200.0, 500.0], 20),
        }
    )
    predictions = analysis[["patient", "site"]].assign(
        model="Vision Transformer v2", threshold="ge100", probability=rng.random(80)
    )
    result = auc_table(checked_predictions(analysis, predictions, study))
    assert result["site"].tolist() == list(roles)
    assert set(result["model"]) == {"Vision Transformer v2"}
    assert result["n_positive"].tolist() == [10] * 4
