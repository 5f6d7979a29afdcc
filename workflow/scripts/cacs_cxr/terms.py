"""Terms of Cox models as print names and scales them."""

from typing import Any

import numpy as np
import pandas as pd

from cacs_cxr.study import Factor, Study

GROUPINGS = ("actual", "predicted")
ADJUSTMENTS = ("unadjusted", "adjusted")
COLUMNS = [
    "site", "grouping", "adjustment", "term", "label", "per", "n", "events", "term_n", "term_events",
    "hr", "low", "high", "p", "missing", "n_missing", "note",
]  # fmt: skip


def category_of(term: str, study: Study) -> str | None:
    """Category that a term compares with the lowest one, or None where the term is a factor."""
    inner = term.removeprefix("category[").removesuffix("]")
    return inner if inner != term and inner in study.categories else None


def factor_label(factor: Factor) -> str:
    """Label of a factor with the step to which its hazard ratio belongs."""
    if factor.kind == "binary":
        return factor.label
    return f"{factor.label}, per {factor.per:g} {factor.unit}".rstrip()


def printed_hazard_ratios(cox: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Hazard ratios in the order of print, those of factors scaled to the factor's step.

    Args:
        cox: site, grouping, adjustment, term, n, events, hr, low, high, p, note, and if known term_n and term_events,
            the numbers of the category itself; factors per one unit.
        study: gives sites, categories and factors.

    Returns:
        `COLUMNS`; terms of neither a category nor a factor are left out.
    """
    factors = {factor.term: factor for factor in study.factors}
    rows = []
    for record in cox.to_dict("records"):
        row: dict[str, Any] = {str(key): value for key, value in record.items()}
        term = str(row["term"])
        category, factor = category_of(term, study), factors.get(term)
        if category is not None:
            place, per = study.categories.index(category), 1.0
            label = study.category_labels[place]
        elif factor is not None:
            place, per = len(study.categories) + list(factors).index(term), factor.per
            per = 1.0 if factor.kind == "binary" else per
            label = factor_label(factor)
        else:
            continue
        scaled = {name: float(np.power(float(row[name]), per)) for name in ("hr", "low", "high")}
        row = {"term_n": np.nan, "term_events": np.nan, "missing": "none", "n_missing": 0, **row, **scaled}
        rows.append({**row, "label": label, "per": per, "place": place})
    if not rows:
        return pd.DataFrame(columns=COLUMNS)
    frame = pd.DataFrame(rows)
    orders = {"site": [site.name for site in study.sites], "grouping": list(GROUPINGS), "adjustment": list(ADJUSTMENTS)}
    for name, order in orders.items():
        frame[name] = pd.Categorical(frame[name], order, ordered=True)
    known = frame.dropna(subset=list(orders))
    ordered = known.sort_values(["site", "grouping", "place", "adjustment"], kind="stable")
    for name in orders:
        ordered[name] = ordered[name].astype(str)
    return ordered[COLUMNS].reset_index(drop=True)
