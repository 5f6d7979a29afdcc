"""Tables of Cox models by category: hazard ratios, tests of the categories, and concordance."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import chi2 as chi2_distribution
from scipy.stats import norm

from cacs_cxr.prognosis.concordance import concordance
from cacs_cxr.prognosis.design import Term, category_terms, complete_cases, factor_terms, trend_term
from cacs_cxr.prognosis.follow_up import GroupedFollowUp, joined_notes
from cacs_cxr.prognosis.models import FittedModel, fit_model
from cacs_cxr.study import Study

UNADJUSTED, ADJUSTED = ADJUSTMENTS = ("unadjusted", "adjusted")
COX_COLUMNS = [
    "site", "grouping", "adjustment", "term", "n", "events", "term_n", "term_events",
    "coefficient", "se", "hr", "low", "high", "p", "note",
]  # fmt: skip
TEST_COLUMNS = ["site", "grouping", "adjustment", "test", "chi2", "df", "p", "hr", "low", "high", "note"]
CONCORDANCE_COLUMNS = ["site", "grouping", "adjustment", "n", "events", "c", "se", "low", "high", "note"]


def cox_table(group: GroupedFollowUp, study: Study, *, minimum_events: int) -> pd.DataFrame:
    """Hazard ratios of the categories against the lowest, and of the factors, unadjusted and adjusted.

    Both models have the same patients: those with every factor known. A category's ratio is given only where it and the
    lowest category have enough events; it stays in the model all the same, so that the other terms mean what they say.

    Args:
        group: patients with follow-up.
        study: categories and factors.
        minimum_events: least number of events in a category and in the lowest one.

    Returns:
        `COX_COLUMNS`, one row a term: n and events are those of the model, term_n and term_events those of the category
        or of the level coded 1 (empty for continuous factors); hazard ratios per one unit of a factor.
    """
    patients = complete_cases(group)
    rows = []
    for adjustment, factors in _adjustments(patients, study):
        categories = category_terms(patients, study)
        fit = fit_model(patients.time, patients.event, [*categories, *factors])
        notes = _few_events(patients, study, minimum=minimum_events) + [""] * len(factors)
        for place, term in enumerate([*categories, *factors]):
            reason = fit.failure or notes[place] or fit.reasons[place]
            own = term.levels[1] if term.levels else None
            rows.append(
                {
                    "site": group.site,
                    "grouping": group.grouping,
                    "adjustment": adjustment,
                    "term": term.name,
                    "n": patients.time.size,
                    "events": int(patients.event.sum()),
                    "term_n": np.nan if own is None else int(own.sum()),
                    "term_events": np.nan if own is None else int(patients.event[own].sum()),
                    **_estimate(fit, place, estimable=not reason),
                    "note": joined_notes(f"not estimable: {reason}" if reason else "", group.remark),
                }
            )
    return pd.DataFrame(rows, columns=COX_COLUMNS).astype({"term_n": "Int64", "term_events": "Int64"})


def cox_test_table(group: GroupedFollowUp, study: Study) -> pd.DataFrame:
    """Tests of the Cox models with `TEST_COLUMNS`.

    Tests ``model likelihood ratio``, ``model wald`` and ``model score`` are of all terms; ``category likelihood ratio``
    and ``category wald`` of the categories beyond the factors; ``category trend`` of their order, with the hazard ratio
    of one step up. A likelihood ratio stands also where a category has no events; a Wald test does not.
    """
    patients = complete_cases(group)
    rows = []
    for adjustment, factors in _adjustments(patients, study):
        categories = category_terms(patients, study)
        full = fit_model(patients.time, patients.event, [*categories, *factors])
        without = fit_model(patients.time, patients.event, factors)
        trend = fit_model(patients.time, patients.event, [trend_term(patients), *factors])
        size = len(categories)
        tests: list[tuple[str, float, int]] = [
            ("model likelihood ratio", 2 * (full.loglik - full.loglik_null), full.parameters),
            ("model wald", *_wald(full, range(size + len(factors)))),
            ("model score", full.score, full.parameters),
            ("category likelihood ratio", 2 * (full.loglik - without.loglik), full.parameters - without.parameters),
            ("category wald", *_wald(full, range(size))),
            ("category trend", *_wald(trend, [0])),
        ]
        for name, statistic, df in tests:
            estimable = np.isfinite(statistic) and df > 0
            step = _estimate(trend, 0, estimable=estimable and name == "category trend")
            reasons = trend.reasons[:1] if name == "category trend" else full.reasons
            reason = next((text for text in (full.failure, *reasons) if text), "nothing to test")
            rows.append(
                {
                    "site": group.site,
                    "grouping": group.grouping,
                    "adjustment": adjustment,
                    "test": name,
                    "chi2": statistic if estimable else np.nan,
                    "df": df,
                    "p": float(chi2_distribution.sf(statistic, df)) if estimable else np.nan,
                    **{key: step[key] for key in ("hr", "low", "high")},
                    "note": joined_notes("" if estimable else f"not estimable: {reason}", group.remark),
                }
            )
    return pd.DataFrame(rows, columns=TEST_COLUMNS)


def concordance_table(group: GroupedFollowUp, study: Study) -> pd.DataFrame:
    """Harrell's C of the linear predictor of each model, with `CONCORDANCE_COLUMNS`.

    The models are fitted on the patients on whom C is measured, so that C is optimistic by a little.
    """
    patients = complete_cases(group)
    rows = []
    for adjustment, factors in _adjustments(patients, study):
        fit = fit_model(patients.time, patients.event, [*category_terms(patients, study), *factors])
        c, se, low, high, reason = np.nan, np.nan, np.nan, np.nan, fit.failure
        if not fit.failure:
            result = concordance(patients.time, patients.event, fit.predictor)
            c, se, (low, high) = result.c, result.se, result.interval
            reason = "" if np.isfinite(c) else "no two patients whose order of events is known"
        rows.append(
            {
                "site": group.site,
                "grouping": group.grouping,
                "adjustment": adjustment,
                "n": patients.time.size,
                "events": int(patients.event.sum()),
                "c": c,
                "se": se,
                "low": low,
                "high": high,
                "note": joined_notes(f"not estimable: {reason}" if reason else "", group.remark),
            }
        )
    return pd.DataFrame(rows, columns=CONCORDANCE_COLUMNS)


def _adjustments(patients: GroupedFollowUp, study: Study) -> list[tuple[str, list[Term]]]:
    return [(UNADJUSTED, []), (ADJUSTED, factor_terms(patients, study))]


def _few_events(patients: GroupedFollowUp, study: Study, *, minimum: int) -> list[str]:
    """Why the ratio of each category above the lowest must not be given; empty where it may."""
    events = [int(patients.event[patients.category == code].sum()) for code in range(len(study.categories))]
    sizes = [int((patients.category == code).sum()) for code in range(len(study.categories))]

    def few(code: int, kind: str) -> str:
        name = study.categories[code]
        if sizes[code] == 0:
            return f"no patients in {kind} {name}"
        number = f"{events[code]} event{'s' if events[code] != 1 else ''}"
        return f"{number} in {kind} {name}, fewer than {minimum}" if events[code] < max(minimum, 1) else ""

    return [few(0, "reference category") or few(code, "category") for code in range(1, len(study.categories))]


def _estimate(fit: FittedModel, place: int, *, estimable: bool) -> dict[str, float]:
    coefficient = float(fit.coefficients[place]) if estimable else np.nan
    se = float(np.sqrt(fit.covariance[place, place])) if estimable else np.nan
    half = float(norm.isf(0.025)) * se
    return {
        "coefficient": coefficient,
        "se": se,
        "hr": float(np.exp(coefficient)),
        "low": float(np.exp(coefficient - half)),
        "high": float(np.exp(coefficient + half)),
        "p": float(2 * norm.sf(abs(coefficient / se))) if estimable else np.nan,
    }


def _wald(fit: FittedModel, places: Sequence[int]) -> tuple[float, int]:
    """Wald statistic of some terms and its degrees of freedom; NaN unless all of them are estimable."""
    chosen: npt.NDArray[np.intp] = np.array(places, dtype=np.intp)
    values = fit.coefficients[chosen]
    if not chosen.size or np.isnan(values).any():
        return np.nan, chosen.size
    return float(values @ np.linalg.solve(fit.covariance[np.ix_(chosen, chosen)], values)), chosen.size
