"""Kappa and ordinal concordance by hand and in cases that have none."""

import numpy as np
import pytest

from cacs_cxr.evaluation.agreement import WEIGHTS, agreement_table, kappa, ordinal_concordance
from cacs_cxr.evaluation.categories import category_table
from cacs_cxr.evaluation.discrimination import auc_estimate
from cacs_cxr.evaluation.operating_points import cutoff_table, with_cutoffs
from cacs_cxr.evaluation.predictions_table import checked_predictions
from reference_cohort import analysis_table, prediction_table, read_cohort, two_sites


def test_kappa_by_hand() -> None:
    # Observed agreement 0.7, expected 0.5 x 0.6 + 0.5 x 0.4.
    assert kappa([[20, 5], [10, 15]], weights="none").value == pytest.approx((0.7 - 0.5) / 0.5)
    for weights in WEIGHTS:  # with two categories all weights are the same
        assert kappa([[20, 5], [10, 15]], weights=weights).value == pytest.approx(0.4)


def test_kappa_that_is_not_estimable() -> None:
    assert "one category" in kappa([[9, 0], [0, 0]], weights="linear").note
    assert "no patients" in kappa(np.zeros((3, 3)), weights="none").note
    assert kappa([[5, 0], [0, 5]], weights="quadratic").value == pytest.approx(1)


def test_concordance_of_two_categories_is_the_auc() -> None:
    random = np.random.default_rng(2)
    labels, scores = random.random(200) < 0.4, np.round(random.normal(size=200), 1)
    area, ours = auc_estimate(labels, scores), ordinal_concordance(labels.astype(int), scores)
    assert ours.value == pytest.approx(area.auc)
    assert ours.se == pytest.approx(area.se, rel=0.02)


def test_concordance_by_hand_and_by_pairs() -> None:
    # Pairs of different categories: (0,1) right, (0,2) right, (1,2) tied, and the other 0 below both: right, right.
    ours = ordinal_concordance([0, 0, 1, 2], [1, 2, 3, 3])
    assert ours.value == pytest.approx(4.5 / 5)
    random = np.random.default_rng(4)
    actual, scores = random.integers(0, 4, 60), random.integers(0, 9, 60)
    above = np.subtract.outer(actual, actual) > 0
    won = np.sign(np.subtract.outer(scores, scores)) / 2 + 0.5
    assert ordinal_concordance(actual, scores).value == pytest.approx(won[above].mean())
    assert "fewer than two" in ordinal_concordance([1, 1], [0.2, 0.3]).note
    assert "no variance" in ordinal_concordance([0, 1, 2], [0.1, 0.2, 0.3]).note


def test_table_of_the_cohort() -> None:
    cohort, study = read_cohort(), two_sites()
    table = checked_predictions(analysis_table(cohort), prediction_table(cohort), study)
    classified = with_cutoffs(table, cutoff_table(table, study, rule="prevalence"), study)
    categories = category_table(classified, analysis_table(cohort), study)
    rows = agreement_table(categories, table, study).set_index(["site", "model", "statistic"])["value"]
    own = categories[(categories["site"] == "external") & (categories["model"] == "integrated")]
    assert rows["external", "integrated", "exact agreement"] == (own["actual"] == own["predicted"]).mean()
    assert rows["external", "integrated", "crossings repaired"] == own["repaired"].mean()
    of_probabilities = rows.xs("concordance of probabilities", level="statistic")
    assert (of_probabilities > rows.xs("concordance of categories", level="statistic")).all()
