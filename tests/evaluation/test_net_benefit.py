"""Net benefit by hand, its bootstrap, and differences between models."""

import numpy as np
import pandas as pd
import pytest

from cacs_cxr.evaluation.net_benefit import (
    avoided,
    decision_curve,
    decision_curve_table,
    net_benefit,
    net_benefit_differences,
    net_benefit_of_all,
    threshold_range,
)
from cacs_cxr.evaluation.predictions_table import checked_predictions
from reference_cohort import analysis_table, prediction_table, read_cohort, two_sites

LABELS = np.array([1, 1, 0, 0, 0, 1, 0, 0, 0, 0])
PREDICTED = np.array([0.9, 0.5, 0.5, 0.2, 0.1, 0.3, 0.05, 0.6, 0.2, 0.1])


def test_by_hand() -> None:
    # At 0.5 (reached by 0.5 itself): 2 true, 2 false positives; odds 1. At 0.2: 3 and 4; odds 1 / 4.
    assert net_benefit(LABELS, PREDICTED, [0.2, 0.5]) == pytest.approx([0.3 - 0.4 / 4, 0.2 - 0.2])
    assert net_benefit_of_all(0.3, [0.2, 0.5]) == pytest.approx([0.3 - 0.7 / 4, 0.3 - 0.7])
    saved = avoided(net_benefit(LABELS, PREDICTED, [0.2]), net_benefit_of_all(0.3, [0.2]), [0.2])
    assert saved == pytest.approx([1000 * (0.2 - 0.125) * 4])  # three of ten patients are spared, none is missed
    assert np.isnan(avoided(np.zeros(1), np.zeros(1), [0.0])).all()


def test_thresholds_are_declared_without_rounding_errors() -> None:
    assert threshold_range(low=0.02, high=0.6, step=0.02).tolist() == [round(0.02 * n, 2) for n in range(1, 31)]
    assert threshold_range(low=0.1, high=0.35, step=0.1).tolist() == [0.1, 0.2, 0.3]


def test_bootstrap_of_cells_is_the_bootstrap_of_patients() -> None:
    random = np.random.default_rng(3)
    labels = random.random(300) < 0.3
    predicted = np.clip(0.3 + 0.2 * labels + random.normal(0, 0.2, 300), 0, 1)
    curve = decision_curve(labels, predicted, [0.1, 0.3], replicates=4000, seed=1)
    samples = random.integers(0, 300, (4000, 300))
    slow = np.array([net_benefit(labels[rows], predicted[rows], [0.1, 0.3]) for rows in samples])
    limits = np.quantile(slow, [0.025, 0.975], axis=0)
    np.testing.assert_allclose(curve[["low", "high"]].to_numpy().T, limits, atol=0.006)
    again = decision_curve(labels, predicted, [0.1, 0.3], replicates=4000, seed=1)
    pd.testing.assert_frame_equal(curve, again)
    assert not curve["low"].equals(decision_curve(labels, predicted, [0.1, 0.3], replicates=4000, seed=2)["low"])


def test_table_has_every_strategy_and_depends_on_the_seed_alone() -> None:
    cohort, study = read_cohort(), two_sites()
    few = cohort[cohort["id"] % 5 == 0]
    table = checked_predictions(analysis_table(few), prediction_table(few), study)
    curves = decision_curve_table(table, [0.1, 0.2], replicates=200, seed=1)
    assert set(curves["strategy"]) == {"treat all", "treat none", "cxr", "integrated"}
    assert not curves.duplicated(["site", "threshold", "strategy", "threshold_probability"]).any()
    shuffled = table.sample(frac=1, random_state=1)
    same = decision_curve_table(shuffled, [0.1, 0.2], replicates=200, seed=1)
    keys = ["site", "threshold", "strategy", "threshold_probability"]
    pd.testing.assert_frame_equal(
        curves.sort_values(keys, ignore_index=True), same.sort_values(keys, ignore_index=True)
    )


def test_difference_is_that_of_the_curves_with_the_error_of_a_paired_mean() -> None:
    cohort, study = read_cohort(), two_sites()
    table = checked_predictions(analysis_table(cohort), prediction_table(cohort), study)
    row = net_benefit_differences(table, study, [0.1, 0.2]).iloc[1]
    assert (row["model_a"], row["model_b"], row["threshold_probability"]) == ("integrated", "cxr", 0.2)
    own = cohort[cohort["site"] == "development"]
    positive = (own["cacs"] > 0).to_numpy()
    gains = [np.where(positive, 1.0, -0.25) * (own[name] >= 0.2) for name in ("pA0", "pB0")]
    paired = gains[0] - gains[1]
    assert row["difference"] == pytest.approx(paired.mean())
    half = 1.959963984540054 * paired.std(ddof=1) / np.sqrt(len(paired))
    assert row["high"] - row["difference"] == pytest.approx(half)
