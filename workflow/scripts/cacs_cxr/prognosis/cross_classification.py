"""Actual against predicted categories by outcome: events in each of their cells, and within discordant patients."""

import numpy as np
import pandas as pd

from cacs_cxr.prognosis.cox import cox_regression
from cacs_cxr.prognosis.follow_up import DAYS_PER_YEAR, joined_notes
from cacs_cxr.prognosis.incidence import exact_rate
from cacs_cxr.prognosis.kaplan_meier import kaplan_meier
from cacs_cxr.prognosis.logrank import log_rank_scores, overall_test
from cacs_cxr.prognosis.paired_follow_up import PairedFollowUp
from cacs_cxr.prognosis.pooling import half_width, two_sided_p
from cacs_cxr.study import Study

CELL_COLUMNS = [
    "site", "actual", "predicted", "n", "events", "person_years", "rate_per_1000", "low", "high", "horizon_years",
    "risk", "risk_low", "risk_high", "note",
]  # fmt: skip
DISCORDANT_COLUMNS = [
    "site", "threshold", "group", "reference", "n", "events", "person_years", "rate_per_1000", "rate_low", "rate_high",
    "reference_n", "reference_events", "hr", "low", "high", "p", "logrank_p", "note",
]  # fmt: skip
LOW_LOW, HIGH_LOW, LOW_HIGH, HIGH_HIGH = QUARTERS = (
    "both below", "predicted above, actual below", "predicted below, actual above", "both above",
)  # fmt: skip
REFERENCES = (
    (HIGH_LOW, LOW_LOW),
    (LOW_HIGH, LOW_LOW),
    (HIGH_HIGH, LOW_LOW),
    (LOW_HIGH, HIGH_HIGH),
    (HIGH_LOW, HIGH_HIGH),
)


def cell_table(pair: PairedFollowUp, study: Study, *, horizon_years: float) -> pd.DataFrame:
    """Events, rate and risk of every pair of actual and predicted category, `CELL_COLUMNS`; margins are ``all``."""
    rows = []
    names = [*study.categories, "all"]
    for actual in range(len(names)):
        for predicted in range(len(names)):
            here = (actual == len(study.categories)) | (pair.actual == actual)
            here = here & ((predicted == len(study.categories)) | (pair.predicted == predicted))
            time, event = pair.time[here], pair.event[here]
            years = float(time.sum()) / DAYS_PER_YEAR
            rate, low, high = exact_rate(int(event.sum()), years / 1000)
            risk, upper, lower = np.nan, np.nan, np.nan
            if time.size:
                risk, _, lower, upper = kaplan_meier(time, event).at(horizon_years * DAYS_PER_YEAR)
                if risk == 1:
                    lower, upper = np.nan, np.nan
            rows.append(
                {
                    "site": pair.site,
                    "actual": names[actual],
                    "predicted": names[predicted],
                    "n": time.size,
                    "events": int(event.sum()),
                    "person_years": years,
                    "rate_per_1000": rate,
                    "low": low,
                    "high": high,
                    "horizon_years": horizon_years,
                    "risk": 1 - risk,
                    "risk_low": 1 - upper,
                    "risk_high": 1 - lower,
                    "note": joined_notes("" if time.size else "no patients", pair.remark),
                }
            )
    return pd.DataFrame(rows, columns=CELL_COLUMNS)


def quarters(pair: PairedFollowUp, cut: int) -> np.ndarray:
    """Place in `QUARTERS` of each patient, above meaning a category of at least `cut` [n]."""
    return np.asarray((pair.predicted >= cut).astype(int) + 2 * (pair.actual >= cut))


def discordant_table(pair: PairedFollowUp, study: Study, *, minimum_events: int) -> pd.DataFrame:
    """Patients whom prediction and score put on different sides of a threshold, against those of one mind.

    A row a threshold, group and reference, `DISCORDANT_COLUMNS`: unadjusted hazard ratio where both have enough events,
    log-rank p-value in any case. If the predicted side were all that matters, discordant patients would fare as those
    whom both put on the predicted side.
    """
    rows = []
    for cut, threshold in enumerate(study.thresholds, start=1):
        place = quarters(pair, cut)
        for group, reference in REFERENCES:
            own, other = (place == QUARTERS.index(name) for name in (group, reference))
            both = own | other
            events, others = int(pair.event[own].sum()), int(pair.event[other].sum())
            years = float(pair.time[own].sum()) / DAYS_PER_YEAR
            rate, low, high = exact_rate(events, years / 1000)
            row: dict[str, object] = {
                "site": pair.site,
                "threshold": threshold.name,
                "group": group,
                "reference": reference,
                "n": int(own.sum()),
                "events": events,
                "person_years": years,
                "rate_per_1000": rate,
                "rate_low": low,
                "rate_high": high,
                "reference_n": int(other.sum()),
                "reference_events": others,
            }
            test = overall_test(log_rank_scores(pair.time[both], pair.event[both], own[both], groups=2))
            row["logrank_p"] = test.p
            reason = ""
            if min(events, others) < max(minimum_events, 1):
                reason = f"fewer than {minimum_events} events in one of the two groups"
            else:
                fit = cox_regression(pair.time[both], pair.event[both], own[both].astype(float)[:, np.newaxis])
                value, se = float(fit.coefficients[0]), float(np.sqrt(fit.covariance[0, 0]))
                half = half_width(se, df=np.inf)
                row |= {
                    "hr": float(np.exp(value)),
                    "low": float(np.exp(value - half)),
                    "high": float(np.exp(value + half)),
                    "p": two_sided_p(value, se, df=np.inf),
                }
            row["note"] = joined_notes(f"hazard ratio not estimable: {reason}" if reason else "", pair.remark)
            rows.append(row)
    return pd.DataFrame(rows, columns=DISCORDANT_COLUMNS)
