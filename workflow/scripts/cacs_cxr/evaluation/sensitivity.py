"""Sensitivity analyses: the main results among patients whom a declared filter keeps."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from cacs_cxr.evaluation.calibration import observed_to_expected, recalibration
from cacs_cxr.evaluation.discrimination import auc_estimate
from cacs_cxr.evaluation.operating_points import operating_point
from cacs_cxr.evaluation.predictions_table import parts
from cacs_cxr.study import Study

ALL = "all patients"
COLUMNS = [
    "analysis", "label", "site", "model", "threshold", "n", "n_positive", "n_left_out", "auc", "auc_low", "auc_high",
    "auc_change", "citl", "citl_low", "citl_high", "slope", "slope_low", "slope_high", "oe", "oe_low", "oe_high",
    "sensitivity", "sensitivity_low", "sensitivity_high", "specificity", "specificity_low", "specificity_high", "note",
]  # fmt: skip


def kept(analysis: pd.DataFrame, keep: Mapping[str, Any], study: Study) -> "tuple[pd.Series[bool] | None, str]":
    """Whether a filter keeps each patient, and why it cannot be applied (then None).

    Args:
        analysis: one row a patient.
        keep: ``complete`` (columns that must have a value; an empty list means all clinical factors), or ``column``
            with ``at_least`` or ``at_most`` (of the absolute value where ``absolute`` is true), or with ``equals``. A
            patient without a value is not kept.
        study: gives the clinical factors.
    """
    if "complete" in keep:
        columns = list(keep["complete"]) or [factor.name for factor in study.factors]
    else:
        columns = [str(keep["column"])]
    for column in columns:
        if column not in analysis:
            return None, f"not done: the analysis table has no column {column}"
        if analysis[column].isna().all():
            return None, f"not done: the column {column} is empty"
    if "complete" in keep:
        return analysis[columns].notna().all(axis=1), ""
    values = analysis[columns[0]]
    if "equals" in keep:
        return (values == keep["equals"]).fillna(False).astype(bool), ""
    numbers = pd.to_numeric(values, errors="coerce").astype(float)
    numbers = numbers.abs() if keep.get("absolute") else numbers
    low, high = keep.get("at_least", -np.inf), keep.get("at_most", np.inf)
    return numbers.between(low, high), ""


def sensitivity_table(
    classified: pd.DataFrame, analysis: pd.DataFrame, study: Study, *, analyses: Sequence[Mapping[str, Any]]
) -> pd.DataFrame:
    """Discrimination, calibration and operating point of every analysis, site, model and threshold.

    The first rows are those of all patients. Models and cut-offs are the same throughout: patients are left out of the
    evaluation, not of training.

    Args:
        classified: checked predictions with the column `cutoff`.
        analysis: one row a patient.
        study: the definition of the study.
        analyses: each with name, label and keep, as `kept` takes it.

    Returns:
        `COLUMNS`; auc_change is the AUC minus that of all patients.
    """
    keys = pd.MultiIndex.from_arrays([analysis["site"], analysis["patient"].astype(str)])
    everybody = pd.Series(True, index=keys)
    rows: list[dict[str, Any]] = []
    whole: dict[tuple[str, str, str], float] = {}
    for item in [{"name": ALL, "label": "All patients"}, *analyses]:
        marks, reason = (everybody, "") if item["name"] == ALL else kept(analysis, item["keep"], study)
        named = {"analysis": item["name"], "label": item["label"]}
        if marks is None:
            rows.append({**named, "note": reason})
            continue
        known = pd.Series(marks.to_numpy(bool), index=keys)
        for site, model, threshold, part in parts(classified):
            chosen = known.loc[pd.MultiIndex.from_frame(part[["site", "patient"]])].to_numpy()
            row = _measures(part[chosen])
            key = (site, model, threshold)
            whole.setdefault(key, row["auc"])
            place = {"site": site, "model": model, "threshold": threshold, "n_left_out": int((~chosen).sum())}
            rows.append({**named, **place, **row, "auc_change": row["auc"] - whole[key]})
    return pd.DataFrame(rows, columns=COLUMNS)


def _measures(part: pd.DataFrame) -> dict[str, Any]:
    labels, predicted = part["label"].to_numpy(), part["probability"].to_numpy()
    area = auc_estimate(labels, predicted)
    row: dict[str, Any] = {"n": area.n, "n_positive": area.n_positive, "auc": area.auc, "note": area.note}
    row |= {"auc_low": area.low, "auc_high": area.high}
    if not labels.size:
        return row
    lines, ratio = recalibration(labels, predicted), observed_to_expected(labels, predicted)
    for name, estimate in (("citl", lines.in_the_large), ("slope", lines.slope), ("oe", ratio)):
        row |= {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
    cut = part["cutoff"].notna().to_numpy()
    point = operating_point(labels[cut], predicted[cut], part["cutoff"].to_numpy()[cut])
    return row | {name: value for name, value in point.items() if name in COLUMNS and name not in row}
