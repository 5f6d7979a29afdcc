"""Checks of follow-up, coding of factors, choice of model and grouping."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from cacs_cxr.faults import InputError
from cacs_cxr.prognosis.follow_up import checked_follow_up, grouped_follow_ups, prognostic_model
from reference_cohort import two_sites

ANALYSIS = pd.DataFrame(
    {
        "patient": ["a", "b", "c", "d"],
        "site": ["development", "development", "development", "external"],
        "cacs": [0.0, 100.0, 400.0, 5.0],
        "age": [50, 60, 70, 80],
        "sex": ["F", "M", None, "M"],
        "bmi": [22.0, np.nan, 30.0, 25.0],
        "followup_days": [10, 20, None, 40],
        "event": [1, 2, None, 0],
    }
)
CATEGORIES = pd.DataFrame(
    {
        "site": ["development", "development", "external"],
        "patient": ["b", "c", "d"],
        "model": "cxr",
        "actual": [2, 3, 1],
        "predicted": [1, 3, 0],
        "repaired": False,
    }
)


def test_numbers_of_patients() -> None:
    checked = checked_follow_up(ANALYSIS, two_sites())
    assert checked["category"].tolist() == [0, 2, 3, 1]
    assert checked["sex[M]"].tolist() == pytest.approx([0, 1, np.nan, 1], nan_ok=True)
    assert checked["code"].tolist() == pytest.approx([1, 2, np.nan, 0], nan_ok=True)


def test_groups_hold_patients_with_follow_up_and_say_who_is_left_out() -> None:
    checked = checked_follow_up(ANALYSIS, two_sites())
    groups = grouped_follow_ups(checked, CATEGORIES, two_sites(), model="cxr", remark="")
    names = [(group.site, group.grouping) for group in groups]
    assert names == [
        ("development", "actual"),
        ("development", "predicted"),
        ("external", "actual"),
        ("external", "predicted"),
    ]
    actual, predicted, _, external = groups
    assert actual.time.tolist() == [10, 20]
    assert actual.event.tolist() == [True, False]
    assert actual.remark == "1 competing events treated as censored (cause-specific)"
    assert predicted.category.tolist() == [1]
    assert predicted.remark.startswith("1 patients without a predicted category left out")
    assert external.category.tolist() == [0]
    assert external.remark == ""


def test_study_without_follow_up_and_site_without_categories() -> None:
    analysis = ANALYSIS.drop(columns=["followup_days", "event"])
    groups = grouped_follow_ups(
        checked_follow_up(analysis, two_sites()), CATEGORIES, two_sites(), model="cxr", remark=""
    )
    assert all(group.time.size == 0 for group in groups)
    here = CATEGORIES[CATEGORIES["site"] == "development"]
    groups = grouped_follow_ups(checked_follow_up(ANALYSIS, two_sites()), here, two_sites(), model="cxr", remark="")
    assert groups[3].remark == "no categories predicted by model cxr at this site"


@pytest.mark.parametrize(
    ("column", "value", "row"),
    [
        ("followup_days", -1, 2),
        ("followup_days", 10.5, 2),
        ("followup_days", "soon", 2),
        ("event", 3, 2),
        ("sex", "X", 2),
        ("age", "old", 2),
        ("event", None, 2),
        ("followup_days", None, 2),
    ],
)
def test_faults_name_row_and_column(column: str, value: Any, row: int) -> None:
    table = ANALYSIS.astype({column: object})
    table.loc[0, column] = value
    with pytest.raises(InputError) as caught:
        checked_follow_up(table, two_sites(), file="analysis.parquet")
    (fault,) = caught.value.faults
    assert (fault.file, fault.row, fault.column) == ("analysis.parquet", row, column)


def test_absent_factor_is_a_fault() -> None:
    with pytest.raises(InputError, match="column 'bmi'"):
        checked_follow_up(ANALYSIS.drop(columns="bmi"), two_sites())


@pytest.mark.parametrize(
    ("present", "model", "remark"),
    [
        (["clinical", "cxr"], "cxr", ""),
        (["clinical", "integrated", "aaa"], "integrated", "categories predicted by model integrated, as cxr has none"),
        (["zoo", "clinical"], "clinical", "categories predicted by model clinical, as cxr has none"),
        (["zoo", "bee"], "bee", "categories predicted by model bee, as cxr has none"),
        ([], None, "no predicted categories"),
    ],
)
def test_model_that_stands_in(present: list[str], model: str | None, remark: str) -> None:
    table = pd.DataFrame({"model": pd.Series(present, dtype=object)})
    assert prognostic_model(table, wanted="cxr") == (model, remark)
