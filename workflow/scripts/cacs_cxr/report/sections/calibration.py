"""Calibration of the probabilities, and external sites beside development."""

from collections.abc import Mapping

import pandas as pd

from cacs_cxr.report.evaluation_tables import calibration_text, external_text
from cacs_cxr.report.evidence import Evidence
from cacs_cxr.report.headline import NO_PREDICTIONS, headline
from cacs_cxr.report.network_calibration import network_calibration_text
from cacs_cxr.report.numbers import listing, p_phrase
from cacs_cxr.report.phrases import Caption, finite, interval
from cacs_cxr.study import model_label


def paragraphs(evidence: Evidence) -> list[str]:
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
    return [*paragraphs, *transport(evidence)] or [NO_PREDICTIONS]


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


def figure_captions(evidence: Evidence) -> Mapping[str, Caption]:
    """Caption of the calibration curves."""
    return {
        "calibration": Caption(
            f"Calibration for {evidence.study.biomarker.short}: observed share of patients who pass the threshold "
            "against "
            "the predicted probability, by local regression, with a pointwise 95 % band; below, the probabilities of "
            "both "
            "classes.",
            "Calibration curves of every model, a panel for each threshold and site, each above a histogram of the "
            f"probabilities by class. {' '.join(paragraphs(evidence))}",
        )
    }


def table_captions(evidence: Evidence) -> Mapping[str, str]:
    """Captions of calibration and of external sites."""
    return {
        "calibration": (
            "Calibration over all patients of a site. In the large: intercept with the slope held at 1. O:E: "
            "observed to "
            "expected. ICI and E90: mean and 90th percentile of the distance between probability and curve."
        ),
        "network_calibration": (
            "Calibration of the networks before and after calibration on the tuning split. Network's own: the "
            "probability as trained, at external sites of the mean logit of all networks."
        ),
        "external": "AUC at external sites and at development, compared as unpaired (DeLong).",
    }


def tables(evidence: Evidence) -> Mapping[str, pd.DataFrame]:
    """Calibration, also of the networks as trained, and external sites beside development."""
    return {
        "calibration": calibration_text(evidence.table("calibration"), evidence.study),
        "network_calibration": network_calibration_text(evidence.table("network_calibration"), evidence.study),
        "external": external_text(evidence.table("site_comparison"), evidence.study),
    }
