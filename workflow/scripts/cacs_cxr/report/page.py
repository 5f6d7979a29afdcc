"""The report: one HTML page that opens offline, reads like a paper's results section and prints."""

import base64
import re
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from cacs_cxr import paper
from cacs_cxr.report.captions import figure_captions, table_captions
from cacs_cxr.report.evidence import Evidence
from cacs_cxr.report.findings import (
    attainable,
    beside_the_paper,
    discrimination,
    operating,
    participants,
    prognosis,
)
from cacs_cxr.report.methods import methods_in_short, methods_sections
from cacs_cxr.report.synopsis import conclusion, in_short, limitations

PIXELS_PER_REM = 36  # a figure of two columns, 183 mm at 300 dots per inch, fills 60 rem
TEMPLATE = "page.html.jinja"
SECTIONS: Sequence[tuple[str, str, Sequence[str], Sequence[str]]] = (
    ("participants", "Participants", ("flow",), ("table1",)),
    ("discrimination", "Discrimination", ("roc",), ("auc", "comparisons")),
    ("paper", "Beside the paper", ("auc",), ("paper_comparison",)),
    ("operating", "Operating points and predicted categories", (), ("operating_points",)),
    ("prognosis", "Prognosis", ("kaplan_meier", "cox"), ("incidence", "cox", "concordance")),
)


def render_page(
    evidence: Evidence,
    *,
    tables: Mapping[str, pd.DataFrame],
    figures: Mapping[str, bytes],
    provenance: Mapping[str, Any],
) -> str:
    """The report as HTML without any reference to another file or host.

    Args:
        evidence: the result files.
        tables: printed tables by name: table1, auc, comparisons, operating_points, incidence, cox, concordance,
            paper_comparison, assumptions.
        figures: PNG files by name: flow, roc, auc, kaplan_meier, cox. Those of a prognosis that nobody was followed for
            are left out, as are its tables; the text says why.
        provenance: nested plain values of the manifest; may be empty.
    """
    study = evidence.study
    paragraphs = {
        "participants": participants(evidence),
        "discrimination": [*discrimination(evidence), *attainable(evidence)],
        "paper": beside_the_paper(evidence),
        "operating": operating(evidence),
        "prognosis": prognosis(evidence),
    }
    numbers = iter(range(1, 100))
    table_numbers = iter(range(1, 100))
    captions, alternatives = table_captions(study), figure_captions(study)
    followed = evidence.analysis["event"].notna().any()
    left_out = set() if followed else {"kaplan_meier", "cox", "incidence", "concordance"}
    sections = [
        {
            "id": identifier,
            "heading": heading,
            "paragraphs": paragraphs[identifier],
            "figures": [
                figure(figures[name], *alternatives[name], number=next(numbers))
                for name in drawn
                if name not in left_out
            ],
            "tables": [
                table(tables[name], captions[name], number=next(table_numbers))
                for name in listed
                if len(tables[name]) and name not in left_out
            ],
        }
        for identifier, heading, drawn, listed in SECTIONS
    ]
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["bound"] = bound
    template = environment.from_string(resources.files(__package__).joinpath(TEMPLATE).read_text(encoding="utf-8"))
    return template.render(
        study=study,
        abstract=abstract(evidence),
        methods=methods_sections(evidence.configuration, study),
        sections=sections,
        limitations=limitations(evidence),
        assumptions=table(tables["assumptions"], captions["assumptions"], number=next(table_numbers)),
        provenance=flat(provenance),
        citation=paper.CITATION,
    )


def abstract(evidence: Evidence) -> list[tuple[str, str]]:
    """Structured abstract: headings with text."""
    study = evidence.study
    labels = ", ".join(threshold.label for threshold in study.thresholds)
    objective = (
        f"To predict categories of {study.biomarker.short} ({labels}) from chest radiographs, and to compare the "
        "prognosis "
        "of predicted with that of actual categories."
    )
    return [
        ("Objective", objective),
        ("Methods", methods_in_short(evidence.configuration, study)),
        ("Results", in_short(evidence)),
        ("Conclusion", conclusion(evidence)),
    ]


def bound(text: str) -> str:
    """Text whose signs stay on the line of their number: no-break spaces after ≥ or =, before %, within ``95 % CI``."""
    held = re.sub(r"(?<=[<>≥=±]) (?=[\d.])", "\u00a0", text)
    held = re.sub(r"(?<=\d) (?=%)", "\u00a0", held)
    return re.sub(r"\b(p|CACS|%) (?=[<>≥=C])", "\\1\u00a0", held.replace("% CI ", "%\u00a0CI\u00a0"))


def figure(content: bytes, caption: str, alternative: str, *, number: int) -> dict[str, Any]:
    """A figure for the template: its image within the page, caption and text alternative."""
    pixels = int.from_bytes(content[16:20], "big")
    source = f"data:image/png;base64,{base64.b64encode(content).decode()}"
    return {
        "source": source,
        "caption": caption,
        "alternative": alternative,
        "number": number,
        "width": round(pixels / PIXELS_PER_REM),
    }


def table(frame: pd.DataFrame, caption: str, *, number: int) -> dict[str, Any]:
    """A table for the template: headings and rows of text; the column `simulated` and empty notes stay out."""
    shown = frame.drop(columns=["simulated"], errors="ignore").fillna("").astype(str)
    if "note" in shown and (shown["note"] == "").all():
        shown = shown.drop(columns=["note"])
    return {"caption": caption, "columns": list(shown.columns), "rows": shown.to_numpy().tolist(), "number": number}


def flat(values: Mapping[str, Any], *, prefix: str = "") -> list[tuple[str, str]]:
    """Nested plain values as pairs of a dotted name and a text; longer lists as their number of entries."""
    pairs: list[tuple[str, str]] = []
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            pairs += flat(value, prefix=f"{name}.")
        elif isinstance(value, list) and any(isinstance(item, (Mapping, list)) for item in value):
            pairs.append((name, f"{len(value)} entries"))
        else:
            text = ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
            pairs.append((name, text))
    return pairs


def read_tables(paths: Sequence[Path]) -> dict[str, pd.DataFrame]:
    """Printed tables by the stem of their file, every cell as it was written."""
    return {path.stem: pd.read_csv(path, dtype=str, keep_default_na=False) for path in paths}
