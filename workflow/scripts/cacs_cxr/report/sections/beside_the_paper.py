"""Beside the paper: its AUCs and ours."""

from collections.abc import Mapping

import pandas as pd

from cacs_cxr import paper
from cacs_cxr.report.evidence import Evidence
from cacs_cxr.report.numbers import listing
from cacs_cxr.report.paper_tables import PATIENTS_NOTE, paper_comparison
from cacs_cxr.report.phrases import Caption, areas, finite, site_phrase
from cacs_cxr.study import CXR, INTEGRATED, model_label


def paragraphs(evidence: Evidence) -> list[str]:
    """The paper's AUCs beside ours, in a sentence for each part of the paper."""
    study = evidence.study
    if not paper.comparable(study):
        return [
            "The paper's numbers are not shown: they belong to calcium scores at thresholds 0, 100 and 400, and "
            "this study "
            f"asks about {study.biomarker.short} at {listing([threshold.label for threshold in study.thresholds])}."
        ]
    sentences = []
    for site in study.sites:
        for model in (CXR, INTEGRATED):
            pairs = []
            for threshold in study.thresholds:
                published = paper.published_auc(study, site=site.name, model=model, threshold=threshold.name)
                row = evidence.row("discrimination", site=site.name, model=model, threshold=threshold.name)
                if published is not None and row is not None and finite(row, "auc"):
                    pairs.append((threshold.label, published, float(row["auc"])))
            if not pairs:
                continue
            where = "external" if site.role == "external" else "cross-validated"
            presumed = (
                ", presuming that its external numbers are the integrated model's" if pairs[0][1].presumed else ""
            )
            sentences.append(
                f"The abstract reports {where} AUCs of {listing([f'{item.auc:.2f}' for _, item, _ in pairs])} at "
                f"{study.biomarker.short} {listing([label for label, _, _ in pairs])} for the "
                f"{model_label(model).lower()} "
                f"model{presumed}; here they "
                f"were {listing([f'{auc:.2f}' for _, _, auc in pairs])} at {site_phrase(site)}."
            )
    return [" ".join([*sentences, PATIENTS_NOTE if study.simulated else ""]).strip()] if sentences else []


def figure_captions(evidence: Evidence) -> Mapping[str, Caption]:
    """Caption and text alternative of the AUCs."""
    study = evidence.study
    beside = ["the paper's AUCs"] if paper.comparable(study) else []
    beside += ["the best AUCs that the simulation allows"] if study.attainable else []
    return {
        "auc": Caption(
            f"AUCs with 95 % confidence intervals{' beside ' if beside else ''}{listing(beside)}.",
            f"Dot plot of the AUC of every model and site at each threshold. {' '.join(areas(evidence))}",
        )
    }


def table_captions(evidence: Evidence) -> Mapping[str, str]:
    """Caption of the comparison."""
    return {"paper_comparison": "The paper's numbers beside this study's."}


def tables(evidence: Evidence) -> Mapping[str, pd.DataFrame]:
    """The comparison."""
    table = paper_comparison(evidence.table("discrimination"), evidence.table("analysis"), evidence.study)
    return {"paper_comparison": table}
