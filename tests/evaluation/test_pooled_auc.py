"""AUC within strata and of clustered images, by hand and by simulation."""

import numpy as np
import pytest

from cacs_cxr.evaluation.discrimination import auc_estimate
from cacs_cxr.evaluation.pooled_auc import clustered_auc, stratified_auc


def test_pairs_within_strata_by_hand() -> None:
    labels = [1, 1, 0, 0, 1, 1, 0, 0, 0]
    scores = [3, 2, 1, 2.5, 9, 8, 7, 6, 8.5]
    strata = ["a", "a", "a", "a", "b", "b", "b", "b", "b"]
    # a: 3 of 4 pairs right; b: 5 of 6.
    ours = stratified_auc(labels, scores, strata)
    assert ours.auc == pytest.approx(8 / 10)
    assert ours.pairs == pytest.approx(10 / 20)
    parts = [auc_estimate(labels[:4], scores[:4]), auc_estimate(labels[4:], scores[4:])]
    assert ours.se == pytest.approx(np.hypot(0.4 * parts[0].se, 0.6 * parts[1].se))


def test_one_stratum_is_the_plain_auc_and_small_strata_do_not_count() -> None:
    random = np.random.default_rng(1)
    labels, scores = random.random(80) < 0.5, random.normal(size=80)
    plain = auc_estimate(labels, scores)
    assert stratified_auc(labels, scores, np.zeros(80)).se == pytest.approx(plain.se)
    alone = stratified_auc([*labels, 1, 0], [*scores, 9, 0], [*np.zeros(80), 1, 1])
    assert (alone.auc, alone.strata, alone.n) == (pytest.approx(plain.auc), 1, 80)
    assert "no stratum" in stratified_auc([1, 0], [1, 0], [0, 0]).note


def test_a_score_that_only_orders_the_strata_has_a_half() -> None:
    strata = np.repeat([0, 1, 2], 100)
    labels = np.random.default_rng(2).random(300) < np.repeat([0.1, 0.4, 0.8], 100)
    assert auc_estimate(labels, strata).auc > 0.75
    within = stratified_auc(labels, strata, strata)
    assert within.auc == 0.5
    assert "no variance" in within.note


def test_one_image_a_patient_is_delong_and_copies_change_nothing() -> None:
    random = np.random.default_rng(3)
    labels, scores = random.random(150) < 0.4, random.normal(size=150)
    single, plain = clustered_auc(labels, scores, np.arange(150)), auc_estimate(labels, scores)
    assert single.auc == plain.auc
    assert single.se == pytest.approx(plain.se, rel=1e-12)
    thrice = clustered_auc(np.repeat(labels, 3), np.repeat(scores, 3), np.repeat(np.arange(150), 3))
    assert thrice.se == pytest.approx(plain.se, rel=0.01)
    assert auc_estimate(np.repeat(labels, 3), np.repeat(scores, 3)).se < 0.65 * plain.se


def test_clusters_without_an_interval_say_why() -> None:
    assert "one class" in clustered_auc([1, 1], [0.2, 0.3], [1, 2]).note
    assert "one patient" in clustered_auc([1, 1, 0, 0], [4, 3, 2, 1], [1, 1, 2, 3]).note
    assert "no variance" in clustered_auc([1, 1, 0, 0], [4, 3, 2, 1], [1, 2, 3, 4]).note
