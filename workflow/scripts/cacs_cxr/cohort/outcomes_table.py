"""The outcomes of a site: any number of rows a patient, each an event or the end of follow-up, and its day."""

from collections.abc import Sequence

import pandas as pd

from cacs_cxr.cohort import columns
from cacs_cxr.cohort.column_mapping import OUTCOME, mapped_columns
from cacs_cxr.cohort.columns import IGNORED
from cacs_cxr.cohort.site_inputs import SiteInput
from cacs_cxr.cohort.table_schemas import filled, outcomes_rules
from cacs_cxr.faults import Fault
from cacs_cxr.identifiers import is_missing

OUTCOME_COLUMNS: Sequence[str] = ("patient", "day", "event")


def read_outcomes(site: SiteInput, *, latest: float) -> tuple[pd.DataFrame | None, list[Fault], list[str]]:
    """Outcomes of a site, the faults of their table, and notes.

    Rows with neither date nor event tell nothing and are left out, as are ignored events and repeats of a row.

    Args:
        latest: today, in days since 1970-01-01.

    Returns:
        patient, day, event (0, 1, 2), any number of rows a patient; empty where the site has no outcomes; None where a
        column is missing that must be there.
    """
    if site.outcomes is None:
        return followed_to([], []), [], []
    given, faults = mapped_columns(site.outcomes)
    if not set(OUTCOME) <= set(given):
        return None, faults, []
    patient = columns.identifiers(given["patient"])
    unit = site.outcomes.units.get("date")
    day, found = columns.days(given["date"], dates=site.dates, date_format=site.date_format, unit=unit, latest=latest)
    faults += found
    event = columns.events(given["event"], codes=site.events)
    frame = pd.DataFrame({"patient": patient.mask(patient == ""), "day": day, "event": event})
    frame[filled("date")] = ~is_missing(given["date"].cells)
    frame[filled("event")] = ~is_missing(given["event"].cells)
    faults += outcomes_rules(site=site).faults(frame, columns=given)
    ignored = event == IGNORED
    told = frame.loc[~ignored & day.notna() & event.isin((0.0, 1.0, 2.0)), list(OUTCOME_COLUMNS)]
    told = told.fillna({"patient": ""}).astype({"event": float})
    repeated = int(told.duplicated().sum())
    notes = [f"outcomes: {repeated:,} repeated rows count once"] if repeated else []
    if ignored.any():
        notes.append(f"outcomes: {int(ignored.sum()):,} rows of events under `ignored` are left out")
    return told.drop_duplicates().reset_index(drop=True), faults, notes


def followed_to(patients: Sequence[str], last_day: Sequence[float]) -> pd.DataFrame:
    """Outcomes of patients whose follow-up ended on the last day without an event; NaN gives no row."""
    frame = pd.DataFrame(
        {
            "patient": pd.Series(patients, dtype=object),
            "day": pd.Series(last_day, dtype=float),
            "event": 0.0,
        }
    )
    return frame[frame["day"].notna()].reset_index(drop=True)
