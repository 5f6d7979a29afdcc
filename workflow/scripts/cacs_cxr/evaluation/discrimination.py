"""Area under the ROC curve with DeLong's variance, its intervals, and the tests of two AUCs."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.distributions import NORMAL_975, normal_quantile, normal_tail, t_quantile, t_tail
from cacs_cxr.evaluation.checked_arrays import binary_labels, finite_scores

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Placements:
    """Placement values of one predictor: the building blocks of DeLong's variance.

    Attributes:
        auc: area under the curve; a tie between a positive and a negative counts one half. NaN with one class.
        positive: share of negatives below each positive [n_positive].
        negative: share of positives above each negative [n_negative].
    """

    auc: float
    positive: Floats
    negative: Floats


@dataclass(frozen=True)
class AucEstimate:
    """AUC of one predictor with its standard error and 95 % intervals.

    Attributes:
        low: plain interval, cut to [0, 1], as pROC's default; `high` likewise.
        logit_low: interval symmetric on the logit scale; `logit_high` likewise.
        note: empty, or why a number is NaN.
    """

    n: int
    n_positive: int
    auc: float
    se: float
    low: float
    high: float
    logit_low: float
    logit_high: float
    note: str


@dataclass(frozen=True)
class PairedDifference:
    """Difference of two AUCs on the same patients (first minus second), its 95 % interval and DeLong's test."""

    n: int
    difference: float
    se: float
    low: float
    high: float
    z: float
    p: float
    note: str


@dataclass(frozen=True)
class UnpairedDifference:
    """Difference of the AUCs of two groups of patients (first minus second), its 95 % interval and Welch-type test."""

    difference: float
    se: float
    low: float
    high: float
    d: float
    df: float
    p: float
    note: str


def _ranks(values: Floats) -> Floats:
    """Mid-ranks from 1 [n]."""
    return np.asarray(pd.Series(values).rank().to_numpy(float))


def placements(labels: npt.ArrayLike, scores: npt.ArrayLike) -> Placements:
    """Placement values by mid-ranks, O(n log n) (Sun & Xu, IEEE Signal Process. Lett. 2014;21:1389).

    Args:
        labels: 0/1 or bool [n].
        scores: higher means positive [n]; only their order counts.

    Raises:
        ValueError: labels other than 0 and 1, or scores that are not finite, with their places.
    """
    positive = binary_labels(labels)
    values = finite_scores(scores, n=positive.size)
    n_positive = int(positive.sum())
    n_negative = positive.size - n_positive
    if n_positive == 0 or n_negative == 0:
        return Placements(np.nan, np.full(n_positive, np.nan), np.full(n_negative, np.nan))
    ranks = _ranks(values)
    below = ranks[positive] - _ranks(values[positive])
    above = n_positive - (ranks[~positive] - _ranks(values[~positive]))
    # The sum of half-integers is exact, so that a perfect predictor has an AUC of exactly 1.
    auc = float(below.sum()) / (n_positive * n_negative)
    return Placements(auc, below / n_negative, above / n_positive)


def delong_covariance(first: Placements, second: Placements) -> float:
    """Covariance of two AUCs on the same patients; NaN with fewer than two patients in either class."""
    if min(first.positive.size, first.negative.size) < 2:
        return np.nan
    covariance = 0.0
    for a, b in ((first.positive, second.positive), (first.negative, second.negative)):
        covariance += float((a - a.mean()) @ (b - b.mean())) / ((a.size - 1) * a.size)
    return covariance


def auc_estimate(labels: npt.ArrayLike, scores: npt.ArrayLike) -> AucEstimate:
    """AUC with DeLong's standard error and 95 % intervals (DeLong et al., Biometrics 1988;44:837).

    With one class nothing is estimable; with a variance of 0 (AUC 1 or 0, or all scores tied) and with a single patient
    in a class the AUC stands and its interval is NaN, since an interval of no width would claim certainty.

    Args:
        labels: 0/1 or bool [n].
        scores: higher means positive [n].
    """
    placed = placements(labels, scores)
    n_positive = placed.positive.size
    n = n_positive + placed.negative.size
    nothing = np.nan, np.nan, np.nan, np.nan, np.nan
    if n_positive in (0, n):
        what = "no patients" if n == 0 else f"no {'negative' if n_positive else 'positive'} patients"
        return AucEstimate(n, n_positive, np.nan, *nothing, f"not estimable: {what}")
    variance = delong_covariance(placed, placed)
    if np.isnan(variance):
        return AucEstimate(n, n_positive, placed.auc, *nothing, "interval not estimable: one patient in a class")
    if variance <= 0.0:
        why = {1.0: "perfect separation (AUC 1)", 0.0: "perfect inverse separation (AUC 0)"}
        reason = why.get(placed.auc, "all predictions tied")
        return AucEstimate(n, n_positive, placed.auc, *nothing, f"interval not estimable: {reason}")
    se = float(np.sqrt(variance))
    low, high = plain_interval(placed.auc, se)
    logit_low, logit_high = logit_interval(placed.auc, se)
    return AucEstimate(n, n_positive, placed.auc, se, low, high, logit_low, logit_high, "")


def plain_interval(auc: float, se: float, *, level: float = 0.95) -> tuple[float, float]:
    """Interval symmetric about the AUC, cut to [0, 1]."""
    half = normal_quantile((1 + level) / 2) * se
    return max(auc - half, 0.0), min(auc + half, 1.0)


def logit_interval(auc: float, se: float, *, level: float = 0.95) -> tuple[float, float]:
    """Interval symmetric on the logit scale; for an AUC strictly between 0 and 1."""
    centre = np.log(auc / (1 - auc))
    half = normal_quantile((1 + level) / 2) * se / (auc * (1 - auc))
    return float(1 / (1 + np.exp(half - centre))), float(1 / (1 + np.exp(-half - centre)))


def paired_difference(labels: npt.ArrayLike, first: npt.ArrayLike, second: npt.ArrayLike) -> PairedDifference:
    """Difference of two AUCs on the same patients with DeLong's z test.

    Args:
        labels: 0/1 or bool [n].
        first: scores of the first model [n].
        second: scores of the second model for the same patients [n].
    """
    a, b = placements(labels, first), placements(labels, second)
    n_positive, n = a.positive.size, a.positive.size + a.negative.size
    nothing = np.nan, np.nan, np.nan, np.nan, np.nan
    if n_positive in (0, n):
        return PairedDifference(n, np.nan, *nothing, "not estimable: one class only")
    # Differences of placements, not of variances: identical rankings then have a variance of exactly 0.
    both = Placements(a.auc - b.auc, a.positive - b.positive, a.negative - b.negative)
    variance = delong_covariance(both, both)
    if np.isnan(variance):
        return PairedDifference(n, both.auc, *nothing, "test not estimable: one patient in a class")
    if variance <= 0.0:
        return PairedDifference(n, both.auc, *nothing, "test not estimable: the difference has no variance")
    se = float(np.sqrt(variance))
    z = both.auc / se
    half = NORMAL_975 * se
    return PairedDifference(n, both.auc, se, both.auc - half, both.auc + half, z, 2 * normal_tail(abs(z)), "")


def unpaired_difference(first: Placements, second: Placements) -> UnpairedDifference:
    """Difference of two AUCs on different patients, tested as pROC's ``roc.test(paired = FALSE)``.

    D = (A1 - A2) / sqrt(v1 + v2) is referred to Student's t with Satterthwaite's degrees of freedom
    (v1 + v2)^2 / (v1^2 / (n1 - 1) + v2^2 / (n2 - 1)), n all patients of a group; the interval uses the same t.

    Args:
        first: placements of the first group.
        second: placements of the second group, no patient of which is in the first.
    """
    variances = delong_covariance(first, first), delong_covariance(second, second)
    sizes = [group.positive.size + group.negative.size for group in (first, second)]
    difference = first.auc - second.auc
    nothing = np.nan, np.nan, np.nan, np.nan, np.nan, np.nan
    if np.isnan(difference):
        return UnpairedDifference(np.nan, *nothing, "not estimable: one class only in a group")
    if np.isnan(variances).any():
        return UnpairedDifference(difference, *nothing, "test not estimable: one patient in a class of a group")
    if min(variances) <= 0.0:
        return UnpairedDifference(difference, *nothing, "test not estimable: an AUC has no variance")
    total = sum(variances)
    se = float(np.sqrt(total))
    df = total**2 / sum(variance**2 / (size - 1) for variance, size in zip(variances, sizes, strict=True))
    d = difference / se
    half = t_quantile(0.975, df) * se
    p = 2 * t_tail(abs(d), df)
    return UnpairedDifference(difference, se, difference - half, difference + half, d, df, p, "")
