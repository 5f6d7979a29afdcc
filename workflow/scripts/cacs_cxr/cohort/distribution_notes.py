"""What is no fault of any cell but makes a table as a whole look wrong: notes for a person to judge."""

from collections.abc import Sequence

import pandas as pd

from cacs_cxr.cohort.site_inputs import PriorCondition, SiteTables
from cacs_cxr.cohort.units import TYPICAL, likely_unit
from cacs_cxr.study import Factor

SENTINELS = (99.0, 888.0, 999.0, 8888.0, 9999.0, 99999.0)
SENTINEL_SHARE = 0.02
FEWEST = 10  # values from which on a distribution is judged


def distribution_notes(
    tables: SiteTables, *, factors: Sequence[Factor], prior: Sequence[PriorCondition], what: str
) -> list[str]:
    """Notes on the patients, the scores and the outcomes of a site.

    Args:
        what: short name of the biomarker.
    """
    notes = [note for factor in factors for note in _notes_of_factor(tables, factor)]
    for condition in prior:
        if condition.name in tables.patients and condition.kind == "yes_no":
            missing = tables.patients[condition.name].isna()
            notes += _notes_of_missing(missing, place=f"patients: {condition.label}")
    notes += _notes_of_scores(tables, what=what)
    events = tables.outcomes["event"].dropna()
    if len(events) >= FEWEST and events.eq(0).all():
        notes.append("outcomes: no row is an event; is `outcomes.events` right?")
    if len(events) >= FEWEST and events.gt(0).all():
        notes.append(
            "outcomes: every row is an event, so patients without one have no follow-up; is there an end of follow-up "
            "(rows under `none`, or `patients.columns.last_contact`)?"
        )
    return notes


def _notes_of_factor(tables: SiteTables, factor: Factor) -> list[str]:
    if factor.name not in tables.patients or (factor.name == "age" and "birth_day" in tables.patients):
        return []
    values = tables.patients[factor.name]
    missing, known = values.isna(), values.dropna()
    notes = _notes_of_missing(missing, place=f"patients: {factor.name}")
    if len(known) < FEWEST:
        return notes
    if known.eq(known.iloc[0]).all():
        notes.append(f"patients: {factor.name} is the same in all who have it")
    elif factor.kind == "continuous":
        unit = tables.site.patients.units.get(factor.name)
        if factor.name in TYPICAL and (other := likely_unit(known, quantity=factor.name, unit=unit)):
            median = known.median()
            notes.append(f"patients: the median of {factor.name} is {median:g}; are these {other}? (`units`)")
        notes += _notes_of_sentinels(known, place=f"patients: {factor.name}", key=f"patients.missing.{factor.name}")
    return notes


def _notes_of_scores(tables: SiteTables, *, what: str) -> list[str]:
    values = tables.scores["value"]
    missing, known = values.isna(), values.dropna()
    notes = _notes_of_missing(missing, place=f"scores: {what}")
    if len(known) < FEWEST:
        return notes
    if known.eq(known.iloc[0]).all():
        notes.append(f"scores: every {what} is {known.iloc[0]:g}")
    return notes + _notes_of_sentinels(known, place=f"scores: {what}", key="scores.missing.value")


def _notes_of_missing(missing: "pd.Series[bool]", *, place: str) -> list[str]:
    return [f"{place} is missing in {missing.mean():.1%} of rows ({int(missing.sum()):,})"] if missing.any() else []


def _notes_of_sentinels(values: "pd.Series[float]", *, place: str, key: str) -> list[str]:
    """Notes on values such as 999 that are too many to be measured: often they say that a value is missing."""
    shares = values.abs().value_counts(normalize=True)
    return [
        f"{place} is {value:g} in {shares[value]:.1%}; if that means missing, name it in `{key}`"
        for value in SENTINELS
        if shares.get(value, 0.0) > SENTINEL_SHARE
    ]
