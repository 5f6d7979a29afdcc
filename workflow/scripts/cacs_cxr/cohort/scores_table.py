"""The scores of a site: values of the biomarker, and their dates where there are any."""

import numpy as np
import pandas as pd

from cacs_cxr.cohort import columns
from cacs_cxr.cohort.column_mapping import SCORE, mapped_columns
from cacs_cxr.cohort.site_inputs import SiteInput
from cacs_cxr.cohort.table_schemas import FIRST_ROW, RIVAL, filled, scores_rules
from cacs_cxr.faults import Fault
from cacs_cxr.identifiers import is_missing


def read_scores(
    site: SiteInput, *, lowest: float, what: str, latest: float
) -> tuple[pd.DataFrame | None, list[Fault], list[str]]:
    """Scores of a site, the faults of their table, and notes.

    Args:
        lowest: least value that is possible.
        what: short name of the biomarker.
        latest: today, in days since 1970-01-01.

    Returns:
        patient, value (NaN: missing), day, without repeated rows; None where a column is missing that must be there.
    """
    given, faults = mapped_columns(site.scores)
    if not set(SCORE) <= set(given):
        return None, faults, []
    patient = columns.identifiers(given["patient"])
    values, found = columns.numbers(given["value"], what=f"{what} as a number")
    faults += found
    day = pd.Series(np.nan, index=values.index)
    if "date" in given:
        unit = site.scores.units.get("date")
        day, found = columns.days(
            given["date"], dates=site.dates, date_format=site.date_format, unit=unit, latest=latest
        )
        faults += found
    scores = pd.DataFrame({"patient": patient.mask(patient == ""), "value": values, "day": day})
    frame = scores.assign(**{filled("value"): values.notna()})
    if "date" in given:
        frame[filled("date")] = ~is_missing(given["date"].cells)
    first = _rows_of_first_values(scores, dated="date" in given)
    frame[RIVAL], frame[FIRST_ROW] = first.notna(), first.fillna(0).astype(int)
    faults += scores_rules(frame, lowest=lowest, what=what).faults(frame, columns=given)
    repeated = int(scores.duplicated().sum())
    notes = [f"scores: {repeated:,} repeated rows count once"] if repeated else []
    return scores.fillna({"patient": ""}).drop_duplicates().reset_index(drop=True), faults, notes


def _rows_of_first_values(scores: pd.DataFrame, *, dated: bool) -> "pd.Series[float]":
    """For a row with another value of the same patient and day, the row of the first of them; else NaN."""
    # Only a value counts: an empty one is a patient without a score, whatever else stands in the row.
    known = scores[scores["value"].notna() & scores["patient"].notna()].drop_duplicates()
    if dated:
        known = known[known["day"].notna()]
    rivals = known.duplicated(["patient", "day"])
    first = known.assign(row=known.index).groupby(["patient", "day"], dropna=False)["row"].transform("first")
    return first[rivals].astype(float).reindex(scores.index)
