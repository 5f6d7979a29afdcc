"""Average precision beside scikit-learn's, and partial areas by hand."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from cacs_cxr.evaluation.precision_recall import average_precision, partial_auc


@pytest.mark.parametrize("decimals", [9, 1])
def test_average_precision_is_that_of_scikit_learn(decimals: int) -> None:
    random = np.random.default_rng(7)
    labels = random.random(500) < 0.2
    scores = np.round(random.normal(size=500) + labels, decimals)
    ours = average_precision(labels, scores)
    assert ours.value == pytest.approx(average_precision_score(labels, scores), rel=1e-12)
    assert ours.baseline == labels.mean()
    assert ours.low < ours.value < ours.high


def test_scores_without_information_attain_the_baseline() -> None:
    ours = average_precision([1, 0, 0, 0], [0.5] * 4)
    assert ours.value == ours.baseline == 0.25


def test_cases_without_an_interval_say_so() -> None:
    assert "one class" in average_precision([0, 0], [0.1, 0.2]).note
    assert np.isnan(average_precision([], []).baseline)
    perfect = average_precision([0, 1], [0.1, 0.2])
    assert (perfect.value, np.isnan(perfect.low)) == (1.0, True)


def test_partial_area_by_hand_and_as_scikit_learn_standardises_it() -> None:
    # The curve rises to 1/2 at once, goes right to 1/2 and up to 1: to a false positive rate of 0.3 it is 1/2 high.
    assert partial_auc([1, 0, 1, 0], [4, 3, 2, 1], specificity=0.7) == pytest.approx(0.15)
    assert partial_auc([1, 0, 1, 0], [4, 3, 2, 1], specificity=0) == pytest.approx(0.75)
    random = np.random.default_rng(8)
    labels = random.random(300) < 0.4
    scores = np.round(random.normal(size=300) + labels, 1)
    least, most = 0.1**2 / 2, 0.1
    standardised = roc_auc_score(labels, scores, max_fpr=0.1)
    ours = partial_auc(labels, scores, specificity=0.9)
    assert 0.5 * (1 + (ours - least) / (most - least)) == pytest.approx(standardised)
    assert np.isnan(partial_auc([1, 1], [1, 2], specificity=0.9))
