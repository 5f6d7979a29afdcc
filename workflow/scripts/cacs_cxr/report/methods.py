"""The methods section, written from the configuration that was used."""

from collections.abc import Mapping
from typing import Any

from cacs_cxr.report.configuration import setting
from cacs_cxr.report.evaluation_methods import calibration_paragraph, subgroups_paragraph
from cacs_cxr.report.methods_models import models_paragraph
from cacs_cxr.report.numbers import listing
from cacs_cxr.report.prognosis_methods import prognostic_value_paragraph
from cacs_cxr.study import Study, model_label

TIME_ZERO = {"score": "the measurement", "radiograph": "the radiograph"}
CUTOFF_RULES = {
    "youden": "maximised sensitivity + specificity − 1 (Youden)",
    "prevalence": "called as many patients positive as were positive",
}

MISSING_RULES = {
    "complete_case": " Cox models left out patients with a missing factor.",
    "multiple_imputation": (
        " Missing factors were imputed {imputations} times by chained equations with predictive mean matching (five "
        "donors) from all factors, the actual and the predicted category, the event and the Nelson–Aalen hazard at the "
        "patient's time (White and Royston 2009), at each site by itself. Estimates were pooled by Rubin's rules with "
        "the degrees of freedom of Barnard and Rubin, Wald tests by D1, likelihood ratios by D2, and C on the logit "
        "scale; all models have the same patients."
    ),
}


def methods_sections(configuration: Mapping[str, Any], study: Study) -> list[tuple[str, list[str]]]:
    """Headings with paragraphs; steps that the configuration does not record are said to be unrecorded.

    Args:
        configuration: as `reported_configuration` returns it.
        study: the definition of the study.
    """
    return [
        ("Patients", [patients_paragraph(configuration, study)]),
        ("Radiographs", [radiographs_paragraph(configuration)]),
        ("Models", [models_paragraph(configuration, study)]),
        (
            "Evaluation",
            [
                evaluation_paragraph(configuration, study),
                calibration_paragraph(configuration, study),
                subgroups_paragraph(configuration, study),
            ],
        ),
        ("Prognosis", [text for text in prognosis_texts(configuration, study) if text]),
    ]


def methods_in_short(configuration: Mapping[str, Any], study: Study) -> str:
    """The methods of the abstract."""
    training, folds = configuration.get("training"), configuration.get("folds")
    models = (
        f"A {training['backbone']} network was trained for each threshold in {folds['count']}-fold "
        "cross-validation by patient"
        if training and folds
        else "Predictions for each threshold were received in an archive"
    )
    factors = listing([factor.label[0].lower() + factor.label[1:] for factor in study.factors])
    integrated = f"; integrated models add {factors}" if factors else ""
    external = (
        f" The models were applied unchanged to {listing([f'the {site} site' for site in study.external])}."
        if study.external
        else ""
    )
    simulated = "All patients and radiographs were simulated. " if study.simulated else ""
    return (
        f"{simulated}{models}{integrated}.{external} Discrimination was measured by the AUC; {study.event.name} "
        "was compared "
        f"between categories of actual and of predicted {study.biomarker.short} by Cox regression."
    )


def patients_paragraph(configuration: Mapping[str, Any], study: Study) -> str:
    """Sites, biomarker, categories and eligibility."""
    biomarker = study.biomarker
    sites = f"Patients of the {study.development} site served for development and cross-validation"
    elsewhere = listing([f"the {site} site" for site in study.external])
    sites += (
        f"; models were applied unchanged to those of {elsewhere}." if elsewhere else "; there was no external site."
    )
    simulated = "All patients and radiographs were simulated. " if study.simulated else ""
    text = (
        f"{simulated}{sites} The reference standard was the {biomarker.label[0].lower()}{biomarker.label[1:]} "
        f"({biomarker.short}, {biomarker.unit}), in the categories {listing(study.category_labels)}."
    )
    rules = configuration.get("eligibility")
    if not rules:
        return f"{text} How patients and radiographs were selected is not recorded in the archive."
    unknown = "excluded" if rules.get("unknown_view") == "exclude" else "included"
    return (
        f"{text} {_ages_taken(configuration)}{_prior_conditions(rules)}Of each patient the {listing(rules['views'])} "
        f"radiograph nearest to the measurement was taken{_window(rules)}; radiographs of unrecorded view were "
        f"{unknown}.{_guarded(configuration)}"
    )


def _ages_taken(configuration: Mapping[str, Any]) -> str:
    rules = configuration["eligibility"]
    if "age" not in rules.get("patients", ["age"]):
        return ""
    limits = [("at least", rules.get("minimum_age")), ("at most", rules.get("maximum_age"))]
    told = [f"{words} {age}" for words, age in limits if age is not None]
    greatest = setting(configuration, "deidentification.greatest_age")
    capped = f"Ages above {greatest} count as {greatest + 1}. " if greatest is not None else ""
    return (f"Patients were {' and '.join(told)} years old. " if told else "") + capped


def _prior_conditions(rules: Mapping[str, Any]) -> str:
    conditions = rules.get("prior") or []
    if not conditions or "prior" not in rules.get("patients", ["prior"]):
        return ""
    labels = listing([condition["label"][0].lower() + condition["label"][1:] for condition in conditions])
    return f"Patients with one of these before the measurement were excluded: {labels}. "


def _window(rules: Mapping[str, Any]) -> str:
    days, side = rules.get("window_days"), rules.get("window_side", "both")
    where = "before or after it" if side == "both" else f"{side} it or on its day"
    if days is None:
        return "" if side == "both" else f", {where}"
    return f", at most {days} days {where}"


def _guarded(configuration: Mapping[str, Any]) -> str:
    guards = configuration.get("guards")
    if not guards or "score_text" not in configuration["eligibility"].get("radiographs", []):
        return ""
    return " Radiographs whose header told of a score were excluded."


_SHARED = {
    "exclude": " Patients whose radiograph was also filed under another patient were excluded: within a site all of "
    "them, of two sites the external one.",
    "stop": " No radiograph was filed under two patients.",
}


def radiographs_paragraph(configuration: Mapping[str, Any]) -> str:
    """Grey values, size and quality control."""
    size, border = setting(configuration, "imaging.size"), setting(configuration, "imaging.border")
    if size is None:
        return "How the radiographs were read is not recorded in the archive."
    shared = _SHARED.get(str(setting(configuration, "guards.pixels_of_two_patients")), "")
    trimmed = " Near-constant collimation borders were cut off." if border == "trim" else ""
    return (
        "Grey values were made from the stored pixels by one lookup table an image, composed as DICOM PS3.3 says: "
        "modality LUT or rescaling, VOI LUT or window, inversion of MONOCHROME1; where a header offers neither VOI LUT "
        "nor window, percentiles of the image took their place. Images were reduced with antialiasing to fit a square "
        f"of {size} × {size} pixels, their aspect kept, and stored with 8 bits.{trimmed} Quality control was by pixel "
        "statistics, which flag images that are likely blank, inverted, rotated, mirrored, cropped or no frontal "
        "chest, and by search for identical and nearly identical images among those selected. Flags "
        "and likeness are counted and exclude nobody by themselves; files that could not be read are counted by reason."
        f"{shared}"
    )


def evaluation_paragraph(configuration: Mapping[str, Any], study: Study) -> str:
    """AUC, comparisons, cut-offs, categories."""
    rule = setting(configuration, "evaluation.cutoff_rule")
    cutoffs = (
        f"Cut-offs {CUTOFF_RULES.get(str(rule), str(rule))}: for each development fold in the out-of-fold "
        "predictions of "
        "the other folds, for external sites in all of them. "
        if rule
        else ""
    )
    return (
        "AUCs were pooled over out-of-fold predictions, with DeLong's 95 % confidence interval; the mean and standard "
        "deviation over folds stand beside them. Models were compared on the same patients by DeLong's paired "
        "test, with "
        f"Holm's adjustment over the {len(study.thresholds)} thresholds. {cutoffs}Intervals of proportions are "
        "Wilson's. "
        "The predicted category is the highest threshold passed, after crossing probabilities were repaired by pooling "
        "adjacent violators. p-values are two-sided."
    )


def prognosis_texts(configuration: Mapping[str, Any], study: Study) -> list[str]:
    """Both paragraphs of the prognosis; the second is empty for archives that do not record its settings."""
    return [prognosis_paragraph(configuration, study), prognostic_value_paragraph(configuration)]


def prognosis_paragraph(configuration: Mapping[str, Any], study: Study) -> str:
    """Survival analysis."""
    model = setting(configuration, "prognosis.model")
    least = setting(configuration, "prognosis.minimum_events_per_category")
    whose = f" of the {model_label(str(model)).lower()} model" if model else ""
    factors = listing([factor.label[0].lower() + factor.label[1:] for factor in study.factors])
    adjusted = f", unadjusted and adjusted for {factors} in the same patients," if factors else ""
    missing = MISSING_RULES.get(str(setting(configuration, "prognosis.missing")), "")
    missing = missing.format(imputations=setting(configuration, "prognosis.imputations")) if study.factors else ""
    few = f" Hazard ratios are not given where a category has fewer than {least} events." if least is not None else ""
    zero = setting(configuration, "followup.time_zero") or "later"
    start = "the later of radiograph and measurement" if zero == "later" else TIME_ZERO[zero]
    landmark = setting(configuration, "followup.landmark_days")
    moved = f", moved by {landmark} days (landmark)" if landmark else ""
    immortal = (
        " Patients could not have died between that day and the other examination where it was later: that time is "
        "immortal, which makes their prognosis look better than it is."
        if zero != "later"
        else ""
    )
    end = {
        "censor": " Events after the end of follow-up were not counted.",
        "count": " Events after the end of follow-up were counted where they were known.",
    }.get(str(setting(configuration, "followup.events_after_end")), "")
    return (
        f"The event was {study.event.label[0].lower()}{study.event.label[1:]} ({study.event.name}). Follow-up "
        f"started at {start}{moved}; events and ends of follow-up before that were excluded.{immortal}{end} Of several "
        "events the first counted. Groups by actual "
        f"category and by the predicted category{whose} were compared by Kaplan–Meier curves (log-log intervals), "
        "log-rank "
        f"tests, Cox regression{adjusted} with Efron's handling of ties, and Harrell's C. Competing events, where "
        "recorded, "
        f"were censored.{missing}{few}"
    )
