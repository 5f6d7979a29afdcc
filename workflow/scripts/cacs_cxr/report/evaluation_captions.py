"""Captions and text alternatives of the figures and tables of calibration, usefulness, agreement and subgroups."""

from cacs_cxr.study import Study


def evaluation_figure_captions(study: Study) -> dict[str, tuple[str, str]]:
    """Caption and text alternative of every figure, by the file's stem."""
    short = study.biomarker.short
    return {
        "calibration": (
            f"Calibration for {short}: observed share of patients who pass the threshold against the predicted "
            "probability, by local regression, with a pointwise 95 % band; below, the probabilities of both classes.",
            "Calibration curves of every model, a panel for each threshold and site, each above a histogram of the "
            "probabilities by class. Slopes, O:E and other measures stand in the table of calibration.",
        ),
        "decision_curve": (
            f"Decision curves for {short}: net benefit of acting on each model beside treating all and none, over the "
            "declared threshold probabilities.",
            "Curves of net benefit against the threshold probability, a panel for each threshold and site. Values "
            "stand in the table of net benefit and in figures/decision_curve.csv.",
        ),
        "confusion": (
            f"Predicted against actual {short} category.",
            "Squares of counts of actual by predicted category, one for each model and site. The numbers stand in "
            "figures/confusion.csv, the agreement in the table of agreement.",
        ),
        "subgroups": (
            "AUC in subgroups of patients, with the AUC of all patients as a broken line. Subgroups with too few "
            "patients of a class are named only.",
            "Forest plot of the AUC with its interval in every subgroup, a panel for each threshold. The numbers stand "
            "in tables/subgroups.csv.",
        ),
    }


def evaluation_table_captions(study: Study) -> dict[str, str]:
    """Caption of every table, by the file's stem."""
    short = study.biomarker.short
    return {
        "calibration": (
            "Calibration over all patients of a site. In the large: intercept with the slope held at 1. O:E: observed "
            "to expected. ICI and E90: mean and 90th percentile of the distance between probability and curve."
        ),
        "external": "AUC at external sites and at development, compared as unpaired (DeLong).",
        "operating_rules": (
            "Operating points by other rules, each with its own cut-off frozen on development; Wilson's intervals. LR: "
            "likelihood ratio."
        ),
        "net_benefit": (
            "Net benefit at some threshold probabilities, with bootstrap intervals, and interventions avoided against "
            "treating all without missing a case more."
        ),
        "agreement": (
            f"Agreement of predicted with actual {short} categories. Concordance: share of pairs of different "
            "categories that the probabilities rank rightly. Crossings: patients whose probabilities rose with the "
            "threshold."
        ),
        "subgroups": "Subgroups of patients. p: heterogeneity between the groups, Holm over the variables.",
        "within_strata": (
            "AUC among patients of the same stratum of all clinical factors together: what a model tells beyond them. "
            "Pairs: share of all pairs of patients who are compared so."
        ),
        "sensitivity": "Sensitivity analyses: the same models and cut-offs among some of the patients.",
        "robustness": (
            "Networks on corrupted radiographs of the same development patients, each predicted by the networks that "
            "were tested on them."
        ),
        "precision": (
            "Width of 95 % intervals to be expected of so many patients, and patients needed for the width wanted "
            "(Riley et al.), anticipating what development shows."
        ),
    }
