"""Tables on the proportional hazards of the Cox models: tests by term, and scaled Schoenfeld residuals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.prognosis.cox_residuals import schoenfeld_residuals
from cacs_cxr.prognosis.design import Term, columns_of, eventless
from cacs_cxr.prognosis.follow_up import GroupedFollowUp, joined_notes
from cacs_cxr.prognosis.hazard_ratios import ADJUSTED, adjustments
from cacs_cxr.prognosis.models import FittedModel, fit_model
from cacs_cxr.prognosis.pooled_models import chi_squared_test
from cacs_cxr.prognosis.proportional_hazards import (
    GLOBAL,
    TRANSFORMS,
    ProportionalityTest,
    Transform,
    proportionality_tests,
    scaled_schoenfeld,
    smoothed,
    transformed_time,
)
from cacs_cxr.study import Study

CATEGORY = "category"
TEST_COLUMNS = [
    "site", "grouping", "adjustment", "transform", "term", "chi2", "df", "residual_df", "p", "alpha", "violated",
    "events", "imputations", "note",
]  # fmt: skip
RESIDUAL_COLUMNS = [
    "site", "grouping", "term", "kind", "time_days", "transformed", "value", "low", "high", "coefficient", "p",
]  # fmt: skip
GRID = 60


@dataclass(frozen=True)
class EstimablePart:
    """What of a model of one data set can be estimated: its columns and the patients who bear on them.

    Attributes:
        rows: patients outside levels without events [n].
        columns: estimable terms of these patients [k, q].
        coefficients: [q].
        covariance: [q, q].
        terms: columns of each named term; the categories together are one.
        names: of the columns [q].
        left_out: names of terms that are not estimable.
    """

    rows: npt.NDArray[np.bool_]
    columns: npt.NDArray[np.float64]
    coefficients: npt.NDArray[np.float64]
    covariance: npt.NDArray[np.float64]
    terms: Mapping[str, Sequence[int]]
    names: Sequence[str]
    left_out: Sequence[str]


def estimable_part(group: GroupedFollowUp, terms: Sequence[Term], fit: FittedModel) -> EstimablePart:
    """The estimable columns of a fitted model."""
    places = [int(place) for place in np.flatnonzero(np.isfinite(fit.coefficients))]
    rows = ~eventless(terms, group.event)
    named: dict[str, list[int]] = {}
    for column, place in enumerate(places):
        name = terms[place].name
        named.setdefault(CATEGORY if name.startswith(f"{CATEGORY}[") else name, []).append(column)
    columns = columns_of([terms[place] for place in places], n=rows.size)[rows]
    return EstimablePart(
        rows=rows,
        columns=columns,
        coefficients=fit.coefficients[places],
        covariance=fit.covariance[np.ix_(places, places)],
        terms=named,
        names=[terms[place].name for place in places],
        left_out=[term.name for place, term in enumerate(terms) if place not in places],
    )


def proportionality_table(group: GroupedFollowUp, study: Study, *, declared: Transform, alpha: float) -> pd.DataFrame:
    """A row a model, transform of time and term, `TEST_COLUMNS`; the categories are one term, ``GLOBAL`` is all.

    Over imputed data sets the statistics are pooled by D2. `violated` is said of the declared transform only, where the
    p-value is below `alpha`.

    Args:
        group: patients with follow-up.
        study: categories and factors.
        declared: transform by which proportionality is judged; the others are given beside it.
        alpha: level of that judgement.
    """
    sets = group.completed()
    rows: list[dict[str, object]] = []
    for adjustment, terms in adjustments(study):
        parts, failure = [], ""
        for patients in sets:
            design = terms(patients)
            fit = fit_model(patients.time, patients.event, design)
            failure = failure or fit.failure
            parts.append(estimable_part(patients, design, fit))
        known = {
            "site": group.site,
            "grouping": group.grouping,
            "adjustment": adjustment,
            "alpha": alpha,
            "events": int(sets[0].event.sum()),
            "imputations": len(sets) if len(sets) > 1 else 0,
        }
        names = dict.fromkeys(name for part in parts for name in part.terms)
        if failure or not names:
            note = joined_notes(f"not estimable: {failure or 'no term can be estimated'}", group.remark)
            rows += [
                {**known, "transform": transform, "term": term, "note": note}
                for transform in TRANSFORMS
                for term in (CATEGORY, GLOBAL)
            ]
            continue
        without = [f"{name} left out as not estimable" for name in dict.fromkeys(n for p in parts for n in p.left_out)]
        for transform in TRANSFORMS:
            results = [
                {test.term: test for test in _tests(patients, part, transform)}
                for patients, part in zip(sets, parts, strict=True)
            ]
            for term in (*names, GLOBAL):
                found = [tests[term] for tests in results if term in tests]
                test = chi_squared_test([one.chi2 for one in found], df=[one.df for one in found])
                estimable = np.isfinite(test.p)
                rows.append(
                    {
                        **known,
                        "transform": transform,
                        "term": term,
                        "chi2": test.statistic,
                        "df": test.df,
                        "residual_df": test.residual_df if np.isfinite(test.residual_df) else np.nan,
                        "p": test.p,
                        "violated": bool(test.p < alpha) if estimable and transform == declared else None,
                        "note": joined_notes(
                            "" if estimable else "not estimable: too few events for the change of this term with time",
                            *without,
                            group.remark,
                        ),
                    }
                )
    return pd.DataFrame(rows, columns=TEST_COLUMNS)


def violated(table: pd.DataFrame) -> bool:
    """Whether hazards of the categories of the adjusted model are not proportional by the declared transform."""
    rows = (table["adjustment"] == ADJUSTED) & (table["term"] == CATEGORY)
    return any(mark is True for mark in table.loc[rows, "violated"])


def residual_table(group: GroupedFollowUp, study: Study, *, transform: Transform) -> pd.DataFrame:
    """What the plot of scaled Schoenfeld residuals shows of the adjusted model's categories, `RESIDUAL_COLUMNS`.

    Kinds are ``residual`` (one an event) and ``smooth`` (a natural spline of 4 degrees of freedom with its 95 % band,
    as R's plot.cox.zph); `transformed` is the declared function of time. Of imputed data sets the first is shown.
    """
    first = group.completed()[0]
    _, terms = adjustments(study)[-1]
    design = terms(first)
    fit = fit_model(first.time, first.event, design)
    if fit.failure:
        return pd.DataFrame(columns=RESIDUAL_COLUMNS)
    part = estimable_part(first, design, fit)
    time, event = first.time[part.rows], first.event[part.rows]
    days, residuals = schoenfeld_residuals(time, event, part.columns, part.coefficients)
    scaled = scaled_schoenfeld(residuals, part.covariance, part.coefficients)
    g = transformed_time(time, event, transform=transform)
    place = np.searchsorted(np.sort(time[event]), days)
    at_events = g[event][np.argsort(time[event], kind="stable")][place]
    grid = np.linspace(at_events.min(), at_events.max(), GRID)
    grid_days = np.interp(grid, at_events, days)
    frames = [pd.DataFrame(columns=RESIDUAL_COLUMNS)]
    singles = {
        test.term: test.p
        for test in proportionality_tests(
            time,
            event,
            part.columns,
            part.coefficients,
            terms={name: [column] for column, name in enumerate(part.names)},
            transform=transform,
        )
    }
    for column, name in enumerate(part.names):
        if not name.startswith(f"{CATEGORY}["):
            continue
        curve, se = smoothed(at_events, scaled[:, column], grid, variance=float(part.covariance[column, column]))
        known = {
            "site": group.site,
            "grouping": group.grouping,
            "term": name,
            "coefficient": part.coefficients[column],
            "p": singles[name],
        }
        points = pd.DataFrame({"time_days": days, "transformed": at_events, "value": scaled[:, column]})
        line = pd.DataFrame(
            {
                "time_days": grid_days,
                "transformed": grid,
                "value": curve,
                "low": curve - 1.96 * se,
                "high": curve + 1.96 * se,
            }
        )
        frames += [points.assign(kind="residual", **known), line.assign(kind="smooth", **known)]
    filled = [frame.reindex(columns=RESIDUAL_COLUMNS) for frame in frames[1:]] or frames[:1]
    return pd.concat(filled, ignore_index=True)


def _tests(patients: GroupedFollowUp, part: EstimablePart, transform: Transform) -> list[ProportionalityTest]:
    return proportionality_tests(
        patients.time[part.rows],
        patients.event[part.rows],
        part.columns,
        part.coefficients,
        terms=part.terms,
        transform=transform,
    )
