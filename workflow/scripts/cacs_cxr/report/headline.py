"""The model that the report's sentences are about where there is room for one."""

from cacs_cxr.report.evidence import Evidence
from cacs_cxr.study import CXR, headline_model

NO_PREDICTIONS = "There are no predictions."
USED_PROBABILITY = 0.1  # threshold probability, or the nearest declared, at which net benefit is told in words


def headline(evidence: Evidence) -> str:
    """Name of the model that the sentences are about."""
    return headline_model(evidence.table("discrimination")["model"]) if len(evidence.table("discrimination")) else CXR
