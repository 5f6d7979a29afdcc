"""Parts of the report's sentences."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from cacs_cxr.report.evidence import Evidence
from cacs_cxr.report.numbers import estimate, listing
from cacs_cxr.study import Site, model_label, ordered_models

Row = Mapping[Any, Any]


class Caption(NamedTuple):
    """Caption of a figure, and what it shows in words and numbers for those who cannot see it."""

    text: str
    alternative: str


def site_phrase(site: Site) -> str:
    """A site within a sentence."""
    return f"the {site.name} site" if not site.name.endswith("site") else f"the {site.name}"


def finite(row: Row | None, column: str) -> bool:
    """Whether a row exists and holds a number in a column."""
    return row is not None and bool(np.isfinite(float(row[column])))


def interval(row: Row, value: str, low: str, high: str, *, digits: int = 2) -> str:
    """An estimate for a sentence: ``0.75 (95 % CI 0.72–0.79)``."""
    return estimate(float(row[value]), float(row[low]), float(row[high]), digits=digits).replace("(", "(95 % CI ", 1)


def lower_first(text: str) -> str:
    """Text with a small first letter, unless it starts with an abbreviation."""
    return text if text[:2].isupper() else text[:1].lower() + text[1:]


def areas(evidence: Evidence) -> list[str]:
    """Every AUC with its interval, a sentence for each site and threshold."""
    study = evidence.study
    sentences = []
    for site in study.sites:
        for threshold in study.thresholds:
            rows = [
                (model, evidence.row("discrimination", site=site.name, model=model, threshold=threshold.name))
                for model in ordered_models(evidence.table("discrimination")["model"])
            ]
            values = [
                f"{model_label(model).lower()} {interval(row, 'auc', 'auc_low', 'auc_high')}"
                for model, row in rows
                if row is not None and finite(row, "auc")
            ]
            if values:
                sentences.append(
                    f"{site.name.capitalize()}, {study.biomarker.short} {threshold.label}: AUC {listing(values)}."
                )
    return sentences
