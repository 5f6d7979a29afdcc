"""What the paper's abstract states, and what this study assumed where it is silent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from cacs_cxr.report.configuration import setting
from cacs_cxr.report.numbers import listing
from cacs_cxr.study import CLINICAL, Study, model_label

KNOWN, ASSUMED, INFERRED = "known from the abstract", "assumed", "inferred from the abstract"
NOT_RECORDED = "not recorded in the archive"


@dataclass(frozen=True)
class Assumption:
    """A question of method: what the abstract says, and the configuration key that answers it here.

    Attributes:
        key: dotted key of the configuration, or "" where the answer is part of the software's design.
        choice: the answer here, with ``{value}`` for the key's value.
    """

    question: str
    abstract: str
    status: str
    key: str
    choice: str
    reason: str


NOT_STATED = "not stated"
UNLIMITED = ("eligibility.minimum_age", "eligibility.maximum_age", "eligibility.window_days")
ASSUMPTIONS: Sequence[Assumption] = (
    Assumption(
        "Patients",
        "10,230 with chest radiograph and calcium score",
        KNOWN,
        "",
        "the patients of this study's sites",
        "another cohort: agreement of numbers is not expected, of the question it is",
    ),
    Assumption(
        "Interval between radiograph and score",
        "within six months",
        KNOWN,
        "eligibility.window_days",
        "at most {value} days",
        "six months is stated",
    ),
    Assumption(
        "Side of that interval",
        NOT_STATED,
        ASSUMED,
        "eligibility.window_side",
        "{value}",
        "its direction is not stated",
    ),
    Assumption(
        "Radiographs taken",
        NOT_STATED,
        ASSUMED,
        "eligibility.views",
        "frontal {value}, the nearest to the score, one a patient",
        "one radiograph a patient keeps the intervals honest",
    ),
    Assumption(
        "Radiographs of unrecorded view",
        NOT_STATED,
        ASSUMED,
        "eligibility.unknown_view",
        "{value}",
        "metadata cannot recover the view; an image table can state it",
    ),
    Assumption(
        "Youngest age", NOT_STATED, ASSUMED, "eligibility.minimum_age", "{value} years", "adults"
    ),
    Assumption(
        "Networks",
        "three binary models, at 0, 100 and 400",
        KNOWN,
        "thresholds",
        "one network a threshold",
        "as the paper did",
    ),
    Assumption(
        "Backbone", NOT_STATED, ASSUMED, "training.backbone", "{value}", "any timm network can be named"
    ),
    Assumption(
        "Initial weights", NOT_STATED, ASSUMED, "training.init", "{value}", "stated, so that it can be changed"
    ),
    Assumption(
        "Image size", NOT_STATED, ASSUMED, "imaging.size", "{value} pixels a side, aspect ratio kept",
        "time of computing",
    ),
    Assumption(
        "Augmentation",
        NOT_STATED,
        ASSUMED,
        "training.augmentation",
        "{value}; never a flip",
        "the heart is on one side",
    ),
    Assumption(
        "Epochs", NOT_STATED, ASSUMED, "training.epochs", "{value}, the best chosen on the tuning split",
        "nothing is chosen on a test fold",
    ),
    Assumption(
        "Cross-validation",
        "10 folds",
        KNOWN,
        "folds.count",
        "{value} folds, by patient, stratified by category",
        "stratification is not stated; rare categories need it",
    ),
    Assumption(
        "Tuning split",
        NOT_STATED,
        ASSUMED,
        "folds.tuning_fraction",
        "{value} of each fold's training patients",
        "epoch, calibration and integration must not see the test fold",
    ),
    Assumption(
        "Integrated model",
        "radiograph with age, sex and body mass index",
        KNOWN,
        "factors",
        "logistic regression with a normal prior on the radiograph's calibrated logit and the clinical factors",
        "the form of fusion is not stated; a late one gives odds ratios",
    ),
    Assumption(
        "Clinical model", NOT_STATED, ASSUMED, "", "always reported",
        "tells what the radiograph adds to age, sex and body mass index",
    ),
    Assumption(
        "External validation",
        "done; the model is not named",
        INFERRED,
        "sites",
        "mean logit of the networks of all folds; nothing is fitted again",
        "the external AUCs exceed those of the radiograph alone, so the integrated model is presumed",
    ),
    Assumption(
        "AUC and its interval", "AUCs without intervals", ASSUMED, "",
        "pooled out-of-fold with DeLong's interval, the mean over folds beside it",
        "pooling mixes scales: both are shown",
    ),
    Assumption(
        "Cut-offs",
        NOT_STATED,
        ASSUMED,
        "evaluation.cutoff_rule",
        "{value}, in the other folds of development, frozen for external sites",
        "cut-offs chosen on the test set are optimistic",
    ),
    Assumption(
        "Predicted category", "three binary outputs", ASSUMED, "",
        "highest threshold passed after repair of crossing probabilities",
        "separately trained networks may contradict one another",
    ),
    Assumption(
        "Model of the prognostic analysis", NOT_STATED, ASSUMED, "prognosis.model", "{value}",
        "the image alone does not contain the factors adjusted for",
    ),
    Assumption(
        "Oldest age", NOT_STATED, ASSUMED, "eligibility.maximum_age", "{value} years", "none is stated"
    ),
    Assumption(
        "Conditions before the study", NOT_STATED, ASSUMED, "eligibility.prior", "excluded: {value}",
        "patients with known coronary disease have less to learn from a prediction of calcium",
    ),
    Assumption(
        "Time zero of follow-up", NOT_STATED, ASSUMED, "followup.time_zero", "{value} of radiograph and score",
        "at the later both groupings are known: no immortal time",
    ),
    Assumption(
        "Landmark", NOT_STATED, ASSUMED, "followup.landmark_days", "{value} days after time zero", "none is stated"
    ),
    Assumption(
        "Events after the end of follow-up", NOT_STATED, ASSUMED, "followup.events_after_end", "{value}",
        "they are known of some patients only",
    ),
    Assumption(
        "Pictures filed under two patients", NOT_STATED, ASSUMED, "guards.pixels_of_two_patients", "{value}",
        "one may stand in training and in test",
    ),
    Assumption(
        "Event", "major adverse cardiovascular events, not defined", ASSUMED, "event", "as the sites define it",
        "the definition belongs to the outcome tables",
    ),
    Assumption(
        "Adjustment", NOT_STATED, ASSUMED, "factors", "the clinical factors of the integrated model",
        "unadjusted and adjusted models use the same patients",
    ),
    Assumption(
        "Fewest events a category", NOT_STATED, ASSUMED, "prognosis.minimum_events_per_category",
        "{value}; with fewer no hazard ratio is given", "a hazard ratio of a few events misleads",
    ),
)  # fmt: skip


def assumptions(configuration: Mapping[str, Any], study: Study) -> pd.DataFrame:
    """What the abstract states and what this study assumed where it is silent, with the key that changes it.

    Args:
        configuration: as `reported_configuration` returns it; keys it lacks are reported as not recorded.
        study: gives thresholds, factors and event.
    """
    own: dict[str, Any] = {
        "thresholds": listing([threshold.label for threshold in study.thresholds]),
        "factors": listing([factor.label for factor in study.factors]) or "none",
        "event": study.event.label,
        "sites": listing([site.name for site in study.sites]),
    }
    rows = []
    for item in ASSUMPTIONS:
        value = own.get(item.key, setting(configuration, item.key)) if item.key else ""
        choice = item.choice
        if item.key and value is None:
            choice = NOT_RECORDED if item.key not in UNLIMITED or "eligibility" not in configuration else "no limit"
        elif item.key in own:
            choice = f"{item.choice}: {value}"
        elif item.key:
            choice = item.choice.format(value=plain(value) or "none")
        rows.append(
            {
                "question": item.question,
                "abstract": item.abstract,
                "status": item.status,
                "this study": choice,
                "configuration key": item.key or "fixed",
                "reason": item.reason,
            }
        )
    return pd.DataFrame(rows)


def plain(value: Any) -> str:
    """A configuration value as words."""
    if isinstance(value, Mapping):
        return ", ".join(f"{str(key).replace('_', ' ')} {plain(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return listing([str(item["label"] if isinstance(item, Mapping) else item) for item in value])
    return model_label(value) if value == CLINICAL else str(value)
