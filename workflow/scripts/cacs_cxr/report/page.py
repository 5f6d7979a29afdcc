"""The report: one HTML page that opens offline, reads like a paper's results section and prints."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path, PurePath
from typing import Any

import jinja2
import markupsafe
import pandas as pd

from cacs_cxr.report.assets import asset, bound
from cacs_cxr.report.checklists import CHECKLISTS, answered
from cacs_cxr.report.contents import SECTIONS, Section
from cacs_cxr.report.evidence import Evidence
from cacs_cxr.report.methods import methods_in_short, methods_sections
from cacs_cxr.report.phrases import Caption
from cacs_cxr.report.provenance_groups import provenance_groups
from cacs_cxr.report.synopsis import conclusion, in_short, limitations
from cacs_cxr.report.table_files import shown
from cacs_cxr.report.words import WORDS, figure_captions, table_captions
from cacs_cxr.study import Study

REM_PER_METRE = 60 / 0.183  # a figure of two columns, 183 mm, fills 60 rem
PIXELS_PER_METRE = 300 / 0.0254  # of a PNG that does not tell its resolution
LARGEST_PICTURES = 8_000_000  # bytes of all figures of radiographs together, so that the page stays below 15 MB
TEMPLATE, STYLE, SCRIPT = "page.html.jinja", "page.css", "page.js"
# Classes of the style sheet: narrow columns of numbers, with a wide first column, or words.
KINDS = {"table1": "numbers broad", "radiographs": "numbers broad", "assumptions": "words"}


def render_page(
    evidence: Evidence,
    *,
    tables: Mapping[str, pd.DataFrame],
    figures: Mapping[str, bytes],
    pictures: Mapping[str, bytes],
    provenance: Mapping[str, Any],
) -> str:
    """The report as HTML without any reference to another file or host.

    Args:
        evidence: the result files.
        tables: printed tables by name, those of `cacs_cxr.report.contents`.
        figures: PNG files by name, those of `cacs_cxr.report.contents`. Without a caption, as those of a prognosis that
            nobody was followed for, they are left out, as tables are; the text says why.
        pictures: PNG files of the figures that show radiographs by name, none where the radiographs are not here.
            Those that would make the page too large are left out; the text names them.
        provenance: nested plain values of the manifest; may be empty.
    """
    fit = fitting(pictures, largest=LARGEST_PICTURES)
    evidence = replace(evidence, pictures=tuple(fit), left_out=tuple(name for name in pictures if name not in fit))
    study = evidence.study
    sources = {**figures, **{name: pictures[name] for name in fit}}
    headings, alternatives = table_captions(evidence), figure_captions(evidence)
    figure_numbers, table_numbers = count(1), count(1)
    sections: list[dict[str, Any]] = [
        {
            "id": section.identifier,
            "heading": section.heading,
            "part": section.part,
            "paragraphs": WORDS[section.identifier].paragraphs(evidence),
            "figures": [
                figure(name, sources[name], alternatives[name], number=next(figure_numbers))
                for name in (*picture_names(section, study), *section.figures)
                if name in sources and name in alternatives
            ],
            "tables": [
                table(name, tables[name], headings[name], number=next(table_numbers))
                for name in section.tables
                if name in headings and len(tables[name])
            ],
        }
        for section in SECTIONS
    ]
    results, background = (
        [section for section in sections if section["part"] == part] for part in ("results", "background")
    )
    methods = methods_sections(evidence.configuration, study)
    navigation = [
        ("abstract", "Abstract"),
        ("methods", "Methods"),
        *((section["id"], section["heading"]) for section in results),
        ("limitations", "Limitations"),
        *((section["id"], section["heading"]) for section in background),
        ("checklists", "Reporting checklists"),
        ("provenance", "Provenance"),
    ]
    anchors = {
        "top": "Title",
        **dict(navigation),
        **{f"methods-{heading.lower()}": f"Methods, {heading.lower()}" for heading, _ in methods},
        **{f"figure-{item['name']}": f"Figure {item['number']}" for section in sections for item in section["figures"]},
        **{f"table-{item['name']}": f"Table {item['number']}" for section in sections for item in section["tables"]},
    }
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["bound"] = bound
    template = environment.from_string(asset(TEMPLATE))
    script = asset(SCRIPT)
    return template.render(
        study=study,
        style=markupsafe.Markup(asset(STYLE)),
        script=markupsafe.Markup(script),
        script_digest=f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}",
        navigation=navigation,
        abstract=abstract(evidence),
        methods=methods,
        results=results,
        limitations=limitations(evidence),
        background=background,
        checklists=[
            (identifier, name, citation, answered(items, anchors)) for identifier, name, citation, items in CHECKLISTS
        ],
        provenance=provenance_groups(provenance),
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


def picture_names(section: Section, study: Study) -> list[str]:
    """Names of a section's figures of radiographs, one for each site where the name asks for a site."""
    names = [PurePath(picture).name for picture in section.pictures]
    return list(dict.fromkeys(name.format(site=site.name) for name in names for site in study.sites))


def figure(name: str, content: bytes, caption: Caption, *, number: int) -> dict[str, Any]:
    """A figure for the template: its image within the page at its width in print, caption and text alternative."""
    pixels = int.from_bytes(content[16:20], "big")
    resolution = content.partition(b"pHYs")[2][:4] or b"\0"
    metres = pixels / (int.from_bytes(resolution, "big") or PIXELS_PER_METRE)
    source = f"data:image/png;base64,{base64.b64encode(content).decode()}"
    return {
        "name": name,
        "source": source,
        "caption": caption.text,
        "alternative": caption.alternative,
        "number": number,
        "width": round(metres * REM_PER_METRE),
    }


def fitting(pictures: Mapping[str, bytes], *, largest: int) -> list[str]:
    """Names of the pictures, smallest first chosen, that together have at most so many bytes; in their order."""
    chosen, total = set(), 0
    for name in sorted(pictures, key=lambda name: len(pictures[name])):
        total += len(pictures[name])
        if total > largest:
            break
        chosen.add(name)
    return [name for name in pictures if name in chosen]


def table(name: str, frame: pd.DataFrame, caption: str, *, number: int) -> dict[str, Any]:
    """A table for the template: headings and rows of text; the column `simulated` and empty notes stay out."""
    text = shown(frame)
    return {
        "name": name,
        "caption": caption,
        "columns": list(text.columns),
        "rows": text.to_numpy().tolist(),
        "number": number,
        "kind": KINDS.get(name, "numbers"),
    }


def read_tables(paths: Sequence[Path]) -> dict[str, pd.DataFrame]:
    """Printed tables by the stem of their file, every cell as it was written."""
    return {path.stem: pd.read_csv(path, dtype=str, keep_default_na=False) for path in paths}
