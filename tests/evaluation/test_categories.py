"""Predicted categories: repair of crossings, the highest threshold passed, and who gets none."""

import logging

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cacs_cxr.evaluation.categories import (
    CONFUSION_COLUMNS,
    category_table,
    confusion_table,
    has_crossing,
    highest_passed,
    repair_crossings,
)
from reference_cohort import predicted_category_table, r_answers, read_cohort, two_sites

ROWS = st.lists(st.lists(st.floats(0, 1), min_size=4, max_size=4), min_size=1, max_size=8)


def test_crossing_is_pooled_by_hand() -> None:
    repaired = repair_crossings([[0.9, 0.2, 0.4], [0.1, 0.2, 0.6], [0.5, 0.4, 0.1]])
    assert repaired.tolist() == [
        pytest.approx([0.9, 0.3, 0.3]),
        pytest.approx([0.3, 0.3, 0.3]),
        pytest.approx([0.5, 0.4, 0.1]),
    ]


@given(ROWS)
def test_repaired_rows_never_rise_and_keep_their_mean(rows: list[list[float]]) -> None:
    given_rows = np.array(rows)
    repaired = repair_crossings(given_rows)
    assert (np.diff(repaired, axis=1) <= 1e-12).all()
    assert repaired.mean(axis=1) == pytest.approx(given_rows.mean(axis=1), abs=1e-12)
    untouched = ~has_crossing(given_rows)
    assert np.array_equal(repaired[untouched], given_rows[untouched])


def test_category_is_the_highest_threshold_passed_even_past_a_gap() -> None:
    probabilities = [[0.2, 0.1, 0.05], [0.6, 0.1, 0.05], [0.6, 0.3, 0.29], [0.4, 0.35, 0.05]]
    assert highest_passed(probabilities, [0.5, 0.32, 0.2]).tolist() == [0, 1, 3, 2]


def classified(probabilities: dict[str, list[float]], cutoff: float = 0.5) -> pd.DataFrame:
    frames = [
        pd.DataFrame(
            {
                "site": "development",
                "patient": ["p0", "p1"],
                "model": "cxr",
                "threshold": threshold,
                "probability": values,
                "cutoff": cutoff,
            }
        )
        for threshold, values in probabilities.items()
    ]
    return pd.concat(frames, ignore_index=True)


ANALYSIS = pd.DataFrame({"site": "development", "patient": ["p0", "p1"], "cacs": [0.0, 250.0]})


def test_table_of_categories() -> None:
    table = classified({"gt0": [0.1, 0.9], "ge100": [0.2, 0.8], "ge400": [0.0, 0.1]})
    result = category_table(table, ANALYSIS, two_sites())
    assert result.to_dict("list") == {
        "site": ["development"] * 2,
        "patient": ["p0", "p1"],
        "model": ["cxr"] * 2,
        "actual": [0, 2],
        "predicted": [0, 2],
        "repaired": [True, False],
    }


def test_order_of_columns_does_not_depend_on_the_names_of_thresholds() -> None:
    # By name ge100 and ge400 sort before gt0; by value they do not.
    table = classified({"ge400": [0.1, 0.1], "gt0": [0.9, 0.9], "ge100": [0.2, 0.7]})
    result = category_table(table, ANALYSIS, two_sites())
    assert result["predicted"].tolist() == [1, 2]
    assert not result["repaired"].any()


def test_model_without_a_threshold_has_no_categories(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="cacs_cxr"):
        result = category_table(classified({"gt0": [0.1, 0.9], "ge100": [0.1, 0.9]}), ANALYSIS, two_sites())
    assert result.empty
    assert "no predicted category for 2 patients" in caplog.text


def test_missing_cutoff_leaves_only_its_patients_out() -> None:
    table = classified({"gt0": [0.1, 0.9], "ge100": [0.1, 0.9], "ge400": [0.1, 0.9]})
    table.loc[(table["patient"] == "p1") & (table["threshold"] == "ge400"), "cutoff"] = np.nan
    assert category_table(table, ANALYSIS, two_sites())["patient"].tolist() == ["p0"]


def test_confusion_of_the_cohort_is_rs() -> None:
    cohort = read_cohort()
    result = confusion_table(predicted_category_table(cohort), two_sites())
    assert list(result.columns) == CONFUSION_COLUMNS
    cells = result.loc[result["site"] == "development", "n"].to_numpy().reshape(4, 4)
    assert cells.tolist() == r_answers()["agreement_int"]["confusion_rows_actual"]
