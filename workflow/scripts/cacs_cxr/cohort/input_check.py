"""What the study would be, before a pixel is read: counts of each site, the predicted flow, and what is too small."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from cacs_cxr.cohort.flow import PATIENTS, UNITS
from cacs_cxr.cohort.folds import fold_warnings, split_folds
from cacs_cxr.cohort.followup import notes_to_count
from cacs_cxr.cohort.selection import Selection
from cacs_cxr.cohort.site_inputs import SiteTables
from cacs_cxr.study import Study

FEW_EVENTS = 5  # in a category: with fewer its hazard ratio is not estimated by default


def input_summary(
    selection: Selection, *, study: Study, folds: Mapping[str, Any], seed: int, files: Mapping[str, int]
) -> dict[str, Any]:
    """Counts that the inputs promise, as plain values without any identifier or date.

    Args:
        folds: the configuration's mapping `folds`.
        files: number of files in each site's index of radiographs.

    Raises:
        InputError: too few development patients for the folds.
    """
    people = selection.patients
    inside = people[people["site"] == study.development].set_index("patient")
    categories = pd.Series(study.category(inside["value"]), index=inside.index)
    split = split_folds(
        list(inside.index),
        categories.to_numpy(),
        count=folds["count"],
        tuning_fraction=folds["tuning_fraction"],
        seed=seed,
    )
    warnings = [*fold_warnings(split, categories, names=study.categories), *few_events(people, study=study)]
    sites = []
    for tables in selection.tables:
        eligible = people[people["site"] == tables.site.name]
        notes = eligible["followup_note"]
        sizes = np.bincount(study.category(eligible["value"]), minlength=len(study.categories))
        sites.append(
            {
                "site": tables.site.name,
                "role": tables.site.role,
                "rows": {**_rows(tables), "files": files[tables.site.name]},
                "not_used": dict(tables.strangers),
                "notes": list(selection.notes[tables.site.name]),
                "eligible": len(eligible),
                "categories": dict(zip(study.categories, sizes.tolist(), strict=True)),
                "followup": {
                    "followed": int((eligible["followup_note"] == "").sum()),
                    "events": int(eligible["event"].eq(1).sum()),
                    **{note: int((notes == note).sum()) for note in notes_to_count(notes)},
                },
            }
        )
    return {"sites": sites, "flow": selection.flow.to_dict(orient="records"), "warnings": warnings}


def tables_text(tables: Sequence[SiteTables]) -> str:
    """Rows of the checked tables and what to look at, by site."""
    lines = []
    for table in tables:
        lines.append(f"{table.site.name}: {_rows_text(_rows(table))}")
        lines += [f"  look at: {note}" for note in table.notes]
    return "\n".join(lines) + "\n"


def few_events(people: pd.DataFrame, *, study: Study) -> Iterator[str]:
    """Categories of the sites with follow-up in which few events can be expected to tell anything.

    Args:
        people: eligible patients: site, value, event, followup_note.
    """
    followed = people[people["followup_note"] == ""]
    for site, here in followed.groupby("site", sort=False):
        event = here["event"].eq(1).to_numpy(dtype=float)
        sizes = np.bincount(study.category(here["value"]), weights=event, minlength=len(study.categories))
        few = [name for name, n in zip(study.categories, sizes, strict=True) if n < FEW_EVENTS]
        if few:
            yield f"{site}: fewer than {FEW_EVENTS} {study.event.name} events in categories {', '.join(few)}."


def summary_text(summary: Mapping[str, Any], *, event: str) -> str:
    """The summary for a terminal.

    Args:
        event: name of the event, e.g. ``"MACE"``.
    """
    lines = ["The input can be used: no fault found.", ""]
    for site in summary["sites"]:
        lines.append(f"{site['site']} ({site['role']} site): {_rows_text(site['rows'])}")
        for table, number in site["not_used"].items():
            if number:
                lines.append(
                    f"  not used: {number:,} rows of {table} of patients whom the patients table does not list"
                )
        lines += [f"  look at: {note}" for note in site["notes"]]
        for unit in UNITS:
            lines += _flow_lines([row for row in summary["flow"] if (row["site"], row["unit"]) == (site["site"], unit)])
            if unit == PATIENTS:
                lines.append("  eligible by category: " + _listed(site["categories"]))
                followup = {name: number for name, number in site["followup"].items() if number or name == "followed"}
                followup = {f"{event} events" if name == "events" else name: n for name, n in followup.items()}
                lines.append("  eligible by follow-up: " + _listed(followup))
        lines.append("")
    lines += [f"Warning: {warning}" for warning in summary["warnings"]]
    lines.append("Radiographs whose pixels cannot be read will be excluded too; this check has read headers only.")
    return "\n".join(lines) + "\n"


def _rows(tables: SiteTables) -> dict[str, int]:
    return {"patients": len(tables.patients), "scores": len(tables.scores), "outcomes": len(tables.outcomes)}


def _rows_text(rows: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in rows.items())


def _flow_lines(flow: Sequence[Mapping[str, Any]]) -> list[str]:
    signs = {"start": "  ", "excluded": "    - ", "remaining": "  = "}
    shown = [row for row in flow if row["kind"] != "excluded" or row["n"]]
    return [f"{signs[row['kind']] + row['label']:<56}{row['n']:>12,}" for row in shown]


def _listed(numbers: Mapping[str, int]) -> str:
    return "; ".join(f"{name}: {number:,}" for name, number in numbers.items())
