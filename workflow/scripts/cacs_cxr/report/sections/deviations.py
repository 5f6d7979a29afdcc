"""Deviations from the paper: where this study does something else than the paper's abstract states."""

from collections.abc import Mapping

import pandas as pd

from cacs_cxr import paper
from cacs_cxr.report.configuration import setting
from cacs_cxr.report.evidence import Evidence
from cacs_cxr.report.numbers import count, listing
from cacs_cxr.report.phrases import Caption
from cacs_cxr.study import CXR, INTEGRATED, MODELS, model_label, ordered_models

SIX_MONTHS = range(180, 187)


def paragraphs(evidence: Evidence) -> list[str]:
    """Every deviation that this study's configuration and results show."""
    study, configuration = evidence.study, evidence.configuration
    found = []
    if study.simulated:
        found.append("The patients are simulated; the paper's are not.")
    developed = len(evidence.rows("analysis", site=study.development))
    if developed != paper.PATIENTS:
        found.append(f"{count(developed)} patients were analysed at the development site, not {count(paper.PATIENTS)}.")
    if not paper.comparable(study):
        labels = listing([f"{study.biomarker.short} {threshold.label}" for threshold in study.thresholds])
        found.append(f"The thresholds are {labels}, not calcium scores > 0, ≥ 100 and ≥ 400.")
    folds, days = setting(configuration, "folds.count"), setting(configuration, "eligibility.window_days")
    if folds is not None and folds != paper.FOLDS:
        found.append(f"Cross-validation has {folds} folds, not {paper.FOLDS}.")
    if "eligibility" in configuration and days not in SIX_MONTHS:
        limit = "without a limit" if days is None else f"at most {days} days"
        found.append(f"The interval between radiograph and measurement is {limit}, not within six months.")
    if not study.external:
        found.append("There is no external validation.")
    models = ordered_models(evidence.table("discrimination")["model"])
    if absent := [model_label(model).lower() for model in (CXR, INTEGRATED) if model not in models]:
        found.append(f"There is no {listing(absent)} model.")
    if further := [model_label(model).lower() for model in models if model not in (CXR, INTEGRATED)]:
        own = " The clinical model shows what the radiograph adds." if MODELS[0] in models else ""
        found.append(f"Models that the abstract does not report: {listing(further)}.{own}")
    if not evidence.followed:
        found.append("There is no follow-up, hence no prognosis.")
    return [
        "Only what the abstract states can be deviated from; what it leaves open is in the table of assumptions.",
        " ".join(found) if found else "No deviation from the abstract is known.",
    ]


def figure_captions(evidence: Evidence) -> Mapping[str, Caption]:
    """No figure."""
    return {}


def table_captions(evidence: Evidence) -> Mapping[str, str]:
    """No table."""
    return {}


def tables(evidence: Evidence) -> Mapping[str, pd.DataFrame]:
    """No table."""
    return {}
