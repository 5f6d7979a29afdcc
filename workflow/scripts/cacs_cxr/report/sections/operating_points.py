"""Operating points and predicted categories."""

from collections.abc import Mapping

import pandas as pd

from cacs_cxr.report.configuration import setting
from cacs_cxr.report.evidence import Evidence
from cacs_cxr.report.numbers import count, listing, share
from cacs_cxr.report.performance_tables import operating_text
from cacs_cxr.report.phrases import Caption, finite, site_phrase
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
    return [" ".join(sentences)] if sentences else ["Operating points are not estimable: there are no predictions."]


def figure_captions(evidence: Evidence) -> Mapping[str, Caption]:
    """No figure yet."""
    return {}


def table_captions(evidence: Evidence) -> Mapping[str, str]:
    """Caption of the operating points."""
    return {
        "operating_points": (
            "Operating points, with Wilson's intervals. Cut-offs were chosen in the other folds of development, and "
            "frozen for external sites."
        )
    }


def tables(evidence: Evidence) -> Mapping[str, pd.DataFrame]:
    """The operating points."""
    return {"operating_points": operating_text(evidence.table("operating_points"), evidence.study)}
