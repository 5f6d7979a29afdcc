"""Results and conclusion of the abstract, and the study's limits."""

from cacs_cxr.report.evidence import Evidence
from cacs_cxr.report.numbers import count, listing, signed
from cacs_cxr.report.phrases import finite, interval, site_phrase
from cacs_cxr.study import CXR, INTEGRATED, model_label


def in_short(evidence: Evidence) -> str:
    """The results of the abstract: patients, AUCs of radiograph and integrated model, and hazard ratios."""
    study = evidence.study
    sentences = []
    for site in study.sites:
        here = evidence.rows("analysis", site=site.name)
        sentences.append(f"At {site_phrase(site)} {count(len(here))} patients were analysed.")
        for model in (CXR, INTEGRATED):
            parts = []
            for threshold in study.thresholds:
                row = evidence.row("discrimination", site=site.name, model=model, threshold=threshold.name)
                if row is not None and finite(row, "auc_low"):
                    parts.append(
                        f"{interval(row, 'auc', 'auc_low', 'auc_high')} for {study.biomarker.short} {threshold.label}"
                    )
            if parts:
                sentences.append(f"The AUC of the {model_label(model).lower()} model was {listing(parts)}.")
        highest = {"site": site.name, "adjustment": "adjusted", "term": f"category[{study.categories[-1]}]"}
        ratios = {
            grouping: interval(row, "hr", "low", "high")
            for grouping in ("actual", "predicted")
            if (row := evidence.row("cox", grouping=grouping, **highest)) is not None and finite(row, "hr")
        }
        if ratios:
            sentences.append(
                f"The adjusted hazard ratio of {study.biomarker.short} {study.category_labels[-1]} against "
                f"{study.category_labels[0]} was "
                f"{listing([f'{ratio} by {name} category' for name, ratio in ratios.items()])}."
            )
        else:
            sentences.append("Adjusted hazard ratios of the highest category were not estimable.")
    return " ".join(sentences)


def conclusion(evidence: Evidence) -> str:
    """What the numbers say, without more than they say."""
    study = evidence.study
    rows = [
        row
        for threshold in study.thresholds
        if (row := evidence.row("discrimination", site=study.development, model=CXR, threshold=threshold.name))
        and finite(row, "auc_low")
    ]
    if not rows:
        return "Discrimination by the chest radiograph is not estimable in this study."
    above = sum(float(row["auc_low"]) > 0.5 for row in rows)
    aucs = [float(row["auc"]) for row in rows]
    text = (
        f"The chest radiograph discriminated {study.biomarker.short} categories with out-of-fold AUCs from "
        f"{signed(min(aucs), 2)} to {signed(max(aucs), 2)}; the interval lay above 0.5 at {above} of {len(rows)} "
        "thresholds."
    )
    return (
        f"{text} The patients are simulated: this is evidence about the software, not about radiographs."
        if study.simulated
        else text
    )


def limitations(evidence: Evidence) -> list[str]:
    """Limits of the study, those that apply to it."""
    study = evidence.study
    followed = evidence.table("analysis").dropna(subset=["followup_days", "event"])
    points = []
    if study.simulated:
        points.append("Patients and radiographs are simulated; no number here is evidence about people.")
    points += [
        "The paper's full text was not available; what its abstract leaves open was assumed, as the table of "
        "assumptions says.",
        "DeLong's interval takes the fitted networks as given: it does not hold the variation between training "
        "samples, which "
        "the standard deviation over folds shows in part.",
        "Pooled out-of-fold AUCs mix the score scales of the folds' networks, which can only lower them; the mean "
        "over folds "
        "stands beside them.",
        f"Every patient had {study.biomarker.short} measured for a reason; predictive values hold for the "
        "prevalence of these sites.",
    ]  # fmt: skip
    if not study.external:
        points.append("There is no external site.")
    if followed.empty:
        points.append("There is no follow-up: nothing is said about prognosis.")
    else:
        rules = set(evidence.table("cox").get("missing", ()))
        if "complete_case" in rules:
            points.append(
                "Adjusted Cox models leave out patients with a missing factor; unadjusted ones use the same patients."
            )
        if "multiple_imputation" in rules:
            points.append(
                "Missing factors are imputed as if they were missing at random given all that the study knows."
            )
        if (followed["event"] == 2).any():
            points.append("Competing events are censored: one minus Kaplan–Meier then overstates the absolute risk.")
    return points
