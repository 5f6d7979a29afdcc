"""Predicted categories from the probabilities at all thresholds, and their agreement with the actual ones."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.evaluation.predictions_table import models_present
from cacs_cxr.job import LOGGER
from cacs_cxr.study import Study

COLUMNS = ["site", "patient", "model", "actual", "predicted", "repaired"]
CONFUSION_COLUMNS = ["site", "model", "actual", "predicted", "n"]


def repair_crossings(probabilities: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Nearest probabilities that do not rise from one threshold to the next (pool adjacent violators).

    Nobody can be likelier to exceed a higher threshold than a lower one, yet separately trained networks can say so.

    Args:
        probabilities: one column a threshold, rising thresholds [n, k].

    Returns:
        Least-squares non-increasing rows [n, k]; rows without a crossing are returned as they are, to the last bit.
    """
    given = np.asarray(probabilities, dtype=float)
    width = given.shape[1]
    sums = np.concatenate([np.zeros((len(given), 1)), np.cumsum(given, axis=1)], axis=1)
    fitted = given.copy()
    crossing = has_crossing(given)
    for column in range(width):
        # Minimax form of the isotonic fit: the least, over starts, of the greatest mean of a block around the column.
        best = np.full(len(given), np.inf)
        for start in range(column + 1):
            means = [(sums[:, end] - sums[:, start]) / (end - start) for end in range(column + 1, width + 1)]
            best = np.minimum(best, np.max(means, axis=0))
        fitted[crossing, column] = best[crossing]
    return fitted


def has_crossing(probabilities: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Whether a row rises anywhere from one threshold to the next [n]."""
    return np.asarray((np.diff(np.asarray(probabilities, dtype=float), axis=1) > 0).any(axis=1))


def highest_passed(probabilities: npt.ArrayLike, cutoffs: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Category of each row: 1 + index of the highest threshold whose cut-off is reached, 0 for none.

    Args:
        probabilities: [n, k], rising thresholds.
        cutoffs: [n, k] or [k].
    """
    passed = np.asarray(probabilities, dtype=float) >= np.asarray(cutoffs, dtype=float)
    return np.asarray((passed * np.arange(1, passed.shape[1] + 1)).max(axis=1, initial=0), dtype=np.int64)


def category_table(classified: pd.DataFrame, analysis: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Actual and predicted category of every patient, for each model with predictions and cut-offs at all thresholds.

    A model without some threshold has no categories: without it the remaining ones would mean something else.

    Args:
        classified: checked predictions with the column `cutoff`.
        analysis: site, patient and the biomarker of every patient.
        study: thresholds and categories.

    Returns:
        `COLUMNS`; actual and predicted as integers from 0, repaired where the probabilities crossed.
    """
    names = [threshold.name for threshold in study.thresholds]
    actual = analysis[["site"]].assign(
        patient=analysis["patient"].astype(str),
        actual=study.category(pd.to_numeric(analysis[study.biomarker.name]).to_numpy(float)),
    )
    frames = []
    for site in (site.name for site in study.sites):
        for model in models_present(classified):
            part = classified[(classified["site"] == site) & (classified["model"] == model)]
            if part.empty:
                continue
            wide = part.pivot_table(
                index="patient", columns="threshold", values=["probability", "cutoff"], aggfunc="first"
            )
            columns = [(value, name) for value in ("probability", "cutoff") for name in names]
            wide = wide.reindex(columns=pd.MultiIndex.from_tuples(columns))
            complete = wide.dropna()
            if len(complete) < part["patient"].nunique():
                left = part["patient"].nunique() - len(complete)
                LOGGER.warning(
                    "site %s, model %s: no predicted category for %d patients, who lack a probability or a cut-off",
                    site,
                    model,
                    left,
                )
            values = complete.to_numpy(float)
            probabilities, cutoffs = values[:, : len(names)], values[:, len(names) :]
            frame = pd.DataFrame(
                {
                    "site": site,
                    "patient": complete.index.to_numpy(str),
                    "model": model,
                    "predicted": highest_passed(repair_crossings(probabilities), cutoffs),
                    "repaired": has_crossing(probabilities),
                }
            )
            frames.append(frame.merge(actual, on=["site", "patient"], how="left")[COLUMNS])
    filled = [frame for frame in frames if len(frame)]
    if not filled:
        kinds = {"actual": np.int64, "predicted": np.int64, "repaired": bool}
        return pd.DataFrame(columns=COLUMNS).astype(kinds)
    return pd.concat(filled, ignore_index=True)


def confusion_table(categories: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Number of patients in every cell of actual by predicted category, empty cells too, per site and model."""
    size = len(study.categories)
    rows = []
    for (site, model), part in categories.groupby(["site", "model"], sort=False):
        cells = np.zeros((size, size), dtype=np.int64)
        np.add.at(cells, (part["actual"].to_numpy(), part["predicted"].to_numpy()), 1)
        rows += [
            {"site": site, "model": model, "actual": actual, "predicted": predicted, "n": int(cells[i, j])}
            for i, actual in enumerate(study.categories)
            for j, predicted in enumerate(study.categories)
        ]
    return pd.DataFrame(rows, columns=CONFUSION_COLUMNS)
