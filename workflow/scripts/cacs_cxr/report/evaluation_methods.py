"""The methods of calibration, usefulness, agreement, subgroups and robustness, written from the configuration."""

from collections.abc import Mapping
from typing import Any

from cacs_cxr.report.configuration import setting
from cacs_cxr.report.numbers import count, listing
from cacs_cxr.study import Study


def calibration_paragraph(configuration: Mapping[str, Any], study: Study) -> str:
    """Calibration, net benefit, agreement."""
    decision, samples = setting(configuration, "evaluation.decision"), setting(configuration, "evaluation.bootstrap")
    over = (
        f" Net benefit was computed at threshold probabilities from {decision['low']:g} to {decision['high']:g}, "
        "with "
        f"bands from {count(samples)} bootstrap samples."
        if decision and samples
        else ""
    )
    external = (
        " At external sites it is also shown after recalibration in the large on the same patients, which is "
        "optimistic."
        if study.external
        else ""
    )
    return (
        "Calibration was assessed by calibration in the large, slope, the ratio of observed to expected positives, "
        "the "
        "Brier score and a flexible curve by local regression (lowess) with a pointwise band, whose mean distance "
        "from "
        f"the probabilities is the integrated calibration index (ICI).{external}{over} Agreement of predicted with "
        "actual "
        "categories was measured by weighted kappa (Fleiss, Cohen and Everitt's standard error), and the order of "
        "the "
        "probabilities by concordance over pairs of different categories."
    )


def subgroups_paragraph(configuration: Mapping[str, Any], study: Study) -> str:
    """Subgroups, strata, sensitivity analyses, corruptions, precision."""
    least = setting(configuration, "evaluation.subgroups.minimum_per_class")
    small = f" of at least {least} patients of each class" if least else ""
    declared = setting(configuration, "evaluation.sensitivity") or []
    analyses = listing([f"“{item['label']}”" for item in declared])
    kept = f" Sensitivity analyses kept the models and cut-offs: {analyses}." if declared else ""
    robustness = setting(configuration, "evaluation.robustness") or {}
    shaken = (
        " The networks of the radiograph were tested on corrupted copies "
        f"({listing(list(robustness['corruptions']))}) of "
        f"the radiographs of at most {count(robustness['patients'])} development patients, each by the networks "
        "tested on "
        "the patient."
        if robustness.get("patients") and robustness.get("corruptions")
        else ""
    )
    strata = (
        " What a model tells beyond the factors is its AUC among pairs of patients of the same stratum of all of them."
        if study.factors
        else ""
    )
    return (
        f"Subgroups{small} were compared by one test a variable: DeLong's unpaired test or Cochran's Q of the AUC, "
        "and a "
        f"likelihood-ratio test of calibration in the large, with Holm's adjustment over the variables.{strata}{kept}"
        f"{shaken} External sites were compared with development by DeLong's unpaired test. The precision that a "
        "site's "
        "size gives, and the size that a wanted precision needs, follow Riley and colleagues."
    )
