"""Shortcut probes: how well a network's logits tell what they were not asked for (age, sex, vendor, site).

A logit that tells age is no fault, as age carries risk. Vendor and site carry none: among patients of the same category
a logit that tells them follows the machine or the place.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import norm, pearsonr, spearmanr

from cacs_cxr.evaluation.discrimination import auc_estimate
from cacs_cxr.multiplicity import holm
from cacs_cxr.study import Study

Floats = npt.NDArray[np.float64]
COLUMNS = [
    "model", "site", "threshold", "target", "kind", "statistic", "given", "n", "n_positive",
    "estimate", "low", "high", "p", "p_holm", "reading", "note",
]  # fmt: skip
LEAST = 10  # patients of each class, or in all of a correlation
NONE, CATEGORY = "nothing", "category"
FACTOR, ACQUISITION = "factor", "acquisition"
LARGEST = 1 - 1e-15  # correlation whose z is still finite
NOTHING = {"estimate": np.nan, "low": np.nan, "high": np.nan, "p": np.nan}


def probe_shortcuts(predictions: pd.DataFrame, patients: pd.DataFrame, study: Study, *, model: str) -> pd.DataFrame:
    """Every probe of a model's out-of-fold and external logits.

    Args:
        predictions: site, patient, model, threshold, probability strictly between 0 and 1.
        patients: site, patient, category, vendor ("" where the header names none) and the clinical factors.
        study: gives sites, thresholds and factors.
        model: whose logits are probed.

    Returns:
        `COLUMNS`: a row for each threshold, site and target, first on all patients, then given the category: pooled
        over patients of the same category. A target is a factor, ``vendor: NAME`` (against all others of its site) or
        ``site: NAME`` (against the development site). Adjusted p-values are over all probes of acquisition given the
        category.
    """
    own = predictions[predictions["model"] == model].merge(patients, on=["site", "patient"], validate="many_to_one")
    own = own.assign(logit=np.log(own["probability"] / (1 - own["probability"])))
    rows = [
        {"model": model, "threshold": threshold.name, **row}
        for threshold in study.thresholds
        for row in _probes(own[own["threshold"] == threshold.name], study)
    ]
    table = pd.DataFrame(rows, columns=COLUMNS)
    family = (table["kind"] == ACQUISITION) & (table["given"] == CATEGORY)
    table["p_holm"] = np.nan
    table.loc[family, "p_holm"] = holm(table.loc[family, "p"].to_numpy(float))
    table["reading"] = [reading({str(key): value for key, value in row.items()}) for row in table.to_dict("records")]
    return table


def _probes(here: pd.DataFrame, study: Study) -> Iterator[dict[str, Any]]:
    """Rows of one threshold without model and threshold."""
    for site in study.sites:
        part = here[here["site"] == site.name]
        for factor in study.factors:
            told = part[part[factor.name].notna()]
            named = {"site": site.name, "target": factor.name, "kind": FACTOR}
            if factor.kind == "continuous":
                yield from _correlations(told, told[factor.name].to_numpy(float), named)
            else:
                yield from _areas(told, told[factor.name].astype(str) == factor.levels[1], named)
        vendors = part["vendor"].fillna("").astype(str)
        for vendor in sorted(set(vendors) - {""}):
            named = {"site": site.name, "target": f"vendor: {vendor}", "kind": ACQUISITION}
            yield from _areas(part, vendors == vendor, named)
    for name in study.external:
        both = here[here["site"].isin([study.development, name])]
        named = {"site": name, "target": f"site: {name}", "kind": ACQUISITION}
        yield from _areas(both, both["site"] == name, named)


def _correlations(part: pd.DataFrame, values: Floats, named: dict[str, Any]) -> Iterator[dict[str, Any]]:
    logits = part["logit"].to_numpy(float)
    strata = part["category"].to_numpy()
    common = {**named, "n": len(part), "n_positive": np.nan, "note": ""}
    if len(part) < LEAST or np.ptp(values) == 0 or np.ptp(logits) == 0:
        note = f"too few patients ({len(part)}), or all alike"
        for statistic, given in (("spearman", NONE), ("r2", NONE), ("spearman", CATEGORY)):
            yield {**common, "statistic": statistic, "given": given, **NOTHING, "note": note}
        return
    yield {**common, "statistic": "spearman", "given": NONE, **correlation(values, logits)}
    yield {**common, "statistic": "r2", "given": NONE, **explained_variance(values, logits)}
    yield {**common, "statistic": "spearman", "given": CATEGORY, **stratified_correlation(values, logits, strata)}


def _areas(part: pd.DataFrame, positive: "pd.Series[bool]", named: dict[str, Any]) -> Iterator[dict[str, Any]]:
    labels, logits = positive.to_numpy(bool), part["logit"].to_numpy(float)
    n_positive = int(labels.sum())
    common = {**named, "statistic": "auc", "n": len(part), "n_positive": n_positive, "note": ""}
    if min(n_positive, len(part) - n_positive) < LEAST:
        note = f"too few patients: {n_positive} with, {len(part) - n_positive} without"
        yield from ({**common, "given": given, **NOTHING, "note": note} for given in (NONE, CATEGORY))
        return
    whole = np.zeros(len(part), dtype=np.int64)
    yield {**common, "given": NONE, **stratified_auc(labels, logits, whole)}
    yield {**common, "given": CATEGORY, **stratified_auc(labels, logits, part["category"].to_numpy())}


def correlation(first: Floats, second: Floats) -> dict[str, float]:
    """Spearman's correlation with its interval (Fisher's z with the variance of Bonett & Wright 2000)."""
    return stratified_correlation(first, second, np.zeros(len(first), dtype=np.int64))


def stratified_correlation(first: Floats, second: Floats, strata: npt.NDArray[Any]) -> dict[str, float]:
    """Spearman's correlation within strata: Fisher's z of each, averaged with weights n - 3.

    Strata of fewer than five patients, or in which one of both is constant, do not count.
    """
    weights, values = [], []
    for stratum in np.unique(strata):
        here = strata == stratum
        if here.sum() < 5 or np.ptp(first[here]) == 0 or np.ptp(second[here]) == 0:
            continue
        rho = float(spearmanr(first[here], second[here]).statistic)
        weights.append(float(here.sum()) - 3)
        values.append(float(np.arctanh(np.clip(rho, -LARGEST, LARGEST))))
    if not weights:
        return dict(NOTHING)
    z = float(np.average(values, weights=weights))
    estimate = float(np.tanh(z))
    half = float(norm.isf(0.025)) * float(np.sqrt((1 + estimate**2 / 2) / sum(weights)))
    # Under the null the variance of z is that of no correlation.
    p = float(2 * norm.sf(abs(z) * np.sqrt(sum(weights))))
    return {"estimate": estimate, "low": float(np.tanh(z - half)), "high": float(np.tanh(z + half)), "p": p}


def explained_variance(first: Floats, second: Floats) -> dict[str, float]:
    """Share of the variance of one that a line of the other explains; its interval is that of |r| by Fisher's z."""
    found = pearsonr(first, second)
    low, high = found.confidence_interval(0.95)
    squares = float(low) ** 2, float(high) ** 2
    return {
        "estimate": float(found.statistic) ** 2,
        "low": 0.0 if low < 0 < high else min(squares),
        "high": max(squares),
        "p": float(found.pvalue),
    }


def stratified_auc(labels: npt.NDArray[np.bool_], scores: Floats, strata: npt.NDArray[Any]) -> dict[str, float]:
    """AUC over pairs of one stratum: the mean of the strata's AUCs, weighted by their pairs, with DeLong's variances.

    Strata in which a class has fewer than two patients do not count.
    """
    pairs, areas, variances = [], [], []
    for stratum in np.unique(strata):
        here = strata == stratum
        found = auc_estimate(labels[here], scores[here])
        if min(found.n_positive, found.n - found.n_positive) < 2:
            continue
        pairs.append(float(found.n_positive) * (found.n - found.n_positive))
        areas.append(found.auc)
        variances.append(0.0 if np.isnan(found.se) else found.se**2)
    if not pairs:
        return dict(NOTHING)
    weights = np.array(pairs) / sum(pairs)
    area = float(weights @ np.array(areas))
    se = float(np.sqrt(np.square(weights) @ np.array(variances)))
    if se == 0:
        return {**NOTHING, "estimate": area}
    half = float(norm.isf(0.025)) * se
    p = float(2 * norm.sf(abs(area - 0.5) / se))
    return {"estimate": area, "low": max(area - half, 0.0), "high": min(area + half, 1.0), "p": p}


def reading(row: dict[str, Any]) -> str:
    """What a row says."""
    if np.isnan(row["p"]):
        return "not estimable"
    if row["kind"] == FACTOR:
        return "associated; a factor carries risk, so this is no fault" if row["p"] < 0.05 else "no association seen"
    if row["given"] == NONE:
        return "to be read given the category"
    if row["p_holm"] < 0.05:
        return "warning: told better than by chance among patients of the same category"
    return "no sign of a shortcut"
