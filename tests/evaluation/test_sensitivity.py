"""Declared filters: whom they keep, what they change, and what cannot be done."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from cacs_cxr.evaluation.discrimination import auc_estimate
from cacs_cxr.evaluation.operating_points import cutoff_table, with_cutoffs
from cacs_cxr.evaluation.predictions_table import checked_predictions
from cacs_cxr.evaluation.sensitivity import kept, sensitivity_table
from reference_cohort import analysis_table, prediction_table, read_cohort, two_sites

TABLE = pd.DataFrame({
    "days_to_score": pd.array([-40, -30, 0, 30, 31, None], dtype="Int64"),
    "flagged": pd.array([True, False, False, None, False, True], dtype="boolean"),
    "age": [50.0, 60, 70, 80, 50, 60], "sex": ["F"] * 6, "bmi": [20, np.nan, 25, 30, 22, 21],
})  # fmt: skip


@pytest.mark.parametrize(
    ("keep", "rows"),
    [
        ({"column": "days_to_score", "absolute": True, "at_most": 30}, [1, 2, 3]),
        ({"column": "days_to_score", "at_least": 0}, [2, 3, 4]),
        ({"column": "flagged", "equals": False}, [1, 2, 4]),
        ({"complete": []}, [0, 2, 3, 4, 5]),
        ({"complete": ["days_to_score", "bmi"]}, [0, 2, 3, 4]),
        ({"column": "age", "at_least": 60, "at_most": 70}, [1, 2, 5]),
    ],
)
def test_whom_a_filter_keeps(keep: dict[str, Any], rows: list[int]) -> None:
    marks, reason = kept(TABLE, keep, two_sites())
    assert reason == ""
    assert marks is not None
    assert np.flatnonzero(marks).tolist() == rows


def test_what_the_table_does_not_hold_is_not_done() -> None:
    assert "no column vendor" in kept(TABLE, {"column": "vendor", "equals": "A"}, two_sites())[1]
    empty = TABLE.assign(flagged=pd.array([None] * 6, dtype="boolean"))
    assert "is empty" in kept(empty, {"column": "flagged", "equals": False}, two_sites())[1]


def test_table_of_the_cohort() -> None:
    cohort, study = read_cohort(), two_sites()
    analysis = analysis_table(cohort)
    table = checked_predictions(analysis, prediction_table(cohort), study)
    table = table[(table["model"] == "cxr") & (table["threshold"] == "ge100")]
    classified = with_cutoffs(table, cutoff_table(table, study, rule="prevalence"), study)
    analyses = [
        {"name": "complete", "label": "Complete cases", "keep": {"complete": []}},
        {"name": "near", "label": "Near", "keep": {"column": "days_to_score", "at_most": 30}},
        {"name": "nobody", "label": "Nobody", "keep": {"column": "age", "at_least": 200}},
    ]
    rows = sensitivity_table(classified, analysis, study, analyses=analyses).set_index(["analysis", "site"])
    complete = cohort[cohort["bmi"].notna() & (cohort["site"] == "external")]
    row = rows.loc[("complete", "external")]
    assert row["auc"] == pytest.approx(auc_estimate(complete["cacs"] >= 100, complete["pB100"]).auc)
    assert row["n"] + row["n_left_out"] == 1000
    assert row["auc_change"] == pytest.approx(row["auc"] - rows.loc[("all patients", "external"), "auc"])
    assert "not done" in rows.xs("near", level="analysis")["note"].iloc[0]
    assert rows.loc[("nobody", "external"), "n"] == 0
    assert "no patients" in rows.loc[("nobody", "external"), "note"]
