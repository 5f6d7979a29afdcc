"""Model cards: what each model is, what it was made from, how it did, and what it must not be used for.

After Mitchell M, et al. Model cards for model reporting. FAT* 2019:220-229.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from cacs_cxr.report.configuration import setting
from cacs_cxr.report.evidence import Evidence
from cacs_cxr.report.numbers import count, listing, share
from cacs_cxr.report.phrases import finite, interval, site_phrase
from cacs_cxr.study import ALL_THRESHOLDS, CLINICAL, CXR, INTEGRATED, JOINT, Threshold, model_label, ordered_models

KINDS = {
    CLINICAL: "logistic regression on the clinical factors",
    CXR: "convolutional network on the frontal chest radiograph, calibrated",
    INTEGRATED: "logistic regression on the radiograph's calibrated logit and the clinical factors",
    JOINT: "network on the radiograph and the clinical factors, trained end to end",
}
MARK = "> Simulated patients: not evidence. This model has seen no patient."


def model_cards(evidence: Evidence, *, versions: Mapping[str, str]) -> str:
    """A card for each model and threshold, as one Markdown document.

    Args:
        evidence: with the tables discrimination, operating_points, networks and coefficients.
        versions: of Python and the libraries, by name.
    """
    study = evidence.study
    cards = [
        card(evidence, model=model, threshold=threshold, versions=versions)
        for model in ordered_models(evidence.table("discrimination")["model"])
        for threshold in study.thresholds
    ]
    head = f"# Model cards: {study.title}\n\n" + (f"{MARK}\n\n" if study.simulated else "")
    return head + "\n".join(cards)


def card(evidence: Evidence, *, model: str, threshold: Threshold, versions: Mapping[str, str]) -> str:
    """The card of one model at one threshold."""
    study = evidence.study
    factors = listing([factor.label for factor in study.factors])
    target = f"{study.biomarker.label} ({study.biomarker.short}, {study.biomarker.unit}) {threshold.label}"
    inputs = {
        CLINICAL: factors,
        CXR: "frontal chest radiograph",
        INTEGRATED: f"frontal chest radiograph, {factors}",
        JOINT: f"frontal chest radiograph, {factors}",
    }
    facts = {
        "Kind": KINDS.get(model, "a model of others, known by its predictions alone"),
        "Input": inputs.get(model, "not recorded"),
        "Output": f"probability of {target}",
        "Intended use": "research: reproduction of the study and comparison with other models",
        "Not for": "diagnosis, screening or treatment of anybody; it is not a medical device",
        "Training": trained(evidence, model=model, threshold=threshold),
        "Cut-off": cut_off(evidence, model=model, threshold=threshold),
        "Limits": (
            "measured at the sites below alone; other scanners, processing, ages or prevalences may change this; "
            "predictive values hold for these prevalences"
        ),
        "Files": "results/models (weights, metadata) and results/predictions/coefficients.csv",
        "Software": ", ".join(f"{name} {versions[name]}" for name in ("python", "torch", "timm") if name in versions)
        or "not recorded",
    }
    lines = [f"## {model_label(model)}, {study.biomarker.short} {threshold.label}", ""]
    lines += [f"- **{name}**: {text}" for name, text in facts.items()]
    lines += ["", *performance(evidence, model=model, threshold=threshold), ""]
    return "\n".join(lines)


def trained(evidence: Evidence, *, model: str, threshold: Threshold) -> str:
    """On whom and how the model was trained."""
    networks = evidence.table("networks")
    own = networks[(networks["network"] == model) & networks["threshold"].isin([threshold.name, ALL_THRESHOLDS])]
    folds = setting(evidence.configuration, "folds.count")
    if own.empty:
        coefficients = evidence.table("coefficients")
        fitted = coefficients[(coefficients["model"] == model) & (coefficients["threshold"] == threshold.name)]
        if fitted.empty:
            return "not recorded"
        return f"fitted in each of {folds} folds on {_range(fitted.loc[fitted['fold'] >= 0, 'n'])} patients"
    first: Mapping[str, Any] = {str(key): value for key, value in own.iloc[0].items()}
    return (
        f"{len(own)} networks ({first['backbone']}, {count(first['parameters'])} parameters, {first['size']} × "
        f"{first['size']} pixels, from {first['initialisation']} initial weights), one a fold of {folds} and member of "
        f"the ensemble, each on {_range(own['n_train'])} patients for at most {first['epochs']} epochs; the epoch was "
        f"chosen on {_range(own['n_tuning'])} others; on {first['device']}"
    )


def _range(numbers: "pd.Series[int]") -> str:
    low, high = int(numbers.min()), int(numbers.max())
    return count(low) if low == high else f"{count(low)} to {count(high)}"


def cut_off(evidence: Evidence, *, model: str, threshold: Threshold) -> str:
    """The frozen cut-off of the external sites, or those of development where there is none."""
    for site in [*evidence.study.external, evidence.study.development]:
        row = evidence.row("operating_points", site=site, model=model, threshold=threshold.name)
        if row is not None and finite(row, "cutoff_min"):
            low, high = float(row["cutoff_min"]), float(row["cutoff_max"])
            return f"{low:.3f}" if low == high else f"{low:.3f} to {high:.3f} (over folds)"
    return "not estimable"


def performance(evidence: Evidence, *, model: str, threshold: Threshold) -> list[str]:
    """How the model did at every site, as a Markdown table."""
    lines = [
        "| site | patients | positive | AUC | sensitivity | specificity |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for site in evidence.study.sites:
        area = evidence.row("discrimination", site=site.name, model=model, threshold=threshold.name)
        point = evidence.row("operating_points", site=site.name, model=model, threshold=threshold.name)
        if area is None:
            continue
        shown = [
            interval(point, name, f"{name}_low", f"{name}_high") if point is not None and finite(point, name) else "–"
            for name in ("sensitivity", "specificity")
        ]
        auc = interval(area, "auc", "auc_low", "auc_high")
        positive = share(area["n_positive"], area["n"])
        lines.append(f"| {site_phrase(site)} | {count(area['n'])} | {positive} | {auc} | {' | '.join(shown)} |")
    return lines
