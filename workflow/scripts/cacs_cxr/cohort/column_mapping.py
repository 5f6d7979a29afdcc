"""Columns that the configuration names: those missing from it, unknown to it, or absent from the table."""

import difflib
from collections.abc import Sequence

from cacs_cxr.cohort.columns import Column, without_codes
from cacs_cxr.cohort.site_inputs import Eligibility, SiteInput, TableInput
from cacs_cxr.cohort.site_tables import read_site_table
from cacs_cxr.faults import Fault, InputError
from cacs_cxr.study import Biomarker, Factor

SCORE, OUTCOME = ("patient", "value"), ("patient", "date", "event")
SIZES = ("height", "weight")  # which give the body mass index where it is absent


def configuration_faults(
    site: SiteInput, *, eligibility: Eligibility, factors: Sequence[Factor], biomarker: Biomarker
) -> list[Fault]:
    """Faults of the columns that the configuration names for a site, and of what the study needs of them."""
    names = [factor.name for factor in factors]
    faults = _faults_of_patients(site, names=names, prior=[condition.name for condition in eligibility.prior])
    faults += _faults_of_keys(site, "scores", site.scores, needed=SCORE, known=(*SCORE, "date"))
    if site.outcomes is not None:
        faults += _faults_of_keys(site, "outcomes", site.outcomes, needed=OUTCOME, known=OUTCOME)
    place = "configuration"
    if biomarker.name in names:
        remedy = "Remove it from `factors`: what is predicted cannot help to predict it."
        faults.append(Fault(place, None, "factors", biomarker.name, "factors other than the biomarker", remedy))
    if eligibility.window_days is not None and "date" not in site.scores.columns:
        remedy = "Name the column of their date in `scores.columns.date`, or set `window_days: null`."
        found = f"{eligibility.window_days}, and scores without a date at site {site.name}"
        faults.append(
            Fault(place, None, "eligibility.window_days", found, "dates of scores where a window is set", remedy)
        )
    if eligibility.window_side != "both" and "date" not in site.scores.columns:
        remedy = "Name the column of their date in `scores.columns.date`, or set `window_side: both`."
        found = f"{eligibility.window_side}, and scores without a date at site {site.name}"
        expected = "dates of scores where a side of the window is chosen"
        faults.append(Fault(place, None, "eligibility.window_side", found, expected, remedy))
    for condition in eligibility.prior:
        if condition.kind == "date" and condition.name in site.patients.columns and "date" not in site.scores.columns:
            remedy = "Name the column of their date in `scores.columns.date`, or give the condition as yes or no."
            found = f"the date of {condition.name}, and scores without a date at site {site.name}"
            expected = "dates of scores, before which a condition is a prior one"
            faults.append(Fault(place, None, "eligibility.prior", found, expected, remedy))
    limits = {"least": ("minimum_age", eligibility.minimum_age), "greatest": ("maximum_age", eligibility.maximum_age)}
    for what, (key, limit) in limits.items():
        if limit is not None and "age" not in names:
            remedy = f"Add age to `factors`, or set `{key}: null`."
            found = f"{limit:g}, and no factor named age"
            expected = f"a factor named age where a {what} age is set"
            faults.append(Fault(place, None, f"eligibility.{key}", found, expected, remedy))
    return faults


def _faults_of_patients(site: SiteInput, *, names: Sequence[str], prior: Sequence[str]) -> list[Fault]:
    place, given = f"configuration, site {site.name}", site.patients.columns
    by_size = "bmi" in names and all(size in given for size in SIZES)
    needed = [
        name
        for name in ("patient", *names)
        if not (name == "age" and "birth_date" in given) and not (name == "bmi" and by_size)
    ]
    sizes = SIZES if "bmi" in names else ()
    known = dict.fromkeys(("patient", *names, "birth_date", *sizes, "last_contact", *prior))
    faults = _faults_of_keys(site, "patients", site.patients, needed=needed, known=list(known))
    if "birth_date" in given and "age" in given:
        remedy = "Name one of the two: from a birth date, age is that at the score."
        faults.append(Fault(place, None, "patients.columns.birth_date", "age as well", "one of the two", remedy))
    if "birth_date" in given and "date" not in site.scores.columns:
        remedy = "Name the column of their date in `scores.columns.date`, or give the age."
        expected = "dates of scores where there are birth dates"
        faults.append(Fault(place, None, "patients.columns.birth_date", "scores without a date", expected, remedy))
    if "last_contact" in given and site.outcomes is None:
        remedy = "Name the table of events in `outcomes`, or remove the key."
        found = "no outcomes"
        faults.append(Fault(place, None, "patients.columns.last_contact", found, "outcomes of the site", remedy))
    lone = [size for size in sizes if size in given and size not in names]
    if len(lone) == 1:
        remedy = "Name both, or neither: the body mass index needs the two."
        faults.append(Fault(place, None, f"patients.columns.{lone[0]}", "one alone", "height and weight", remedy))
    return faults


def _faults_of_keys(
    site: SiteInput, name: str, table: TableInput, *, needed: Sequence[str], known: Sequence[str]
) -> list[Fault]:
    place = f"configuration, site {site.name}"
    faults = []
    for key in needed:
        if key not in table.columns:
            remedy = f"Name there the column of {table.place} that holds it."
            faults.append(Fault(place, None, f"{name}.columns.{key}", "nothing", "the name of a column", remedy))
    for key in table.columns:
        if key not in known:
            remedy = f"{suggestion(key, known)}Remove the key, or add it to `factors`."
            faults.append(Fault(place, None, f"{name}.columns.{key}", key, f"one of {', '.join(known)}", remedy))
    for key, column in table.columns.items():
        if key != "patient" and column == table.columns.get("patient"):
            remedy = "Name the column that holds it; that of the identifiers holds nothing else."
            faults.append(
                Fault(place, None, f"{name}.columns.{key}", column, "another column than the identifiers'", remedy)
            )
    return faults


def suggestion(name: str, known: Sequence[str]) -> str:
    """Question whether the nearest of the known names was meant; empty where none is near."""
    folded = {other.casefold(): other for other in known if other}
    close = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.5)
    return f"Did you mean '{folded[close[0]]}'? " if close else ""


def mapped_columns(table: TableInput) -> tuple[dict[str, Column], list[Fault]]:
    """The mapped columns of a table that exist, without codes of missing values, and a fault for every other one."""
    try:
        frame = read_site_table(table)
    except InputError as error:
        return {}, list(error.faults)
    header = [str(name) for name in frame.columns]
    found, faults = {}, []
    for key, name in table.columns.items():
        if (times := header.count(name)) != 1:
            expected = f"a column of this name once; there are {', '.join(repr(column) for column in header if column)}"
            remedy = f"{suggestion(name, header)}Correct `columns.{key}` in the configuration, or the header."
            faults.append(
                Fault(table.place, 1, name, f"{times} of them" if times else "no such column", expected, remedy)
            )
        elif key == "patient" or name != table.columns.get("patient"):
            codes = [*table.missing.get("all", ()), *table.missing.get(key, ())]
            cells = without_codes(frame.iloc[:, header.index(name)], codes)
            found[key] = Column(table.place, name, cells, table.decimal)
    return found, faults
