"""Events, person-years, exact rates and Kaplan-Meier risks of every category."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cacs_cxr.distributions import chi_squared_quantile
from cacs_cxr.prognosis.follow_up import DAYS_PER_YEAR, GroupedFollowUp, joined_notes
from cacs_cxr.prognosis.kaplan_meier import kaplan_meier, median_follow_up
from cacs_cxr.study import Study

ALL = "all"
COLUMNS = [
    "site", "grouping", "category", "n", "events", "person_years", "rate_per_1000", "low", "high",
    "median_followup_days",
]  # fmt: skip


def exact_rate(events: int, person_time: float) -> tuple[float, float, float]:
    """Rate with its exact Poisson 95 % interval, per unit of person-time; NaN without person-time."""
    if person_time <= 0:
        return np.nan, np.nan, np.nan
    low = chi_squared_quantile(0.025, 2 * events) / 2 if events else 0.0
    high = chi_squared_quantile(0.975, 2 * events + 2) / 2
    return events / person_time, low / person_time, high / person_time


def risk_columns(horizons_years: Sequence[float]) -> list[str]:
    """Names of the columns of the risks: ``risk_5y``, ``risk_5y_low``, ``risk_5y_high``."""
    return [f"risk_{years:g}y{suffix}" for years in horizons_years for suffix in ("", "_low", "_high")]


def incidence_table(group: GroupedFollowUp, study: Study, *, horizons_years: Sequence[float]) -> pd.DataFrame:
    """Description of each category and, in a last row ``all``, of all patients.

    Args:
        group: patients with follow-up.
        study: names of the categories.
        horizons_years: years at which 1 - Kaplan-Meier is given; NaN where follow-up ends before.

    Returns:
        `COLUMNS`, `risk_columns` and note; rates per 1,000 person-years, a year being 365.25 days.
    """
    rows = []
    for code, category in [*enumerate(study.categories), (-1, ALL)]:
        part = group.chosen((group.category == code) | (code < 0))
        events = int(part.event.sum())
        person_years = float(part.time.sum()) / DAYS_PER_YEAR
        rate, low, high = exact_rate(events, person_years / 1000)
        row: dict[str, object] = {
            "site": group.site,
            "grouping": group.grouping,
            "category": category,
            "n": part.time.size,
            "events": events,
            "person_years": person_years,
            "rate_per_1000": rate,
            "low": low,
            "high": high,
            "median_followup_days": median_follow_up(part.time, part.code),
        }
        notes = []
        for years in horizons_years:
            survival, lower, upper = np.nan, np.nan, np.nan
            if part.time.size:
                survival, _, lower, upper = kaplan_meier(part.time, part.event).at(round(years * DAYS_PER_YEAR))
                if np.isnan(survival):
                    notes.append(f"risk at {years:g} years not estimable: follow-up ends earlier")
                elif survival == 1:
                    lower, upper = np.nan, np.nan
                    notes.append(f"interval of the risk at {years:g} years not estimable: no events until then")
            row |= dict(zip(risk_columns([years]), (1 - survival, 1 - upper, 1 - lower), strict=True))
        if not part.time.size:
            notes.append("not estimable: no patients with follow-up")
        rows.append({**row, "note": joined_notes(*notes, group.remark)})
    return pd.DataFrame(rows, columns=[*COLUMNS, *risk_columns(horizons_years), "note"])
