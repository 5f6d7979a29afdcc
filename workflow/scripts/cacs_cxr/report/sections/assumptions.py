"""Known and assumed: what the paper's abstract states, and what this study assumed where it is silent."""

from collections.abc import Mapping

import pandas as pd

from cacs_cxr import paper
from cacs_cxr.report.assumptions import assumptions
from cacs_cxr.report.evidence import Evidence
from cacs_cxr.report.phrases import Caption


def paragraphs(evidence: Evidence) -> list[str]:
    """What of the paper was read."""
    return [f"Of the paper only the abstract was read: {paper.CITATION}"]


def figure_captions(evidence: Evidence) -> Mapping[str, Caption]:
    """No figure."""
    return {}


def table_captions(evidence: Evidence) -> Mapping[str, str]:
    """Caption of the assumptions."""
    return {"assumptions": "What the paper's abstract states, and what this study assumed where it is silent."}


def tables(evidence: Evidence) -> Mapping[str, pd.DataFrame]:
    """The assumptions."""
    return {"assumptions": assumptions(evidence.configuration, evidence.study)}
