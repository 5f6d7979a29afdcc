"""Cut-offs: how they are chosen, on whom, and what they classify."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from cacs_cxr.evaluation.operating_points import (
    CUTOFF_COLUMNS,
    POINT_COLUMNS,
    choose_cutoff,
    cutoff_table,
    operating_point,
    operating_point_table,
    wilson_interval,
    with_cutoffs,
)
from reference_cohort import two_sites


def frame(folds: list[int], labels: list[int], scores: list[float], site: str = "development") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "site": site,
            "patient": [f"{site}{number}" for number in range(len(folds))],
            "fold": folds,
            "model": "cxr",
            "threshold": "gt0",
            "label": labels,
            "probability": scores,
        }
    )


def test_youden_by_hand() -> None:
    # Cut at 0.35: sensitivity 1, specificity 3/4; the next best, at 0.6, has 2/3 and 1.
    scores = [0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9]
    assert choose_cutoff([0, 0, 0, 1, 0, 1, 1], scores, rule="youden") == pytest.approx(0.35)


def test_equally_good_cutoffs_give_the_most_sensitive() -> None:
    # Cuts at 0.25 and 0.75 both have a Youden index of one half.
    assert choose_cutoff([0, 1, 0, 1], [0.1, 0.4, 0.6, 0.9], rule="youden") == pytest.approx(0.25)


def test_prevalence_calls_as_many_positive_as_there_are() -> None:
    rng = np.random.default_rng(1)
    labels, scores = (rng.random(500) < 0.13).astype(int), rng.random(500)
    cutoff = choose_cutoff(labels, scores, rule="prevalence")
    assert (scores >= cutoff).sum() == labels.sum()


@pytest.mark.parametrize(("labels", "scores"), [([1, 1], [0.1, 0.2]), ([0, 1], [0.5, 0.5]), ([], [])])
def test_no_cutoff_without_both_classes_or_with_tied_scores(labels: list[int], scores: list[float]) -> None:
    assert np.isnan(choose_cutoff(labels, scores, rule="youden"))


def test_no_patient_helps_to_choose_his_own_cutoff() -> None:
    rng = np.random.default_rng(9)
    labels = rng.integers(0, 2, 90).tolist()
    scores = (np.array(labels) * 0.3 + rng.random(90)).tolist()
    folds = (np.arange(90) % 3).tolist()
    table = frame(folds, labels, scores)
    before = cutoff_table(table, two_sites(), rule="youden").set_index("fold")
    changed = table.copy()
    fold_one = changed["fold"] == 1
    changed.loc[fold_one, "probability"] = 1.3 - changed.loc[fold_one, "probability"]
    after = cutoff_table(changed, two_sites(), rule="youden").set_index("fold")
    assert after.loc[1, "cutoff"] == before.loc[1, "cutoff"]
    assert after.loc[0, "cutoff"] != before.loc[0, "cutoff"]
    assert before.loc[1, "n"] == 60
    assert before.loc[-1, "n"] == 90
    others = table[~fold_one]
    assert before.loc[1, "cutoff"] == choose_cutoff(others["label"], others["probability"], rule="youden")


def test_external_patients_do_not_move_a_cutoff_and_get_the_one_of_all_development() -> None:
    table = frame([0, 0, 1, 1], [0, 1, 0, 1], [0.2, 0.8, 0.3, 0.7])
    external = frame([-1, -1], [0, 1], [0.9, 0.1], site="external")
    both = pd.concat([table, external], ignore_index=True)
    cutoffs = cutoff_table(both, two_sites(), rule="youden")
    pd.testing.assert_frame_equal(cutoffs, cutoff_table(table, two_sites(), rule="youden"))
    assert list(cutoffs.columns) == CUTOFF_COLUMNS
    joined = with_cutoffs(both, cutoffs, two_sites())
    assert joined["cutoff"].tolist() == pytest.approx([0.5, 0.5, 0.5, 0.5, 0.5, 0.5])
    points: Any = operating_point_table(joined, rule="youden").set_index("site")
    assert points.loc["development", ["tp", "fp", "tn", "fn"]].tolist() == [2, 0, 2, 0]
    assert points.loc["external", ["tp", "fp", "tn", "fn"]].tolist() == [0, 1, 0, 1]
    assert list(points.reset_index().columns) == POINT_COLUMNS


@pytest.mark.parametrize("fold", [-1, 4])
def test_development_without_folds_chooses_on_all_and_says_so(fold: int) -> None:
    cutoffs = cutoff_table(frame([fold] * 4, [0, 0, 1, 1], [0.1, 0.2, 0.6, 0.8]), two_sites(), rule="youden")
    assert cutoffs["fold"].tolist() == [-1]
    assert cutoffs.loc[0, "cutoff"] == pytest.approx(0.4)
    assert cutoffs.loc[0, "note"] == "chosen without cross-validation: optimistic on development"


def test_without_development_predictions_there_is_no_cutoff_and_no_operating_point() -> None:
    table = frame([-1, -1], [0, 1], [0.3, 0.6], site="external")
    cutoffs = cutoff_table(table, two_sites(), rule="youden")
    assert cutoffs["note"].tolist() == ["not estimable: no development predictions"]
    point = operating_point_table(with_cutoffs(table, cutoffs, two_sites()), rule="youden").iloc[0]
    assert point["note"] == "not estimable: no cut-off"
    assert np.isnan(point["sensitivity"])
    assert point["n"] == 0


def test_a_score_at_the_cutoff_is_positive() -> None:
    point = operating_point([1, 0], [0.5, 0.4], 0.5)
    assert (point["tp"], point["tn"]) == (1, 1)


def test_proportions_without_denominator_are_missing() -> None:
    point = operating_point([1, 1], [0.1, 0.2], 0.5)
    assert np.isnan([point["specificity"], point["ppv"], point["ppv_low"]]).all()
    assert point["sensitivity"] == 0


def test_wilson_interval_by_hand() -> None:
    # 0 of 10: low 0, high z² / (10 + z²).
    z2 = 1.959963984540054**2
    assert wilson_interval(0, 10) == pytest.approx((0.0, z2 / (10 + z2)), abs=1e-15)
