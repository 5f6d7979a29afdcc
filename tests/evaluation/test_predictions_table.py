"""What a table of predictions must be, and what is said where it is not."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cacs_cxr.evaluation.predictions_table import checked_predictions, missing_parts
from cacs_cxr.faults import InputError
from reference_cohort import two_sites

ANALYSIS = pd.DataFrame(
    {
        "patient": ["a", "b", "c"],
        "site": ["development", "development", "external"],
        "fold": [0, 1, -1],
        "cacs": [0.0, 100.0, 3.0],
    }
)
PREDICTIONS = pd.DataFrame(
    {
        "patient": ["c", "b", "a", "b"],
        "site": ["external", "development", "development", "development"],
        "model": "cxr",
        "threshold": ["gt0", "gt0", "gt0", "ge100"],
        "probability": [0.3, 0.2, 0.1, 0.9],
    }
)


def test_labels_come_from_the_biomarker_and_rows_in_the_order_of_the_study() -> None:
    table = checked_predictions(ANALYSIS, PREDICTIONS, two_sites())
    assert table.to_dict("list") == {
        "site": ["development", "development", "development", "external"],
        "patient": ["a", "b", "b", "c"],
        "fold": [0, 1, 1, -1],
        "model": ["cxr"] * 4,
        "threshold": ["gt0", "gt0", "ge100", "gt0"],
        "label": [0, 1, 1, 1],
        "probability": [0.1, 0.2, 0.9, 0.3],
    }
    shuffled = PREDICTIONS.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(table, checked_predictions(ANALYSIS, shuffled, two_sites()))


def test_numbers_as_identifiers_match_text() -> None:
    analysis = ANALYSIS.assign(patient=[1, 2, 3])
    predictions = PREDICTIONS.assign(patient=["3", "2", "1", "2"])
    assert len(checked_predictions(analysis, predictions, two_sites())) == 4


def changed(column: str, row: int, value: Any) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def change(table: pd.DataFrame) -> pd.DataFrame:
        table = table.astype({column: object})
        table.loc[row, column] = value
        return table

    return change


@pytest.mark.parametrize(
    ("change", "row", "column", "found"),
    [
        (changed("probability", 1, 1.2), 3, "probability", "1.2"),
        (changed("probability", 0, -0.1), 2, "probability", "-0.1"),
        (changed("probability", 2, np.nan), 4, "probability", "nan"),
        (changed("probability", 2, "high"), 4, "probability", "high"),
        (changed("threshold", 3, "ge1000"), 5, "threshold", "ge1000"),
        (changed("site", 3, "elsewhere"), 5, "site", "elsewhere"),
        (changed("patient", 1, "stranger"), 3, "patient", ""),
        (changed("model", 1, None), 3, "model", ""),
        (lambda table: pd.concat([table, table.iloc[[1]]]), 6, "patient", ""),
        (lambda table: table.assign(label=[1, 0, 0, 1]), 3, "label", "0"),
        (lambda table: table.assign(fold=[-1, 1, 7, 1]), 4, "fold", "7"),
    ],
)
def test_faults_of_predictions_name_file_row_and_column(
    change: Callable[[pd.DataFrame], pd.DataFrame], row: int, column: str, found: str
) -> None:
    with pytest.raises(InputError) as caught:
        checked_predictions(ANALYSIS, change(PREDICTIONS), two_sites(), predictions_file="mine.csv")
    (fault,) = caught.value.faults
    assert (fault.file, fault.row, fault.column, fault.value) == ("mine.csv", row, column, found)
    assert fault.remedy


@pytest.mark.parametrize(
    ("change", "row", "column"),
    [
        (changed("cacs", 1, np.nan), 3, "cacs"),
        (changed("fold", 2, 0.5), 4, "fold"),
        (changed("fold", 2, -2), 4, "fold"),
        (changed("site", 0, "nowhere"), 2, "site"),
        (changed("patient", 0, None), 2, "patient"),
        (changed("patient", 1, "a"), 3, "patient"),
    ],
)
def test_faults_of_the_analysis_table(change: Callable[[pd.DataFrame], pd.DataFrame], row: int, column: str) -> None:
    with pytest.raises(InputError) as caught:
        checked_predictions(change(ANALYSIS), PREDICTIONS, two_sites(), analysis_file="patients.csv")
    fault = caught.value.faults[0]
    assert (fault.file, fault.row, fault.column) == ("patients.csv", row, column)


def test_all_faults_are_told_at_once_and_many_are_counted() -> None:
    many = pd.DataFrame(
        {
            "patient": "a",
            "site": "development",
            "model": [f"m{k}" for k in range(50)],
            "threshold": "gt0",
            "probability": 7,
        }
    )
    with pytest.raises(InputError) as caught:
        checked_predictions(ANALYSIS, many, two_sites())
    assert len(caught.value.faults) == 21
    assert "the same in 30 further rows" in str(caught.value)


def test_absent_column_and_empty_table() -> None:
    with pytest.raises(InputError, match="column 'probability'"):
        checked_predictions(ANALYSIS, PREDICTIONS.drop(columns="probability"), two_sites())
    with pytest.raises(InputError, match="at least one prediction"):
        checked_predictions(ANALYSIS, PREDICTIONS.iloc[:0], two_sites())


def test_an_identifier_is_never_shown() -> None:
    with pytest.raises(InputError) as caught:
        checked_predictions(ANALYSIS, changed("patient", 1, "Mueller, Anna")(PREDICTIONS), two_sites())
    assert "Anna" not in str(caught.value)


def test_missing_parts_are_told() -> None:
    table = checked_predictions(ANALYSIS, PREDICTIONS, two_sites())
    sentences = missing_parts(table, ANALYSIS, two_sites())
    assert "model clinical: no predictions" in sentences
    assert "site development, model cxr, threshold ge100: predictions for 1 of 2 patients" in sentences
    assert "site external, model cxr, threshold ge400: no predictions" in sentences
    assert not any("model cxr, threshold gt0" in sentence for sentence in sentences)
