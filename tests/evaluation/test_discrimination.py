"""AUC, DeLong's variance, intervals and the paired test, by hand and in degenerate cases."""

import numpy as np
import pytest

from cacs_cxr.evaluation.discrimination import auc_estimate, delong_covariance, paired_difference, placements

LABELS = [0, 0, 0, 1, 1]
SCORES = [0.1, 0.4, 0.4, 0.4, 0.9]


def test_auc_with_ties_worked_by_hand() -> None:
    # Positive 0.4 beats 0.1 and ties with two: 1 + 2/2 = 2 of 3; positive 0.9 beats 3 of 3.
    estimate = auc_estimate(LABELS, SCORES)
    assert estimate.auc == pytest.approx(5 / 6, rel=1e-15)
    assert (estimate.n, estimate.n_positive) == (5, 2)


def test_delong_variance_worked_by_hand() -> None:
    # Placements: positives 2/3, 1 (variance 1/18); negatives 1, 3/4, 3/4 (variance 1/48).
    placed = placements(LABELS, SCORES)
    assert placed.positive.tolist() == pytest.approx([2 / 3, 1.0])
    assert placed.negative.tolist() == pytest.approx([1.0, 0.75, 0.75])
    assert delong_covariance(placed, placed) == pytest.approx(1 / 18 / 2 + 1 / 48 / 3, rel=1e-14)


def test_auc_counts_pairs_of_random_data() -> None:
    rng = np.random.default_rng(4)
    labels, scores = rng.integers(0, 2, 80), rng.integers(0, 9, 80)
    positive, negative = scores[labels == 1][:, None], scores[labels == 0][None, :]
    share = ((positive > negative) + 0.5 * (positive == negative)).mean()
    assert auc_estimate(labels, scores).auc == pytest.approx(share, rel=1e-14)


def test_only_the_order_of_scores_counts() -> None:
    rng = np.random.default_rng(5)
    labels, scores = rng.integers(0, 2, 60), rng.normal(size=60)
    assert auc_estimate(labels, scores) == auc_estimate(labels, np.exp(3 * scores))


@pytest.mark.parametrize(
    ("labels", "scores", "auc", "note"),
    [
        ([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4], 1.0, "interval not estimable: perfect separation (AUC 1)"),
        ([1, 1, 0, 0], [0.1, 0.2, 0.3, 0.4], 0.0, "interval not estimable: perfect inverse separation (AUC 0)"),
        ([0, 0, 1, 1], [0.5, 0.5, 0.5, 0.5], 0.5, "interval not estimable: all predictions tied"),
        ([0, 0, 1], [0.1, 0.3, 0.2], 0.5, "interval not estimable: one patient in a class"),
        ([1, 1], [0.1, 0.2], np.nan, "not estimable: no negative patients"),
        ([0, 0], [0.1, 0.2], np.nan, "not estimable: no positive patients"),
        ([], [], np.nan, "not estimable: no patients"),
    ],
)
def test_degenerate_cases_have_a_note_and_no_interval(
    labels: list[int], scores: list[float], auc: float, note: str
) -> None:
    estimate = auc_estimate(labels, scores)
    assert estimate.auc == pytest.approx(auc, nan_ok=True)
    assert estimate.note == note
    assert np.isnan([estimate.se, estimate.low, estimate.high, estimate.logit_low, estimate.logit_high]).all()


def test_plain_interval_stays_within_zero_and_one_and_logit_does_not_reach_them() -> None:
    labels, scores = [0, 0, 0, 0, 1, 1, 1], [1, 2, 3, 5, 4, 6, 7]
    estimate = auc_estimate(labels, scores)
    assert estimate.high == 1.0
    assert 0.0 < estimate.logit_low < estimate.low < estimate.auc < estimate.logit_high < 1.0


def test_paired_difference_changes_sign_with_the_order_of_the_models() -> None:
    rng = np.random.default_rng(6)
    labels = rng.integers(0, 2, 200)
    good, bad = labels + rng.normal(size=200), 0.3 * labels + rng.normal(size=200)
    one, other = paired_difference(labels, good, bad), paired_difference(labels, bad, good)
    assert one.difference > 0
    assert one.z == pytest.approx(-other.z, rel=1e-12)
    assert one.p == pytest.approx(other.p, rel=1e-12)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low), rel=1e-12)


def test_models_that_rank_alike_have_no_test() -> None:
    rng = np.random.default_rng(7)
    labels, scores = rng.integers(0, 2, 50), rng.normal(size=50)
    result = paired_difference(labels, scores, 5 * scores)
    assert result.difference == 0
    assert np.isnan(result.p)
    assert result.note == "test not estimable: the difference has no variance"


def test_paired_difference_of_one_class_is_not_estimable() -> None:
    result = paired_difference([1, 1], [0.1, 0.2], [0.2, 0.1])
    assert np.isnan(result.difference)
    assert result.note == "not estimable: one class only"


@pytest.mark.slow
def test_intervals_cover_and_the_paired_test_keeps_its_level() -> None:
    rng = np.random.default_rng(8)
    truth = 0.76024993890652  # Phi(1 / sqrt 2): two normals one standard deviation apart
    covered, rejected, studies = 0, 0, 1000
    for _ in range(studies):
        labels = np.repeat([0, 1], [150, 100])
        shared = labels + rng.normal(size=250)
        noisy, also_noisy = shared + rng.normal(size=250), shared + rng.normal(size=250)
        estimate = auc_estimate(labels, shared)
        covered += estimate.low <= truth <= estimate.high
        rejected += paired_difference(labels, noisy, also_noisy).p < 0.05
    assert 0.93 <= covered / studies <= 0.97
    assert 0.03 <= rejected / studies <= 0.07
