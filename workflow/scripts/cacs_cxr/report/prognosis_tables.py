"""Tables of incidence, hazard ratios and concordance as text."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from cacs_cxr.report.numbers import count, estimate, p_value
from cacs_cxr.small_cells import hidden, hidden_groups, hidden_text
from cacs_cxr.study import Study

DAYS_PER_YEAR = 365.25
ALL = "all"
HIDDEN = "hidden"


def category_label(category: str, study: Study) -> str:
    """A category as print wants it; the row of all patients keeps its name."""
    labels = dict(zip(study.categories, study.category_labels, strict=True))
    return labels.get(category, category)


def incidence_text(incidence: pd.DataFrame, study: Study, *, smallest: int | None = None) -> pd.DataFrame:
    """Events, person-years and rates by category.

    Args:
        incidence: as `cacs_cxr.prognosis.incidence.incidence_table` returns it.
        study: names of the categories.
        smallest: least count shown; a rate and its person-years go with a hidden number of events. None shows all.
    """
    marks = hidden_groups(incidence, counts=["n", "events"], total=ALL, smallest=smallest)
    rows = []
    for row, hide in zip(incidence.to_dict("records"), marks.to_dict("records"), strict=True):
        followed = row["median_followup_days"]
        rows.append(
            {
                "site": row["site"],
                "category by": row["grouping"],
                "category": category_label(str(row["category"]), study),
                "patients": hidden_text(row["n"], smallest=smallest) if hide["n"] else count(row["n"]),
                "events": hidden_text(row["events"], smallest=smallest) if hide["events"] else count(row["events"]),
                "person-years": HIDDEN if hide["events"] else f"{row['person_years']:,.0f}",
                "events per 1,000 person-years (95 % CI)": HIDDEN
                if hide["events"]
                else estimate(row["rate_per_1000"], row["low"], row["high"], digits=1),
                "median follow-up, years": f"{followed / DAYS_PER_YEAR:.1f}" if np.isfinite(followed) else "–",
                **{name: HIDDEN if hide["events"] else risk for name, risk in risks_text(row).items()},
            }
        )
    columns = ["site", "category by", "category", "patients", "events", "person-years"]
    columns += ["events per 1,000 person-years (95 % CI)", "median follow-up, years"]
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=columns)


def risks_text(row: Mapping[Any, Any]) -> dict[str, str]:
    """Kaplan-Meier risks in per cent at every horizon of the table; blank where follow-up ends earlier."""
    found = {}
    for name in (str(name) for name in row):
        if not (name.startswith("risk_") and name.endswith("y")):
            continue
        low, high = (float(row[f"{name}_{side}"]) for side in ("low", "high"))
        value = float(row[name])
        text = "" if np.isnan(value) else f"{100 * value:.1f}"
        if text and np.isfinite(low) and np.isfinite(high):
            text = estimate(100 * value, 100 * low, 100 * high, digits=1)
        found[f"risk at {name.removeprefix('risk_').removesuffix('y')} years, % (95 % CI)"] = text
    return found


def cox_text(drawn: pd.DataFrame, *, smallest: int | None = None) -> pd.DataFrame:
    """Hazard ratios, unadjusted and adjusted side by side.

    Args:
        drawn: as `cacs_cxr.terms.printed_hazard_ratios` returns it. Patients and events are those of the
            category or level, for a continuous factor those of the model.
        smallest: least count shown; None shows all. Categories are parts of a total that stands in the table of
            incidence, and levels of the model's.
    """
    marks = cox_marks(drawn, smallest=smallest)
    keys = ["site", "grouping", "term", "label"]
    rows = []
    for (site, grouping, _, label), group in drawn.groupby(keys, sort=False):
        row = {"site": site, "category by": grouping, "term": label}
        first = group.iloc[0]
        own = np.isfinite(first["term_n"])
        for name, counted in (("patients", "n"), ("events", "events")):
            number = first[f"term_{counted}"] if own else first[counted]
            hide = bool(marks.loc[group.index[0], counted])
            row[name] = hidden_text(number, smallest=smallest) if hide else count(number)
        notes = [str(note) for note in group["note"] if isinstance(note, str) and note]
        for adjustment in ("unadjusted", "adjusted"):
            found = group[group["adjustment"] == adjustment]
            if found.empty:
                row[f"{adjustment} HR (95 % CI)"], row[f"{adjustment} p"] = "–", "–"
                continue
            cell = found.iloc[0]
            row[f"{adjustment} HR (95 % CI)"] = estimate(cell["hr"], cell["low"], cell["high"])
            row[f"{adjustment} p"] = p_value(cell["p"]) if np.isfinite(cell["hr"]) else "–"
        rows.append({**row, "note": "; ".join(dict.fromkeys(notes))})
    columns = ["site", "category by", "term", "patients", "events"]
    numbers = [f"{name} {what}" for name in ("unadjusted", "adjusted") for what in ("HR (95 % CI)", "p")]
    return pd.DataFrame(rows, columns=[*columns, *numbers, "note"])


def cox_marks(drawn: pd.DataFrame, *, smallest: int | None) -> pd.DataFrame:
    """Which numbers of patients (n) and events are hidden: each term's own, and its complement's, by row of `drawn`.

    The lowest category has no row, and its number is what the rows leave of the model's: it is a part like the others.
    """
    marks = pd.DataFrame(False, index=drawn.index, columns=["n", "events"])
    for _, model in drawn.groupby(["site", "grouping", "adjustment"], sort=False):
        for counted in marks.columns:
            own = model[f"term_{counted}"].astype(float)
            categories = model.index[model["term"].str.startswith("category[") & own.notna()]
            lowest = float(model[counted].iloc[0]) - own[categories].sum()
            marks.loc[categories, counted] = hidden([*own[categories], lowest], smallest=smallest)[:-1]
            for index in own.index.difference(categories):
                if pd.notna(own[index]):
                    parts = [own[index], float(model.loc[index, counted]) - own[index]]
                    marks.loc[index, counted] = hidden(parts, smallest=smallest)[0]
    return marks


def concordance_text(concordance: pd.DataFrame) -> pd.DataFrame:
    """Harrell's C of every grouping, unadjusted and adjusted."""
    rows = [
        {
            "site": row["site"],
            "category by": row["grouping"],
            "model": row["adjustment"],
            "patients": count(row["n"]),
            "events": count(row["events"]),
            "C (95 % CI)": estimate(row["c"], row["low"], row["high"]),
            "note": row["note"] if isinstance(row["note"], str) else "",
        }
        for row in concordance.to_dict("records")
    ]
    return pd.DataFrame(rows, columns=["site", "category by", "model", "patients", "events", "C (95 % CI)", "note"])
