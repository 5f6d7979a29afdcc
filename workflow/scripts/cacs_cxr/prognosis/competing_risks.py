"""Competing events by category: incidence beside one minus Kaplan-Meier, cause-specific and subdistribution hazards."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cacs_cxr.prognosis.absolute_risk import observed_risk
from cacs_cxr.prognosis.cumulative_incidence import CAUSES, cumulative_incidence
from cacs_cxr.prognosis.design import Term, category_terms, columns_of, factor_terms, independent
from cacs_cxr.prognosis.fine_gray import fine_gray
from cacs_cxr.prognosis.follow_up import COMPETING, DAYS_PER_YEAR, EVENT, GroupedFollowUp, joined_notes
from cacs_cxr.prognosis.logrank import log_rank_scores, overall_test
from cacs_cxr.prognosis.models import fit_model
from cacs_cxr.prognosis.pooling import half_width, pool, two_sided_p
from cacs_cxr.study import Study

INCIDENCE_COLUMNS = [
    "site", "grouping", "category", "cause", "horizon_years", "n", "events", "incidence", "se", "low", "high",
    "one_minus_kaplan_meier", "note",
]  # fmt: skip
HAZARD_COLUMNS = [
    "site", "grouping", "method", "cause", "term", "n", "events", "coefficient", "se", "hr", "low", "high", "p",
    "logrank_p", "imputations", "note",
]  # fmt: skip
CAUSE_SPECIFIC, FINE_GRAY = METHODS = ("cause-specific", "Fine-Gray")
NO_COMPETING = "no competing event is recorded at this site"


def incidence_at_horizons(group: GroupedFollowUp, study: Study, *, horizons_years: Sequence[float]) -> pd.DataFrame:
    """Cumulative incidence of both causes of every category at the horizons, `INCIDENCE_COLUMNS`.

    Beside the event's incidence stands one minus Kaplan-Meier, which takes the competing event away instead of letting
    it compete, and is never smaller.
    """
    rows = []
    for number, category in enumerate(study.categories):
        here = group.category == number
        time, codes = group.time[here], group.code[here]
        for code, cause in CAUSES.items():
            for years in horizons_years:
                day = round(years * DAYS_PER_YEAR)
                row: dict[str, object] = {
                    "site": group.site,
                    "grouping": group.grouping,
                    "category": category,
                    "cause": cause,
                    "horizon_years": years,
                    "n": int(here.sum()),
                    "events": int(((codes == code) & (time <= day)).sum()),
                }
                reason = "" if here.any() else "no patients with follow-up"
                if here.any():
                    value, se, low, high = cumulative_incidence(time, codes, cause=code).at(day)
                    naive = observed_risk(time, codes == code, horizon=day)[0]
                    row |= {"incidence": value, "se": se, "low": low, "high": high, "one_minus_kaplan_meier": naive}
                    reason = "follow-up ends earlier" if np.isnan(value) else ""
                row["note"] = joined_notes(f"not estimable: {reason}" if reason else "", group.remark)
                rows.append(row)
    return pd.DataFrame(rows, columns=INCIDENCE_COLUMNS)


def competing_hazards(group: GroupedFollowUp, study: Study, *, minimum_events: int) -> pd.DataFrame:
    """Adjusted hazard ratios of the categories on each cause-specific hazard and on the event's subdistribution hazard.

    Cause-specific ratios, `HAZARD_COLUMNS`, tell of the rate among those free of any event; Fine and Gray's of the
    incidence, with standard errors that take the censoring distribution as known. `logrank_p` is the test of all
    categories on the same cause-specific hazard. Over imputed data sets coefficients are pooled.
    """
    sets = group.completed()
    first = sets[0]
    rows: list[dict[str, object]] = []
    for method, code in ((CAUSE_SPECIFIC, EVENT), (CAUSE_SPECIFIC, COMPETING), (FINE_GRAY, EVENT)):
        happened = first.code == code
        events = [int((happened & (first.category == level)).sum()) for level in range(len(study.categories))]
        failure = "" if (first.code == COMPETING).any() else NO_COMPETING
        estimates = None if failure else [_fitted(patients, study, code=code, method=method) for patients in sets]
        test = overall_test(log_rank_scores(first.time, happened, first.category, groups=len(study.categories)))
        for level in range(1, len(study.categories)):
            reason = failure
            if not reason and min(events[0], events[level]) < max(minimum_events, 1):
                reason = f"fewer than {minimum_events} events in the category or the lowest one"
            row: dict[str, object] = {
                "site": group.site,
                "grouping": group.grouping,
                "method": method,
                "cause": CAUSES[code],
                "term": f"category[{study.categories[level]}]",
                "n": first.time.size,
                "events": int(happened.sum()),
                "logrank_p": np.nan if failure or method == FINE_GRAY else test.p,
                "imputations": len(sets) if len(sets) > 1 else 0,
            }
            if not reason and estimates is not None:
                values = np.array([one[0][level - 1] for one in estimates])
                variances = np.array([one[1][level - 1] for one in estimates])
                reason = "" if np.isfinite(values).all() else "the model has no estimate of it"
                free = max(int(happened.sum()) - estimates[0][2], 1)
                row |= _ratio(values, variances, complete_df=free) if not reason else {}
            row["note"] = joined_notes(f"not estimable: {reason}" if reason else "", group.remark)
            rows.append(row)
    return pd.DataFrame(rows, columns=HAZARD_COLUMNS)


def _fitted(patients: GroupedFollowUp, study: Study, *, code: int, method: str) -> tuple[np.ndarray, np.ndarray, int]:
    """Coefficients and variances of the category terms of one data set, NaN where not estimable, and how many
    coefficients the model has.
    """
    terms: list[Term] = [*category_terms(patients, study), *factor_terms(patients, study)]
    size = len(study.categories) - 1
    if method == CAUSE_SPECIFIC:
        fit = fit_model(patients.time, patients.code == code, terms)
        estimable = int(np.isfinite(fit.coefficients).sum())
        return fit.coefficients[:size], np.diag(fit.covariance)[:size], estimable
    happened = patients.code == code
    if not happened.any():
        return np.full(size, np.nan), np.full(size, np.nan), 0
    kept = independent(terms, patients.time >= patients.time[happened].min())
    # A level without events has no finite estimate: it joins the reference, and its own estimate is withheld.
    bare = [bool(term.levels) and not all(happened[level].any() for level in term.levels[1:]) for term in terms]
    chosen = [place for place, keep in enumerate(kept) if keep and not bare[place]]
    coefficients, variances = np.full(len(terms), np.nan), np.full(len(terms), np.nan)
    if chosen:
        result = fine_gray(
            patients.time,
            patients.code,
            columns_of([terms[place] for place in chosen], n=patients.time.size),
            cause=code,
        )
        coefficients[chosen], variances[chosen] = result.coefficients, np.diag(result.covariance)
    return coefficients[:size], variances[:size], len(chosen)


def _ratio(values: np.ndarray, variances: np.ndarray, *, complete_df: float) -> dict[str, float]:
    df = np.inf
    coefficient, se = float(values[0]), float(np.sqrt(variances[0]))
    if values.size > 1:
        pooled = pool(values[:, np.newaxis], variances[:, np.newaxis, np.newaxis], complete_df=complete_df)
        coefficient, se = float(pooled.coefficients[0]), float(np.sqrt(pooled.covariance[0, 0]))
        df = float(pooled.df[0])
    half = half_width(se, df=df)
    return {
        "coefficient": coefficient,
        "se": se,
        "hr": float(np.exp(coefficient)),
        "low": float(np.exp(coefficient - half)),
        "high": float(np.exp(coefficient + half)),
        "p": two_sided_p(coefficient, se, df=df),
    }
