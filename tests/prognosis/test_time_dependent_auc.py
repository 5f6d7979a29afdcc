"""Time-dependent AUC by counting pairs, and its influence function as a derivative by weights."""

import numpy as np
import pytest

from cacs_cxr.prognosis.time_dependent_auc import time_dependent_auc


def weighted_auc(time: np.ndarray, event: np.ndarray, score: np.ndarray, horizon: float, weight: np.ndarray) -> float:
    """AUC with patients counted by weight, in the estimate of censoring too."""
    survival, before = 1.0, {}
    for day in np.unique(time):
        before[day] = survival
        lost = weight[(time == day) & ~event].sum()
        survival *= 1 - lost / weight[time >= day].sum()
    good = total = 0.0
    for i in np.flatnonzero(event & (time <= horizon)):
        own = weight[i] / before[time[i]]
        others = weight * (time > horizon)
        good += float(own * (others * ((score < score[i]) + 0.5 * (score == score[i]))).sum())
        total += float(own * others.sum())
    return good / total


@pytest.mark.parametrize("levels", [4, 10**9])
def test_pairs_and_influence(levels: int) -> None:
    rng = np.random.default_rng(levels)
    n = 60
    time, event, score = rng.integers(1, 40, n), rng.random(n) < 0.5, rng.integers(0, levels, n).astype(float)
    result = time_dependent_auc(time, event, score, horizon=25)
    assert result.auc == pytest.approx(weighted_auc(time, event, score, 25, np.ones(n)), rel=1e-12)
    for patient in range(0, n, 5):
        up, down = np.ones(n), np.ones(n)
        up[patient], down[patient] = 1 + 1e-5, 1 - 1e-5
        slope = (weighted_auc(time, event, score, 25, up) - weighted_auc(time, event, score, 25, down)) / 2e-5
        assert result.influence[patient] == pytest.approx(slope, abs=1e-8)


def test_without_cases_or_controls_there_is_none() -> None:
    for horizon in (0, 100):
        assert np.isnan(time_dependent_auc([5, 6, 7], [1, 0, 1], [1, 2, 3], horizon=horizon).auc)
