"""Categories of few events or none against the lowest: Firth's estimate and intervals by profile likelihood."""

import numpy as np
import pandas as pd

from cacs_cxr.prognosis.design import columns_of, eventless, independent
from cacs_cxr.prognosis.follow_up import GroupedFollowUp, joined_notes
from cacs_cxr.prognosis.hazard_ratios import adjustments, few_events
from cacs_cxr.prognosis.penalised_cox import Penalty, profiled
from cacs_cxr.study import Study

COLUMNS = [
    "site", "grouping", "adjustment", "category", "reason", "method", "n", "events", "hr", "low", "high", "chi2", "p",
    "note",
]  # fmt: skip
METHODS: dict[str, Penalty] = {"profile likelihood": "none", "Firth, profile penalised likelihood": "firth"}


def few_events_table(group: GroupedFollowUp, study: Study, *, minimum_events: int) -> pd.DataFrame:
    """A row for each category whose hazard ratio is withheld and each method, `COLUMNS`; empty where none is.

    Neither method needs Wald's quadratic likelihood: without events on one side a profile likelihood has one finite
    limit, and Firth's estimate is finite (Heinze and Schemper, Biometrics 2001;57:114). Of imputed data sets the first
    is analysed.

    Args:
        group: patients with follow-up.
        study: categories and factors.
        minimum_events: as in the table of hazard ratios.
    """
    patients = group.completed()[0]
    reasons = few_events(patients, study, minimum=minimum_events)
    if not any(reasons) or not patients.event.any():
        return pd.DataFrame(columns=COLUMNS)
    rows = []
    for adjustment, terms in adjustments(study):
        design = terms(patients)
        kept = independent(design, patients.time >= patients.time[patients.event].min())
        # A factor's level without events would leave its own estimate without bound and says nothing of the categories.
        factors = [term for term in design if not term.name.startswith("category[")]
        without = eventless(factors, patients.event)
        chosen = [place for place, keep in enumerate(kept) if keep]
        columns = columns_of([design[place] for place in chosen], n=patients.time.size)
        for place, reason in enumerate(reasons):
            if not reason:
                continue
            for method, penalty in METHODS.items():
                row: dict[str, object] = {
                    "site": group.site,
                    "grouping": group.grouping,
                    "adjustment": adjustment,
                    "category": study.categories[place + 1],
                    "reason": reason,
                    "method": method,
                    "n": int(design[place].levels[1].sum()),
                    "events": int(patients.event[design[place].levels[1]].sum()),
                }
                failure = "" if place in chosen else "no patients in one of the two categories"
                if not failure:
                    try:
                        estimate = profiled(
                            patients.time[~without],
                            patients.event[~without],
                            columns[~without],
                            place=chosen.index(place),
                            penalty=penalty,
                        )
                    except ValueError as error:
                        failure = str(error).rstrip(".")
                    else:
                        row |= {
                            "hr": float(np.exp(estimate.coefficient)),
                            "low": float(np.exp(estimate.low)),
                            "high": float(np.exp(estimate.high)),
                            "chi2": estimate.statistic,
                            "p": estimate.p,
                        }
                row["note"] = joined_notes(f"not estimable: {failure}" if failure else "", group.remark)
                rows.append(row)
    return pd.DataFrame(rows, columns=COLUMNS)
