"""Calibration by hand, degenerate cases, and the curve beside another implementation of lowess."""

import re

import numpy as np
import pytest
from statsmodels.nonparametric.smoothers_lowess import lowess

from cacs_cxr.evaluation.calibration import (
    brier_score,
    hosmer_lemeshow,
    log_loss,
    observed_to_expected,
    recalibrated_in_the_large,
    recalibration,
    spiegelhalter,
)
from cacs_cxr.evaluation.calibration_curve import calibration_curve, calibration_distance
from cacs_cxr.evaluation.calibration_table import calibration_curve_table, calibration_table, distribution_table
from cacs_cxr.evaluation.predictions_table import checked_predictions
from reference_cohort import analysis_table, prediction_table, read_cohort, two_sites

RANDOM = np.random.default_rng(5)
LOGITS = RANDOM.normal(-1, 1.2, 4000)
LABELS = RANDOM.random(4000) < 1 / (1 + np.exp(-LOGITS))
PREDICTED = 1 / (1 + np.exp(-LOGITS))


def test_by_hand() -> None:
    labels, predicted = [1, 0, 1, 0], [0.8, 0.4, 0.6, 0.2]
    assert observed_to_expected(labels, predicted).value == pytest.approx(1.0)
    assert brier_score(labels, predicted)[0].value == pytest.approx((0.04 + 0.16 + 0.16 + 0.04) / 4)
    assert brier_score(labels, predicted)[1] == pytest.approx(1 - 0.1 / 0.25)
    assert log_loss(labels, predicted) == pytest.approx(-np.mean(np.log([0.8, 0.6, 0.6, 0.8])))
    # The variance of ln(O:E) is (1 - share) / observed.
    assert observed_to_expected(labels, predicted).se == pytest.approx(np.sqrt(0.5 / 2))
    z, p = spiegelhalter(labels, predicted)
    expected = (0.2 * -0.6 + -0.4 * 0.2 + 0.4 * -0.2 + -0.2 * 0.6) / np.sqrt(2 * (0.36 * 0.16 + 0.04 * 0.24))
    assert z == pytest.approx(expected)
    assert 0 < p < 1


def test_calibration_in_the_large_of_equal_probabilities_is_the_difference_of_log_odds() -> None:
    lines = recalibration([1, 1, 1, 0], [0.5] * 4)
    assert lines.in_the_large.value == pytest.approx(np.log(3))
    assert lines.in_the_large.se == pytest.approx(np.sqrt(1 / 3 + 1))
    assert np.isnan(lines.slope.value)
    assert "slope not estimable" in lines.note


def test_calibrated_probabilities_are_found_so_and_moved_ones_mended() -> None:
    lines = recalibration(LABELS, PREDICTED)
    assert lines.slope.low < 1 < lines.slope.high
    assert lines.in_the_large.low < 0 < lines.in_the_large.high
    moved = 1 / (1 + np.exp(-(2 * LOGITS + 0.7)))
    off = recalibration(LABELS, moved)
    assert off.slope.value == pytest.approx(lines.slope.value / 2)
    assert off.p < 1e-10
    mended = recalibrated_in_the_large(moved, off.in_the_large.value)
    assert recalibration(LABELS, mended).in_the_large.value == pytest.approx(0, abs=1e-9)
    assert recalibration(LABELS, mended).slope.value == pytest.approx(off.slope.value)
    assert observed_to_expected(LABELS, mended).value == pytest.approx(1)


@pytest.mark.parametrize(
    ("labels", "predicted", "words"),
    [
        ([1, 1, 1], [0.2, 0.4, 0.9], "one class only"),
        ([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], "slope not estimable: .*separated"),
    ],
)
def test_what_has_no_maximum_says_so(labels: list[int], predicted: list[float], words: str) -> None:
    lines = recalibration(labels, predicted)
    assert np.isnan(lines.slope.value)
    assert re.search(words, lines.note)


def test_probabilities_of_exactly_0_and_1_have_a_calibration() -> None:
    predicted = np.where(np.arange(4000) % 50 == 0, np.round(PREDICTED), PREDICTED)
    assert np.isfinite(recalibration(LABELS, predicted).slope.value)
    assert np.isfinite(log_loss(LABELS, predicted))


@pytest.mark.parametrize("decimals", [15, 2, 1])
def test_curve_is_that_of_another_lowess_with_and_without_ties(decimals: int) -> None:
    predicted = np.round(PREDICTED, decimals)
    delta = 0.01 * np.ptp(predicted)
    other = lowess(LABELS.astype(float), predicted, frac=2 / 3, it=0, delta=delta, return_sorted=False)
    curve = calibration_curve(LABELS, predicted)
    np.testing.assert_allclose(curve.smoothed, other, atol=1e-9)
    assert (curve.low <= np.clip(curve.observed, 0, 1)).all()
    assert (curve.high >= np.clip(curve.observed, 0, 1)).all()
    ici = calibration_distance(curve, predicted).ici
    assert ici == pytest.approx(np.abs(other - predicted).mean())


def test_band_is_as_wide_as_the_curve_varies() -> None:
    random = np.random.default_rng(11)
    curves, widths = [], []
    for _ in range(100):
        labels = random.random(600) < PREDICTED[:600]
        curve = calibration_curve(labels, PREDICTED[:600])
        curves.append(np.interp([0.15, 0.3, 0.6], curve.predicted, curve.observed))
        widths.append(np.interp([0.15, 0.3, 0.6], curve.predicted, curve.high - curve.low))
    np.testing.assert_allclose(np.std(curves, axis=0) * 2 * 1.96, np.mean(widths, axis=0), rtol=0.2)


def test_few_or_equal_probabilities_have_a_curve_or_none() -> None:
    assert calibration_curve([1], [0.4]).predicted.size == 0
    assert np.isnan(calibration_distance(calibration_curve([1], [0.4]), [0.4]).ici)
    flat = calibration_curve([1, 0, 1, 1], [0.5] * 4)
    assert flat.observed == pytest.approx([0.75])
    assert calibration_distance(flat, [0.5] * 4).ici == pytest.approx(0.25)


def test_groups_of_hosmer_and_lemeshow_share_cuts_where_probabilities_are_tied() -> None:
    predicted = np.repeat([0.1, 0.2, 0.3], 100)
    labels = np.concatenate([np.arange(100) < 10, np.arange(100) < 20, np.arange(100) < 45])
    test = hosmer_lemeshow(labels, predicted, fitted=0)
    assert test.n.sum() == 300
    assert test.df == test.n.size
    assert test.observed.sum() == 75


def test_tables_of_the_cohort() -> None:
    cohort, study = read_cohort(), two_sites()
    few = cohort[(cohort["id"] % 4 == 0) | (cohort["id"] % 7 == 0) | (cohort["site"] == "external")]
    table = checked_predictions(analysis_table(few), prediction_table(few), study)
    measures = calibration_table(table, study)
    keys = ["site", "model", "threshold", "fold", "probabilities"]
    assert not measures.duplicated(keys).any()
    external = measures[measures["site"] == "external"]
    assert set(external["probabilities"]) == {"as predicted", "recalibrated in the large"}
    after = external[external["probabilities"] == "recalibrated in the large"]
    assert after["note"].str.contains("optimistic").all()
    np.testing.assert_allclose(after["oe"], 1, rtol=1e-8)
    development = measures[measures["site"] == "development"]
    assert set(development["probabilities"]) == {"as predicted"}
    assert set(development["fold"]) == {"pooled", *map(str, range(10))}
    pooled = development[development["fold"] == "pooled"].groupby(["model", "threshold"])["n"].sum()
    folds = development[development["fold"] != "pooled"].groupby(["model", "threshold"])["n"].sum()
    assert pooled.equals(folds)
    curves = calibration_curve_table(table, study)
    assert set(curves["kind"]) == {"curve", "tenth"}
    bins = distribution_table(table)
    assert (
        bins.groupby(["site", "model", "threshold"])["n"]
        .sum()
        .eq(table.groupby(["site", "model", "threshold"]).size())
        .all()
    )
