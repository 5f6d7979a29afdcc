"""The words of all sections, and what a section's module has to offer."""

from collections.abc import Mapping
from typing import Protocol

import pandas as pd

from cacs_cxr.report.evidence import Evidence
from cacs_cxr.report.phrases import Caption
from cacs_cxr.report.sections import (
    assumptions,
    availability,
    beside_the_paper,
    calibration,
    deviations,
    discrimination,
    operating_points,
    participants,
    precision,
    prognosis,
    prognosis_robustness,
    prognostic_value,
    radiographs,
    saliency,
    subgroups,
    usefulness,
    workflow,
)


class Words(Protocol):
    """A section's module."""

    def paragraphs(self, evidence: Evidence) -> list[str]:
        """The section's text; every number in it is read from a result file."""

    def figure_captions(self, evidence: Evidence) -> Mapping[str, Caption]:
        """Caption and text alternative of every figure by name; a figure without them is not shown."""

    def table_captions(self, evidence: Evidence) -> Mapping[str, str]:
        """Caption of every table by name; a table without one, or without rows, is not shown."""

    def tables(self, evidence: Evidence) -> Mapping[str, pd.DataFrame]:
        """Every table of the section by name, as print wants it."""


WORDS: Mapping[str, Words] = {
    "participants": participants,
    "radiographs": radiographs,
    "discrimination": discrimination,
    "beside_the_paper": beside_the_paper,
    "calibration": calibration,
    "usefulness": usefulness,
    "operating_points": operating_points,
    "subgroups": subgroups,
    "precision": precision,
    "saliency": saliency,
    "prognosis": prognosis,
    "prognostic_value": prognostic_value,
    "prognosis_robustness": prognosis_robustness,
    "deviations": deviations,
    "assumptions": assumptions,
    "workflow": workflow,
    "availability": availability,
}


def figure_captions(evidence: Evidence) -> dict[str, Caption]:
    """Caption and text alternative of every figure that has something to show, by name."""
    return {name: caption for words in WORDS.values() for name, caption in words.figure_captions(evidence).items()}


def table_captions(evidence: Evidence) -> dict[str, str]:
    """Caption of every table that has something to show, by name."""
    return {name: caption for words in WORDS.values() for name, caption in words.table_captions(evidence).items()}


def printed_tables(evidence: Evidence) -> dict[str, pd.DataFrame]:
    """Every table of the report by name, with or without rows."""
    return {name: table for words in WORDS.values() for name, table in words.tables(evidence).items()}
