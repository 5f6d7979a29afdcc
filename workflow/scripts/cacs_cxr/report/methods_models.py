"""Methods: networks, their training, calibration and integration, as configured."""

from collections.abc import Mapping
from typing import Any

from cacs_cxr.report.assumptions import plain
from cacs_cxr.report.configuration import setting
from cacs_cxr.report.numbers import listing
from cacs_cxr.study import Study

CALIBRATIONS = {"platt": "Platt calibration", "temperature": "calibration by a temperature"}
WEIGHTED = {
    "balanced": "Positive patients were weighted in the loss so that both classes counted alike.",
    "square_root": "Positive patients were weighted in the loss by the square root of the ratio of the classes.",
}
FURTHER_NETWORKS = {
    "joint": (
        "Joint networks, trained beside them, add a linear term of the standardised clinical factors to the "
        "radiograph's logit, end to end."
    ),
    "joint_thresholds": (
        "One further network of the radiograph has a logit for each threshold, ordered so that probabilities never "
        "cross."
    ),
}


def models_paragraph(configuration: Mapping[str, Any], study: Study) -> str:
    """Networks, folds, integration."""
    training, folds = configuration.get("training"), configuration.get("folds")
    if not training or not folds:
        return "The predictions were received in an archive that does not record how the models were trained."
    size = setting(configuration, "imaging.size")
    weights = {"none": "random weights", "timm": "weights published with timm"}.get(
        training["init"], f"the weights {training['init']}"
    )
    calibration = CALIBRATIONS[str(setting(configuration, "prediction.calibration") or "platt")]
    sentences = [
        f"A {training['backbone']} network was trained for each threshold "
        f"({listing([threshold.label for threshold in study.thresholds])}) from {weights} on radiographs of {size} × "
        f"{size} pixels, for {training['epochs']} epochs at a peak learning rate of {training['learning_rate']:g}, "
        f"batches of {training['batch_size']}, weight decay {training['weight_decay']:g} and augmentation "
        f"({plain(training['augmentation'])}; never a flip).",
        *_training_options(training),
        f"Development used {folds['count']}-fold cross-validation by patient, stratified by category; "
        f"{100 * folds['tuning_fraction']:g} % of each fold's training patients were held out as a tuning split for "
        f"the choice of epoch and for {calibration}.",
        *_prediction_options(training),
        _integration(study),
        "At external sites the mean logit of the networks of all folds was used.",
    ]
    return " ".join(sentences)


def _training_options(training: Mapping[str, Any]) -> list[str]:
    sentences = [FURTHER_NETWORKS[name] for name in training.get("networks", ()) if name in FURTHER_NETWORKS]
    if training.get("radiographs") == "all":
        sentences.append("Further eligible radiographs of training patients were trained on as well.")
    if training.get("ema_decay"):
        sentences.append(
            f"A moving average of the weights with a decay of {training['ema_decay']:g} a step was evaluated and kept."
        )
    if training.get("imbalance") in WEIGHTED:
        sentences.append(WEIGHTED[training["imbalance"]])
    return sentences


def _prediction_options(training: Mapping[str, Any]) -> list[str]:
    sentences = []
    if (members := training.get("ensemble", 1)) > 1:
        sentences.append(
            f"{members} networks from different seeds were trained in each place and their logits averaged."
        )
    if views := training.get("test_time_views"):
        changed = "a randomly changed view" if views == 1 else f"{views} randomly changed views"
        sentences.append(f"A patient's logit is the mean over the radiograph and {changed} of it.")
    return sentences


def _integration(study: Study) -> str:
    if not study.factors:
        return "The study has no clinical factors, hence neither a clinical nor an integrated model."
    factors = listing([factor.label[0].lower() + factor.label[1:] for factor in study.factors])
    return (
        f"A clinical model (logistic regression on {factors}) was fitted on training and tuning patients, an "
        "integrated model (logistic regression on the radiograph's calibrated logit and the same factors, drawn "
        "towards the clinical model by a normal prior) on the tuning split."
    )
