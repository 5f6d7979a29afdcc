"""The table of predictions that everything below the waterline reads: checked, labelled and in a fixed order."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.faults import Fault, InputError
from cacs_cxr.row_faults import row_faults
from cacs_cxr.study import EXTERNAL_FOLD, MODELS, Study, ordered_models

KEY = ["site", "patient", "model", "threshold"]


def checked_predictions(
    analysis: pd.DataFrame,
    predictions: pd.DataFrame,
    study: Study,
    *,
    analysis_file: str = "analysis.csv",
    predictions_file: str = "predictions.csv",
) -> pd.DataFrame:
    """Predictions with fold and label, after every check of both tables.

    Args:
        analysis: one row a patient: site, patient, fold (0 and above, -1 outside cross-validation) and the biomarker.
        predictions: one row a site, patient, model and threshold, with a probability in [0, 1]. Columns fold and label
            are optional; where present they must agree with the analysis table.
        study: names the biomarker, the sites and the thresholds. Names of models are free.
        analysis_file: name of the analysis table in messages.
        predictions_file: name of the table of predictions in messages.

    Returns:
        Columns site, patient, fold, model, threshold, label (0/1, recomputed from the biomarker) and probability,
        sorted by the study's order of sites, models and thresholds and then by patient, whatever order came in.

    Raises:
        InputError: with the file, row and column of every fault.
    """
    absent = _absent_columns(analysis, ["site", "patient", "fold", study.biomarker.name], file=analysis_file)
    absent += _absent_columns(predictions, [*KEY, "probability"], file=predictions_file)
    if absent:
        raise InputError(absent)
    patients = analysis[["site", "patient"]].reset_index(drop=True)
    patients["fold"] = pd.to_numeric(analysis["fold"], errors="coerce").to_numpy(float)
    patients["biomarker"] = pd.to_numeric(analysis[study.biomarker.name], errors="coerce").to_numpy(float)
    if faults := _analysis_faults(analysis, patients, study, file=analysis_file):
        raise InputError(faults)
    patients["patient"] = patients["patient"].astype(str)

    table = predictions.reset_index(drop=True)
    faults = _key_faults(table, study, file=predictions_file)
    table["patient"] = table["patient"].astype(str)
    given, table["probability"] = table["probability"], pd.to_numeric(table["probability"], errors="coerce")
    wrong = ~table["probability"].between(0.0, 1.0).to_numpy()
    faults += row_faults(
        wrong,
        file=predictions_file,
        column="probability",
        values=given,
        expected="a number from 0 to 1",
        remedy="Give the predicted probability, or leave the row out.",
    )
    extra = [column for column in ("fold", "label") if column in table]
    table = table.rename(columns={column: f"given_{column}" for column in extra})
    table = table.merge(patients, on=["site", "patient"], how="left", indicator=True)
    unmatched = (table["_merge"] != "both").to_numpy() & table["site"].isin(
        [site.name for site in study.sites]
    ).to_numpy()
    faults += row_faults(
        unmatched,
        file=predictions_file,
        column="patient",
        values=None,
        expected=f"a patient of {analysis_file} at the same site",
        remedy="Add the patient to the analysis table, or leave the prediction out.",
    )
    table["label"] = _labels(table, study)
    matched = (table["_merge"] == "both").to_numpy()
    for column in extra:
        given = pd.to_numeric(table[f"given_{column}"], errors="coerce")
        faults += row_faults(
            matched & ~table["threshold"].isna().to_numpy() & (given != table[column]).to_numpy(),
            file=predictions_file,
            column=column,
            values=table[f"given_{column}"],
            expected=f"the {column} that {analysis_file} gives this patient",
            remedy=f"Leave the column '{column}' out: it is taken from the analysis table.",
        )
    if faults:
        raise InputError(faults)
    table = table[["site", "patient", "fold", "model", "threshold", "label", "probability"]]
    table = table.astype({"fold": np.int64, "label": np.int64, "model": str})
    return in_study_order(table, study)


def models_present(table: pd.DataFrame) -> list[str]:
    """Models of a table: those of the study first, in their order, then all others by name."""
    return ordered_models(table["model"].unique())


def in_study_order(table: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Rows sorted by site, model, threshold (in the study's order) and patient, with a fresh index."""
    ranks = {
        "site": {site.name: rank for rank, site in enumerate(study.sites)},
        "model": {model: rank for rank, model in enumerate(models_present(table))},
        "threshold": {threshold.name: rank for rank, threshold in enumerate(study.thresholds)},
    }
    order = np.lexsort(
        [table["patient"].to_numpy(str), *(table[name].map(ranks[name]).to_numpy(int) for name in reversed(ranks))]
    )
    return table.iloc[order].reset_index(drop=True)


def parts(table: pd.DataFrame) -> Iterator[tuple[str, str, str, pd.DataFrame]]:
    """Site, model, threshold and rows of each part of a checked table, in its order."""
    for (site, model, threshold), rows in table.groupby(["site", "model", "threshold"], sort=False):
        yield str(site), str(model), str(threshold), rows


def missing_parts(table: pd.DataFrame, analysis: pd.DataFrame, study: Study) -> list[str]:
    """What the predictions do not hold, one sentence each: parts of the study without rows, and patients left out."""
    sizes = {(site, model, threshold): len(rows) for site, model, threshold, rows in parts(table)}
    patients = analysis["site"].value_counts()
    present = models_present(table)
    sentences = [f"model {model}: no predictions" for model in MODELS if model not in present]
    for site in (site.name for site in study.sites):
        for model in present:
            for threshold in (threshold.name for threshold in study.thresholds):
                found, expected = sizes.get((site, model, threshold), 0), int(patients.get(site, 0))
                if found < expected:
                    share = f"predictions for {found} of {expected} patients" if found else "no predictions"
                    sentences.append(f"site {site}, model {model}, threshold {threshold}: {share}")
    return sentences


def _labels(table: pd.DataFrame, study: Study) -> npt.NDArray[np.float64]:
    """Label of each row from its biomarker; NaN where there is no biomarker or no such threshold."""
    labels = np.full(len(table), np.nan)
    biomarker = table["biomarker"].to_numpy(float)
    for threshold in study.thresholds:
        rows = (table["threshold"] == threshold.name).to_numpy() & ~np.isnan(biomarker)
        labels[rows] = threshold.positive(biomarker[rows])
    return labels


def _analysis_faults(analysis: pd.DataFrame, patients: pd.DataFrame, study: Study, *, file: str) -> list[Fault]:
    sites = [site.name for site in study.sites]
    fold = patients["fold"].to_numpy()
    checks: list[tuple[npt.NDArray[np.bool_], str, str, str]] = [
        (
            ~analysis["site"].isin(sites).to_numpy(),
            "site",
            f"one of {', '.join(sites)}",
            "Correct the name of the site.",
        ),
        (analysis["patient"].isna().to_numpy(), "patient", "a pseudonym", "Fill it in, or leave the row out."),
        (
            ~(np.isfinite(fold) & (fold == np.floor(fold)) & (fold >= EXTERNAL_FOLD)),
            "fold",
            "a whole number from 0, or -1 outside cross-validation",
            "Number the folds from 0.",
        ),
        (
            ~np.isfinite(patients["biomarker"].to_numpy()),
            study.biomarker.name,
            "a number",
            "Give the measured value, or leave the patient out.",
        ),
    ]
    faults = [
        fault
        for wrong, column, expected, remedy in checks
        for fault in row_faults(
            wrong,
            file=file,
            column=column,
            values=None if column == "patient" else analysis[column],
            expected=expected,
            remedy=remedy,
        )
    ]
    return faults + _duplicates(patients, ["site", "patient"], file=file, unit="patient")


def _key_faults(table: pd.DataFrame, study: Study, *, file: str) -> list[Fault]:
    if table.empty:
        return [Fault(file, None, "", "no rows", "at least one prediction", "Check how the file was written.")]
    faults = []
    for column, known in (
        ("site", [site.name for site in study.sites]),
        ("threshold", [threshold.name for threshold in study.thresholds]),
    ):
        faults += row_faults(
            ~table[column].isin(known).to_numpy(),
            file=file,
            column=column,
            values=table[column],
            expected=f"one of {', '.join(known)}",
            remedy=f"Correct the {column}, or leave the row out.",
        )
    faults += row_faults(
        table["model"].isna().to_numpy(),
        file=file,
        column="model",
        values=None,
        expected="the name of a model",
        remedy="Fill it in.",
    )
    return faults + _duplicates(table, KEY, file=file, unit="prediction of the same model for the same patient")


def _duplicates(table: pd.DataFrame, columns: Sequence[str], *, file: str, unit: str) -> list[Fault]:
    repeated = table.duplicated(list(columns)).to_numpy()
    return row_faults(
        repeated,
        file=file,
        column="patient",
        values=None,
        expected=f"one row for each {' and '.join(columns)}",
        remedy=f"Keep one {unit}.",
    )


def _absent_columns(table: pd.DataFrame, columns: Sequence[str], *, file: str) -> list[Fault]:
    return [
        Fault(file, None, column, "", "a column of this name", f"Columns found: {', '.join(map(str, table.columns))}.")
        for column in columns
        if column not in table
    ]
