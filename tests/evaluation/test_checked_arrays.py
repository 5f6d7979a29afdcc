"""What no statistic may rest on is refused with its place."""

import numpy as np
import pytest

from cacs_cxr.evaluation.calibration import recalibration
from cacs_cxr.evaluation.checked_arrays import binary_labels, finite_scores, probabilities
from cacs_cxr.evaluation.discrimination import auc_estimate
from cacs_cxr.evaluation.net_benefit import net_benefit


@pytest.mark.parametrize("labels", [[0, 1, 2], [0.0, 1.0, 0.5], [0, 1, np.nan], [-1, 1, 1]])
def test_labels_other_than_0_and_1(labels: list[float]) -> None:
    with pytest.raises(ValueError, match=r"labels: found .* at index [02]; expected 0 or 1"):
        binary_labels(labels)
    with pytest.raises(ValueError, match="labels"):
        auc_estimate(labels, [0.1, 0.2, 0.3])


def test_scores_that_are_not_numbers() -> None:
    with pytest.raises(ValueError, match="scores: found nan at index 1"):
        auc_estimate([0, 1, 1], [0.1, np.nan, 0.3])
    with pytest.raises(ValueError, match="found 2 scores for 3 labels"):
        finite_scores([0.1, 0.2], n=3)
    assert finite_scores([], n=0).size == 0


@pytest.mark.parametrize("value", [-0.1, 1.000001, 7.0])
def test_probabilities_outside_0_and_1(value: float) -> None:
    with pytest.raises(ValueError, match=r"probabilities: found .* at index 2; expected a number from 0 to 1"):
        recalibration([0, 1, 1], [0.2, 0.4, value])
    with pytest.raises(ValueError, match="probabilities"):
        net_benefit([0, 1, 1], [0.2, 0.4, value], [0.1])


def test_many_faults_are_counted() -> None:
    with pytest.raises(ValueError, match="and 15 further"):
        probabilities(np.full(20, 2.0), n=20)
