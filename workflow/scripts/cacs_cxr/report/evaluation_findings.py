"""The results on calibration, usefulness, agreement, subgroups, sensitivity, robustness and precision in "
"sentences."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from cacs_cxr.report.evidence import Evidence
from cacs_cxr.report.numbers import count, listing, p_phrase, signed
from cacs_cxr.report.phrases import finite, interval, site_phrase
from cacs_cxr.study import CLINICAL, CXR, Site, headline_model, model_label

NOTHING = "There are no predictions."
USED_PROBABILITY = 0.1


def headline(evidence: Evidence) -> str:
    """Name of the model that the sentences are about."""
    return headline_model(evidence.discrimination["model"]) if len(evidence.discrimination) else CXR


def calibration(evidence: Evidence) -> list[str]:
    """How well the probabilities agree with what was observed, at every site."""
    model = headline(evidence)
    paragraphs = []
    for site in evidence.study.sites:
        sentences = []
        for threshold in evidence.study.thresholds:
            found = evidence.rows("calibration", site=site.name, model=model, threshold=threshold.name, fold="pooled")
            rows = {str(row["probabilities"]): row for row in found.to_dict("records")}
            if "as predicted" not in rows:
                continue
            row = rows["as predicted"]
            parts = [
                f"{name} {interval(row, column, f'{column}_low', f'{column}_high')}"
                for name, column in (("O:E", "oe"), ("the slope", "slope"))
                if finite(row, column)
            ]
            if finite(row, "ici"):
                parts.append(f"the mean distance from the curve (ICI) {row['ici']:.3f}")
            if parts:
                short = evidence.study.biomarker.short
                sentences.append(f"For {short} {threshold.label} {listing(parts)}.")
            moved = rows.get("recalibrated in the large")
            if moved is not None and finite(moved, "ici"):
                sentences.append(
                    f"With the intercept fitted again on these patients, which is optimistic, the ICI was "
                    f"{moved['ici']:.3f}."
                )
        if sentences:
            name = model_label(model).lower()
            paragraphs.append(f"{site.name.capitalize()}, {name} model. {' '.join(sentences)}")
    return [*paragraphs, *transport(evidence)] or [NOTHING]


def transport(evidence: Evidence) -> list[str]:
    """Difference of the AUC between each external site and development, as a paragraph."""
    model = headline(evidence)
    sentences = []
    for site in evidence.study.external:
        parts = []
        for threshold in evidence.study.thresholds:
            row = evidence.row("site_comparison", site=site, model=model, threshold=threshold.name)
            if row is not None and finite(row, "difference") and finite(row, "low"):
                size = interval(row, "difference", "low", "high", digits=3)
                parts.append(f"{size} for {threshold.label} ({p_phrase(float(row['p_holm']))} after Holm's adjustment)")
        if parts:
            sentences.append(
                f"The AUC of the {model_label(model).lower()} model at the {site} site minus that of development was "
                f"{listing(parts)}."
            )
    return [" ".join(sentences)] if sentences else []


def usefulness(evidence: Evidence) -> list[str]:
    """Net benefit beside treating all, at one threshold probability."""
    model = headline(evidence)
    curves = evidence.decision_curve
    if curves.empty:
        return [NOTHING]
    grid = np.sort(curves["threshold_probability"].unique())
    at = float(grid[np.argmin(np.abs(grid - USED_PROBABILITY))])
    paragraphs = []
    for site in evidence.study.sites:
        sentences = []
        for threshold in evidence.study.thresholds:
            here = curves[(curves["site"] == site.name) & (curves["threshold"] == threshold.name)]
            rows = {str(row["strategy"]): row for row in here[here["threshold_probability"] == at].to_dict("records")}
            if model not in rows or "treat all" not in rows or not finite(rows[model], "net_benefit"):
                continue
            row, everybody = rows[model], rows["treat all"]
            text = (
                f"for {evidence.study.biomarker.short} {threshold.label} "
                f"{interval(row, 'net_benefit', 'low', 'high', digits=3)}, of treating all "
                f"{signed(float(everybody['net_benefit']), 3)}"
            )
            if finite(row, "avoided_per_1000"):
                avoided = interval(row, "avoided_per_1000", "avoided_low", "avoided_high", digits=0)
                text += f", which is {avoided} interventions avoided per 1,000 patients"
            sentences.append(text)
        if sentences:
            paragraphs.append(
                f"{site.name.capitalize()}. At a threshold probability of {at:.2f} the net benefit of the "
                f"{model_label(model).lower()} model was {'; '.join(sentences)}."
            )
    return paragraphs or [NOTHING]


def agreement(evidence: Evidence) -> list[str]:
    """Weighted kappa, ordinal concordance and crossings, as a paragraph."""
    model = headline(evidence)
    sentences = []
    for site in evidence.study.sites:
        found = evidence.rows("agreement", site=site.name, model=model)
        rows = {str(row["statistic"]): row for row in found.to_dict("records")}
        if "kappa quadratic" not in rows or not finite(rows["kappa quadratic"], "value"):
            continue
        kappa = interval(rows["kappa quadratic"], "value", "low", "high")
        text = f"At {site_phrase(site)} the quadratic kappa of the {model_label(model).lower()} model was {kappa}"
        if finite(rows["concordance of probabilities"], "value"):
            concordance = interval(rows["concordance of probabilities"], "value", "low", "high")
            text += f", the ordinal concordance of its probabilities {concordance}"
        crossed = 100 * float(rows["crossings repaired"]["value"])
        sentences.append(f"{text}; crossing probabilities were repaired in {crossed:.1f} % of patients.")
    return [" ".join(sentences)] if sentences else []


def subgroups(evidence: Evidence) -> list[str]:
    """Heterogeneity between subgroups, AUC within strata, sensitivity analyses and robustness."""
    paragraphs = [heterogeneity(evidence, site) for site in evidence.study.sites]
    paragraphs += [strata(evidence), *sensitivity(evidence), robustness(evidence)]
    return [paragraph for paragraph in paragraphs if paragraph] or ["Subgroups are not estimable."]


def heterogeneity(evidence: Evidence, site: Site) -> str:
    """Where the AUC or the calibration differs between subgroups of a site after adjustment, as a sentence."""
    tests = evidence.rows("subgroup_tests", site=site.name, model=headline(evidence))
    tested = tests[tests["p"].notna()]
    if tested.empty:
        return ""
    variables = listing([str(label).partition(",")[0].lower() for label in dict.fromkeys(tested["label"])])
    low = tested[tested["p_holm"] < 0.05]
    labels = {threshold.name: threshold.label for threshold in evidence.study.thresholds}
    found = [
        f"of the {row['measure'] if row['measure'] == 'AUC' else 'calibration'} by "
        f"{str(row['label']).partition(',')[0].lower()} at {labels[row['threshold']]} ({p_phrase(row['p_holm'])})"
        for row in low.to_dict("records")
    ]
    opening = (
        f"At {site_phrase(site)} the {model_label(headline(evidence)).lower()} model was compared between subgroups "
        "by "
        f"{variables}."
    )
    differed = f"There was heterogeneity {listing(found)}" if found else "No test had p below .05"
    return f"{opening} {differed}, after Holm's adjustment over these variables at each threshold."


def strata(evidence: Evidence) -> str:
    """What the radiograph tells beyond the factors: its AUC within strata of them, as a sentence."""
    sentences = []
    for site in evidence.study.sites:
        parts = []
        for threshold in evidence.study.thresholds:
            row = evidence.row("within_strata", site=site.name, model=CXR, threshold=threshold.name)
            if row is not None and finite(row, "auc"):
                parts.append(f"{interval(row, 'auc', 'low', 'high')} for {threshold.label}")
        if parts:
            factors = listing([factor.label.lower() for factor in evidence.study.factors])
            sentences.append(
                f"Within strata of {factors}, where these cannot tell patients apart, the radiograph's AUC at "
                f"{site_phrase(site)} was {listing(parts)}."
            )
    return " ".join(sentences)


def sensitivity(evidence: Evidence) -> list[str]:
    """Largest change of the AUC over the sensitivity analyses, and which could not be done."""
    table = evidence.sensitivity
    done = table[table["auc_change"].notna() & (table["model"] == headline(evidence))]
    done = done[done["analysis"] != "all patients"]
    sentences = []
    if len(done):
        row = done.loc[done["auc_change"].abs().idxmax()]
        names = listing([f"“{label}”" for label in dict.fromkeys(done["label"])])
        sentences.append(
            f"Over the sensitivity analyses ({names}) the AUC of the {model_label(headline(evidence)).lower()} model "
            f"changed by at most {signed(float(row['auc_change']), 3)}."
        )
    sentences += [
        f"“{row['label']}” was {row['note']}." for row in table[table["site"].isna()].to_dict("records") if row["note"]
    ]
    return [" ".join(sentences)] if sentences else []


def robustness(evidence: Evidence) -> str:
    """The corruption that costs most, as a sentence; that there is nothing to tell where there is not."""
    table = evidence.robustness
    if table.empty:
        return "No predictions of corrupted radiographs were made or received: nothing is known of robustness."
    shaken = table[table["difference"].notna()]
    if shaken.empty:
        return "Robustness to corrupted radiographs is not estimable."
    labels = {threshold.name: threshold.label for threshold in evidence.study.thresholds}
    worst: Mapping[Any, Any] = shaken.loc[shaken["difference"].idxmin()].to_dict()
    drop = interval(worst, "difference", "low", "high", digits=3)
    return (
        f"On corrupted radiographs of {count(worst['n'])} development patients the radiograph's AUC suffered most "
        "from "
        f"{worst['corruption']} of severity {int(worst['severity'])}: difference {drop} at "
        f"{labels[worst['threshold']]} "
        f"({p_phrase(float(worst['p_holm']))} after Holm's adjustment over the corruptions)."
    )


def precision(evidence: Evidence) -> list[str]:
    """How many patients the wanted precision needs, beside how many there are."""
    table = evidence.precision
    sentences = []
    for site in evidence.study.sites:
        here = table[
            (table["site"] == site.name) & (table["model"] == headline(evidence)) & table["n_required"].notna()
        ]
        parts = []
        for threshold in evidence.study.thresholds:
            own = here[here["threshold"] == threshold.name]
            if len(own):
                most = own.loc[own["n_required"].astype(float).idxmax()]
                parts.append(f"{count(float(most['n_required']))} at {threshold.label} (for the {most['measure']})")
        if parts:
            n = count(float(here["n"].iloc[0]))
            sentences.append(
                f"For the precision wanted {site_phrase(site)}, with {n} patients, would need {listing(parts)}."
            )
    return [" ".join(sentences)] if sentences else ["The precision is not estimable."]


def added(evidence: Evidence) -> list[str]:
    """Net benefit that the headline model has over the clinical one, as a paragraph; none without a clinical "
    "model."""
    model, table = headline(evidence), evidence.net_benefit_comparison
    pairs = table[(table["model_a"] == model) & (table["model_b"] == CLINICAL)]
    if pairs.empty:
        return []
    grid = np.sort(pairs["threshold_probability"].unique())
    at = float(grid[np.argmin(np.abs(grid - USED_PROBABILITY))])
    sentences = []
    for site in evidence.study.sites:
        parts = []
        for threshold in evidence.study.thresholds:
            own = pairs[(pairs["site"] == site.name) & (pairs["threshold"] == threshold.name)]
            own = own[own["threshold_probability"] == at]
            if len(own) and pd.notna(own["difference"].iloc[0]):
                parts.append(
                    f"{interval(own.iloc[0].to_dict(), 'difference', 'low', 'high', digits=3)} for {threshold.label}"
                )
        if parts:
            sentences.append(
                "Its difference from the clinical model's, at the same threshold probability, was at "
                f"{site_phrase(site)} "
                f"{listing(parts)}."
            )
    return [" ".join(sentences)] if sentences else []
