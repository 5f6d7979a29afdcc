"""Tables of an archive, checked column by column, and the study that they describe."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from cacs_cxr.faults import Fault, InputError
from cacs_cxr.image_columns import IMAGE_COLUMNS
from cacs_cxr.report.archive import CONFIGURATION, FLOW, FLOW_COLUMNS, PREDICTION_COLUMNS, STUDY
from cacs_cxr.report.text_table import TextTable, column_faults, text_table
from cacs_cxr.study import EXTERNAL_FOLD, Factor, Study

FLOW_KINDS = ("start", "excluded", "remaining")
FLOW_UNITS = ("patients", "radiographs")


def checked_analysis(table: TextTable, *, biomarker: str, least: float, factors: tuple[Factor, ...]) -> pd.DataFrame:
    """Analysis table with its types; faults are added to those of the table.

    Args:
        table: all cells as text, all columns present.
        biomarker: name of its column.
        least: least value of the biomarker allowed.
        factors: clinical factors; only those that are imputed may have empty cells.

    Returns:
        patient and site (text), fold, biomarker, factors, followup_days and event (integers, NA where empty), and of
        the radiograph those columns that the table has.
    """
    frame = table.frame
    for column in ("patient", "site"):
        table.refuse(table.empty(column), column, "a value", "Fill it in, or remove the row.")
    repeated = frame.duplicated(["site", "patient"]).to_numpy() & ~table.empty("patient")
    table.refuse(repeated, "patient", "each patient once at a site", "Keep one row a patient.")
    fold = table.numbers("fold")
    outside = np.isnan(fold) | (fold != np.round(fold)) | (fold < EXTERNAL_FOLD)
    table.refuse(outside, "fold", "an integer from 0, or -1 outside cross-validation", "Number the folds from 0.")
    values = {biomarker: table.numbers(biomarker)}
    low = np.isnan(values[biomarker]) | (values[biomarker] < least)
    rule = "a number of at least 0" if least == 0 else "a number"
    table.refuse(low, biomarker, rule, "Correct it, or remove the patient from both tables.")
    for factor in factors:
        values[factor.name] = checked_factor(table, factor)
    follow = {}
    for column, rule in (("followup_days", "an integer of at least 0, or nothing"), ("event", "0, 1, 2 or nothing")):
        number, empty = table.numbers(column), table.empty(column)
        bad = ~empty & (np.isnan(number) | (number != np.round(number)) | (number < 0))
        bad |= (column == "event") & (number > 2)
        table.refuse(bad, column, rule, "Correct it, or leave followup_days and event empty.")
        table.refuse(
            empty & ~table.empty("event" if column == "followup_days" else "followup_days"),
            column,
            "followup_days and event both filled, or both empty",
            "Fill this one in, or empty the other.",
        )
        follow[column] = pd.array([None if np.isnan(value) else int(value) for value in number], dtype="Int64")
    return pd.DataFrame(
        {
            "patient": frame["patient"],
            "site": frame["site"],
            "fold": np.where(outside, 0, fold).astype(np.int64),
            **values,
            **follow,
            **{column: checked_image_column(table, column) for column in IMAGE_COLUMNS if column in frame.columns},
        }
    )


def checked_image_column(table: TextTable, column: str) -> Any:
    """What is known of the radiographs: text, whole days or a flag; all of them may be empty."""
    kind, empty = IMAGE_COLUMNS[column], table.empty(column)
    if kind == "text":
        return table.frame[column].astype(object)
    if kind == "flag":
        flag = table.frame[column].str.lower().map({"true": True, "1": True, "false": False, "0": False})
        table.refuse(flag.isna().to_numpy() & ~empty, column, "True, False or nothing", "Correct it, or empty it.")
        return pd.array(flag.to_numpy(object), dtype="boolean")
    number = table.numbers(column)
    wrong = ~empty & (np.isnan(number) | (number != np.round(number)))
    table.refuse(wrong, column, "whole days, or nothing", "Correct it, or empty it.")
    return pd.array([None if np.isnan(value) else int(value) for value in number], dtype="Int64")


def checked_factor(table: TextTable, factor: Factor) -> Any:
    """Values of a clinical factor: text of its two levels (None where empty), or numbers (NaN where empty)."""
    empty = table.empty(factor.name)
    if factor.missing == "exclude":
        remedy = f"Fill it in, remove the patient, or set missing: impute for {factor.name} in the configuration."
        table.refuse(empty, factor.name, "a value", remedy)
    if factor.kind == "binary":
        known = table.frame[factor.name].isin(factor.levels).to_numpy()
        table.refuse(~known & ~empty, factor.name, " or ".join(factor.levels), "Use these two values.")
        return np.array(
            [text if fits else None for text, fits in zip(table.frame[factor.name], known, strict=True)], dtype=object
        )
    number = table.numbers(factor.name)
    table.refuse(np.isnan(number) & ~empty, factor.name, f"a number ({factor.unit})", "Correct it, or leave it empty.")
    return number


def checked_predictions(table: TextTable, analysis: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Predictions with fold and label from the analysis table; faults are added to those of the table.

    Returns:
        site, patient, fold, model, threshold, label (0/1), probability, in the order of the file.
    """
    frame = table.frame
    thresholds = {threshold.name: threshold for threshold in study.thresholds}
    table.refuse(
        ~frame["threshold"].isin(list(thresholds)).to_numpy(),
        "threshold",
        f"one of {', '.join(thresholds)}",
        "Use the names of the study's thresholds.",
    )
    table.refuse(
        table.empty("model"), "model", "the name of a model", "Fill it in: clinical, cxr, integrated or your own."
    )
    keys = pd.MultiIndex.from_frame(analysis[["site", "patient"]])
    wanted = pd.MultiIndex.from_frame(frame[["site", "patient"]])
    unknown = ~wanted.isin(keys)
    remedy = "Add the patient to the analysis table, or remove the prediction; leading zeros count."
    table.refuse(unknown, "patient", "a patient of the analysis table at this site", remedy)
    repeated = frame.duplicated(["site", "patient", "model", "threshold"]).to_numpy()
    table.refuse(repeated, "patient", "one prediction a patient, model and threshold", "Keep one of them.")
    probability = table.numbers("probability")
    outside = np.isnan(probability) | (probability < 0) | (probability > 1)
    table.refuse(outside, "probability", "a number from 0 to 1", "Give a probability, not a score or logit.")
    if table.faults:
        return pd.DataFrame()
    rows = analysis.set_index(keys).loc[wanted]
    label = np.zeros(len(frame), dtype=np.int64)
    for name, threshold in thresholds.items():
        here = (frame["threshold"] == name).to_numpy()
        label[here] = threshold.positive(rows[study.biomarker.name].to_numpy(dtype=float)[here])
    return pd.DataFrame(
        {
            "site": frame["site"],
            "patient": frame["patient"],
            "fold": rows["fold"].to_numpy(),
            "model": frame["model"],
            "threshold": frame["threshold"],
            "label": label,
            "probability": probability,
        }
    )


def received_study(
    members: Mapping[str, bytes], definition: Mapping[str, Any], sites: pd.DataFrame, *, archive: str
) -> Study:
    """The archive's study, or where it brings none, the configured definition with the sites of the analysis table.

    Args:
        members: files of the archive.
        definition: title, simulated, biomarker, thresholds, categories, factors and event of the configuration.
        sites: site and fold of every patient.
        archive: its name, for messages.

    Raises:
        InputError: study.json is not a study, or not exactly one site has patients in folds.
    """
    if STUDY in members:
        try:
            return Study.from_plain(json.loads(members[STUDY]))
        except (ValueError, KeyError, TypeError) as error:
            remedy = "Take study.json out: the configuration then describes the study."
            place = f"{archive}: {STUDY}"
            raise InputError([Fault(place, None, "", str(error)[:200], "the definition of a study", remedy)]) from error
    inside = sites.groupby("site", sort=False)["fold"].max() >= 0
    folded = [str(site) for site in inside.index[inside]]
    if len(folded) != 1:
        found = ", ".join(folded) or "none"
        remedy = "Give the patients of one site their folds, all others -1."
        raise InputError([Fault(archive, None, "fold", found, "exactly one site with folds from 0", remedy)])
    ordered = folded + [str(site) for site in inside.index if site not in folded]
    roles = [{"name": site, "role": "development" if site in folded else "external"} for site in ordered]
    return Study.from_plain({**definition, "sites": roles, "attainable": []})


def received_flow(members: Mapping[str, bytes], analysis: pd.DataFrame, study: Study, *, archive: str) -> pd.DataFrame:
    """Flow of the archive, or where it brings none, the patients received and those with follow-up.

    Raises:
        InputError: unknown columns, units or kinds, or counts that are no integers.
    """
    if FLOW in members:
        table = TextTable(text_table(members[FLOW], file=FLOW), file=f"{archive}: {FLOW}")
        if faults := column_faults(table.frame, FLOW_COLUMNS, file=table.file):
            raise InputError(faults)
        for column, known in (("unit", FLOW_UNITS), ("kind", FLOW_KINDS)):
            table.refuse(
                ~table.frame[column].isin(known).to_numpy(), column, f"one of {', '.join(known)}", "Correct it."
            )
        for column in ("order", "n"):
            number = table.numbers(column)
            wrong = np.isnan(number) | (number < 0) | (number != np.round(number))
            table.refuse(wrong, column, "an integer of at least 0", "Correct it.")
        if table.faults:
            raise InputError(table.faults)
        return table.frame.astype({"order": np.int64, "n": np.int64})[FLOW_COLUMNS]
    rows = []
    for site in study.sites:
        here = analysis[analysis["site"] == site.name]
        followed = int(here["event"].notna().sum())
        steps = [
            ("start", "Patients received", len(here)),
            ("excluded", "No follow-up (prognosis only)", len(here) - followed),
            ("remaining", "Patients with follow-up", followed),
        ]
        rows += [(site.name, "patients", order, *step) for order, step in enumerate(steps)]
    return pd.DataFrame(rows, columns=FLOW_COLUMNS)


def received_tables(
    members: Mapping[str, bytes], definition: Mapping[str, Any], *, archive: str
) -> tuple[Study, pd.DataFrame, pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Study, analysis cohort, predictions, flow and configuration of an archive, after every check.

    Args:
        members: as `cacs_cxr.report.unpacking.read_archive` returns them.
        definition: title, simulated, biomarker, thresholds, categories, factors and event of the configuration; used
            where the archive has no study.json.
        archive: its name, for messages.

    Raises:
        InputError: every fault of both tables together.
    """
    name, predictions_name = (
        next(name for name in (f"{stem}.csv", f"{stem}.parquet") if name in members)
        for stem in ("analysis", "predictions")
    )
    analysis_text = TextTable(text_table(members[name], file=name), file=f"{archive}: {name}")
    text = text_table(members[predictions_name], file=predictions_name)
    predictions_text = TextTable(text, file=f"{archive}: {predictions_name}")
    if not {"site", "fold"} <= set(analysis_text.frame.columns):
        raise InputError(
            [
                Fault(analysis_text.file, 1, column, "", "this column to be present", "Add it.")
                for column in ("site", "fold")
                if column not in analysis_text.frame.columns
            ]
        )
    sites = pd.DataFrame({"site": analysis_text.frame["site"], "fold": analysis_text.numbers("fold")})
    study = received_study(members, definition, sites, archive=analysis_text.file)
    columns = ["patient", "site", "fold", study.biomarker.name, *(factor.name for factor in study.factors)]
    columns += ["followup_days", "event", *(column for column in IMAGE_COLUMNS if column in analysis_text.frame)]
    faults = column_faults(analysis_text.frame, columns, file=analysis_text.file)
    faults += column_faults(predictions_text.frame, PREDICTION_COLUMNS, file=predictions_text.file)
    if faults:
        raise InputError(faults)
    known = [site.name for site in study.sites]
    unknown = ~analysis_text.frame["site"].isin(known).to_numpy() & ~analysis_text.empty("site")
    analysis_text.refuse(unknown, "site", f"one of {', '.join(known)}", "Name the sites as study.json does.")
    refuse_mixed_folds(analysis_text, study)
    least = 0.0 if all(threshold.value >= 0 for threshold in study.thresholds) else -np.inf
    analysis = checked_analysis(analysis_text, biomarker=study.biomarker.name, least=least, factors=study.factors)
    predictions = checked_predictions(predictions_text, analysis, study)
    if faults := [*analysis_text.faults, *predictions_text.faults]:
        raise InputError(faults)
    configuration = json_member(members, archive=archive)
    return study, analysis, predictions, received_flow(members, analysis, study, archive=archive), configuration


def refuse_mixed_folds(table: TextTable, study: Study) -> None:
    """Refuse development patients outside folds and external patients within."""
    fold = table.numbers("fold")
    inside = (table.frame["site"] == study.development).to_numpy()
    table.refuse(inside & (fold < 0), "fold", "0 or more at the development site", "Give every patient the test fold.")
    external = table.frame["site"].isin(list(study.external)).to_numpy()
    table.refuse(external & (fold >= 0), "fold", "-1 at an external site", "Only the development site has folds.")


def json_member(members: Mapping[str, bytes], *, archive: str) -> dict[str, Any]:
    """Configuration of the archive; empty where it brings none."""
    if CONFIGURATION not in members:
        return {}
    try:
        content = json.loads(members[CONFIGURATION])
    except ValueError as error:
        place = f"{archive}: {CONFIGURATION}"
        raise InputError([Fault(place, None, "", str(error), "JSON", "Take the file out, or mend it.")]) from error
    return dict(content) if isinstance(content, dict) else {}
