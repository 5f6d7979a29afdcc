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
from cacs_cxr.report.evaluation_findings import added, agreement, calibration, precision, subgroups, usefulness
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
from cacs_cxr.report.radiographs import radiographs
from cacs_cxr.report.synopsis import conclusion, in_short, limitations

REM_PER_METRE = 60 / 0.183  # a figure of two columns, 183 mm, fills 60 rem
PIXELS_PER_METRE = 300 / 0.0254  # of a PNG that does not tell its resolution
LARGEST_SHEETS = 8_000_000  # bytes of all contact sheets together, so that the page stays below 15 MB
TEMPLATE = "page.html.jinja"
SECTIONS: Sequence[tuple[str, str, Sequence[str], Sequence[str]]] = (
    ("participants", "Participants", ("flow",), ("table1", "missing")),
    ("radiographs", "Radiographs", ("intensities", "image_sizes"), ("radiographs",)),
    ("discrimination", "Discrimination", ("roc",), ("auc", "comparisons")),
    ("paper", "Beside the paper", ("auc",), ("paper_comparison",)),
    ("calibration", "Calibration", ("calibration",), ("calibration", "external")),
    ("usefulness", "Clinical usefulness", ("decision_curve",), ("net_benefit",)),
    (
        "operating",
        "Operating points and predicted categories",
        ("confusion",),
        ("operating_points", "operating_rules", "agreement"),
    ),
    (
        "subgroups",
        "Subgroups, sensitivity and robustness",
        ("subgroups",),
        ("within_strata", "sensitivity", "robustness"),
    ),
    ("precision", "Precision", (), ("precision",)),
    ("prognosis", "Prognosis", ("kaplan_meier", "cox"), ("incidence", "cox", "concordance")),
)
KINDS = {"table1": "numbers broad", "radiographs": "numbers broad", "assumptions": "words"}


def render_page(
    evidence: Evidence,
    *,
    tables: Mapping[str, pd.DataFrame],
    figures: Mapping[str, bytes],
    sheets: Mapping[str, bytes],
    provenance: Mapping[str, Any],
) -> str:
    """The report as HTML without any reference to another file or host.

    Args:
        evidence: the result files.
        tables: printed tables by name: table1, missing, radiographs, auc, comparisons, operating_points, incidence,
            cox, concordance, paper_comparison, assumptions.
        figures: PNG files by name: flow, intensities, image_sizes, roc, auc, kaplan_meier, cox. Those of a prognosis
            that nobody was followed for are left out, as are its tables; the text says why.
        sheets: PNG files of the contact sheets by name, none where the radiographs are not here. Those that would make
            the page too large are left out; the text names them.
        provenance: nested plain values of the manifest; may be empty.
    """
    study = evidence.study
    shown = fitting(sheets, largest=LARGEST_SHEETS)
    figures = {**figures, **{name: sheets[name] for name in shown}}
    paragraphs = {
        "participants": participants(evidence),
        "radiographs": radiographs(evidence, shown=shown, left_out=[name for name in sheets if name not in shown]),
        "discrimination": [*discrimination(evidence), *attainable(evidence)],
        "paper": beside_the_paper(evidence),
        "calibration": calibration(evidence),
        "usefulness": [*usefulness(evidence), *added(evidence)],
        "operating": [*operating(evidence), *agreement(evidence)],
        "subgroups": subgroups(evidence),
        "precision": precision(evidence),
        "prognosis": prognosis(evidence),
    }
    numbers = iter(range(1, 100))
    table_numbers = iter(range(1, 100))
    captions, alternatives = table_captions(study), figure_captions(study)
    followed = evidence.analysis["event"].notna().any()
    left_out = set() if followed else {"kaplan_meier", "cox", "incidence", "concordance"}
    left_out |= set() if len(evidence.radiographs) else {"intensities", "image_sizes"}
    sections = [
        {
            "id": identifier,
            "heading": heading,
            "paragraphs": paragraphs[identifier],
            "figures": [
                figure(figures[name], *alternatives[name], number=next(numbers))
                for name in ((*shown, *drawn) if identifier == "radiographs" else drawn)
                if name not in left_out
            ],
            "tables": [
                table(tables[name], captions[name], number=next(table_numbers), kind=KINDS.get(name, "numbers"))
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
        assumptions=table(
            tables["assumptions"], captions["assumptions"], number=next(table_numbers), kind=KINDS["assumptions"]
        ),
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
    """A figure for the template: its image within the page at its width in print, caption and text alternative."""
    pixels = int.from_bytes(content[16:20], "big")
    resolution = content.partition(b"pHYs")[2][:4] or b"\0"
    metres = pixels / (int.from_bytes(resolution, "big") or PIXELS_PER_METRE)
    source = f"data:image/png;base64,{base64.b64encode(content).decode()}"
    return {
        "source": source,
        "caption": caption,
        "alternative": alternative,
        "number": number,
        "width": round(metres * REM_PER_METRE),
    }


def fitting(sheets: Mapping[str, bytes], *, largest: int) -> list[str]:
    """Names of the sheets, the smallest first chosen, that together have at most so many bytes; in the order given."""
    chosen, total = set(), 0
    for name in sorted(sheets, key=lambda name: len(sheets[name])):
        total += len(sheets[name])
        if total > largest:
            break
        chosen.add(name)
    return [name for name in sheets if name in chosen]


def table(frame: pd.DataFrame, caption: str, *, number: int, kind: str) -> dict[str, Any]:
    """A table for the template: headings and rows of text; the column `simulated` and empty notes stay out.

    Args:
        kind: classes of the style sheet: ``numbers``, ``numbers broad`` (wide first column) or ``words``.
    """
    shown = frame.drop(columns=["simulated"], errors="ignore").fillna("").astype(str)
    if "note" in shown and (shown["note"] == "").all():
        shown = shown.drop(columns=["note"])
    rows = shown.to_numpy().tolist()
    return {"caption": caption, "columns": list(shown.columns), "rows": rows, "number": number, "kind": kind}


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
