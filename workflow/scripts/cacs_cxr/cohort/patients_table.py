"""The patients of a site: factors, and where the table has them birth dates, prior conditions and last contacts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cacs_cxr.cohort import columns
from cacs_cxr.cohort.column_mapping import mapped_columns
from cacs_cxr.cohort.columns import Column
from cacs_cxr.cohort.outcomes_table import followed_to
from cacs_cxr.cohort.site_inputs import PriorCondition, SiteInput
from cacs_cxr.cohort.table_schemas import IMPLAUSIBLE, RANGES, YES_NO, patients_rules
from cacs_cxr.cohort.units import multiple
from cacs_cxr.faults import Fault
from cacs_cxr.study import Factor


@dataclass(frozen=True)
class Patients:
    """The checked patients table.

    Attributes:
        table: as `site_inputs.SiteTables` has it.
        followed: ends of follow-up, in the form of outcomes; empty where the table has no last contacts.
        computed: patients whose body mass index comes from height and weight.
    """

    table: pd.DataFrame
    followed: pd.DataFrame
    computed: int


def read_patients(
    site: SiteInput, *, factors: Sequence[Factor], prior: Sequence[PriorCondition], latest: float
) -> tuple[Patients | None, list[Fault]]:
    """Patients of a site, and the faults of their table.

    Args:
        latest: today, in days since 1970-01-01.

    Returns:
        None in place of the patients where the column of the identifiers is missing.
    """
    given, faults = mapped_columns(site.patients)
    if "patient" not in given:
        return None, faults
    patient = columns.identifiers(given["patient"])
    content: dict[str, Any] = {"patient": patient.mask(patient == "")}
    labels = {factor.name: factor.label for factor in factors if factor.kind == "continuous"}
    for name in dict.fromkeys([*labels, "height", "weight"]):
        if name in given:
            what = f"{labels.get(name, name.capitalize())} as a number"
            factor = multiple(name, site.patients.units.get(name))
            content[name], found = columns.numbers(given[name], what=what, factor=factor)
            faults += found
    named = {factor.name: list(factor.levels) for factor in factors if factor.kind == "binary"}
    named |= {condition.name: list(YES_NO) for condition in prior if condition.kind == "yes_no"}
    for name, levels in named.items():
        if name in given:
            coding = site.patients.coding.get(name, {})
            content[name] = columns.levels(given[name], levels=levels, coding=coding)
    days = {"birth_date": "birth_day", "last_contact": "last_contact"}
    days |= {condition.name: condition.name for condition in prior if condition.kind == "date"}
    for name, column in days.items():
        if name in given:
            content[column], found = _days(given[name], site=site, latest=latest)
            faults += found
    frame = pd.DataFrame(content)
    computed = _add_bmi(frame, wanted="bmi" in labels)
    rules = patients_rules(frame, site=site, factors=factors, prior=prior)
    faults += rules.faults(frame, columns=given)
    frame["patient"] = patient
    last = frame.get("last_contact", pd.Series(np.nan, index=frame.index))
    followed = followed_to(list(patient), list(last))
    return Patients(_table(frame, factors=factors, prior=prior), followed, computed), faults


def _days(column: Column, *, site: SiteInput, latest: float) -> tuple["pd.Series[float]", list[Fault]]:
    # The unit of dates is that of times of follow-up: a birth date in months would be meant for nothing.
    return columns.days(column, dates=site.dates, date_format=site.date_format, latest=latest)


def _add_bmi(frame: pd.DataFrame, *, wanted: bool) -> int:
    """Put the body mass index by height and weight into the frame where it is absent; returns how many there are."""
    if not (wanted and {"height", "weight"} <= set(frame.columns)):
        return 0
    plausible = {name: frame[name].where(frame[name].between(*RANGES[name][:2])) for name in ("height", "weight")}
    by_size = plausible["weight"] / plausible["height"] ** 2
    low, high, _ = RANGES["bmi"]
    if "bmi" not in frame:
        frame["bmi"] = np.nan
    absent = frame["bmi"].isna()
    frame[IMPLAUSIBLE] = absent & by_size.notna() & ~by_size.between(low, high)
    computed = absent & by_size.between(low, high)
    frame["bmi"] = frame["bmi"].mask(computed, by_size)
    return int(computed.sum())


def _table(frame: pd.DataFrame, *, factors: Sequence[Factor], prior: Sequence[PriorCondition]) -> pd.DataFrame:
    """The patients as the other modules take them: levels as text, prior conditions as 1, 0 and NaN."""
    table = frame[["patient"]].copy()
    if "birth_day" in frame:
        table["age"] = np.nan
        table["birth_day"] = frame["birth_day"]
    for factor in factors:
        if factor.name in frame:
            table[factor.name] = frame[factor.name]
    for condition in prior:
        if condition.name in frame:
            values = frame[condition.name]
            coded = values.map({"yes": 1.0, "no": 0.0}) if condition.kind == "yes_no" else values
            table[condition.name] = coded.astype(float)
    return table.rename_axis("table_row").reset_index()
