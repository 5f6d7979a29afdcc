"""The whole way from the sites' tables and indexes to eligible patients; checking and linking walk it alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cacs_cxr.cohort.eligibility import instances_of_patients
from cacs_cxr.cohort.flow import PATIENTS
from cacs_cxr.cohort.followup import DEATH_BEFORE, EVENT_BEFORE
from cacs_cxr.cohort.identity import development_first, in_earlier_site
from cacs_cxr.cohort.linkage import CARRIED, LinkedSite, link_site, read_index
from cacs_cxr.cohort.site_inputs import Eligibility, FollowUpRules, Guards, SiteInput, SiteTables
from cacs_cxr.cohort.validation import validate_sites
from cacs_cxr.faults import Fault, InputError
from cacs_cxr.pseudonyms import KEY_CHECK, KEY_VARIABLE, key_check
from cacs_cxr.study import Biomarker, Factor, Threshold

PATIENT_COLUMNS = ("followup_days", "event", "followup_note", "days_to_score", "row", "shard")
RADIOGRAPH_COLUMNS = ("row", "shard", "site", "patient", "folder", *CARRIED)


@dataclass(frozen=True)
class Selection:
    """The sites' checked tables, their eligible patients with one radiograph each, and the flow.

    Attributes:
        patients: all sites in their order: site, patient, value, factors, follow-up and the radiograph's columns.
        further: their other eligible radiographs: site, patient and the radiograph's columns.
        flow: site, unit, order, kind, label, n.
        notes: of each site, what is no fault but should be looked at, in sentences.
    """

    tables: Sequence[SiteTables]
    patients: pd.DataFrame
    further: pd.DataFrame
    flow: pd.DataFrame
    notes: Mapping[str, Sequence[str]]


def select(
    sites: Sequence[Mapping[str, Any]],
    *,
    indexes: Sequence[Path],
    eligibility: Mapping[str, Any],
    guards: Mapping[str, Any],
    biomarker: Mapping[str, Any],
    thresholds: Sequence[Mapping[str, Any]],
    factors: Sequence[Mapping[str, Any]],
    followup: Mapping[str, Any],
    greatest_age: float | None,
    key: bytes,
) -> Selection:
    """Validate the tables of all sites, link their radiographs and apply the criteria.

    Args:
        sites: the configuration's list; `indexes` holds the index of radiographs of each, in the same order.
        eligibility: the configuration's mapping of this name, as are `guards`, `followup`, `biomarker`, `thresholds`
            and `factors`.
        greatest_age: as in the configuration's `deidentification`.
        key: secret of the pseudonyms.

    Raises:
        InputError: with every fault of the tables; else indexes made with another key; else every fault of the indexes;
            else sites without an eligible patient.
    """
    rules, watched = Eligibility.from_plain(eligibility), Guards.from_plain(guards)
    followed = FollowUpRules(**followup)
    measured, clinical = Biomarker(**biomarker), [Factor.from_plain(item) for item in factors]
    tables = checked_tables(
        sites, eligibility=eligibility, guards=guards, biomarker=biomarker, thresholds=thresholds, factors=factors
    )
    read = [
        read_index(index, table, eligibility=rules, key=key)
        for table, index in zip(tables, read_indexes(indexes, key=key), strict=True)
    ]
    faults = [fault for _, found in read for fault in found]
    if watched.score_in_header == "stop":
        faults += faults_of_scores_in_headers(tables, [radiographs for radiographs, _ in read])
    if faults:
        raise InputError(faults)
    earlier = instances_of_earlier_sites(tables, [radiographs for radiographs, _ in read])
    linked = [
        link_site(
            table,
            radiographs,
            eligibility=rules,
            factors=clinical,
            follow_up_rules=followed,
            greatest_age=greatest_age,
            what=measured.short,
            in_earlier_site=(owner >= 0).to_numpy(dtype=bool),
            key=key,
            in_earlier_index=instances,
        )
        for table, (radiographs, _), owner, instances in zip(
            tables, read, in_earlier_site(tables), earlier, strict=True
        )
    ]
    if watched.outcome_before_time_zero == "stop" and (faults := faults_of_early_outcomes(tables, linked)):
        raise InputError(faults)
    if faults := [_nobody(table, site) for table, site in zip(tables, linked, strict=True) if site.patients.empty]:
        raise InputError(faults)
    return Selection(
        tables=tables,
        patients=pd.concat([site.patients for site in linked], ignore_index=True),
        further=pd.concat([site.further for site in linked], ignore_index=True),
        flow=pd.concat([site.flow for site in linked], ignore_index=True),
        notes={table.site.name: (*table.notes, *site.notes) for table, site in zip(tables, linked, strict=True)},
    )


def checked_tables(
    sites: Sequence[Mapping[str, Any]],
    *,
    eligibility: Mapping[str, Any],
    guards: Mapping[str, Any],
    biomarker: Mapping[str, Any],
    thresholds: Sequence[Mapping[str, Any]],
    factors: Sequence[Mapping[str, Any]],
) -> list[SiteTables]:
    """Tables of all sites as the configuration describes them.

    Args:
        sites: the configuration's list of this name; so are the others.

    Raises:
        InputError: with every fault of every table.
    """
    return validate_sites(
        [SiteInput.from_plain(site) for site in sites],
        eligibility=Eligibility.from_plain(eligibility),
        guards=Guards.from_plain(guards),
        factors=[Factor.from_plain(item) for item in factors],
        thresholds=[Threshold(**item) for item in thresholds],
        biomarker=Biomarker(**biomarker),
    )


def instances_of_earlier_sites(
    tables: Sequence[SiteTables], indexes: Sequence[pd.DataFrame]
) -> list["pd.Index[str] | None"]:
    """SOP Instance UIDs of the listed patients of the sites before each one, None for the first."""
    found: list[pd.Index[str] | None] = [None] * len(tables)
    before: pd.Index[str] | None = None
    for place in development_first(tables):
        found[place], own = before, instances_of_patients(indexes[place])
        before = own if before is None else before.append(own)
    return found


def read_indexes(indexes: Sequence[Path], *, key: bytes) -> list[pd.DataFrame]:
    """Indexes of radiographs whose pseudonyms were made with the key.

    Raises:
        InputError: those that were made with another one, whose patients would all seem to be strangers.
    """
    frames = [pd.read_parquet(path) for path in indexes]
    remedy = (
        "Restore the key that the index was made with (`eligibility.pseudonym_key_file`, or the environment variable "
        f"{KEY_VARIABLE}), or index the radiographs again: snakemake --forcerun index_radiographs."
    )
    faults = [
        Fault(str(path), None, "", "pseudonyms of another key", "pseudonyms made with the study's present key", remedy)
        for path, frame in zip(indexes, frames, strict=True)
        if frame.attrs.pop(KEY_CHECK, None) != key_check(key)
    ]
    if faults:
        raise InputError(faults)
    return frames


def numbered(radiographs: pd.DataFrame, *, shards: int) -> pd.DataFrame:
    """Radiographs with the row of their image and the preprocessing job (shard) that makes it.

    Args:
        radiographs: those of the eligible patients, in the patients' order; further ones after them.
        shards: number of jobs; each gets a run of rows, and their lengths differ by one at most.
    """
    count = len(radiographs)
    return radiographs.assign(row=np.arange(count), shard=np.arange(count) * shards // max(count, 1))


def faults_of_scores_in_headers(tables: Sequence[SiteTables], radiographs: Sequence[pd.DataFrame]) -> list[Fault]:
    """A fault for each site with readable radiographs of listed patients whose header speaks of the score.

    Args:
        radiographs: of each site, as `linkage.read_index` returns them.
    """
    faults = []
    for table, frame in zip(tables, radiographs, strict=True):
        if frame.empty:
            continue
        told = frame["score_text"].to_numpy(dtype=bool) & frame["readable"].to_numpy(dtype=bool)
        told &= (frame["patient_position"] >= 0).to_numpy()
        if told.any():
            found = f"{told.sum():,} of {len(frame):,} files whose free text speaks of the score"
            remedy = (
                "Remove the text from the headers before export, or set `guards.score_in_header: exclude`, which "
                "leaves those files out and counts them."
            )
            place = f"radiographs of site {table.site.name}"
            faults.append(Fault(place, None, "", found, "headers that do not tell the score", remedy))
    return faults


def faults_of_early_outcomes(tables: Sequence[SiteTables], linked: Sequence[LinkedSite]) -> list[Fault]:
    """A fault for each site with eligible patients who had the event, or died, on or before time zero."""
    faults = []
    for table, site in zip(tables, linked, strict=True):
        if table.site.outcomes is None:
            continue
        for note in (EVENT_BEFORE, DEATH_BEFORE):
            if early := int((site.patients["followup_note"] == note).sum()):
                expected = "outcomes after time zero (followup.time_zero)"
                remedy = (
                    "Correct the dates, or set `guards.outcome_before_time_zero: exclude`, which leaves these patients "
                    "out of the prognostic analysis and counts them."
                )
                found = f"{early:,} eligible patients: {note}"
                faults.append(Fault(table.site.outcomes.place, None, "", found, expected, remedy))
    return faults


def _nobody(tables: SiteTables, linked: LinkedSite) -> Fault:
    flow = linked.flow
    excluded = flow[(flow["unit"] == PATIENTS) & (flow["kind"] == "excluded") & (flow["n"] > 0)]
    reasons = ", ".join(f"{label}: {number}" for label, number in zip(excluded["label"], excluded["n"], strict=True))
    remedy = f"Patients are excluded for: {reasons}. Correct the tables, the radiographs or `eligibility`."
    return Fault(
        tables.site.patients.place, None, "", "no eligible patient", f"some at site {tables.site.name}", remedy
    )
