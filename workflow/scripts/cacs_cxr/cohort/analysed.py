"""The cohort that is analysed: eligible patients with a readable radiograph of their own, category and fold."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from cacs_cxr.cohort.flow import PATIENTS, RADIOGRAPHS, continue_flow
from cacs_cxr.cohort.followup import notes_to_count
from cacs_cxr.cohort.shared_pictures import SAME_PIXELS
from cacs_cxr.faults import Fault, InputError
from cacs_cxr.image_columns import FLAGGED, INTERVAL, VENDOR, VIEW
from cacs_cxr.study import EXTERNAL_FOLD, Biomarker, Factor, Site, Threshold

UNREADABLE = "Radiograph unreadable"
ANALYSED = {PATIENTS: "Patients analysed", RADIOGRAPHS: "Radiographs analysed"}
PROGNOSTIC = "In prognostic analysis"


def readable_rows(patients: pd.DataFrame, images: pd.DataFrame) -> "pd.Series[bool]":
    """Whether the radiograph of each eligible patient could be read.

    Args:
        images: the patients' radiographs in the first rows; further ones, for training, may follow.

    Raises:
        ValueError: the two tables do not describe the same patients in the same rows.
    """
    keys = ["row", "site", "patient"]
    ordered = images.sort_values("row").head(len(patients)).reset_index(drop=True)
    if not patients[keys].reset_index(drop=True).equals(ordered[keys].astype(patients[keys].dtypes.to_dict())):
        raise ValueError(
            "images.parquet and patients.parquet hold different patients; run the study's rules again from linkage."
        )
    return ordered["readable"].astype(bool).set_axis(patients.index)


def analysed_cohort(
    patients: pd.DataFrame,
    analysed: "pd.Series[bool]",
    *,
    biomarker: Biomarker,
    factors: Sequence[Factor],
    thresholds: Sequence[Threshold],
) -> pd.DataFrame:
    """Cohort of the study: one row a patient.

    Args:
        patients: the eligible ones.
        analysed: whether each of them is.

    Returns:
        site, patient, row, the biomarker, factors, followup_days, event, days_to_score, category (0 = lowest).

    Raises:
        InputError: a site has no patient left.
    """
    cohort = patients[analysed]
    if lost := [site for site in dict.fromkeys(patients["site"]) if site not in set(cohort["site"])]:
        remedy = "Look at results/images/rejects.csv for the reasons, and at results/images/images.parquet for copies."
        raise InputError(
            [
                Fault(
                    f"radiographs of site {site}", None, "", "none readable that is the patient's own", "some", remedy
                )
                for site in lost
            ]
        )
    names = ["site", "patient", "row", biomarker.name, *(factor.name for factor in factors)]
    cohort = cohort[[*names, "followup_days", "event", "days_to_score"]].reset_index(drop=True)
    passed = [threshold.positive(cohort[biomarker.name]) for threshold in thresholds]
    return cohort.assign(category=np.sum(passed, axis=0, dtype=np.int64))


def whole_flow(
    linkage: pd.DataFrame, patients: pd.DataFrame, *, readable: "pd.Series[bool]", own: "pd.Series[bool]"
) -> pd.DataFrame:
    """Flow of every site from the tables to the prognostic analysis.

    Args:
        linkage: flow up to the eligible patients and their radiographs.
        patients: eligible patients, with followup_note.
        readable: whether the radiograph of each could be read.
        own: whether its picture is not another patient's.
    """
    flows = []
    for (site, unit), begun in linkage.groupby(["site", "unit"], sort=False):
        here = patients["site"] == site
        lost, foreign = int((~readable[here]).sum()), int((readable & ~own)[here].sum())
        steps = [(UNREADABLE, lost), (SAME_PIXELS, foreign)]
        flow = continue_flow(begun, excluded=steps, remaining=ANALYSED[str(unit)])
        if unit == PATIENTS:
            notes = patients.loc[here & readable & own, "followup_note"]
            without = [(note[0].upper() + note[1:], int((notes == note).sum())) for note in notes_to_count(notes)]
            flow = continue_flow(flow, excluded=without, remaining=PROGNOSTIC)
        flows.append(flow)
    return pd.concat(flows, ignore_index=True)


def analysis_table(
    cohort: pd.DataFrame,
    folds: pd.DataFrame,
    images: pd.DataFrame,
    *,
    sites: Sequence[Site],
    biomarker: Biomarker,
    factors: Sequence[Factor],
    flags: Sequence[str],
) -> pd.DataFrame:
    """All that evaluation and prognosis need to know of a patient; it holds no identifier and no date.

    Args:
        cohort: as `analysed_cohort` returns it.
        folds: patient, fold, part; development patients only.
        images: row, vendor, view and flags of the radiographs.
        flags: columns of the flags of quality.

    Returns:
        patient, site, fold (the fold that tests the patient; -1 at external sites), the biomarker, factors,
        followup_days, event, and of the radiograph vendor, view, days_to_score and flagged (by any flag).
    """
    development = next(site.name for site in sites if site.role == "development")
    tested = folds[folds["part"] == "test"].set_index("patient")["fold"]
    inside = cohort["site"] == development
    fold = cohort["patient"].map(tested).where(inside, EXTERNAL_FOLD).astype(np.int64)
    shown = images.set_index("row").loc[cohort["row"]]
    described: dict[str, Any] = {
        VENDOR: shown["vendor"].fillna("").astype(str).to_numpy(object),
        VIEW: shown["view"].fillna("").astype(str).to_numpy(object),
        INTERVAL: cohort[INTERVAL].astype("Int64"),
        FLAGGED: pd.array(shown[list(flags)].any(axis=1).to_numpy(bool), dtype="boolean"),
    }
    names = [biomarker.name, *(factor.name for factor in factors), "followup_days", "event", *described]
    return cohort.assign(fold=fold, **described)[["patient", "site", "fold", *names]].reset_index(drop=True)
