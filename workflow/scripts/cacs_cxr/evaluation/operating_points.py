"""Cut-offs chosen on development and frozen, and how well they classify."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.distributions import NORMAL_975, beta_quantile
from cacs_cxr.evaluation.checked_arrays import binary_labels
from cacs_cxr.evaluation.predictions_table import models_present, parts
from cacs_cxr.evaluation.roc import counts_by_cutoff
from cacs_cxr.study import EXTERNAL_FOLD, Study

Rule = Literal["youden", "prevalence"]
Measure = Literal["sensitivity", "specificity", "probability"]
CUTOFF_COLUMNS = ["model", "threshold", "rule", "fold", "cutoff", "n", "n_positive", "note"]
PROPORTIONS = ("sensitivity", "specificity", "ppv", "npv", "accuracy")
RATIOS = ("lr_positive", "lr_negative")
POINT_COLUMNS = [
    "site", "model", "threshold", "rule", "cutoff_min", "cutoff_max", "n", "tp", "fp", "tn", "fn",
    *(f"{name}{suffix}" for name in (*PROPORTIONS, *RATIOS) for suffix in ("", "_low", "_high")), "note",
]  # fmt: skip


@dataclass(frozen=True)
class Target:
    """A rule that asks for a value: the cut-off with at least this sensitivity or specificity, or this probability."""

    measure: Measure
    value: float

    def __str__(self) -> str:
        return f"{self.measure} {self.value:g}"


def choose_cutoff(labels: npt.ArrayLike, scores: npt.ArrayLike, *, rule: Rule | Target) -> float:
    """Cut-off at or above which a score counts as positive: half-way between two neighbouring scores.

    ``youden`` maximises sensitivity + specificity - 1; ``prevalence`` calls as many positive as are positive, as nearly
    as ties allow. Of equally good cut-offs the lowest is taken, which is the most sensitive. A `Target` takes the
    highest cut-off of at least its sensitivity, the lowest of at least its specificity (where need be, one that calls
    everybody or nobody positive), or its probability as it stands.

    Args:
        labels: 0/1 or bool [n].
        scores: higher means positive [n].
        rule: how to choose.

    Returns:
        The cut-off; NaN with one class, or where all scores are tied. A stated probability needs neither.
    """
    falling, true_positives, false_positives = counts_by_cutoff(labels, scores)
    if isinstance(rule, Target) and rule.measure == "probability":
        return rule.value if falling.size else np.nan
    if falling.size < 2 or true_positives[-1] == 0 or false_positives[-1] == 0:
        return np.nan
    n_positive, n_negative = int(true_positives[-1]), int(false_positives[-1])
    if isinstance(rule, Target):
        if rule.measure == "sensitivity":
            best = int(np.argmax(true_positives >= rule.value * n_positive - 1e-9))
            return float(falling[best] + falling[best + 1]) / 2 if best + 1 < falling.size else float(falling[-1])
        few = np.flatnonzero(n_negative - false_positives >= rule.value * n_negative - 1e-9)
        if not few.size:
            return float(np.nextafter(falling[0], np.inf))
        return float(falling[few[-1]] + falling[few[-1] + 1]) / 2 if few[-1] + 1 < falling.size else float(falling[-1])
    hits, alarms = true_positives[:-1], false_positives[:-1]
    gain = hits * n_negative - alarms * n_positive if rule == "youden" else -np.abs(hits + alarms - n_positive)
    best = np.flatnonzero(gain == gain.max())[-1]
    return float((falling[best] + falling[best + 1]) / 2)


def cutoff_table(table: pd.DataFrame, study: Study, *, rule: Rule | Target) -> pd.DataFrame:
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
                        "rule": str(rule),
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
    """Wilson's 95 % interval of a proportion (JASA 1927;22:209), as R's prop.test(correct = FALSE); NaN for n = 0."""
    if n == 0:
        return np.nan, np.nan
    share, squared = successes / n, NORMAL_975**2
    centre = (share + squared / (2 * n)) / (1 + squared / n)
    half = NORMAL_975 * np.sqrt(share * (1 - share) / n + squared / (4 * n**2)) / (1 + squared / n)
    return float(centre - half) if successes else 0.0, float(centre + half) if successes < n else 1.0


def exact_interval(successes: int, n: int) -> tuple[float, float]:
    """Clopper-Pearson 95 % interval of a proportion (Biometrika 1934;26:404), as R's binom.test; NaN for n = 0."""
    if n == 0:
        return np.nan, np.nan
    low = beta_quantile(0.025, successes, n - successes + 1) if successes else 0.0
    high = beta_quantile(0.975, successes + 1, n - successes) if successes < n else 1.0
    return low, high


def operating_point(labels: npt.ArrayLike, scores: npt.ArrayLike, cutoffs: npt.ArrayLike) -> dict[str, int | float]:
    """Counts and proportions with Wilson intervals when scores at or above their cut-offs count as positive.

    Args:
        labels: 0/1 or bool [n].
        scores: probabilities [n].
        cutoffs: cut-off of each patient [n], or one for all.

    Returns:
        n, tp, fp, tn, fn, and each of `PROPORTIONS` and `RATIOS` with `_low` and `_high`; NaN where the denominator is
        0. Likelihood ratios have limits on the log scale (Simel et al., J Clin Epidemiol 1991;44:763), which need
        patients in both of their cells.
    """
    positive = binary_labels(labels)
    called = np.asarray(scores, dtype=float) >= np.asarray(cutoffs, dtype=float)
    tp, fp = int((positive & called).sum()), int((~positive & called).sum())
    fn, tn = int((positive & ~called).sum()), int((~positive & ~called).sum())
    result: dict[str, int | float] = {"n": positive.size, "tp": tp, "fp": fp, "tn": tn, "fn": fn}
    fractions = ((tp, tp + fn), (tn, tn + fp), (tp, tp + fp), (tn, tn + fn), (tp + tn, positive.size))
    for name, (successes, n) in zip(PROPORTIONS, fractions, strict=True):
        result[name] = successes / n if n else np.nan
        result[f"{name}_low"], result[f"{name}_high"] = wilson_interval(successes, n)
    for name, cells in zip(RATIOS, ((tp, fp), (fn, tn)), strict=True):
        values = likelihood_ratio(*cells, n_positive=tp + fn, n_negative=fp + tn)
        result[name], result[f"{name}_low"], result[f"{name}_high"] = values
    return result


def likelihood_ratio(positive: int, negative: int, *, n_positive: int, n_negative: int) -> tuple[float, float, float]:
    """Share of the positive patients with a result over that of the negative ones, with its 95 % interval.

    Args:
        positive: positive patients with the result.
        negative: negative patients with the result.
        n_positive: all positive patients.
        n_negative: all negative patients.

    Returns:
        Ratio, low, high; NaN without negative patients who have the result, limits NaN without positive ones either.
    """
    if min(negative, n_positive, n_negative) == 0:
        return np.nan, np.nan, np.nan
    ratio = positive / n_positive / (negative / n_negative)
    if positive == 0:
        return ratio, np.nan, np.nan
    half = 1.959963984540054 * float(np.sqrt(1 / positive - 1 / n_positive + 1 / negative - 1 / n_negative))
    return ratio, ratio * float(np.exp(-half)), ratio * float(np.exp(half))


def operating_point_table(classified: pd.DataFrame, *, rule: Rule | Target) -> pd.DataFrame:
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
        rows.append({"site": site, "model": model, "threshold": threshold, "rule": str(rule), **span, **counts})
        rows[-1]["note"] = "; ".join(notes)
    return pd.DataFrame(rows, columns=POINT_COLUMNS)


def declared_rules(values: Mapping[str, Sequence[float]]) -> list[Rule | Target]:
    """Both rules that need no value, then a target for every value declared.

    Args:
        values: of sensitivity, specificity and probability.
    """
    measures: tuple[Measure, ...] = ("sensitivity", "specificity", "probability")
    targets = [Target(measure, value) for measure in measures for value in values.get(measure, ())]
    return ["youden", "prevalence", *targets]
