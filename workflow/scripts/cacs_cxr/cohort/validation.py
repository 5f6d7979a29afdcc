"""The tables of all sites, read and checked; every fault is collected before any is raised."""

import datetime
from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd

from cacs_cxr.cohort.column_mapping import configuration_faults
from cacs_cxr.cohort.columns import Column
from cacs_cxr.cohort.distribution_notes import distribution_notes
from cacs_cxr.cohort.eligibility import faults_of_criteria
from cacs_cxr.cohort.identity import count_strangers, faults_of_shared_patients
from cacs_cxr.cohort.outcomes_table import read_outcomes
from cacs_cxr.cohort.patients_table import Patients, read_patients
from cacs_cxr.cohort.scores_table import read_scores
from cacs_cxr.cohort.site_inputs import Eligibility, Guards, SiteInput, SiteTables
from cacs_cxr.cohort.table_declarations import declaration_faults
from cacs_cxr.faults import Fault, InputError
from cacs_cxr.study import Biomarker, Factor, Threshold

ORIGIN = datetime.date(1970, 1, 1)


def validate_sites(
    sites: Sequence[SiteInput],
    *,
    eligibility: Eligibility,
    guards: Guards,
    factors: Sequence[Factor],
    thresholds: Sequence[Threshold],
    biomarker: Biomarker,
    today: datetime.date | None = None,
) -> list[SiteTables]:
    """Read and check the tables of all sites.

    Args:
        today: day after which nothing can have happened; None for that of the clock.

    Returns:
        The tables of each site, in the order of `sites`.

    Raises:
        InputError: with every fault of every table of every site.
    """
    # A day more than today's: somewhere it is tomorrow already.
    latest = float(((today or datetime.date.today()) - ORIGIN).days + 1)
    lowest = 0.0 if all(threshold.value >= 0 for threshold in thresholds) else -np.inf
    faults = faults_of_criteria(eligibility)
    tables = []
    for site in sites:
        faults += configuration_faults(site, eligibility=eligibility, factors=factors, biomarker=biomarker)
        undeclared = declaration_faults(site, factors=factors, prior=eligibility.prior)
        faults += undeclared
        if undeclared:
            continue
        checked, found = _site_tables(
            site, factors=factors, eligibility=eligibility, lowest=lowest, biomarker=biomarker, latest=latest
        )
        faults += found
        if checked is not None:
            tables.append(checked)
    if guards.patient_in_two_sites == "stop":
        faults += faults_of_shared_patients(tables)
    if faults:
        raise InputError(dict.fromkeys(faults))
    return tables


def _site_tables(
    site: SiteInput,
    *,
    factors: Sequence[Factor],
    eligibility: Eligibility,
    lowest: float,
    biomarker: Biomarker,
    latest: float,
) -> tuple[SiteTables | None, list[Fault]]:
    patients, faults = read_patients(site, factors=factors, prior=eligibility.prior, latest=latest)
    scores, found, score_notes = read_scores(site, lowest=lowest, what=biomarker.short, latest=latest)
    faults += found
    outcomes, found, outcome_notes = read_outcomes(site, latest=latest)
    faults += found
    if patients is None or scores is None or outcomes is None:
        return None, faults
    strangers = {}
    for name, table, source in (("scores", scores, site.scores), ("outcomes", outcomes, site.outcomes)):
        if source is not None and not table.empty:
            strangers[name], found = count_strangers(table["patient"], patients.table["patient"], source=source)
            faults += found
    faults += _faults_of_births(patients, scores, site=site)
    outcomes = pd.concat([frame for frame in (outcomes, patients.followed) if not frame.empty] or [outcomes])
    notes = [*score_notes, *outcome_notes]
    if patients.computed:
        notes.append(f"patients: the body mass index of {patients.computed:,} is computed from height and weight")
    tables = SiteTables(site, patients.table, scores, outcomes.reset_index(drop=True), strangers)
    notes += distribution_notes(tables, factors=factors, prior=eligibility.prior, what=biomarker.short)
    return SiteTables(site, tables.patients, scores, tables.outcomes, strangers, tuple(notes)), faults


def _faults_of_births(patients: Patients, scores: pd.DataFrame, *, site: SiteInput) -> list[Fault]:
    """Birth dates that cannot be those of the patient who was scored."""
    table = patients.table
    if "birth_day" not in table:
        return []
    first = table["patient"].map(scores[scores["patient"] != ""].groupby("patient")["day"].min())
    age = (first - table["birth_day"]) / 365.25
    # Only the rows matter here; the dates themselves are not shown.
    rows = pd.Series("", index=pd.Index(table["table_row"]), dtype=object)
    column = Column(site.patients.place, site.patients.columns["birth_date"], rows)
    report = partial(column.faults, remedy="Correct the birth date, or the date of the score.")
    return [
        *report(
            (age < 0).set_axis(rows.index),
            expected="a birth date before the first score",
            found=rows.replace("", "a date after the first score"),
        ),
        *report(
            (age > 120).set_axis(rows.index),
            expected="an age of at most 120 years at the first score",
            found=rows.replace("", "a date more than 120 years before it"),
        ),
    ]
