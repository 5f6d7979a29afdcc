"""Discrimination: AUC of every model at every threshold, what integration adds, and what a simulation allows."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from cacs_cxr.report.evidence import Evidence
from cacs_cxr.report.numbers import listing, p_phrase
from cacs_cxr.report.performance_tables import auc_text, comparison_text
from cacs_cxr.report.phrases import Caption, Row, areas, finite, interval, site_phrase
from cacs_cxr.study import CXR, INTEGRATED, Site, model_label, ordered_models


def paragraphs(evidence: Evidence) -> list[str]:
    """AUC of every model at every threshold, the gain of integration, and what the simulation allows."""
    study = evidence.study
    texts = []
    for site in study.sites:
        how = "out-of-fold" if site.role == "development" else "external"
        sentences = []
        for threshold in study.thresholds:
            rows = [
                (model, evidence.row("discrimination", site=site.name, model=model, threshold=threshold.name))
                for model in ordered_models(evidence.table("discrimination")["model"])
            ]
            parts = [
                f"{interval(row, 'auc', 'auc_low', 'auc_high')} for the {model_label(model).lower()} model"
                for model, row in rows
                if row is not None
            ]
            if parts:
                sentences.append(f"For {study.biomarker.short} {threshold.label} the {how} AUC was {listing(parts)}.")
            sentences += gain(evidence, site=site, threshold=threshold.name)
        if not sentences:
            sentences = [f"There are no predictions for {site_phrase(site)}."]
        texts.append(f"{site.name.capitalize()}. {' '.join(sentences)}")
    if not study.external:
        texts.append("The study has no external site: how the models do elsewhere is not known.")
    return [*texts, *attainable(evidence)]


def gain(evidence: Evidence, *, site: Site, threshold: str) -> list[str]:
    """How much integration adds to the radiograph alone, as a sentence."""
    row = evidence.row("comparison", site=site.name, threshold=threshold, model_a=INTEGRATED, model_b=CXR)
    if row is None or not finite(row, "difference"):
        return []
    difference = float(row["difference"])
    verb = "exceeded" if difference >= 0 else "fell short of"
    size = interval(
        {"d": abs(difference), "l": min_side(row, difference), "h": max_side(row, difference)}, "d", "l", "h", digits=3
    )
    p = float(row["p_holm"])
    adjusted = f"{p_phrase(p)} after Holm's adjustment" if np.isfinite(p) else "p not estimable"
    return [f"The integrated model {verb} the radiograph alone by {size[:-1]}; {adjusted})."]


def min_side(row: Row, difference: float) -> float:
    """Lower limit of the size of a difference that is printed without its sign."""
    return float(row["low"]) if difference >= 0 else -float(row["high"])


def max_side(row: Row, difference: float) -> float:
    """Upper limit of the size of a difference that is printed without its sign."""
    return float(row["high"]) if difference >= 0 else -float(row["low"])


def attainable(evidence: Evidence) -> list[str]:
    """What the simulation allows at best, beside what was attained."""
    study = evidence.study
    best = {(item["site"], item["model"], item["threshold"]): item["auc"] for item in study.attainable}
    sentences = []
    for site in study.sites:
        for model in (CXR, INTEGRATED):
            found = []
            for threshold in study.thresholds:
                row = evidence.row("discrimination", site=site.name, model=model, threshold=threshold.name)
                limit = best.get((site.name, model, threshold.name))
                if row is not None and limit is not None and finite(row, "auc"):
                    found.append((threshold.label, f"{limit:.2f}", f"{row['auc']:.2f}"))
            if found:
                labels, limits, attained = (listing([item[place] for item in found]) for place in range(3))
                sentences.append(
                    f"The best AUC that the simulation allows the {model_label(model).lower()} model at "
                    f"{site_phrase(site)} is "
                    f"{limits} for {study.biomarker.short} {labels}; {attained} was attained."
                )
    return [" ".join(sentences)] if sentences else []


def figure_captions(evidence: Evidence) -> Mapping[str, Caption]:
    """Caption and text alternative of the ROC curves."""
    return {
        "roc": Caption(
            f"ROC curves for {evidence.study.biomarker.short}. Thick: pooled over out-of-fold predictions, or "
            "external; thin: single folds of the chest radiograph model.",
            "ROC curves of every model, a panel for each threshold and site. "
            f"{' '.join(areas(evidence))} Their intervals stand in the table of AUCs.",
        )
    }


def table_captions(evidence: Evidence) -> Mapping[str, str]:
    """Captions of the AUCs and their comparisons."""
    return {
        "auc": f"Discrimination of {evidence.study.biomarker.short} at each threshold.",
        "comparisons": "Differences of AUC between models in the same patients (DeLong's paired test).",
    }


def tables(evidence: Evidence) -> Mapping[str, pd.DataFrame]:
    """AUCs and their comparisons."""
    return {
        "auc": auc_text(evidence.table("discrimination"), evidence.study),
        "comparisons": comparison_text(evidence.table("comparison"), evidence.study),
    }
