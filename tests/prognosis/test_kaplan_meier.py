"""Kaplan-Meier curves worked by hand: ties, medians, ends, numbers at risk."""

import numpy as np
import pytest

from cacs_cxr.prognosis.kaplan_meier import at_risk, kaplan_meier, median_follow_up


def test_curve_by_hand_with_an_event_and_a_censoring_on_one_day() -> None:
    # Day 2: five at risk, one event, one censored; the censored patient is at risk for the event.
    curve = kaplan_meier([2, 2, 3, 5, 7], [1, 0, 1, 0, 1])
    assert curve.times.tolist() == [0, 2, 3, 5, 7]
    assert curve.n_at_risk.tolist() == [5, 5, 3, 2, 1]
    assert curve.n_events.tolist() == [0, 1, 1, 0, 1]
    assert curve.survival.tolist() == pytest.approx([1, 4 / 5, 8 / 15, 8 / 15, 0])
    greenwood = 8 / 15 * np.sqrt(1 / (5 * 4) + 1 / (3 * 2))
    assert curve.se[:4].tolist() == pytest.approx([0, 4 / 5 * np.sqrt(1 / 20), greenwood, greenwood])
    assert np.isnan([curve.se[4], curve.low[4], curve.high[4]]).all()


def test_limits_are_log_log() -> None:
    curve = kaplan_meier([1, 2, 3, 4], [1, 0, 0, 0])
    # S = 3/4; log(-log S) +- z * sqrt(1 / (4 * 3)) / log S.
    centre, half = np.log(-np.log(0.75)), 1.959963984540054 * np.sqrt(1 / 12) / -np.log(0.75)
    assert curve.low[1] == pytest.approx(np.exp(-np.exp(centre + half)), rel=1e-12)
    assert curve.high[1] == pytest.approx(np.exp(-np.exp(centre - half)), rel=1e-12)


def test_limits_claim_no_certainty_before_the_first_event() -> None:
    curve = kaplan_meier([5, 6], [0, 0])
    assert (curve.low[0], curve.high[0]) == (1, 1)
    assert np.isnan(curve.low[1:]).all()
    assert np.isnan(curve.median)


@pytest.mark.parametrize(
    ("time", "event", "median"),
    [
        ([1, 2, 3, 4], [1, 1, 1, 1], 2.5),
        ([1, 2, 3, 4], [1, 1, 0, 0], 3.0),
        ([1, 2, 3], [1, 1, 1], 2.0),
        ([1, 2, 3, 4, 5], [1, 0, 0, 0, 0], np.nan),
        ([4], [1], 4.0),
    ],
)
def test_median_is_the_middle_of_a_stretch_at_one_half(time: list[int], event: list[int], median: float) -> None:
    assert kaplan_meier(time, event).median == pytest.approx(median, nan_ok=True)


def test_event_on_day_zero() -> None:
    curve = kaplan_meier([0, 3], [1, 0])
    assert curve.times.tolist() == [0, 3]
    assert curve.survival.tolist() == [0.5, 0.5]
    assert curve.n_at_risk.tolist() == [2, 1]


def test_estimate_at_a_day_ends_with_follow_up() -> None:
    curve = kaplan_meier([10, 20, 30], [1, 0, 0])
    assert curve.at(9)[0] == 1
    assert curve.at(10)[0] == pytest.approx(2 / 3)
    assert curve.at(30)[0] == pytest.approx(2 / 3)
    assert np.isnan(curve.at(31)).all()


def test_number_at_risk_counts_patients_whose_time_is_the_tick() -> None:
    assert at_risk([365, 365, 365, 400, 500], [0, 365, 366, 500, 501]).tolist() == [5, 5, 2, 1, 0]


def test_median_follow_up_counts_only_the_end_of_observation() -> None:
    assert median_follow_up([1, 2, 3, 4, 5], [0, 0, 0, 0, 0]) == 3
    # A death on day 1, competing or not, says nothing on how long follow-up would have been.
    assert median_follow_up([1, 2, 3, 4], [2, 0, 0, 0]) == median_follow_up([1, 2, 3, 4], [1, 0, 0, 0]) == 3
    assert np.isnan(median_follow_up([3, 4], [1, 1]))
    assert np.isnan(median_follow_up([], []))
