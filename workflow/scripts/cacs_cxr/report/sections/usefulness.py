"""Clinical usefulness: net benefit beside treating all and none."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from cacs_cxr.report.evaluation_tables import net_benefit_text
from cacs_cxr.report.evidence import Evidence
from cacs_cxr.report.headline import NO_PREDICTIONS, USED_PROBABILITY, headline
from cacs_cxr.report.numbers import listing, signed
from cacs_cxr.report.phrases import Caption, finite, interval, site_phrase
from cacs_cxr.study import CLINICAL, model_label


def paragraphs(evidence: Evidence) -> list[str]:
    """Net benefit of the headline model beside treating all, and its difference from the clinical model's."""
    return [*usefulness(evidence), *added(evidence)]


def usefulness(evidence: Evidence) -> list[str]:
    """Net benefit beside treating all, at one threshold probability."""
    model = headline(evidence)
    curves = evidence.table("decision_curve")
    if curves.empty:
        return [NO_PREDICTIONS]
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
    return paragraphs or [NO_PREDICTIONS]


def added(evidence: Evidence) -> list[str]:
    """Net benefit that the headline model has over the clinical one, as a paragraph; none without a clinical "
    "model."""
    model, table = headline(evidence), evidence.table("net_benefit_comparison")
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


def figure_captions(evidence: Evidence) -> Mapping[str, Caption]:
    """Caption of the decision curves."""
    return {
        "decision_curve": Caption(
            f"Decision curves for {evidence.study.biomarker.short}: net benefit of acting on each model beside "
            "treating "
            "all and none, over the declared threshold probabilities.",
            "Curves of net benefit against the threshold probability, a panel for each threshold and site. "
            f"{' '.join(paragraphs(evidence))}",
        )
    }


def table_captions(evidence: Evidence) -> Mapping[str, str]:
    """Caption of the net benefit."""
    return {
        "net_benefit": (
            "Net benefit at some threshold probabilities, with bootstrap intervals, and interventions avoided "
            "against "
            "treating all without missing a case more."
        )
    }


def tables(evidence: Evidence) -> Mapping[str, pd.DataFrame]:
    """Net benefit at some threshold probabilities."""
    return {"net_benefit": net_benefit_text(evidence.table("decision_curve"), evidence.study)}
