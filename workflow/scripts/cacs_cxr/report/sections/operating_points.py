"""Operating points and predicted categories."""

from collections.abc import Mapping

import pandas as pd

from cacs_cxr.report.configuration import setting
from cacs_cxr.report.evaluation_tables import agreement_text, rules_text
from cacs_cxr.report.evidence import Evidence
from cacs_cxr.report.headline import headline
from cacs_cxr.report.numbers import count, listing, share
from cacs_cxr.report.performance_tables import operating_text
from cacs_cxr.report.phrases import Caption, finite, interval, site_phrase
from cacs_cxr.study import CXR, model_label


def paragraphs(evidence: Evidence) -> list[str]:
    """Sensitivity and specificity of the prognostic model, and how often its category was the actual one."""
    study = evidence.study
    model = str(setting(evidence.configuration, "prognosis.model") or CXR)
    sentences = []
    for site in study.sites:
        parts = []
        for threshold in study.thresholds:
            row = evidence.row("operating_points", site=site.name, model=model, threshold=threshold.name)
            if row is not None and finite(row, "sensitivity") and finite(row, "specificity"):
                parts.append(
                    f"{row['sensitivity']:.2f} and {row['specificity']:.2f} for {study.biomarker.short} "
                    f"{threshold.label}"
                )
        if parts:
            sentences.append(
                f"At the frozen cut-offs sensitivity and specificity of the {model_label(model).lower()} model at "
                f"{site_phrase(site)} were {listing(parts)}."
            )
        cells = evidence.rows("confusion", site=site.name, model=model)
        total = int(cells["n"].sum())
        if total:
            agreed = int(cells.loc[cells["actual"].astype(str) == cells["predicted"].astype(str), "n"].sum())
            sentences.append(
                f"Its predicted category was the actual one in {share(agreed, total)} of {count(total)} patients."
            )
    if not sentences:
        return ["Operating points are not estimable: there are no predictions."]
    return [" ".join(sentences), *agreement(evidence)]


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


def figure_captions(evidence: Evidence) -> Mapping[str, Caption]:
    """Caption of predicted against actual categories."""
    return {
        "confusion": Caption(
            f"Predicted against actual {evidence.study.biomarker.short} category.",
            "Squares of counts of actual by predicted category, one for each model and site; the numbers stand in "
            f"figures/confusion.csv. {' '.join(agreement(evidence))}",
        )
    }


def table_captions(evidence: Evidence) -> Mapping[str, str]:
    """Captions of the operating points and of the agreement."""
    return {
        "operating_points": (
            "Operating points, with Wilson's intervals. Cut-offs were chosen in the other folds of development, and "
            "frozen for external sites."
        ),
        "operating_rules": (
            "Operating points by other rules, each with its own cut-off frozen on development; Wilson's intervals. "
            "LR: "
            "likelihood ratio."
        ),
        "agreement": (
            f"Agreement of predicted with actual {evidence.study.biomarker.short} categories. Concordance: share of "
            "pairs "
            "of different categories that the probabilities rank rightly. Crossings: patients whose probabilities "
            "rose "
            "with the threshold."
        ),
    }


def tables(evidence: Evidence) -> Mapping[str, pd.DataFrame]:
    """The operating points by every rule, and the agreement of the categories."""
    return {
        "operating_points": operating_text(evidence.table("operating_points"), evidence.study),
        "operating_rules": rules_text(evidence.table("operating_points_by_rule"), evidence.study),
        "agreement": agreement_text(evidence.table("agreement"), evidence.study),
    }
