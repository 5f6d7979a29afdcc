"""Harrell's concordance by hand, against counting all pairs, and its jackknife."""

import time as clock

import numpy as np
import pytest

from cacs_cxr.prognosis.concordance import concordance


def counted(time: np.ndarray, event: np.ndarray, score: np.ndarray, weight: np.ndarray) -> float:
    """Weighted concordance by going through all pairs."""
    good = total = 0.0
    for i in np.flatnonzero(event):
        later = (time > time[i]) | ((time == time[i]) & ~event)
        w = weight[i] * weight * later
        good += float((w * ((score < score[i]) + 0.5 * (score == score[i]))).sum())
        total += float(w.sum())
    return good / total


def test_by_hand() -> None:
    # Events on days 1 and 3. Pairs: (1, all three others) and (3, 4): scores 5 > 2, 5 = 5, 5 < 7; 2 < 7.
    result = concordance([1, 3, 4, 2], [1, 1, 0, 0], [5, 2, 7, 5])
    assert (result.concordant, result.tied, result.discordant) == (1, 1, 2)
    assert result.c == pytest.approx(1.5 / 4)


def test_event_before_censoring_of_the_same_day_and_tied_events_left_out() -> None:
    result = concordance([5, 5, 5], [1, 1, 0], [3, 2, 1])
    assert (result.concordant, result.tied, result.discordant) == (2, 0, 0)


@pytest.mark.parametrize("days", [5, 40, 10_000])
@pytest.mark.parametrize("levels", [4, 30, 10**9])
def test_all_pairs_and_the_derivative_by_weights(days: int, levels: int) -> None:
    rng = np.random.default_rng(days + levels)
    n = 70
    time, event, score = rng.integers(0, days, n), rng.random(n) < 0.5, rng.integers(0, levels, n).astype(float)
    result = concordance(time, event, score)
    assert result.c == pytest.approx(counted(time, event, score, np.ones(n)), rel=1e-13)
    for patient in range(0, n, 7):
        up, down = np.ones(n), np.ones(n)
        up[patient], down[patient] = 1 + 1e-5, 1 - 1e-5
        slope = (counted(time, event, score, up) - counted(time, event, score, down)) / 2e-5
        assert result.influence[patient] == pytest.approx(slope, abs=1e-9)
    assert result.se == pytest.approx(np.sqrt((result.influence**2).sum()))


def test_order_of_patients_does_not_matter() -> None:
    rng = np.random.default_rng(1)
    time, event, score = rng.integers(0, 20, 50), rng.random(50) < 0.5, rng.integers(0, 5, 50)
    order = rng.permutation(50)
    one, other = concordance(time, event, score), concordance(time[order], event[order], score[order])
    assert one.c == other.c
    assert one.se == pytest.approx(other.se, rel=1e-12)


def test_nothing_to_compare() -> None:
    for time, event in (([1, 2], [0, 0]), ([2, 1], [1, 0]), ([], [])):
        result = concordance(time, event, np.zeros(len(time)))
        assert np.isnan(result.c)
        assert np.isnan(result.interval).all()


@pytest.mark.slow
def test_time_grows_little_faster_than_the_number_of_patients() -> None:
    rng = np.random.default_rng(2)
    n = 100_000
    time, event, score = rng.integers(0, 3000, n), rng.random(n) < 0.1, rng.normal(size=n)
    start = clock.perf_counter()
    result = concordance(time, event, score)
    assert clock.perf_counter() - start < 10
    assert abs(result.c - 0.5) < 4 * result.se
