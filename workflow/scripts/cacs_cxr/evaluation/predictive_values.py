"""Predictive values at other prevalences than the cohort's, and exact comparison of two models' classifications."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from cacs_cxr.distributions import NORMAL_975, binomial_cumulative
from cacs_cxr.evaluation.checked_arrays import binary_labels
from cacs_cxr.evaluation.predictions_table import models_present
from cacs_cxr.multiplicity import holm
from cacs_cxr.study import Study

VALUE_COLUMNS = [
    "site", "model", "threshold", "rule", "prevalence", "ppv", "ppv_low", "ppv_high", "npv", "npv_low", "npv_high",
    "note",
]  # fmt: skip
MCNEMAR_COLUMNS = [
    "site", "threshold", "rule", "model_a", "model_b", "measure", "n", "only_a", "only_b", "difference", "low", "high",
    "p", "p_holm", "note",
]  # fmt: skip


def predictive_values(*, tp: int, fp: int, tn: int, fn: int, prevalence: float) -> dict[str, float]:
    """PPV and NPV that the observed sensitivity and specificity give at another prevalence (Bayes' theorem).

    Intervals are symmetric on the logit scale (Mercaldo, Lau & Zhou, Stat Med 2007;26:2170).

    Args:
        tp, fp, tn, fn: counts at the operating point.
        prevalence: in (0, 1).

    Returns:
        ppv, ppv_low, ppv_high, npv, npv_low, npv_high; NaN without both classes, limits NaN where a cell is empty.
    """
    result = {f"{name}{suffix}": np.nan for name in ("ppv", "npv") for suffix in ("", "_low", "_high")}
    n_positive, n_negative = tp + fn, tn + fp
    if min(n_positive, n_negative) == 0:
        return result
    odds = prevalence / (1.0 - prevalence)
    for name, hits, errors, n_hits, n_errors, prior in (
        ("ppv", tp, fp, n_positive, n_negative, odds),
        ("npv", tn, fn, n_negative, n_positive, 1.0 / odds),
    ):
        share, wrong = hits / n_hits, errors / n_errors
        if share + wrong == 0.0:
            continue
        result[name] = share * prior / (share * prior + wrong)
        if hits > 0 and errors > 0:
            half = NORMAL_975 * float(np.sqrt((1.0 - share) / hits + (1.0 - wrong) / errors))
            centre = float(np.log(share * prior / wrong))
            result[f"{name}_low"], result[f"{name}_high"] = float(expit(centre - half)), float(expit(centre + half))
    return result


def predictive_value_table(points: pd.DataFrame, *, prevalences: Sequence[float]) -> pd.DataFrame:
    """Predictive values of every operating point at the declared prevalences.

    Args:
        points: as `operating_point_table` returns it, of one or several rules.
        prevalences: in (0, 1).

    Returns:
        `VALUE_COLUMNS`.
    """
    rows = []
    for row in points.to_dict("records"):
        for prevalence in prevalences:
            values = predictive_values(
                **{name: int(row[name]) for name in ("tp", "fp", "tn", "fn")}, prevalence=prevalence
            )
            lacking = [name.upper() for name in ("ppv", "npv") if np.isnan(values[name])]
            note = (
                f"{' and '.join(lacking)} not estimable: nobody is classified so, or one class only" if lacking else ""
            )
            keys = {name: row[name] for name in ("site", "model", "threshold", "rule")}
            rows.append({**keys, "prevalence": prevalence, **values, "note": note})
    return pd.DataFrame(rows, columns=VALUE_COLUMNS)


@dataclass(frozen=True)
class McNemar:
    """Paired comparison of two proportions: those right by the one model alone, and by the other alone.

    Attributes:
        difference: proportion of the first minus that of the second, with Wald's 95 % interval for pairs.
        p: exact, from the binomial distribution of the discordant patients; 1 where there are none.
    """

    n: int
    only_first: int
    only_second: int
    difference: float
    low: float
    high: float
    p: float


def mcnemar(first: npt.ArrayLike, second: npt.ArrayLike) -> McNemar:
    """Exact McNemar test.

    Args:
        first: whether the first model is right [n].
        second: whether the second model is right, same patients [n].
    """
    a, b = binary_labels(first), binary_labels(second)
    n, only_first, only_second = int(a.size), int((a & ~b).sum()), int((~a & b).sum())
    if n == 0:
        return McNemar(0, 0, 0, np.nan, np.nan, np.nan, np.nan)
    discordant = only_first + only_second
    p = min(1.0, 2 * binomial_cumulative(min(only_first, only_second), discordant, 0.5)) if discordant else 1.0
    difference = (only_first - only_second) / n
    half = NORMAL_975 * float(np.sqrt(max(discordant - n * difference**2, 0.0))) / n
    return McNemar(n, only_first, only_second, difference, difference - half, difference + half, p)


def mcnemar_table(classified: pd.DataFrame, study: Study, *, rule: str) -> pd.DataFrame:
    """Sensitivity and specificity of every two models at their frozen cut-offs, on the patients of both.

    Args:
        classified: checked predictions with the column `cutoff`.
        study: gives the order of sites and thresholds.
        rule: name of the rule, for the column of that name.

    Returns:
        `MCNEMAR_COLUMNS`; Holm's adjustment runs over the thresholds of a site, pair and measure.
    """
    usable = classified[classified["cutoff"].notna()]
    called = usable.assign(right=(usable["probability"] >= usable["cutoff"]) == (usable["label"] == 1))
    by_part: dict[tuple[Any, ...], pd.DataFrame] = {
        key: rows.set_index("patient") for key, rows in called.groupby(["site", "model", "threshold"], sort=False)
    }
    rows: list[dict[str, object]] = []
    for site in (site.name for site in study.sites):
        for model_b, model_a in combinations(models_present(classified), 2):
            for measure, label in (("sensitivity", 1), ("specificity", 0)):
                family: list[dict[str, object]] = []
                for threshold in (threshold.name for threshold in study.thresholds):
                    a, b = by_part.get((site, model_a, threshold)), by_part.get((site, model_b, threshold))
                    if a is None or b is None:
                        continue
                    shared = a.index[a["label"] == label].intersection(b.index)
                    test = mcnemar(a.loc[shared, "right"].to_numpy(), b.loc[shared, "right"].to_numpy())
                    family.append({
                        "site": site, "threshold": threshold, "rule": rule, "model_a": model_a, "model_b": model_b,
                        "measure": measure, "n": test.n, "only_a": test.only_first, "only_b": test.only_second,
                        "difference": test.difference, "low": test.low, "high": test.high, "p": test.p,
                        "note": "" if test.n else "not estimable: no patients of this class",
                    })  # fmt: skip
                adjusted = holm(np.array([row["p"] for row in family], dtype=float)).tolist()
                rows += [{**row, "p_holm": p} for row, p in zip(family, adjusted, strict=True)]
    return pd.DataFrame(rows, columns=MCNEMAR_COLUMNS)
