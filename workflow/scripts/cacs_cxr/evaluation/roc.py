"""Exact ROC curves, pooled and by fold."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.evaluation.checked_arrays import binary_labels, finite_scores
from cacs_cxr.evaluation.predictions_table import parts

COLUMNS = ["site", "model", "threshold", "fold", "false_positive_rate", "sensitivity"]
POOLED = "pooled"


def counts_by_cutoff(
    labels: npt.ArrayLike, scores: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """True and false positives when every score at or above a value counts as positive.

    Args:
        labels: 0/1 or bool [n].
        scores: higher means positive [n].

    Returns:
        The distinct scores, falling [k]; true positives [k]; false positives [k].
    """
    positive = binary_labels(labels)
    values = finite_scores(scores, n=positive.size)
    order = np.argsort(-values, kind="stable")
    falling = values[order]
    last_of_tie = (
        np.append(np.flatnonzero(np.diff(falling)), falling.size - 1) if falling.size else np.empty(0, np.int64)
    )
    true_positives = np.cumsum(positive[order], dtype=np.int64)[last_of_tie]
    return falling[last_of_tie], true_positives, last_of_tie + 1 - true_positives


def roc_curve(labels: npt.ArrayLike, scores: npt.ArrayLike) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Exact empirical ROC curve: its corners from (0, 0) to (1, 1), joined by straight lines.

    Points in the middle of a straight stretch are left out; the area under the corners is the AUC.

    Returns:
        False positive rate [k] and sensitivity [k], both rising; empty with one class.
    """
    _, true_positives, false_positives = counts_by_cutoff(labels, scores)
    if not true_positives.size or true_positives[-1] == 0 or false_positives[-1] == 0:
        return np.empty(0), np.empty(0)
    up, right = np.append(0, true_positives), np.append(0, false_positives)
    turns = np.diff(up)[:-1] * np.diff(right)[1:] != np.diff(up)[1:] * np.diff(right)[:-1]
    corners = np.concatenate([[True], turns, [True]])
    return right[corners] / right[-1], up[corners] / up[-1]


def roc_table(table: pd.DataFrame) -> pd.DataFrame:
    """Corners of the ROC curve of every site, model and threshold, pooled and for each fold that has both classes.

    Args:
        table: checked predictions.

    Returns:
        `COLUMNS`; fold is ``"pooled"`` or the fold's number as text.
    """
    frames = []
    for site, model, threshold, part in parts(table):
        folds = part["fold"].to_numpy()
        curves = {POOLED: np.ones(len(part), dtype=bool)}
        curves |= {str(fold): folds == fold for fold in np.unique(folds) if fold >= 0}
        labels, scores = part["label"].to_numpy(), part["probability"].to_numpy()
        for fold, chosen in curves.items():
            false_positive_rate, sensitivity = roc_curve(labels[chosen], scores[chosen])
            frames.append(
                pd.DataFrame(
                    {
                        "site": site,
                        "model": model,
                        "threshold": threshold,
                        "fold": fold,
                        "false_positive_rate": false_positive_rate,
                        "sensitivity": sensitivity,
                    }
                )
            )
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=COLUMNS)
