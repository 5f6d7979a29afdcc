"""Agreement of predicted with actual categories: kappa with its standard error, and ordinal concordance."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.distributions import NORMAL_975
from cacs_cxr.evaluation.categories import repair_crossings
from cacs_cxr.evaluation.checked_arrays import finite_scores
from cacs_cxr.evaluation.discrimination import placements
from cacs_cxr.evaluation.operating_points import wilson_interval
from cacs_cxr.evaluation.predictions_table import models_present
from cacs_cxr.study import Study

Floats = npt.NDArray[np.float64]
Weights = Literal["none", "linear", "quadratic"]
WEIGHTS: tuple[Weights, ...] = ("none", "linear", "quadratic")
COLUMNS = ["site", "model", "statistic", "n", "value", "se", "low", "high", "note"]


@dataclass(frozen=True)
class Agreement:
    """A measure of agreement or concordance with its standard error and 95 % interval."""

    value: float
    se: float
    low: float
    high: float
    note: str


def kappa(cells: npt.ArrayLike, *, weights: Weights) -> Agreement:
    """Cohen's kappa of a square table, with the standard error of Fleiss, Cohen & Everitt (Psychol Bull 1969;72:323).

    The weights of cell (i, j) of k categories are 1 - |i - j| / (k - 1) (linear), 1 - (i - j)^2 / (k - 1)^2
    (quadratic), or 1 on the diagonal alone, as vcd::Kappa has them.

    Args:
        cells: counts, actual category by predicted category [k, k].
        weights: what a disagreement costs.
    """
    counts = np.asarray(cells, dtype=float)
    n, size = counts.sum(), len(counts)
    if n == 0:
        return Agreement(np.nan, np.nan, np.nan, np.nan, "not estimable: no patients")
    distance = np.abs(np.subtract.outer(np.arange(size), np.arange(size))) / max(size - 1, 1)
    agreed = {"none": (distance == 0).astype(float), "linear": 1.0 - distance, "quadratic": 1.0 - distance**2}[weights]
    shares = counts / n
    row, column = shares.sum(axis=1), shares.sum(axis=0)
    observed, expected = float((agreed * shares).sum()), float(row @ agreed @ column)
    if expected >= 1.0:
        return Agreement(np.nan, np.nan, np.nan, np.nan, "not estimable: all patients in one category")
    value = (observed - expected) / (1.0 - expected)
    margins = np.add.outer(agreed @ column, row @ agreed)
    variance = float((shares * (agreed - margins * (1.0 - value)) ** 2).sum()) - (value - expected * (1.0 - value)) ** 2
    se = float(np.sqrt(max(variance, 0.0) / n)) / (1.0 - expected)
    return Agreement(value, se, value - NORMAL_975 * se, value + NORMAL_975 * se, "")


def ordinal_concordance(categories: npt.ArrayLike, scores: npt.ArrayLike) -> Agreement:
    """Share of pairs of patients of different actual categories that the scores rank as the categories do.

    Ties of the score count half: it is the AUC where there are two categories, and (1 + Somers' D) / 2. The standard
    error is that of the infinitesimal jackknife, as survival::concordance has it.

    Args:
        categories: actual category of each patient, whole numbers [n].
        scores: higher means a higher category [n].
    """
    actual = np.asarray(categories, dtype=np.int64)
    values = finite_scores(scores, n=actual.size)
    found, sizes = np.unique(actual, return_counts=True)
    if found.size < 2:
        return Agreement(np.nan, np.nan, np.nan, np.nan, "not estimable: fewer than two categories")
    ranked = np.zeros(actual.size)
    for place, lower in enumerate(found):
        for higher in found[place + 1 :]:
            both = np.flatnonzero((actual == lower) | (actual == higher))
            placed = placements(actual[both] == higher, values[both])
            ranked[both[actual[both] == higher]] += placed.positive * placed.negative.size
            ranked[both[actual[both] == lower]] += placed.negative * placed.positive.size
    comparable = actual.size - sizes[np.searchsorted(found, actual)]
    pairs = comparable.sum() / 2.0
    value = float(ranked.sum() / 2.0 / pairs)
    se = float(np.linalg.norm((ranked - value * comparable) / pairs))
    if se == 0.0:
        return Agreement(value, np.nan, np.nan, np.nan, "interval not estimable: no variance")
    return Agreement(value, se, max(value - NORMAL_975 * se, 0.0), min(value + NORMAL_975 * se, 1.0), "")


def expected_passed(table: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Expected number of thresholds passed, of each site, model and patient with predictions at all of them.

    It is the sum of the probabilities after crossings are repaired: the one number that orders patients over all
    thresholds.

    Args:
        table: checked predictions.

    Returns:
        site, model, patient, score.
    """
    names = [threshold.name for threshold in study.thresholds]
    wide = table.pivot_table(index=["site", "model", "patient"], columns="threshold", values="probability")
    wide = wide.reindex(columns=names).dropna()
    scores = repair_crossings(wide.to_numpy(float)).sum(axis=1)
    return wide.index.to_frame(index=False).assign(score=scores)


def agreement_table(categories: pd.DataFrame, table: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Agreement of predicted with actual categories, per site and model.

    Args:
        categories: as `category_table` returns it.
        table: checked predictions, for the concordance of the probabilities.
        study: gives the categories and the order of sites.

    Returns:
        `COLUMNS`; statistic is exact agreement, within one category, kappa none, kappa linear, kappa quadratic,
        concordance of categories, concordance of probabilities, or crossings repaired (share of patients).
    """
    size = len(study.categories)
    scores = expected_passed(table, study)
    rows: list[dict[str, object]] = []
    for site in (site.name for site in study.sites):
        for model in models_present(categories):
            part = categories[(categories["site"] == site) & (categories["model"] == model)]
            if part.empty:
                continue
            actual, predicted = part["actual"].to_numpy(), part["predicted"].to_numpy()
            cells = np.zeros((size, size), dtype=np.int64)
            np.add.at(cells, (actual, predicted), 1)
            shares = {
                "exact agreement": actual == predicted,
                "within one category": np.abs(actual - predicted) <= 1,
                "crossings repaired": part["repaired"].to_numpy(bool),
            }
            here = part.merge(scores[(scores["site"] == site) & (scores["model"] == model)], on="patient")
            measures = {f"kappa {weights}": kappa(cells, weights=weights) for weights in WEIGHTS}
            measures["concordance of categories"] = ordinal_concordance(actual, predicted)
            measures["concordance of probabilities"] = ordinal_concordance(here["actual"], here["score"])
            keys = {"site": site, "model": model, "n": len(part)}
            for name, marks in shares.items():
                low, high = wilson_interval(int(marks.sum()), marks.size)
                rows.append(
                    {**keys, "statistic": name, "value": float(marks.mean()), "low": low, "high": high, "note": ""}
                )
            for name, found in measures.items():
                numbers = {"value": found.value, "se": found.se, "low": found.low, "high": found.high}
                rows.append({**keys, "statistic": name, **numbers, "note": found.note})
    return pd.DataFrame(rows, columns=COLUMNS)
