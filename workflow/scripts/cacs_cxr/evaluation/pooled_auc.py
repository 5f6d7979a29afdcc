"""AUC within strata, pooled over them: within folds, or within strata of clinical factors; and of clustered images."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cacs_cxr.evaluation.checked_arrays import binary_labels, finite_scores
from cacs_cxr.evaluation.discrimination import delong_covariance, placements, plain_interval


@dataclass(frozen=True)
class StratifiedAuc:
    """AUC of pairs of patients of the same stratum, each pair counting once.

    Attributes:
        strata: strata that count, with at least two patients of each class.
        pairs: share of all pairs of a positive and a negative patient that lie within these strata.
        note: empty, or why a number is NaN.
    """

    auc: float
    se: float
    low: float
    high: float
    strata: int
    n: int
    n_positive: int
    pairs: float
    note: str


def stratified_auc(labels: npt.ArrayLike, scores: npt.ArrayLike, strata: npt.ArrayLike) -> StratifiedAuc:
    """Sum over strata of (positives x negatives x AUC), divided by the number of such pairs.

    Strata are independent, so its variance is the sum of their DeLong variances times their squared weights. It tells
    how well scores rank patients who are alike in what the strata are made of; a score that only orders strata has
    0.5. Strata with fewer than two patients of either class do not count, since their variance is not estimable.

    Args:
        labels: 0/1 or bool [n].
        scores: higher means positive [n].
        strata: a number or text for each patient [n].
    """
    positive = binary_labels(labels)
    values = finite_scores(scores, n=positive.size)
    groups = np.asarray(strata)
    placed = [placements(positive[groups == group], values[groups == group]) for group in np.unique(groups)]
    used = [item for item in placed if min(item.positive.size, item.negative.size) >= 2]
    if not used:
        nothing = "not estimable: no stratum with two patients of each class"
        return StratifiedAuc(np.nan, np.nan, np.nan, np.nan, 0, 0, 0, 0.0, nothing)
    pairs = np.array([item.positive.size * item.negative.size for item in used], dtype=float)
    weights = pairs / pairs.sum()
    auc = float(weights @ [item.auc for item in used])
    variance = float(weights**2 @ [delong_covariance(item, item) for item in used])
    n_positive = sum(item.positive.size for item in used)
    n = n_positive + sum(item.negative.size for item in used)
    share = float(pairs.sum() / (positive.sum() * (~positive).sum()))
    if variance <= 0.0:
        note = "interval not estimable: no variance"
        return StratifiedAuc(auc, np.nan, np.nan, np.nan, len(used), n, n_positive, share, note)
    se = float(np.sqrt(variance))
    low, high = plain_interval(auc, se)
    return StratifiedAuc(auc, se, low, high, len(used), n, n_positive, share, "")


@dataclass(frozen=True)
class ClusteredAuc:
    """AUC of images, with a variance that knows that images of one patient are alike."""

    auc: float
    se: float
    low: float
    high: float
    n_images: int
    n_patients: int
    note: str


def clustered_auc(labels: npt.ArrayLike, scores: npt.ArrayLike, patients: npt.ArrayLike) -> ClusteredAuc:
    """AUC of clustered images with the variance of Obuchowski (Biometrics 1997;53:567).

    A patient's images may be of one class or of both; sums run over the patients who have images of a class. With one
    image a patient it is DeLong's variance.

    Args:
        labels: 0/1 or bool, an image each [n].
        scores: higher means positive [n].
        patients: whose image it is [n].
    """
    positive = binary_labels(labels)
    placed = placements(positive, finite_scores(scores, n=positive.size))
    names, cluster = np.unique(np.asarray(patients), return_inverse=True)
    n_images, n_patients = int(positive.size), int(names.size)

    def sums(placed_values: npt.NDArray[np.float64], which: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
        """Of each patient the sum of placements less the AUC."""
        return np.bincount(cluster[which], weights=placed_values - placed.auc, minlength=n_patients).astype(float)

    n_positive, n_negative = placed.positive.size, placed.negative.size
    nothing = np.nan, np.nan, np.nan, n_images, n_patients
    if np.isnan(placed.auc):
        return ClusteredAuc(np.nan, *nothing, "not estimable: one class only")
    with_positive = np.unique(cluster[positive]).size
    with_negative = np.unique(cluster[~positive]).size
    if min(with_positive, with_negative) < 2:
        return ClusteredAuc(placed.auc, *nothing, "interval not estimable: one patient in a class")
    up, down = sums(placed.positive, positive), sums(placed.negative, ~positive)
    s10 = with_positive / ((with_positive - 1) * n_positive) * float(up @ up)
    s01 = with_negative / ((with_negative - 1) * n_negative) * float(down @ down)
    s11 = n_patients / (n_patients - 1) * float(up @ down)
    variance = s10 / n_positive + s01 / n_negative + 2.0 * s11 / (n_positive * n_negative)
    if variance <= 0.0:
        return ClusteredAuc(placed.auc, *nothing, "interval not estimable: no variance")
    se = float(np.sqrt(variance))
    low, high = plain_interval(placed.auc, se)
    return ClusteredAuc(placed.auc, se, low, high, n_images, n_patients, "")
