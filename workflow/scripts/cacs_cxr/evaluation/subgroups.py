"""Discrimination, calibration and operating point in subgroups, with tests of heterogeneity between them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from cacs_cxr.distributions import chi_squared_tail
from cacs_cxr.evaluation.calibration import (
    NoFiniteFit,
    clipped_logit,
    fit,
    log_likelihood,
    observed_to_expected,
    recalibration,
)
from cacs_cxr.evaluation.discrimination import (
    Placements,
    auc_estimate,
    delong_covariance,
    placements,
    unpaired_difference,
)
from cacs_cxr.evaluation.operating_points import operating_point
from cacs_cxr.evaluation.patient_groups import NOT_KNOWN, group_order
from cacs_cxr.evaluation.pooled_auc import stratified_auc
from cacs_cxr.evaluation.predictions_table import parts
from cacs_cxr.multiplicity import holm
from cacs_cxr.study import Study

KEYS = ["site", "model", "threshold", "variable", "label"]
MEASURES = [
    "auc", "auc_low", "auc_high", "citl", "citl_low", "citl_high", "slope", "slope_low", "slope_high", "oe", "oe_low",
    "oe_high", "sensitivity", "sensitivity_low", "sensitivity_high", "specificity", "specificity_low",
    "specificity_high",
]  # fmt: skip
COLUMNS = [*KEYS, "group", "n", "n_positive", *MEASURES, "note"]
TEST_COLUMNS = [
    *KEYS, "measure", "test", "groups", "statistic", "df", "p", "p_holm", "note",
]  # fmt: skip
STRATA_COLUMNS = [
    "site", "model", "threshold", "strata", "n_strata", "n", "n_positive", "pairs", "auc", "se", "low", "high",
    "auc_overall", "note",
]  # fmt: skip
TOO_FEW = "too few: fewer than {least} patients of a class"


def heterogeneity_of_auc(groups: Sequence[Placements]) -> tuple[str, float, float, float]:
    """Test of equal AUCs in independent groups: name of the test, statistic, degrees of freedom and p-value.

    Two groups: DeLong's unpaired test, a Welch-type t. More: Cochran's Q, the sum over groups of (AUC - mean)^2 /
    variance with the inverse-variance mean, by the chi-square distribution.
    """
    if len(groups) == 2:
        test = unpaired_difference(*groups)
        return "DeLong, unpaired", test.d, test.df, test.p
    variances = np.array([delong_covariance(group, group) for group in groups])
    if len(groups) < 2 or not (variances > 0.0).all():
        return "Cochran's Q", np.nan, np.nan, np.nan
    aucs, weights = np.array([group.auc for group in groups]), 1.0 / variances
    q = float(weights @ (aucs - np.average(aucs, weights=weights)) ** 2)
    return "Cochran's Q", q, len(groups) - 1.0, chi_squared_tail(q, len(groups) - 1)


def heterogeneity_of_calibration(part: pd.DataFrame, groups: Sequence[str]) -> tuple[float, float, float]:
    """Likelihood-ratio test of equal calibration in the large in all groups: chi-square, df, p.

    Args:
        part: label, probability and group of patients.
        groups: those compared.
    """
    chosen = part[part["group"].isin(list(groups))]
    positive, logits = (chosen["label"] == 1).to_numpy(), clipped_logit(chosen["probability"].to_numpy(float))
    try:
        common, _ = fit(np.ones((positive.size, 1)), positive, offset=logits)
        apart = 0.0
        for group in groups:
            here = (chosen["group"] == group).to_numpy()
            own, _ = fit(np.ones((int(here.sum()), 1)), positive[here], offset=logits[here])
            apart += log_likelihood(positive[here], logits[here] + own[0])
    except NoFiniteFit:
        return np.nan, np.nan, np.nan
    statistic = max(2.0 * (apart - log_likelihood(positive, logits + common[0])), 0.0)
    df = len(groups) - 1
    return statistic, float(df), chi_squared_tail(statistic, df) if df else np.nan


def subgroup_rows(part: pd.DataFrame, names: Sequence[str], *, least: int) -> tuple[list[dict[str, Any]], list[str]]:
    """Measures of every subgroup, and the groups with enough patients of both classes.

    Args:
        part: label, probability, cutoff and group of patients of one site, model and threshold.
        names: groups in their order.
        least: patients of each class that a subgroup must have.
    """
    rows, usable = [], []
    for name in names:
        here = part[part["group"] == name]
        n, n_positive = len(here), int(here["label"].sum())
        row: dict[str, Any] = {"group": name, "n": n, "n_positive": n_positive, "note": TOO_FEW.format(least=least)}
        if min(n_positive, n - n_positive) >= least:
            usable.append(name)
            labels, predicted = here["label"].to_numpy(), here["probability"].to_numpy()
            area, lines = auc_estimate(labels, predicted), recalibration(labels, predicted)
            ratio = observed_to_expected(labels, predicted)
            cut = here["cutoff"].notna().to_numpy()
            point = operating_point(labels[cut], predicted[cut], here["cutoff"].to_numpy()[cut])
            row |= {"auc": area.auc, "auc_low": area.low, "auc_high": area.high}
            for measure, estimate in (("citl", lines.in_the_large), ("slope", lines.slope), ("oe", ratio)):
                row |= {measure: estimate.value, f"{measure}_low": estimate.low, f"{measure}_high": estimate.high}
            row |= {name: point[name] for name in MEASURES if name in point}
            row["note"] = "; ".join(filter(None, [area.note, lines.note]))
        rows.append(row)
    return rows, usable


def subgroup_tables(
    classified: pd.DataFrame,
    groups: pd.DataFrame,
    labels: Mapping[str, str],
    study: Study,
    *,
    bands: Mapping[str, Sequence[float]],
    least: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Subgroups of every site, model and threshold, and the tests between them.

    Args:
        classified: checked predictions with the column `cutoff`.
        groups: site, patient and a column for each variable, as `patient_groups` returns it.
        labels: label of each variable by column.
        study: gives the levels of binary factors.
        bands: cuts of continuous variables.
        least: patients of each class that a subgroup must have.

    Returns:
        `COLUMNS`, and `TEST_COLUMNS` of the AUC and of calibration in the large. Groups of unknown value are shown but
        not tested. Holm's adjustment runs over the variables, for a site, model, threshold and measure.
    """
    levels = {factor.name: factor.levels for factor in study.factors}
    rows: list[dict[str, Any]] = []
    tests: list[dict[str, Any]] = []
    joined = classified.merge(groups, on=["site", "patient"], how="left")
    for site, model, threshold, part in parts(joined):
        families: dict[str, list[dict[str, Any]]] = {"AUC": [], "calibration in the large": []}
        for variable, label in labels.items():
            here = part.assign(group=part[variable])
            names = group_order(here["group"].unique().tolist(), bands.get(variable), levels.get(variable, ()))
            keys = {"site": site, "model": model, "threshold": threshold, "variable": variable, "label": label}
            found, usable = subgroup_rows(here, names, least=least)
            rows += [{**keys, **row} for row in found]
            compared = [name for name in usable if name != NOT_KNOWN]
            noted = {"groups": len(compared), "note": "" if len(compared) > 1 else "fewer than two groups to compare"}
            if len(compared) > 1:
                chosen = [here[here["group"] == name] for name in compared]
                areas = [placements(group["label"], group["probability"]) for group in chosen]
                results = {
                    "AUC": heterogeneity_of_auc(areas),
                    "calibration in the large": ("likelihood ratio", *heterogeneity_of_calibration(here, compared)),
                }
            else:
                results = dict.fromkeys(families, ("none", np.nan, np.nan, np.nan))
            for measure, (test, statistic, df, p) in results.items():
                numbers = {"measure": measure, "test": test, "statistic": statistic, "df": df, "p": p}
                families[measure].append({**keys, **numbers, **noted})
        for family in families.values():
            adjusted = holm(np.array([row["p"] for row in family], dtype=float)).tolist()
            tests += [{**row, "p_holm": p} for row, p in zip(family, adjusted, strict=True)]
    return pd.DataFrame(rows, columns=COLUMNS), pd.DataFrame(tests, columns=TEST_COLUMNS)


def within_strata_table(table: pd.DataFrame, groups: pd.DataFrame, study: Study) -> pd.DataFrame:
    """AUC within strata of all grouped clinical factors together: what a model tells beyond them.

    Args:
        table: checked predictions.
        groups: as `patient_groups` returns it.
        study: gives the factors.

    Returns:
        `STRATA_COLUMNS`; strata names the variables, pairs is the share of all pairs that are within usable strata.
    """
    used = [factor for factor in study.factors if factor.name in groups]
    if not used:
        return pd.DataFrame(columns=STRATA_COLUMNS)
    strata = groups[[factor.name for factor in used]].agg(" | ".join, axis=1)
    joined = table.merge(groups[["site", "patient"]].assign(stratum=strata), on=["site", "patient"], how="left")
    rows = []
    for site, model, threshold, part in parts(joined):
        labels, scores = part["label"].to_numpy(), part["probability"].to_numpy()
        inside = stratified_auc(labels, scores, part["stratum"].to_numpy(str))
        rows.append({
            "site": site, "model": model, "threshold": threshold,
            "strata": " × ".join(factor.name for factor in used), "n_strata": inside.strata, "n": inside.n,
            "n_positive": inside.n_positive, "pairs": inside.pairs, "auc": inside.auc, "se": inside.se,
            "low": inside.low, "high": inside.high, "auc_overall": placements(labels, scores).auc, "note": inside.note,
        })  # fmt: skip
    return pd.DataFrame(rows, columns=STRATA_COLUMNS)
