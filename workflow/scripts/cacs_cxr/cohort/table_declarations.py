"""Faults of what the configuration says of a table's cells: codes, units, missing values, events and forms of dates."""

from collections import Counter
from collections.abc import Mapping, Sequence

from cacs_cxr.cohort.column_mapping import suggestion
from cacs_cxr.cohort.columns import comparable_code
from cacs_cxr.cohort.site_inputs import EventCodes, PriorCondition, SiteInput, TableInput
from cacs_cxr.cohort.table_schemas import YES_NO
from cacs_cxr.cohort.units import UNITS
from cacs_cxr.date_text import is_date_format
from cacs_cxr.faults import Fault
from cacs_cxr.study import Factor


def declaration_faults(site: SiteInput, *, factors: Sequence[Factor], prior: Sequence[PriorCondition]) -> list[Fault]:
    """Faults of `coding`, `units`, `missing`, `events` and `date_format` of a site, before a cell is read."""
    place = f"configuration, site {site.name}"
    levels: dict[str, Sequence[str]] = {factor.name: factor.levels for factor in factors if factor.kind == "binary"}
    levels |= {condition.name: YES_NO for condition in prior if condition.kind == "yes_no"}
    faults = _faults_of_coding(site.patients, levels=levels, place=place)
    tables = {"patients": site.patients, "scores": site.scores, "outcomes": site.outcomes}
    for name, table in tables.items():
        if table is not None:
            faults += _faults_of_units(table, name=name, dates=site.dates, place=place)
            faults += _faults_of_missing(table, name=name, place=place)
    faults += _faults_of_events(site.events, place=place)
    return faults + _faults_of_format(site, place=place)


def _faults_of_coding(table: TableInput, *, levels: Mapping[str, Sequence[str]], place: str) -> list[Fault]:
    faults = []
    for key, codes in table.coding.items():
        full = f"patients.coding.{key}"
        if key not in levels or key not in table.columns:
            remedy = f"{suggestion(key, list(levels))}Remove the key; numbers have `units`, events have `events`."
            faults.append(Fault(place, None, full, key, "a mapped column of two levels", remedy))
            continue
        known = {level.casefold() for level in levels[key]}
        for level in dict.fromkeys(codes.values()):
            if level.casefold() not in known:
                expected = f"a level: {' or '.join(levels[key])}"
                faults.append(Fault(place, None, full, level, expected, "Correct it, or the factor's `levels`."))
        twice = [code for code, times in Counter(map(comparable_code, codes)).items() if times > 1]
        faults += [Fault(place, None, full, code, "each code once", "Keep one of them.") for code in twice]
    return faults


def _faults_of_units(table: TableInput, *, name: str, dates: str, place: str) -> list[Fault]:
    faults = []
    for key, unit in table.units.items():
        full = f"{name}.units.{key}"
        if key not in table.columns:
            expected = "the unit of a column that is mapped"
            remedy = f"Name the column in `{name}.columns.{key}`, or remove the unit."
            faults.append(Fault(place, None, full, unit, expected, remedy))
        elif unit not in UNITS[key]:
            remedy = "Correct it, or convert the column."
            faults.append(Fault(place, None, full, unit, f"one of {', '.join(UNITS[key])}", remedy))
        elif key == "date" and dates != "days":
            remedy = "Set the site's `dates: days` if times are counted, or remove the unit."
            faults.append(Fault(place, None, full, unit, "no unit beside `dates: iso`", remedy))
    return faults


def _faults_of_missing(table: TableInput, *, name: str, place: str) -> list[Fault]:
    expected, remedy = "a column that is mapped, or all", "Correct the key, or remove it."
    return [
        Fault(place, None, f"{name}.missing.{key}", key, expected, f"{suggestion(key, list(table.columns))}{remedy}")
        for key in table.missing
        if key != "all" and key not in table.columns
    ]


def _faults_of_events(events: EventCodes, *, place: str) -> list[Fault]:
    values = [*events.none, *events.event, *events.competing, *events.ignored]
    twice = [value for value, times in Counter(map(comparable_code, values)).items() if times > 1]
    remedy = "Keep it under one of none, event, competing and ignored."
    return [Fault(place, None, "outcomes.events", value, "each value under one key", remedy) for value in twice]


def _faults_of_format(site: SiteInput, *, place: str) -> list[Fault]:
    given = site.date_format
    if given is None:
        return []
    if site.dates == "days":
        return [Fault(place, None, "date_format", given, "no form beside `dates: days`", "Remove one of the two.")]
    if not is_date_format(given):
        expected = 'each of %d, %m and %Y once, as in "%d.%m.%Y"'
        remedy = "Correct it; a time after the date is dropped, and years have four digits."
        return [Fault(place, None, "date_format", given, expected, remedy)]
    return []
