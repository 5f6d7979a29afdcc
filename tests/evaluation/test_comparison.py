"""Paired comparison of models, its family of tests and its patients."""

import numpy as np
import pandas as pd
import pytest

from cacs_cxr.evaluation.comparison import COLUMNS, comparison_table
from cacs_cxr.evaluation.predictions_table import checked_predictions
from reference_cohort import analysis_table, prediction_table, r_answers, read_cohort, two_sites


@pytest.fixture(scope="module")
def checked() -> pd.DataFrame:
    cohort = read_cohort()
    return checked_predictions(analysis_table(cohort), prediction_table(cohort), two_sites())


def test_tests_of_the_cohort_are_rs(checked: pd.DataFrame) -> None:
    result = comparison_table(checked, two_sites())
    assert list(result.columns) == COLUMNS
    assert (result["model_a"] == "integrated").all()
    assert (result["model_b"] == "cxr").all()
    answers = r_answers()["discrimination"]
    for row in result.to_dict("records"):
        r = answers[row["threshold"]]["int" if row["site"] == "development" else "ext"]["A_vs_B"]
        assert row["difference"] == pytest.approx(r["diff"], rel=1e-9)
        assert row["z"] == pytest.approx(r["Z"], rel=1e-9)
        assert row["p"] == pytest.approx(r["p"], rel=1e-9)
        assert (row["low"], row["high"]) == pytest.approx(r["ci95"], rel=1e-9)
    holm = result.loc[result["site"] == "development", "p_holm"].tolist()
    assert holm == pytest.approx(answers["multiplicity_A_vs_B_int"]["holm"], rel=1e-9)


def test_only_patients_with_both_predictions_are_compared(checked: pd.DataFrame) -> None:
    missing = (checked["model"] == "cxr") & (checked["threshold"] == "gt0") & (checked["site"] == "external")
    rows = checked.index[missing][:100]
    result = comparison_table(checked.drop(index=rows), two_sites())
    row = result[(result["site"] == "external") & (result["threshold"] == "gt0")].iloc[0]
    assert row["n"] == 900
    assert row["note"] == "100 patients without both predictions left out"


def test_models_of_a_study_come_before_others_and_every_pair_is_tested(checked: pd.DataFrame) -> None:
    own = checked[checked["model"] == "cxr"]
    table = pd.concat([own, own.assign(model="zeta"), own.assign(model="clinical", probability=0.5)])
    result = comparison_table(table, two_sites())
    pairs = result[["model_a", "model_b"]].drop_duplicates().to_numpy().tolist()
    assert pairs == [["cxr", "clinical"], ["zeta", "clinical"], ["zeta", "cxr"]]
    same = result[(result["model_a"] == "zeta") & (result["model_b"] == "cxr")]
    assert same["p"].isna().all()
    assert (same["note"] == "test not estimable: the difference has no variance").all()


def test_one_model_gives_an_empty_table_with_its_columns(checked: pd.DataFrame) -> None:
    result = comparison_table(checked[checked["model"] == "cxr"], two_sites())
    assert result.empty
    assert list(result.columns) == COLUMNS
    assert np.array_equal(result["p"].to_numpy(), [])
