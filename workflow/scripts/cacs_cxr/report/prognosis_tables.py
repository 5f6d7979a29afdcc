"""Tables of incidence, hazard ratios and concordance as text."""

import numpy as np
import pandas as pd

from cacs_cxr.report.numbers import count, estimate, p_value
from cacs_cxr.study import Study

DAYS_PER_YEAR = 365.25
ALL = "all"


def category_label(category: str, study: Study) -> str:
    """A category as print wants it; the row of all patients keeps its name."""
    labels = dict(zip(study.categories, study.category_labels, strict=True))
    return labels.get(category, category)


def incidence_text(incidence: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Events, person-years and rates by category."""
    rows = []
    for row in incidence.to_dict("records"):
        followed = row["median_followup_days"]
        rows.append(
            {
                "site": row["site"],
                "category by": row["grouping"],
                "category": category_label(str(row["category"]), study),
                "patients": count(row["n"]),
                "events": count(row["events"]),
                "person-years": f"{row['person_years']:,.0f}",
                "events per 1,000 person-years (95 % CI)": estimate(
                    row["rate_per_1000"], row["low"], row["high"], digits=1
                ),
                "median follow-up, years": f"{followed / DAYS_PER_YEAR:.1f}" if np.isfinite(followed) else "–",
            }
        )
    columns = ["site", "category by", "category", "patients", "events", "person-years"]
    return pd.DataFrame(rows, columns=[*columns, "events per 1,000 person-years (95 % CI)", "median follow-up, years"])


def cox_text(drawn: pd.DataFrame) -> pd.DataFrame:
    """Hazard ratios, unadjusted and adjusted side by side.

    Args:
        drawn: as `cacs_cxr.terms.printed_hazard_ratios` returns it. Patients and events are those of the
            category or level, for a continuous factor those of the model.
    """
    keys = ["site", "grouping", "term", "label"]
    rows = []
    for (site, grouping, _, label), group in drawn.groupby(keys, sort=False):
        row = {"site": site, "category by": grouping, "term": label}
        first = group.iloc[0]
        own = np.isfinite(first["term_n"])
        row["patients"] = count(first["term_n"]) if own else count(first["n"])
        row["events"] = count(first["term_events"]) if own else count(first["events"])
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
