"""The main hazard ratio under every declared choice: other starts of follow-up, patients, outcomes and methods."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.prognosis.cox import cox_regression
from cacs_cxr.prognosis.design import Term, category_terms, columns_of, eventless, factor_terms, independent, trend_term
from cacs_cxr.prognosis.fine_gray import fine_gray
from cacs_cxr.prognosis.follow_up import CENSORED, COMPETING, EVENT, PREDICTED, GroupedFollowUp, joined_notes
from cacs_cxr.prognosis.hazard_ratios import few_events
from cacs_cxr.prognosis.pooling import half_width, pool, two_sided_p
from cacs_cxr.prognosis.risk_sets import BRESLOW, EFRON, Ties
from cacs_cxr.study import Study, model_label

Floats = npt.NDArray[np.float64]
MAIN = "main"
COLUMNS = [
    "site", "grouping", "variant", "label", "comparison", "n", "events", "hr", "low", "high", "p",
    "trend_hr", "trend_low", "trend_high", "trend_p", "imputations", "note",
]  # fmt: skip
VARIANTS = re.compile(
    r"main|unadjusted|complete_case|breslow_ties|fine_gray|composite_outcome|origin_(?:radiograph|score)|"
    r"(?:landmark|exclude_early|window)_(\d+)|model_(\w+)"
)


@dataclass(frozen=True)
class Variant:
    """Patients and method of one choice.

    Attributes:
        label: what it is, for print.
        group: its patients.
        entry: start of each patient's time at risk; None where it is 0 for all [n].
        ties: of the Cox model.
        method: ``cox`` or ``fine-gray``.
        adjusted: maker of the factor terms.
        impossible: why it cannot be done here; empty where it can.
    """

    label: str
    group: GroupedFollowUp
    entry: Floats | None = None
    ties: Ties = EFRON
    method: str = "cox"
    adjusted: Callable[[GroupedFollowUp, Study], list[Term]] = factor_terms
    impossible: str = ""


def variant(
    name: str,
    group: GroupedFollowUp,
    *,
    days_to_score: Floats,
    others: Mapping[str, GroupedFollowUp],
    time_zero: str,
    landmark_days: int,
) -> Variant:
    """The patients and method of a declared choice.

    Args:
        name: ``main``; ``unadjusted``; ``complete_case``; ``landmark_d`` (start d days later, patients at risk then);
            ``exclude_early_d`` (patients with an event or its competitor in the first d days left out, the start kept);
            ``origin_radiograph`` and ``origin_score`` (time since that examination, at risk from time zero on: delayed
            entry); ``window_d`` (radiograph and score at most d days apart); ``model_name`` (categories predicted by
            another model); ``breslow_ties``; ``fine_gray``; ``composite_outcome`` (the competing event counts too).
        group: patients of the main analysis.
        days_to_score: radiograph minus score of each patient; NaN where not known [n].
        others: groups by predicted category of other models, by the model's name.
        time_zero: of the main analysis: later, score or radiograph.
        landmark_days: of the main analysis.
    """
    match = VARIANTS.fullmatch(name)
    if match is None:
        raise ValueError(f"{name} is no variant of the sensitivity analysis.")
    days = int(match[1] or 0)
    plain = Variant("main analysis", group)
    if name == MAIN:
        return plain
    if name == "unadjusted":
        return replace(plain, label="unadjusted", adjusted=lambda *_: [])
    if name == "complete_case":
        reason = "" if group.imputed else "nothing was imputed" if not group.incomplete else "the main analysis is that"
        return replace(plain, label="complete cases", group=replace(group, imputed=()), impossible=reason)
    if name.startswith("landmark_"):
        kept = group.chosen(group.time > days)
        shifted = replace(kept, time=kept.time - days)
        return replace(plain, label=f"landmark at {days} days", group=shifted)
    if name.startswith("exclude_early_"):
        early = (group.code != 0) & (group.time <= days)
        return replace(plain, label=f"without events of the first {days} days", group=group.chosen(~early))
    if name == "breslow_ties":
        return replace(plain, label="Breslow's ties", ties=BRESLOW)
    if name in ("fine_gray", "composite_outcome"):
        reason = "" if (group.code == COMPETING).any() else "no competing event is recorded"
        # The remark that competing events are censored is not true of these two.
        told = "; ".join(part for part in group.remark.split("; ") if CENSORED not in part)
        group = replace(group, remark=told)
        if name == "fine_gray":
            label = "Fine–Gray, subdistribution"
            return replace(plain, label=label, group=group, method="fine-gray", impossible=reason)
        either = replace(group, code=np.where(group.code == COMPETING, EVENT, group.code))
        return replace(plain, label="event or competing event", group=either, impossible=reason)
    if match[2]:
        model = match[2]
        reason = "" if model in others else f"no categories predicted by model {model}"
        reason = "" if not reason and group.grouping == PREDICTED else reason or "the actual category needs no model"
        label = f"category predicted by: {model_label(model).lower()}"
        return replace(plain, label=label, group=others.get(model, group), impossible=reason)
    return _by_dates(name, days, group, days_to_score, time_zero=time_zero, landmark_days=landmark_days)


def _by_dates(
    name: str, days: int, group: GroupedFollowUp, days_to_score: Floats, *, time_zero: str, landmark_days: int
) -> Variant:
    """Variants that need the days between radiograph and score."""
    known = np.isfinite(days_to_score)
    reason = "" if known.any() else "the days between radiograph and score are not known"
    chosen, between = group.chosen(known), days_to_score[known]
    if name.startswith("window_"):
        near = np.abs(between) <= days
        return Variant(f"radiograph and score within {days} days", chosen.chosen(near), impossible=reason)
    origin = name.removeprefix("origin_")
    # Days from the origin to time zero, which is the later of radiograph and score.
    delay = np.maximum(-between if origin == "radiograph" else between, 0.0) + landmark_days
    if not reason and time_zero != "later":
        reason = f"time zero of the study is the {time_zero}, not the later of radiograph and score"
    label = f"time since {origin}, delayed entry"
    moved = replace(chosen, time=chosen.time + delay.astype(np.int64))
    return Variant(label, moved, entry=delay, impossible=reason)


def sensitivity_row(choice: Variant, study: Study, *, name: str, minimum_events: int) -> dict[str, Any]:
    """Hazard ratio of the highest category against the lowest, and per category, under one choice; `COLUMNS`."""
    group = choice.group
    row: dict[str, Any] = {
        "site": group.site,
        "grouping": group.grouping,
        "variant": name,
        "label": choice.label,
        "comparison": f"{study.categories[-1]} against {study.categories[0]}",
        "n": np.nan,
        "events": np.nan,
        "imputations": 0,
    }
    if choice.impossible:
        return {**row, "note": f"not possible: {choice.impossible}"}
    sets = group.completed()
    first = sets[0]
    row |= {"n": first.time.size, "events": int(first.event.sum())}
    if not first.event.any():
        return {**row, "note": joined_notes("not estimable: no events", group.remark)}
    entry = choice.entry
    if entry is not None and not group.imputed:
        entry = entry[group.factors.notna().all(axis=1).to_numpy()]
    elif entry is not None:
        entry = entry[group.imputed[0].notna().all(axis=1).to_numpy()]
    few = few_events(first, study, minimum=minimum_events)[-1]
    highest, imputations = _estimate(sets, choice, study, lambda patients: category_terms(patients, study), entry=entry)
    trend, _ = _estimate(sets, choice, study, lambda patients: [trend_term(patients)], entry=entry)
    if not few:
        row |= highest
    row |= {f"trend_{key}": value for key, value in trend.items()}
    row["imputations"] = imputations
    reason = few or ("" if highest else "the model has no estimate of it")
    return {**row, "note": joined_notes(f"not estimable: {reason}" if reason else "", group.remark)}


def sensitivity_table(choices: Sequence[tuple[str, Variant]], study: Study, *, minimum_events: int) -> pd.DataFrame:
    """A row for each choice, in the order given, with `COLUMNS`."""
    rows = [sensitivity_row(choice, study, name=name, minimum_events=minimum_events) for name, choice in choices]
    return pd.DataFrame(rows, columns=COLUMNS).astype({"n": "Int64", "events": "Int64"})


def _estimate(
    sets: Sequence[GroupedFollowUp],
    choice: Variant,
    study: Study,
    tested: Callable[[GroupedFollowUp], list[Term]],
    *,
    entry: Floats | None,
) -> tuple[dict[str, float], int]:
    """Ratio of the last of the tested terms beside the factors, pooled; empty where a data set has no estimate."""
    values, variances = [], []
    for patients in sets:
        categories = tested(patients)
        terms = [*categories, *choice.adjusted(patients, study)]
        without = eventless(terms, patients.event)
        kept = independent(terms, (patients.time >= patients.time[patients.event].min()) & ~without)
        place = len(categories) - 1
        if not kept[place]:
            return {}, 0
        chosen = [number for number, keep in enumerate(kept) if keep]
        columns = columns_of([terms[number] for number in chosen], n=without.size)[~without]
        column = chosen.index(place)
        time = patients.time[~without]
        if choice.method == "fine-gray":
            made = fine_gray(time, patients.code[~without], columns)
            failed, value, variance = made.failure, made.coefficients[column], made.covariance[column, column]
        else:
            late = None if entry is None else entry[~without] - (entry[~without] >= time)
            fit = cox_regression(time, patients.event[~without], columns, entry=late, ties=choice.ties)
            failed = fit.failure or ("unbounded" if fit.unbounded[column] else "")
            value, variance = fit.coefficients[column], fit.covariance[column, column]
        if failed or not np.isfinite(value):
            return {}, 0
        values.append(float(value))
        variances.append(float(variance))
        if not choice.adjusted(patients, study) or len(sets) == 1:
            break
    coefficient, se, df = values[0], float(np.sqrt(variances[0])), np.inf
    if len(values) > 1:
        pooled = pool(
            np.array(values)[:, np.newaxis],
            np.array(variances)[:, np.newaxis, np.newaxis],
            complete_df=max(int(sets[0].event.sum()) - len(chosen), 1),
        )
        coefficient, se = float(pooled.coefficients[0]), float(np.sqrt(pooled.covariance[0, 0]))
        df = float(pooled.df[0])
    half = half_width(se, df=df)
    ratio = {
        "hr": float(np.exp(coefficient)),
        "low": float(np.exp(coefficient - half)),
        "high": float(np.exp(coefficient + half)),
        "p": two_sided_p(coefficient, se, df=df),
    }
    return ratio, len(values) if len(values) > 1 else 0
