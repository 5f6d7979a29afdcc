"""Participants: how many patients and radiographs were considered and analysed, and who they were."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from cacs_cxr.report.evidence import Evidence
from cacs_cxr.report.missing_values import missing_values
from cacs_cxr.report.numbers import count, listing, share
from cacs_cxr.report.phrases import Caption, lower_first, site_phrase
from cacs_cxr.report.table1 import table1
from cacs_cxr.small_cells import hidden, hidden_text


def paragraphs(evidence: Evidence) -> list[str]:
    """How many patients and radiographs were considered and analysed, and who they were."""
    study = evidence.study
    sentences = []
    for site in study.sites:
        here = evidence.rows("analysis", site=site.name)
        flow = evidence.rows("flow", site=site.name, unit="patients", kind="start")
        radiographs = evidence.rows("flow", site=site.name, unit="radiographs", kind="start")
        text = f"At {site_phrase(site)} {count(len(here))} patients were analysed"
        if len(flow):
            first = flow.sort_values("order").iloc[0]
            text = (
                f"Of {count(first['n'])} {lower_first(str(first['label']))} at {site_phrase(site)}, "
                f"{count(len(here))} were analysed"
            )
        if len(radiographs):
            first = radiographs.sort_values("order").iloc[0]
            text += f" (from {count(first['n'])} {lower_first(str(first['label']))})"
        categories = study.category(here[study.biomarker.name])
        numbers = np.bincount(categories, minlength=len(study.categories))
        smallest = evidence.smallest_cell
        marks = hidden(numbers, smallest=smallest)
        placed = [
            f"{hidden_text(number, smallest=smallest) if mark else share(number, len(here))} in category {label}"
            for number, mark, label in zip(numbers, marks, study.category_labels, strict=True)
        ]
        sentences.append(f"{text}; by {study.biomarker.short}, {listing(placed)}.")
    return [" ".join(sentences)]


def figure_captions(evidence: Evidence) -> Mapping[str, Caption]:
    """Caption and text alternative of the flow diagram."""
    kept = [
        f"{count(len(evidence.rows('analysis', site=site.name)))} patients are left at {site_phrase(site)}"
        for site in evidence.study.sites
    ]
    return {
        "flow": Caption(
            "Flow of radiographs and patients at every site.",
            "Flow diagram: boxes with the numbers of radiographs and patients kept and excluded at each step, for each "
            f"site; {listing(kept)}. The numbers stand in figures/flow.csv.",
        )
    }


def table_captions(evidence: Evidence) -> Mapping[str, str]:
    """Captions of the characteristics and of the missing values."""
    return {
        "table1": (
            "Characteristics of the patients by site and, at the development site, by actual category. SMD: "
            "standardised difference, external minus development (absolute over all categories)."
        ),
        "missing": (
            "Missing values of the analysed patients, and what was done about them. Patients excluded for a missing "
            "value are counted in the flow."
        ),
    }


def tables(evidence: Evidence) -> Mapping[str, pd.DataFrame]:
    """Characteristics and missing values."""
    analysis, study = evidence.table("analysis"), evidence.study
    return {
        "table1": table1(analysis, study, smallest=evidence.smallest_cell),
        "missing": missing_values(analysis, study, evidence.configuration),
    }
