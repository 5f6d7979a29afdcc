"""AUC of every site, model and threshold, pooled and over folds, as a tidy table."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.evaluation.discrimination import auc_estimate, placements
from cacs_cxr.evaluation.pooled_auc import stratified_auc
from cacs_cxr.evaluation.precision_recall import average_precision, partial_auc
from cacs_cxr.evaluation.predictions_table import parts

COLUMNS = [
    "site", "model", "threshold", "n", "n_positive", "auc", "auc_se", "auc_low", "auc_high",
    "auc_logit_low", "auc_logit_high", "auc_fold_mean", "auc_fold_sd", "auc_within_folds", "auc_within_folds_low",
    "auc_within_folds_high", "fold_gap", "fold_gap_large", "partial_auc", "average_precision", "average_precision_low",
    "average_precision_high", "prevalence", "note",
]  # fmt: skip
LARGE_GAP = 0.01
SPECIFIC = 0.9  # the partial AUC is that of specificities from here on; 0.1 at most


def fold_aucs(labels: npt.ArrayLike, scores: npt.ArrayLike, folds: npt.ArrayLike) -> dict[int, float]:
    """AUC within each fold of the cross-validation; NaN for a fold of one class, none for patients outside (-1)."""
    positive, values, numbers = np.asarray(labels), np.asarray(scores, dtype=float), np.asarray(folds)
    return {
        int(fold): placements(positive[numbers == fold], values[numbers == fold]).auc
        for fold in np.unique(numbers)
        if fold >= 0
    }


def auc_table(table: pd.DataFrame) -> pd.DataFrame:
    """AUC with DeLong interval and, beside it, the mean and standard deviation over folds.

    Beside them the AUC of pairs of patients of the same fold (`stratified_auc`), which no difference between the folds'
    scales can touch, and a mark where the pooled AUC and the mean over folds differ by more than `LARGE_GAP`: then the
    folds' scales have drifted apart.

    The interval takes the fitted models as given: it does not hold the variation between training samples, which the
    standard deviation over folds shows. Folds of one class do not count, and the note says so.

    Args:
        table: checked predictions.

    Returns:
        One row a site, model and threshold, with `COLUMNS`.
    """
    rows = []
    for site, model, threshold, part in parts(table):
        labels, scores = part["label"].to_numpy(), part["probability"].to_numpy()
        estimate = auc_estimate(labels, scores)
        by_fold = fold_aucs(labels, scores, part["fold"].to_numpy())
        within = stratified_auc(labels, scores, part["fold"].to_numpy()) if by_fold else None
        precision = average_precision(labels, scores)
        usable = [auc for auc in by_fold.values() if not np.isnan(auc)]
        notes = [estimate.note] if estimate.note else []
        if len(usable) < len(by_fold):
            notes.append(f"fold mean over {len(usable)} of {len(by_fold)} folds: one class in the others")
        mean = float(np.mean(usable)) if usable else np.nan
        gap = estimate.auc - mean
        large = bool(abs(gap) > LARGE_GAP)
        if large:
            notes.append(f"pooled AUC and mean over folds differ by {gap:+.3f}: the folds' scales differ")
        if precision.note and not np.isnan(precision.value):
            notes.append(precision.note)
        rows.append(
            {
                "site": site,
                "model": model,
                "threshold": threshold,
                "n": estimate.n,
                "n_positive": estimate.n_positive,
                "auc": estimate.auc,
                "auc_se": estimate.se,
                "auc_low": estimate.low,
                "auc_high": estimate.high,
                "auc_logit_low": estimate.logit_low,
                "auc_logit_high": estimate.logit_high,
                "auc_fold_mean": mean,
                "auc_fold_sd": float(np.std(usable, ddof=1)) if len(usable) > 1 else np.nan,
                "auc_within_folds": within.auc if within else np.nan,
                "auc_within_folds_low": within.low if within else np.nan,
                "auc_within_folds_high": within.high if within else np.nan,
                "fold_gap": gap,
                "fold_gap_large": large,
                "partial_auc": partial_auc(labels, scores, specificity=SPECIFIC),
                "average_precision": precision.value,
                "average_precision_low": precision.low,
                "average_precision_high": precision.high,
                "prevalence": precision.baseline,
                "note": "; ".join(notes),
            }
        )
    return pd.DataFrame(rows, columns=COLUMNS)
