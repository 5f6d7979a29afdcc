"""The format of an archive, in words for people and in kinds for programs."""

from collections.abc import Collection
from typing import Any

from cacs_cxr.report.supplements import SUPPLEMENTS
from cacs_cxr.study import Factor, Study

FORMAT = 2  # 1: archives without schema.json
PATIENT = {"name": "patient", "kind": "text", "meaning": "pseudonym, unique within a site"}
SITE = {"name": "site", "kind": "text", "meaning": "name of a site of study.json"}


RADIOGRAPH = (
    {"name": "vendor", "kind": "text?", "meaning": "of the radiograph's device"},
    {"name": "view", "kind": "text?", "meaning": "of the radiograph"},
    {"name": "days_to_score", "kind": "integer?", "unit": "days", "meaning": "radiograph minus score"},
    {"name": "flagged", "kind": "text?", "values": ["True", "False"], "meaning": "by any flag of quality"},
)


def archive_schema(study: Study, *, known: Collection[str]) -> dict[str, Any]:
    """Format number, and of every table its columns: name, kind, unit, allowed values and meaning.

    Kinds: text, count (integer of at least 0), integer, number (at least 0), decimal; a question mark follows where a
    cell may be empty.

    Args:
        study: gives the biomarker, the factors and the event.
        known: columns of the analysis table; those of the radiograph are named where they are among them.
    """
    biomarker = study.biomarker
    analysis = [
        PATIENT,
        SITE,
        {"name": "fold", "kind": "integer", "meaning": "fold that tests the patient; -1 outside cross-validation"},
        {"name": biomarker.name, "kind": "number", "unit": biomarker.unit, "meaning": biomarker.label},
        *(factor_column(factor) for factor in study.factors),
        {"name": "followup_days", "kind": "count?", "unit": "days", "meaning": "time from time zero to event or end"},
        {
            "name": "event",
            "kind": "count?",
            "values": ["0", "1", "2"],
            "meaning": f"0 none, 1 {study.event.name}, 2 competing",
        },
    ]
    analysis += [column for column in RADIOGRAPH if column["name"] in known]
    predictions = [
        PATIENT,
        SITE,
        {"name": "model", "kind": "text", "meaning": "clinical, cxr, integrated or any other model"},
        {"name": "threshold", "kind": "text", "values": [threshold.name for threshold in study.thresholds]},
        {"name": "probability", "kind": "number", "meaning": "of lying above the threshold, 0 to 1"},
    ]
    flow = [
        SITE,
        {"name": "unit", "kind": "text", "values": ["patients", "radiographs"]},
        {"name": "order", "kind": "count", "meaning": "place in the flow"},
        {"name": "kind", "kind": "text", "values": ["start", "excluded", "remaining"]},
        {"name": "label", "kind": "text"},
        {"name": "n", "kind": "count"},
    ]
    supplements = {
        file: [{"name": name, "kind": kind} for name, kind in columns.items()] for file, columns in SUPPLEMENTS.items()
    }
    return {
        "format": FORMAT,
        "encoding": "UTF-8, commas, one line of names; an empty cell is no value",
        "tables": {"analysis.csv": analysis, "predictions.csv": predictions, "flow.csv": flow, **supplements},
    }


def factor_column(factor: Factor) -> dict[str, Any]:
    """Column of a clinical factor."""
    optional = "?" if factor.missing == "impute" else ""
    if factor.kind == "binary":
        values = list(factor.levels)
        return {"name": factor.name, "kind": f"text{optional}", "values": values, "meaning": factor.label}
    return {"name": factor.name, "kind": f"decimal{optional}", "unit": factor.unit, "meaning": factor.label}
