"""Discrimination of the networks on corrupted radiographs, beside the same patients' radiographs as they are."""

import numpy as np
import pandas as pd

from cacs_cxr.evaluation.discrimination import auc_estimate, paired_difference
from cacs_cxr.faults import InputError
from cacs_cxr.image_columns import CORRUPTED_COLUMNS
from cacs_cxr.multiplicity import holm
from cacs_cxr.row_faults import row_faults
from cacs_cxr.study import Study, ordered_models

CLEAN = "clean"
COLUMNS = [
    "site", "model", "threshold", "corruption", "severity", "n", "n_positive", "auc", "auc_low", "auc_high",
    "difference", "low", "high", "p", "p_holm", "note",
]  # fmt: skip
FILE = "corrupted_predictions.csv"


def checked_corrupted(corrupted: pd.DataFrame, analysis: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Predictions of corrupted radiographs with the label of each, after every check.

    Args:
        corrupted: the columns of `CORRUPTED_COLUMNS`; development patients only. Corruption ``clean``, of severity 0,
            is the radiograph as it is.
        analysis: one row a patient.
        study: gives thresholds and biomarker.

    Raises:
        InputError: unknown patients or thresholds, probabilities outside [0, 1], repeated rows; with their rows.
    """
    own = analysis[analysis["site"] == study.development]
    biomarker = pd.Series(pd.to_numeric(own[study.biomarker.name]).to_numpy(float), index=own["patient"].astype(str))
    table = corrupted[list(CORRUPTED_COLUMNS)].reset_index(drop=True)
    names = [threshold.name for threshold in study.thresholds]
    patient = table["patient"].astype(str)
    probability = pd.to_numeric(table["probability"], errors="coerce")
    keys = ["patient", "model", "threshold", "corruption", "severity"]
    checks = [
        (~patient.isin(biomarker.index), "patient", "a development patient of the analysis table"),
        (~table["threshold"].isin(names), "threshold", f"one of {', '.join(names)}"),
        (~probability.between(0.0, 1.0), "probability", "a number from 0 to 1"),
        (table.duplicated(keys), "patient", f"one row for each {', '.join(keys)}"),
    ]
    faults = [
        fault
        for wrong, column, expected in checks
        for fault in row_faults(
            wrong.to_numpy(bool),
            file=FILE,
            column=column,
            values=None if column == "patient" else table[column],
            expected=expected,
            remedy="Correct the row, or leave the file out.",
        )
    ]
    if faults:
        raise InputError(faults)
    labels = np.zeros(len(table), dtype=np.int64)
    for threshold in study.thresholds:
        here = (table["threshold"] == threshold.name).to_numpy()
        labels[here] = threshold.positive(biomarker.loc[patient[here]].to_numpy())
    return table.assign(patient=patient, label=labels, probability=probability.to_numpy(float))


def robustness_table(corrupted: pd.DataFrame, study: Study) -> pd.DataFrame:
    """AUC under every corruption and severity, and its paired difference from the AUC without.

    Args:
        corrupted: as `checked_corrupted` returns it.
        study: gives the order of thresholds.

    Returns:
        `COLUMNS`; difference is with minus without the corruption, DeLong's paired test, Holm over the corruptions and
        severities of a model and threshold.
    """
    rows: list[dict[str, object]] = []
    for model in ordered_models(corrupted["model"]):
        for threshold in (threshold.name for threshold in study.thresholds):
            part = corrupted[(corrupted["model"] == model) & (corrupted["threshold"] == threshold)]
            clean = part[part["corruption"] == CLEAN].set_index("patient")
            family: list[dict[str, object]] = []
            # The radiographs as they are come first, the corruptions in the order of their names.
            versions = sorted(part.groupby(["corruption", "severity"]), key=lambda item: (item[0][0] != CLEAN, item[0]))
            for (corruption, severity), here in versions:
                area = auc_estimate(here["label"], here["probability"])
                row = {
                    "site": study.development, "model": model, "threshold": threshold, "corruption": corruption,
                    "severity": severity, "n": area.n, "n_positive": area.n_positive, "auc": area.auc,
                    "auc_low": area.low, "auc_high": area.high, "note": area.note,
                }  # fmt: skip
                shared = here.set_index("patient")
                shared = shared.loc[shared.index.intersection(clean.index)]
                if corruption != CLEAN and len(shared):
                    test = paired_difference(
                        shared["label"], shared["probability"], clean.loc[shared.index, "probability"]
                    )
                    row |= {"difference": test.difference, "low": test.low, "high": test.high, "p": test.p}
                    row["note"] = "; ".join(filter(None, [area.note, test.note]))
                family.append(row)
            adjusted = holm(np.array([row.get("p", np.nan) for row in family], dtype=float)).tolist()
            rows += [{**row, "p_holm": p} for row, p in zip(family, adjusted, strict=True)]
    return pd.DataFrame(rows, columns=COLUMNS)
