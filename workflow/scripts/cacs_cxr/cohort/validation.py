"""The tables of all sites, read and checked; every fault is collected before any is raised."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from cacs_cxr.cohort import columns
from cacs_cxr.cohort.column_mapping import OUTCOME, SCORE, configuration_faults, mapped_columns
from cacs_cxr.cohort.columns import Column
from cacs_cxr.cohort.identity import count_strangers, faults_of_shared_patients
from cacs_cxr.cohort.site_inputs import Eligibility, SiteInput, SiteTables
from cacs_cxr.faults import Fault, InputError
from cacs_cxr.identifiers import is_missing
from cacs_cxr.study import Biomarker, Factor, Threshold

RANGES: Mapping[str, tuple[float, float, str]] = {
    "age": (0.0, 120.0, "Correct the age (in years), or leave the cell empty where it is unknown."),
    "bmi": (8.0, 100.0, "Correct the body mass index (kg/m²), or leave the cell empty where it is unknown."),
}


def validate_sites(
    sites: Sequence[SiteInput],
    *,
    eligibility: Eligibility,
    factors: Sequence[Factor],
    thresholds: Sequence[Threshold],
    biomarker: Biomarker,
) -> list[SiteTables]:
    """Read and check the tables of all sites.

    Returns:
        The tables of each site, in the order of `sites`.

    Raises:
        InputError: with every fault of every table of every site.
    """
    faults: list[Fault] = []
    tables = []
    for site in sites:
        faults += configuration_faults(site, eligibility=eligibility, factors=factors, biomarker=biomarker)
        patients, found = _patients(site, factors=factors)
        faults += found
        scores, found = _scores(
            site, lowest=0.0 if all(t.value >= 0 for t in thresholds) else -np.inf, what=biomarker.short
        )
        faults += found
        outcomes, found = _outcomes(site)
        faults += found
        if patients is None or scores is None or outcomes is None:
            continue
        strangers = {}
        for name, table, source in (("scores", scores, site.scores), ("outcomes", outcomes, site.outcomes)):
            if source is not None and not table.empty:
                strangers[name], found = count_strangers(table["patient"], patients["patient"], source=source)
                faults += found
        tables.append(SiteTables(site, patients, scores, outcomes, strangers))
    if eligibility.patients_in_two_sites == "stop":
        faults += faults_of_shared_patients(tables)
    if faults:
        raise InputError(dict.fromkeys(faults))
    return tables


def _faults_of_repeated(column: Column, identifiers: "pd.Series[str]", *, remedy: str) -> list[Fault]:
    present = identifiers[identifiers != ""]
    first = present.index.to_series().groupby(present).transform("first")
    found = ("the patient of row " + first.astype(str)).reindex(identifiers.index, fill_value="")
    bad = (present.duplicated()).reindex(identifiers.index, fill_value=False)
    return column.faults(bad, expected="one row a patient", remedy=remedy, found=found)


def _patients(site: SiteInput, *, factors: Sequence[Factor]) -> tuple[pd.DataFrame | None, list[Fault]]:
    given, faults = mapped_columns(site.patients)
    if "patient" not in given:
        return None, faults
    identifiers, found = columns.identifiers(given["patient"])
    faults += found
    faults += _faults_of_repeated(given["patient"], identifiers, remedy="Keep one row of each patient.")
    content: dict[str, Any] = {"patient": identifiers}
    for factor in factors:
        if factor.name not in given:
            continue
        if factor.kind == "binary":
            content[factor.name], found = columns.levels(
                given[factor.name], levels=[str(level) for level in factor.levels]
            )
        else:
            low, high, remedy = RANGES.get(factor.name, (-np.inf, np.inf, ""))
            what = f"{factor.label} as a number"
            content[factor.name], found = columns.numbers(
                given[factor.name], low=low, high=high, what=what, remedy=remedy
            )
        faults += found
    frame = pd.DataFrame(content)
    return frame.rename_axis("table_row").reset_index(), faults


def _scores(site: SiteInput, *, lowest: float, what: str) -> tuple[pd.DataFrame | None, list[Fault]]:
    given, faults = mapped_columns(site.scores)
    if not set(SCORE) <= set(given):
        return None, faults
    identifiers, found = columns.identifiers(given["patient"])
    faults += found
    remedy = "Correct the value, or leave the cell empty where it is missing."
    values, found = columns.numbers(given["value"], low=lowest, high=np.inf, what=f"{what} as a number", remedy=remedy)
    faults += found
    day = pd.Series(np.nan, index=values.index)
    if "date" in given:
        day, found = columns.days(given["date"], dates=site.dates)
        faults += found
        undated = is_missing(given["date"].cells) & values.notna()
        found_text = pd.Series("an empty cell", index=values.index)
        remedy = "Fill in the date, or delete the row."
        faults += given["date"].faults(undated, expected="the date of the score", remedy=remedy, found=found_text)
    frame = pd.DataFrame({"patient": identifiers, "value": values, "day": day})
    # Only a value counts: an empty one is a patient without a score, whatever else stands in the row.
    known = frame[frame["value"].notna() & (frame["patient"] != "")].drop_duplicates(ignore_index=False)
    if "date" in given:
        known = known[known["day"].notna()]
    rivals = known.duplicated(["patient", "day"])
    if rivals.any():
        first = known.assign(row=known.index).groupby(["patient", "day"], dropna=False)["row"].transform("first")
        shown = ("another value than in row " + first.astype(str)).reindex(frame.index, fill_value="")
        expected = (
            "one value a patient and date" if "date" in given else "one value a patient where scores have no date"
        )
        remedy = "Keep the value that counts, or give both their dates in `scores.columns.date`."
        bad = rivals.reindex(frame.index, fill_value=False)
        faults += given["value"].faults(bad, expected=expected, remedy=remedy, found=shown)
    return frame.drop_duplicates().reset_index(drop=True), faults


def _outcomes(site: SiteInput) -> tuple[pd.DataFrame | None, list[Fault]]:
    if site.outcomes is None:
        return pd.DataFrame(
            {"patient": pd.Series(dtype=object), "day": pd.Series(dtype=float), "event": pd.Series(dtype=float)}
        ), []
    given, faults = mapped_columns(site.outcomes)
    if not set(OUTCOME) <= set(given):
        return None, faults
    identifiers, found = columns.identifiers(given["patient"])
    faults += found
    faults += _faults_of_repeated(
        given["patient"], identifiers, remedy="Keep each patient's first event, or the end of follow-up."
    )
    day, found = columns.days(given["date"], dates=site.dates)
    faults += found
    event, found = columns.events(given["event"])
    faults += found
    no_date, no_event = is_missing(given["date"].cells), is_missing(given["event"].cells)
    empty = pd.Series("an empty cell", index=day.index)
    expected, remedy = "a date beside an event", "Fill it in, or empty both cells: the patient then has no follow-up."
    faults += given["date"].faults(no_date & ~no_event, expected=expected, remedy=remedy, found=empty)
    expected = "an event (0, 1, 2) beside a date"
    faults += given["event"].faults(no_event & ~no_date, expected=expected, remedy=remedy, found=empty)
    return pd.DataFrame({"patient": identifiers, "day": day, "event": event}).reset_index(drop=True), faults
