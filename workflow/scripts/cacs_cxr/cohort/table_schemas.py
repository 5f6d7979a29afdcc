"""The schemas of a site's three tables: which values are possible, once cells have been read as values (`columns`)."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from cacs_cxr.cohort.site_inputs import PriorCondition, SiteInput
from cacs_cxr.cohort.units import unit_question
from cacs_cxr.cohort.value_rules import (
    TableRules,
    beside,
    between,
    known_events,
    not_marked,
    once,
    one_of,
    present,
)
from cacs_cxr.study import Factor

RANGES: Mapping[str, tuple[float, float, str]] = {
    "age": (0.0, 120.0, "Correct the age (in years), or leave the cell empty where it is unknown."),
    "bmi": (8.0, 100.0, "Correct the body mass index (kg/m²), or leave the cell empty where it is unknown."),
    "height": (0.5, 2.6, "Correct the height (in m), or leave the cell empty where it is unknown."),
    "weight": (10.0, 400.0, "Correct the weight (in kg), or leave the cell empty where it is unknown."),
}


YES_NO = ("no", "yes")
RIVAL, FIRST_ROW, IMPLAUSIBLE = "rival value", "first row", "implausible bmi"
"""Columns that frames have for rules across columns: marks of rows, and the row of the first of several values."""
_PATIENT = present("patient", expected="a patient identifier", remedy="Fill it in, or delete the row.")


def filled(name: str) -> str:
    """Column of a frame that marks where the table has something for `name`, be it readable or not."""
    return f"{name} filled"


def patients_rules(
    frame: pd.DataFrame, *, site: SiteInput, factors: Sequence[Factor], prior: Sequence[PriorCondition]
) -> TableRules:
    """Rules of the patients table: one row a patient, factors in their ranges or of their levels.

    Args:
        frame: the values; from their medians it is told whether another unit was meant.
    """
    table = site.patients
    rules = [_PATIENT, once("patient", expected="one row a patient", remedy="Keep one row of each patient.")]
    labels = {factor.name: factor.label for factor in factors if factor.kind == "continuous"}
    for name in dict.fromkeys([*labels, "height", "weight"]):
        if name in frame and name in table.columns:
            low, high, remedy = RANGES.get(name, (-np.inf, np.inf, ""))
            question = unit_question(frame[name], quantity=name, unit=table.units.get(name))
            what = f"{labels.get(name, name.capitalize())} as a number"
            rules.append(between(name, low=low, high=high, what=what, remedy=question + remedy))
    named = {factor.name: list(factor.levels) for factor in factors if factor.kind == "binary"}
    named |= {condition.name: list(YES_NO) for condition in prior if condition.kind == "yes_no"}
    for name, levels in named.items():
        if name in frame:
            rules.append(one_of(name, levels=levels, coding=table.coding.get(name, {})))
    across = []
    if IMPLAUSIBLE in frame:
        low, high, _ = RANGES["bmi"]
        expected = f"a height and a weight that give a body mass index from {low:g} to {high:g}"
        remedy = "Correct one of them, name their `units`, or leave one empty where it is unknown."
        across.append(not_marked("weight", mark=IMPLAUSIBLE, expected=expected, remedy=remedy, found=None))
    return TableRules(rules, across)


def scores_rules(frame: pd.DataFrame, *, lowest: float, what: str) -> TableRules:
    """Rules of the scores: in their range, dated where scores have dates, one value a patient and day."""
    rules = [
        _PATIENT,
        between(
            "value",
            low=lowest,
            high=np.inf,
            what=f"{what} as a number",
            remedy="Correct the value, or leave the cell empty where it is missing.",
        ),
    ]
    dated = filled("date") in frame
    across = []
    if dated:
        remedy = "Fill in the date, or delete the row."
        across.append(beside("date", "value", expected="the date of the score", remedy=remedy))
    across.append(
        not_marked(
            "value",
            mark=RIVAL,
            expected=f"one value a patient {'and date' if dated else 'where scores have no date'}",
            remedy="Keep the value that counts, or give both their dates in `scores.columns.date`.",
            found=lambda rows: "another value than in row " + rows[FIRST_ROW].astype(str),
        )
    )
    return TableRules(rules, across)


def outcomes_rules(*, site: SiteInput) -> TableRules:
    """Rules of the outcomes: values of the event column that have a meaning, and event and date together."""
    remedy = "Fill it in, or empty both cells: the row then tells nothing."
    kinds = f"an event ({', '.join([*site.events.none, *site.events.event, *site.events.competing])})"
    return TableRules(
        [_PATIENT, known_events(site.events)],
        [
            beside("date", "event", expected="a date beside an event", remedy=remedy),
            beside("event", "date", expected=f"{kinds} beside a date", remedy=remedy),
        ],
    )
