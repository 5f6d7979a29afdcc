"""The paper's numbers beside this study's, where both asked the same question."""

import numpy as np
import pandas as pd

from cacs_cxr import paper
from cacs_cxr.report.numbers import count, estimate, signed
from cacs_cxr.study import Study, model_label

PATIENTS_NOTE = (
    "The patients of this study are simulated, so agreement with the paper is by design and shows nothing else."
)


def paper_comparison(discrimination: pd.DataFrame, analysis: pd.DataFrame, study: Study) -> pd.DataFrame:
    """The abstract's numbers beside this study's; empty where the study asks another question than the paper."""
    columns = ["quantity", "paper", "this study", "difference", "note"]
    if not paper.comparable(study):
        return pd.DataFrame(columns=columns)
    development = analysis[analysis["site"] == study.development]
    rows = [
        {
            "quantity": "Patients, development",
            "paper": count(paper.PATIENTS),
            "this study": count(len(development)),
            "difference": "",
            "note": "simulated" if study.simulated else "",
        }
    ]
    found = {(row["site"], row["model"], row["threshold"]): row for row in discrimination.to_dict("records")}
    for site in study.sites:
        for item in paper.AUCS:
            key = (site.name, item.model, item.threshold)
            if item.role != site.role or key not in found:
                continue
            row = found[key]
            threshold = next(threshold for threshold in study.thresholds if threshold.name == item.threshold)
            how = "out-of-fold" if site.role == "development" else site.name
            difference = float(row["auc"]) - item.auc
            rows.append(
                {
                    "quantity": f"AUC, {study.biomarker.short} {threshold.label}, {model_label(item.model)}, {how}",
                    "paper": f"{item.auc:.2f}",
                    "this study": estimate(float(row["auc"]), float(row["auc_low"]), float(row["auc_high"])),
                    "difference": signed(difference, 2) if np.isfinite(difference) else "–",
                    "note": "the abstract does not name the model; the integrated one is presumed"
                    if item.presumed
                    else "",
                }
            )
    return pd.DataFrame(rows, columns=columns)
