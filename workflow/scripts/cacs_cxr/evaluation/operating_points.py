"""Cut-offs chosen on development and frozen, and how well they classify."""

from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import binomtest

from cacs_cxr.evaluation.predictions_table import models_present, parts
from cacs_cxr.evaluation.roc import counts_by_cutoff
from cacs_cxr.study import EXTERNAL_FOLD, Study

Rule = Literal["youden", "prevalence"]
CUTOFF_COLUMNS = ["model", "threshold", "rule", "fold", "cutoff", "n", "n_positive", "note"]
PROPORTIONS = ("sensitivity", "specificity", "ppv", "npv")
POINT_COLUMNS = [
    "site", "model", "threshold", "rule", "cutoff_min", "cutoff_max", "n", "tp", "fp", "tn", "fn",
    *(f"{name}{suffix}" for name in PROPORTIONS for suffix in ("", "_low", "_high")), "note",
]  # fmt: skip


def choose_cutoff(labels: npt.ArrayLike, scores: npt.ArrayLike, *, rule: Rule) -> float:
    """Cut-off at or above which a score counts as positive: half-way between two neighbouring scores.

    ``youden`` maximises sensitivity + specificity - 1; ``prevalence`` calls as many positive as are positive, as nearly
    as ties allow. Of equally good cut-offs the lowest is taken, which is the most sensitive.

    Args:
        labels: 0/1 or bool [n].
        scores: higher means positive [n].
        rule: how to choose.

    Returns:
        The cut-off; NaN with one class, or where all scores are tied.
    """
    falling, true_positives, false_positives = counts_by_cutoff(labels, scores)
    if falling.size < 2 or true_positives[-1] == 0 or false_positives[-1] == 0:
        return np.nan
    n_positive, n_negative = int(true_positives[-1]), int(false_positives[-1])
    hits, alarms = true_positives[:-1], false_positives[:-1]
    gain = hits * n_negative - alarms * n_positive if rule == "youden" else -np.abs(hits + alarms - n_positive)
    best = np.flatnonzero(gain == gain.max())[-1]
    return float((falling[best] + falling[best + 1]) / 2)


def cutoff_table(table: pd.DataFrame, study: Study, *, rule: Rule) -> pd.DataFrame:
    """Cut-offs of every model and threshold, all chosen on development.

    The cut-off applied to a development fold is chosen on the out-of-fold predictions of the other folds, so that no
    patient helps to choose the cut-off that classifies them. Row -1 is chosen on all development predictions; it is for
    external sites, and for development patients outside cross-validation, where the note calls it optimistic.

    Args:
        table: checked predictions.
        study: names the development site, the models' order and the thresholds.
        rule: how a cut-off is chosen.

    Returns:
        One row a model, threshold and fold, with `CUTOFF_COLUMNS`; n and n_positive count the patients chosen on.
    """
    development = table[table["site"] == study.development]
    rows = []
    for model in models_present(table):
        for threshold in (threshold.name for threshold in study.thresholds):
            if not ((table["model"] == model) & (table["threshold"] == threshold)).any():
                continue
            part = development[(development["model"] == model) & (development["threshold"] == threshold)]
            numbers = part["fold"].to_numpy()
            within = np.unique(numbers[numbers >= 0])
            folds = within.tolist() if within.size > 1 else []
            for fold in [*folds, EXTERNAL_FOLD]:
                chosen = (numbers >= 0) & (numbers != fold) if folds else np.ones(numbers.size, dtype=bool)
                labels = part["label"].to_numpy()[chosen]
                cutoff = choose_cutoff(labels, part["probability"].to_numpy()[chosen], rule=rule)
                rows.append(
                    {
                        "model": model,
                        "threshold": threshold,
                        "rule": rule,
                        "fold": fold,
                        "cutoff": cutoff,
                        "n": labels.size,
                        "n_positive": int(labels.sum()),
                        "note": _cutoff_note(labels, cutoff, folds=len(folds)),
                    }
                )
    return pd.DataFrame(rows, columns=CUTOFF_COLUMNS)


def _cutoff_note(labels: npt.NDArray[np.int64], cutoff: float, *, folds: int) -> str:
    if labels.size == 0:
        return "not estimable: no development predictions"
    if np.isnan(cutoff):
        one_class = labels.min() == labels.max()
        return "not estimable: " + ("one class among the development patients" if one_class else "all predictions tied")
    return "" if folds else "chosen without cross-validation: optimistic on development"


def with_cutoffs(table: pd.DataFrame, cutoffs: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Predictions with the frozen cut-off that applies to each, in a column `cutoff`; NaN where there is none."""
    keys = ["model", "threshold", "applied"]
    known = cutoffs.rename(columns={"fold": "applied"})[[*keys, "cutoff"]]
    cross_fitted = set(known["applied"]) - {EXTERNAL_FOLD}
    own = (table["site"] == study.development).to_numpy() & table["fold"].isin(cross_fitted).to_numpy()
    joined = table.assign(applied=np.where(own, table["fold"], EXTERNAL_FOLD)).merge(known, on=keys, how="left")
    return joined.drop(columns="applied")


def wilson_interval(successes: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a proportion; NaN for n = 0."""
    if n == 0:
        return np.nan, np.nan
    interval = binomtest(successes, n).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


def exact_interval(successes: int, n: int) -> tuple[float, float]:
    """Clopper-Pearson 95 % interval of a proportion; NaN for n = 0."""
    if n == 0:
        return np.nan, np.nan
    interval = binomtest(successes, n).proportion_ci(method="exact")
    return float(interval.low), float(interval.high)


def operating_point(labels: npt.ArrayLike, scores: npt.ArrayLike, cutoffs: npt.ArrayLike) -> dict[str, int | float]:
    """Counts and proportions with Wilson intervals when scores at or above their cut-offs count as positive.

    Args:
        labels: 0/1 or bool [n].
        scores: probabilities [n].
        cutoffs: cut-off of each patient [n], or one for all.

    Returns:
        n, tp, fp, tn, fn, and each of `PROPORTIONS` with `_low` and `_high`; NaN where the denominator is 0.
    """
    positive = np.asarray(labels).astype(bool)
    called = np.asarray(scores, dtype=float) >= np.asarray(cutoffs, dtype=float)
    tp, fp = int((positive & called).sum()), int((~positive & called).sum())
    fn, tn = int((positive & ~called).sum()), int((~positive & ~called).sum())
    result: dict[str, int | float] = {"n": positive.size, "tp": tp, "fp": fp, "tn": tn, "fn": fn}
    fractions = ((tp, tp + fn), (tn, tn + fp), (tp, tp + fp), (tn, tn + fn))
    for name, (successes, n) in zip(PROPORTIONS, fractions, strict=True):
        result[name] = successes / n if n else np.nan
        result[f"{name}_low"], result[f"{name}_high"] = wilson_interval(successes, n)
    return result


def operating_point_table(classified: pd.DataFrame, *, rule: Rule) -> pd.DataFrame:
    """Operating point of every site, model and threshold at the frozen cut-offs.

    Args:
        classified: predictions with the column `cutoff`.
        rule: how the cut-offs were chosen, for the column of that name.

    Returns:
        `POINT_COLUMNS`; cutoff_min and cutoff_max differ only where folds have their own cut-offs.
    """
    rows = []
    for site, model, threshold, part in parts(classified):
        usable = part[part["cutoff"].notna()]
        notes = []
        if len(usable) < len(part):
            what = (
                "not estimable: no cut-off" if usable.empty else f"{len(part) - len(usable)} patients without a cut-off"
            )
            notes.append(what)
        counts = operating_point(
            usable["label"].to_numpy(), usable["probability"].to_numpy(), usable["cutoff"].to_numpy()
        )
        notes += [
            f"{name} not estimable: no patients in its denominator"
            for name in PROPORTIONS
            if len(usable) and np.isnan(counts[name])
        ]
        span = {"cutoff_min": usable["cutoff"].min(), "cutoff_max": usable["cutoff"].max()}
        rows.append({"site": site, "model": model, "threshold": threshold, "rule": rule, **span, **counts})
        rows[-1]["note"] = "; ".join(notes)
    return pd.DataFrame(rows, columns=POINT_COLUMNS)
