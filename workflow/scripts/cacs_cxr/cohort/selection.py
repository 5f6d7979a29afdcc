"""The whole way from the sites' tables and indexes to eligible patients; checking and linking walk it alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cacs_cxr.cohort.flow import PATIENTS
from cacs_cxr.cohort.identity import in_earlier_site
from cacs_cxr.cohort.linkage import CARRIED, LinkedSite, link_site, read_index
from cacs_cxr.cohort.site_inputs import Eligibility, SiteInput, SiteTables
from cacs_cxr.cohort.validation import validate_sites
from cacs_cxr.faults import Fault, InputError
from cacs_cxr.pseudonyms import real_key, simulated_key
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
    """

    tables: Sequence[SiteTables]
    patients: pd.DataFrame
    further: pd.DataFrame
    flow: pd.DataFrame


def study_key(*, simulated: bool, seed: int, key_file: Path) -> bytes:
    """Secret of the pseudonyms: from the seed of a simulated study, else from the environment or the key file."""
    if simulated:
        return simulated_key(seed)
    return real_key(key_file)


def select(
    sites: Sequence[Mapping[str, Any]],
    *,
    indexes: Sequence[Path],
    eligibility: Mapping[str, Any],
    biomarker: Mapping[str, Any],
    thresholds: Sequence[Mapping[str, Any]],
    factors: Sequence[Mapping[str, Any]],
    key: bytes,
) -> Selection:
    """Validate the tables of all sites, link their radiographs and apply the criteria.

    Args:
        sites: the configuration's list; `indexes` holds the index of radiographs of each, in the same order.
        eligibility: the configuration's mapping of this name, as are `biomarker`, `thresholds` and `factors`.
        key: secret of the pseudonyms.

    Raises:
        InputError: with every fault of the tables; else of the indexes; else for sites without an eligible patient.
    """
    rules = Eligibility.from_plain(eligibility)
    measured = Biomarker(**biomarker)
    clinical = [Factor(**{**item, "levels": tuple(item.get("levels", ()))}) for item in factors]
    tables = validate_sites(
        [SiteInput.from_plain(site) for site in sites],
        eligibility=rules,
        factors=clinical,
        thresholds=[Threshold(**item) for item in thresholds],
        biomarker=measured,
    )
    read = [
        read_index(pd.read_parquet(path), table, eligibility=rules) for table, path in zip(tables, indexes, strict=True)
    ]
    if faults := [fault for _, found in read for fault in found]:
        raise InputError(faults)
    linked = [
        link_site(
            table,
            radiographs,
            eligibility=rules,
            factors=clinical,
            what=measured.short,
            in_earlier_site=(owner >= 0).to_numpy(dtype=bool),
            key=key,
        )
        for table, (radiographs, _), owner in zip(tables, read, in_earlier_site(tables), strict=True)
    ]
    if faults := [_nobody(table, site) for table, site in zip(tables, linked, strict=True) if site.patients.empty]:
        raise InputError(faults)
    return Selection(
        tables=tables,
        patients=pd.concat([site.patients for site in linked], ignore_index=True),
        further=pd.concat([site.further for site in linked], ignore_index=True),
        flow=pd.concat([site.flow for site in linked], ignore_index=True),
    )


def numbered(radiographs: pd.DataFrame, *, shards: int) -> pd.DataFrame:
    """Radiographs with the row of their image and the preprocessing job (shard) that makes it.

    Args:
        radiographs: those of the eligible patients, in the patients' order; further ones after them.
        shards: number of jobs; each gets a run of rows, and their lengths differ by one at most.
    """
    count = len(radiographs)
    return radiographs.assign(row=np.arange(count), shard=np.arange(count) * shards // max(count, 1))


def _nobody(tables: SiteTables, linked: LinkedSite) -> Fault:
    flow = linked.flow
    excluded = flow[(flow["unit"] == PATIENTS) & (flow["kind"] == "excluded") & (flow["n"] > 0)]
    reasons = ", ".join(f"{label}: {number}" for label, number in zip(excluded["label"], excluded["n"], strict=True))
    remedy = f"Patients are excluded for: {reasons}. Correct the tables, the radiographs or `eligibility`."
    return Fault(tables.site.patients.file, None, "", "no eligible patient", f"some at site {tables.site.name}", remedy)
