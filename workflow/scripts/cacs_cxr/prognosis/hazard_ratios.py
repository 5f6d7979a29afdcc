"""Tables of Cox models by category: hazard ratios, tests of the categories, and concordance."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from cacs_cxr.prognosis.concordance import Concordance, concordance
from cacs_cxr.prognosis.design import Term, category_terms, factor_terms, trend_term
from cacs_cxr.prognosis.follow_up import GroupedFollowUp, joined_notes
from cacs_cxr.prognosis.pooled_models import PooledModel, chi_squared_test, fit_pooled, wald_test
from cacs_cxr.prognosis.pooling import half_width, pool, pooled_proportion, two_sided_p
from cacs_cxr.study import Study

UNADJUSTED, ADJUSTED = ADJUSTMENTS = ("unadjusted", "adjusted")
NOTHING_MISSING, COMPLETE_CASE, IMPUTED = ("none", "complete_case", "multiple_imputation")
COX_COLUMNS = [
    "site", "grouping", "adjustment", "term", "n", "events", "term_n", "term_events",
    "coefficient", "se", "hr", "low", "high", "p", "missing", "n_missing", "imputations", "df", "fmi", "note",
]  # fmt: skip
TEST_COLUMNS = [
    "site", "grouping", "adjustment", "test", "chi2", "df", "residual_df", "p", "hr", "low", "high", "missing",
    "events", "parameters", "events_per_parameter", "note",
]  # fmt: skip
CONCORDANCE_COLUMNS = [
    "site", "grouping", "adjustment", "n", "events", "c", "se", "low", "high", "missing", "n_missing", "fmi", "note",
]  # fmt: skip


def cox_table(group: GroupedFollowUp, study: Study, *, minimum_events: int) -> pd.DataFrame:
    """Hazard ratios of the categories against the lowest, and of the factors, unadjusted and adjusted.

    Both models have the same patients: all where missing factors were imputed, otherwise those with every factor known.
    A category's ratio is given only where it and the lowest category have enough events; it stays in the model all the
    same, so that the other terms mean what they say.

    Args:
        group: patients with follow-up.
        study: categories and factors.
        minimum_events: least number of events in a category and in the lowest one.

    Returns:
        `COX_COLUMNS`, one row a term: n and events are those of the model, term_n and term_events those of the category
        or of the level coded 1 (empty for continuous factors; means over the data sets where its values are imputed);
        hazard ratios per one unit of a factor; missing is what was done about the n_missing patients without all
        factors; df and fmi are infinite and empty where nothing was pooled.
    """
    sets = group.completed()
    patients = sets[0]
    rows = []
    for adjustment, terms in adjustments(study):
        fit = fit_pooled(sets, terms)
        notes = few_events(patients, study, minimum=minimum_events)
        designs = [terms(completed) for completed in sets]
        for place, term in enumerate(designs[0]):
            few = notes[place] if place < len(notes) else ""
            reason = fit.failure or few or fit.reasons[place]
            own = [design[place].levels[1] for design in designs if term.levels]
            pooled = fit.pooled and not reason
            rows.append(
                {
                    "site": group.site,
                    "grouping": group.grouping,
                    "adjustment": adjustment,
                    "term": term.name,
                    "n": patients.time.size,
                    "events": int(patients.event.sum()),
                    "term_n": round(float(np.mean([level.sum() for level in own]))) if own else None,
                    "term_events": round(float(np.mean([patients.event[level].sum() for level in own])))
                    if own
                    else None,
                    **_estimate(fit, place, estimable=not reason),
                    **_missing(group),
                    "imputations": len(sets) if fit.pooled else 0,
                    "df": fit.df[place] if pooled else np.nan,
                    "fmi": fit.fmi[place] if pooled else np.nan,
                    "note": joined_notes(
                        f"not estimable: {reason}" if reason else "",
                        f"{len(sets)} imputations, fraction of missing information {fit.fmi[place]:.2f}"
                        if pooled
                        else "",
                        group.remark,
                    ),
                }
            )
    return pd.DataFrame(rows, columns=COX_COLUMNS).astype({"term_n": "Int64", "term_events": "Int64"})


def cox_test_table(group: GroupedFollowUp, study: Study) -> pd.DataFrame:
    """Tests of the Cox models with `TEST_COLUMNS`.

    Tests ``model likelihood ratio``, ``model wald`` and ``model score`` are of all terms; ``category likelihood ratio``
    and ``category wald`` of the categories beyond the factors; ``category trend`` of their order, with the hazard ratio
    of one step up. A likelihood ratio stands also where a category has no events; a Wald test does not. Over imputed
    data sets Wald tests are D1, the others D2: chi2 is then df times an F statistic on df and residual_df.
    """
    sets = group.completed()
    rows = []
    for adjustment, terms in adjustments(study):
        factors = _factors_of(adjustment, study)
        full = fit_pooled(sets, terms)
        without = fit_pooled(sets, factors)
        trend = fit_pooled(sets, _trend_and(factors))
        size = len(study.categories) - 1
        less = without.fits * len(full.fits) if len(without.fits) < len(full.fits) else without.fits
        parameters = [fit.parameters for fit in full.fits]
        ratios = [2 * (fit.loglik - fit.loglik_null) for fit in full.fits]
        gains = [2 * (fit.loglik - other.loglik) for fit, other in zip(full.fits, less, strict=True)]
        steps = [fit.parameters - other.parameters for fit, other in zip(full.fits, less, strict=True)]
        events = int(sets[0].event.sum())
        tests = {
            "model likelihood ratio": chi_squared_test(ratios, df=parameters),
            "model wald": wald_test(full, range(full.coefficients.size)),
            "model score": chi_squared_test([fit.score for fit in full.fits], df=parameters),
            "category likelihood ratio": chi_squared_test(gains, df=steps),
            "category wald": wald_test(full, range(size)),
            "category trend": wald_test(trend, [0]),
        }
        for name, test in tests.items():
            estimable = np.isfinite(test.statistic)
            tested = trend if name == "category trend" else full
            step = _estimate(trend, 0, estimable=estimable and tested is trend)
            reasons = trend.reasons[:1] if tested is trend else full.reasons
            reason = next((text for text in (full.failure, *reasons) if text), "nothing to test")
            pooled = f"{'D1' if 'wald' in name or tested is trend else 'D2'} of {len(sets)} imputations"
            rows.append(
                {
                    "site": group.site,
                    "grouping": group.grouping,
                    "adjustment": adjustment,
                    "test": name,
                    "chi2": test.statistic,
                    "df": test.df,
                    "residual_df": test.residual_df if np.isfinite(test.residual_df) else np.nan,
                    "p": test.p,
                    **{key: step[key] for key in ("hr", "low", "high")},
                    "missing": _missing(group)["missing"],
                    "events": events,
                    "parameters": size_of(tested),
                    "events_per_parameter": events / size_of(tested) if size_of(tested) else np.nan,
                    "note": joined_notes(
                        "" if estimable else f"not estimable: {reason}",
                        pooled if estimable and tested.pooled else "",
                        group.remark,
                    ),
                }
            )
    return pd.DataFrame(rows, columns=TEST_COLUMNS)


def size_of(model: PooledModel) -> int:
    """Number of independent terms of a model, those of infinite estimate included; 0 without a fit."""
    return model.fits[0].parameters


def concordance_table(group: GroupedFollowUp, study: Study) -> pd.DataFrame:
    """Harrell's C of the linear predictor of each model, with `CONCORDANCE_COLUMNS`.

    The models are fitted on the patients on whom C is measured, so that C is optimistic by a little. Over imputed data
    sets it is pooled on the logit scale.
    """
    sets = group.completed()
    patients = sets[0]
    rows = []
    for adjustment, terms in adjustments(study):
        fit = fit_pooled(sets, terms)
        values = {"c": np.nan, "se": np.nan, "low": np.nan, "high": np.nan, "fmi": np.nan}
        reason = fit.failure
        if not fit.failure:
            values = _pooled_concordance(patients, fit)
            reason = "" if np.isfinite(values["c"]) else "no two patients whose order of events is known"
        rows.append(
            {
                "site": group.site,
                "grouping": group.grouping,
                "adjustment": adjustment,
                "n": patients.time.size,
                "events": int(patients.event.sum()),
                **values,
                **_missing(group),
                "note": joined_notes(
                    f"not estimable: {reason}" if reason else "",
                    f"{len(sets)} imputations" if fit.pooled and not reason else "",
                    group.remark,
                ),
            }
        )
    return pd.DataFrame(rows, columns=CONCORDANCE_COLUMNS)


def _pooled_concordance(patients: GroupedFollowUp, fit: PooledModel) -> dict[str, float]:
    results = [concordance(patients.time, patients.event, one.predictor) for one in fit.fits]
    c, se, low, high = pooled_proportion([result.c for result in results], [result.se for result in results])
    return {"c": c, "se": se, "low": low, "high": high, "fmi": _missing_information(results)}


def _missing_information(results: Sequence[Concordance]) -> float:
    """Fraction of missing information of C on the logit scale; NaN for one data set."""
    c, se = np.array([result.c for result in results]), np.array([result.se for result in results])
    if len(results) == 1 or not (np.isfinite(se).all() and ((c > 0) & (c < 1)).all()):
        return np.nan
    errors = se / (c * (1 - c))
    pooled = pool(np.log(c / (1 - c))[:, np.newaxis], (errors**2)[:, np.newaxis, np.newaxis])
    return float(pooled.fmi[0])


def adjustments(study: Study) -> list[tuple[str, Callable[[GroupedFollowUp], list[Term]]]]:
    """Makers of the terms of both models, the categories first."""
    return [
        (UNADJUSTED, lambda patients: category_terms(patients, study)),
        (ADJUSTED, lambda patients: [*category_terms(patients, study), *factor_terms(patients, study)]),
    ]


def _factors_of(adjustment: str, study: Study) -> Callable[[GroupedFollowUp], list[Term]]:
    return lambda patients: factor_terms(patients, study) if adjustment == ADJUSTED else []


def _trend_and(factors: Callable[[GroupedFollowUp], list[Term]]) -> Callable[[GroupedFollowUp], list[Term]]:
    return lambda patients: [trend_term(patients), *factors(patients)]


def _missing(group: GroupedFollowUp) -> dict[str, object]:
    """What was done about missing factors, and in how many patients."""
    rule = IMPUTED if group.imputed else COMPLETE_CASE if group.incomplete else NOTHING_MISSING
    return {"missing": rule, "n_missing": group.incomplete}


def few_events(patients: GroupedFollowUp, study: Study, *, minimum: int) -> list[str]:
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


def _estimate(fit: PooledModel, place: int, *, estimable: bool) -> dict[str, float]:
    coefficient = float(fit.coefficients[place]) if estimable else np.nan
    se = float(np.sqrt(fit.covariance[place, place])) if estimable else np.nan
    half = half_width(se, df=float(fit.df[place]))
    return {
        "coefficient": coefficient,
        "se": se,
        "hr": float(np.exp(coefficient)),
        "low": float(np.exp(coefficient - half)),
        "high": float(np.exp(coefficient + half)),
        "p": two_sided_p(coefficient, se, df=float(fit.df[place])) if estimable else np.nan,
    }
