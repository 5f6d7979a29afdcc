"""ROC curves: corners, area and folds."""

import numpy as np
import pandas as pd
import pytest

from cacs_cxr.evaluation.discrimination import auc_estimate
from cacs_cxr.evaluation.roc import COLUMNS, counts_by_cutoff, roc_curve, roc_table


def test_curve_by_hand() -> None:
    # Falling scores: 0.9 (+), 0.8 (+), 0.6 (one of each), 0.3 (-), 0.1 (-).
    x, y = roc_curve([1, 1, 1, 0, 0, 0], [0.9, 0.8, 0.6, 0.6, 0.3, 0.1])
    assert x.tolist() == pytest.approx([0, 0, 1 / 3, 1])
    assert y.tolist() == pytest.approx([0, 2 / 3, 1, 1])


def test_counts_at_every_cutoff() -> None:
    falling, hits, alarms = counts_by_cutoff([1, 0, 1, 0], [0.7, 0.7, 0.2, 0.1])
    assert falling.tolist() == [0.7, 0.2, 0.1]
    assert hits.tolist() == [1, 2, 2]
    assert alarms.tolist() == [1, 1, 2]


def test_area_under_the_corners_is_the_auc() -> None:
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 2, 300)
    scores = np.round(labels + rng.normal(size=300), 1)
    x, y = roc_curve(labels, scores)
    assert np.trapezoid(y, x) == pytest.approx(auc_estimate(labels, scores).auc, rel=1e-13)
    assert (np.diff(x) >= 0).all()
    assert (np.diff(y) >= 0).all()


def test_one_class_has_no_curve() -> None:
    assert roc_curve([1, 1], [0.1, 0.2])[0].size == 0
    assert roc_curve([], [])[0].size == 0


def test_table_holds_pooled_and_fold_curves_of_two_classes() -> None:
    table = pd.DataFrame(
        {
            "site": "here",
            "model": "m",
            "threshold": "gt0",
            "label": [0, 1, 0, 1, 1, 1],
            "probability": [0.1, 0.9, 0.2, 0.1, 0.3, 0.4],
            "fold": [0, 0, 1, 1, 2, 2],
        }
    )
    result = roc_table(table)
    assert list(result.columns) == COLUMNS
    assert set(result["fold"]) == {"pooled", "0", "1"}
    assert result[result["fold"] == "0"][["false_positive_rate", "sensitivity"]].to_numpy().tolist() == [
        [0, 0],
        [0, 1],
        [1, 1],
    ]
    external = roc_table(table.assign(fold=-1))
    assert set(external["fold"]) == {"pooled"}


def test_empty_predictions_give_an_empty_table_with_its_columns() -> None:
    columns = ["site", "model", "threshold", "label", "probability", "fold"]
    assert list(roc_table(pd.DataFrame(columns=columns)).columns) == COLUMNS
