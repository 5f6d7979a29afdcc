"""What is reported where hazards are not proportional: hazard ratios by period, or differences of restricted means."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cacs_cxr.distributions import chi_squared_tail
from cacs_cxr.prognosis.cox import cox_regression
from cacs_cxr.prognosis.design import category_terms, columns_of, factor_terms, independent
from cacs_cxr.prognosis.follow_up import DAYS_PER_YEAR, GroupedFollowUp, joined_notes
from cacs_cxr.prognosis.pooled_models import NO_TEST
from cacs_cxr.prognosis.pooling import PooledTest, half_width, pool, pooled_wald_test, two_sided_p
from cacs_cxr.prognosis.restricted_mean import mean_difference, restricted_mean
from cacs_cxr.study import Study

TIME_SPLIT, RESTRICTED_MEAN = REMEDIES = ("time_split", "restricted_mean")
PERIOD_COLUMNS = [
    "site", "grouping", "category", "from_years", "to_years", "n", "events", "hr", "low", "high", "p",
    "change_chi2", "change_df", "change_p", "imputations", "note",
]  # fmt: skip
MEAN_COLUMNS = [
    "site", "grouping", "category", "horizon_years", "n", "events", "mean_days", "se", "difference_days",
    "difference_se", "low", "high", "p", "note",
]  # fmt: skip


def split_rows(group: GroupedFollowUp, cut: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Follow-up cut at a day: patient, entry, end, event and period (0 or 1) of every row."""
    late = np.flatnonzero(group.time > cut)
    patient = np.concatenate([np.arange(group.time.size), late])
    entry = np.concatenate([np.full(group.time.size, -1.0), np.full(late.size, cut)])
    end = np.concatenate([np.minimum(group.time, cut), group.time[late].astype(float)])
    event = np.concatenate([group.event & (group.time <= cut), group.event[late]])
    return patient, entry, end, event, np.repeat([0, 1], [group.time.size, late.size])


def period_table(group: GroupedFollowUp, study: Study, *, split_years: float, minimum_events: int) -> pd.DataFrame:
    """Adjusted hazard ratios of the categories before and after a time, `PERIOD_COLUMNS`.

    One Cox model of rows by period (Therneau, Crowson and Atkinson, Using time dependent covariates in the Cox model),
    with the categories' coefficients by period and one for each factor. `change_p` is the Wald test that the periods do
    not differ, over all categories; pooled over imputed data sets by D1.
    """
    cut = split_years * DAYS_PER_YEAR
    sets = group.completed()
    first = sets[0]
    periods = ((0.0, split_years), (split_years, np.nan))
    events = np.array(
        [
            [
                int((first.event & (first.category == code) & ((first.time <= cut) == (number == 0))).sum())
                for code in range(len(study.categories))
            ]
            for number in range(2)
        ]
    )
    enough = events >= max(minimum_events, 1)
    names = [
        (number, code)
        for number in range(2)
        for code in range(1, len(study.categories))
        if enough[number, 0] and enough[number, code]
    ]
    size = 0
    coefficients, covariances, failure = [], [], "" if names else "too few events in every period"
    for patients in sets if names else ():
        patient, entry, end, event, period = split_rows(patients, cut)
        own = columns_of(category_terms(patients, study), n=patients.time.size)[patient]
        categories = [column * (period == number) for number in range(2) for column in own.T]
        factors = factor_terms(patients, study)
        known = independent(factors, np.ones(patients.time.size, dtype=bool))
        kept = [term for term, keep in zip(factors, known, strict=True) if keep]
        columns = [*categories, *columns_of(kept, n=patients.time.size)[patient].T]
        used = [place for place, column in enumerate(columns) if np.ptp(column) > 0]
        fit = cox_regression(end, event, np.stack([columns[place] for place in used], axis=1), entry=entry)
        size = len(used)
        wanted = [number * (len(study.categories) - 1) + code - 1 for number, code in names]
        if fit.failure or any(place not in used or fit.unbounded[used.index(place)] for place in wanted):
            failure = fit.failure or "an estimate grows without bound"
            break
        places = [used.index(place) for place in wanted]
        coefficients.append(fit.coefficients[places])
        covariances.append(fit.covariance[np.ix_(places, places)])
    free = max(int(first.event.sum()) - size, 1)
    estimates = _period_estimates(coefficients, covariances, complete_df=free) if not failure else None
    change = _change(coefficients, covariances, names) if not failure else NO_TEST
    rows = []
    for number, (start, stop) in enumerate(periods):
        at_risk = first.time > (0 if number == 0 else cut)
        for code in range(1, len(study.categories)):
            row: dict[str, object] = {
                "site": group.site,
                "grouping": group.grouping,
                "category": study.categories[code],
                "from_years": start,
                "to_years": stop,
                "n": int((at_risk & (first.category == code)).sum()),
                "events": int(events[number, code]),
                "change_chi2": change.statistic,
                "change_df": change.df,
                "change_p": change.p,
                "imputations": len(sets) if len(sets) > 1 else 0,
            }
            reason = failure or ("" if (number, code) in names else _few(events[number], code, minimum_events))
            if estimates is not None and not reason:
                row |= estimates[names.index((number, code))]
            row["note"] = joined_notes(f"not estimable: {reason}" if reason else "", group.remark)
            rows.append(row)
    return pd.DataFrame(rows, columns=PERIOD_COLUMNS)


def mean_table(group: GroupedFollowUp, study: Study, *, horizon_years: float) -> pd.DataFrame:
    """Restricted mean time free of the event by category, and its difference from the lowest, `MEAN_COLUMNS`."""
    horizon = horizon_years * DAYS_PER_YEAR
    means = []
    for code in range(len(study.categories)):
        rows = group.category == code
        means.append(restricted_mean(group.time[rows], group.event[rows], horizon=horizon))
    result = []
    for code, category in enumerate(study.categories):
        rows = group.category == code
        row: dict[str, object] = {
            "site": group.site,
            "grouping": group.grouping,
            "category": category,
            "horizon_years": horizon_years,
            "n": int(rows.sum()),
            "events": int((group.event & rows & (group.time <= horizon)).sum()),
            "mean_days": means[code].days,
            "se": means[code].se,
        }
        reason = "" if np.isfinite(means[code].days) else "follow-up of this category ends earlier"
        if code and not reason:
            reason = "" if np.isfinite(means[0].days) else "follow-up of the lowest category ends earlier"
            difference, se, low, high, p = mean_difference(means[code], means[0])
            row |= {"difference_days": difference, "difference_se": se, "low": low, "high": high, "p": p}
        row["note"] = joined_notes(f"not estimable: {reason}" if reason else "", group.remark)
        result.append(row)
    return pd.DataFrame(result, columns=MEAN_COLUMNS)


def _few(events: np.ndarray, code: int, minimum: int) -> str:
    few = 0 if events[0] < max(minimum, 1) else code
    kind = "the lowest category" if few == 0 else "the category"
    number = int(events[few])
    return f"{number} event{'s' if number != 1 else ''} of {kind} in this period, fewer than {minimum}"


def _period_estimates(
    coefficients: Sequence[np.ndarray], covariances: Sequence[np.ndarray], *, complete_df: float
) -> list[dict[str, float]]:
    if len(coefficients) > 1:
        pooled = pool(np.array(coefficients), np.array(covariances), complete_df=complete_df)
        values, errors, df = pooled.coefficients, np.sqrt(np.diag(pooled.covariance)), pooled.df
    else:
        values, errors = coefficients[0], np.sqrt(np.diag(covariances[0]))
        df = np.full(values.size, np.inf)
    return [
        {
            "hr": float(np.exp(value)),
            "low": float(np.exp(value - half_width(float(se), df=float(free)))),
            "high": float(np.exp(value + half_width(float(se), df=float(free)))),
            "p": two_sided_p(float(value), float(se), df=float(free)),
        }
        for value, se, free in zip(values, errors, df, strict=True)
    ]


def _change(
    coefficients: Sequence[np.ndarray], covariances: Sequence[np.ndarray], names: Sequence[tuple[int, int]]
) -> PooledTest:
    """Wald test that coefficients known in both periods are equal."""
    codes = [code for number, code in names if number == 0 and (1, code) in names]
    if not codes:
        return NO_TEST
    contrast = np.zeros((len(codes), len(names)))
    for row, code in enumerate(codes):
        contrast[row, names.index((0, code))], contrast[row, names.index((1, code))] = -1, 1
    values = [contrast @ one for one in coefficients]
    spreads = [contrast @ one @ contrast.T for one in covariances]
    if len(values) > 1:
        return pooled_wald_test(pool(np.array(values), np.array(spreads)), np.arange(len(codes)))
    statistic = float(values[0] @ np.linalg.solve(spreads[0], values[0]))
    return PooledTest(statistic, len(codes), np.inf, chi_squared_tail(statistic, len(codes)))
