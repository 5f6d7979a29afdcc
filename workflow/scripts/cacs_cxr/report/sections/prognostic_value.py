"""Prognostic value: what the prediction adds to clinical factors, beside what the actual category adds."""

from collections.abc import Mapping

import pandas as pd

from cacs_cxr.report.configuration import setting
from cacs_cxr.report.evidence import Evidence
from cacs_cxr.report.numbers import count, listing, p_phrase
from cacs_cxr.report.phrases import Caption, finite, interval
from cacs_cxr.report.prognostic_value_tables import carried_text, discordant_text, incremental_text
from cacs_cxr.study import Site


def paragraphs(evidence: Evidence) -> list[str]:
    """The information carried and what each category adds, a paragraph a site."""
    if not evidence.followed:
        return ["No patient has follow-up: what the prediction adds is not estimable."]
    return [site_value(evidence, site) for site in evidence.study.sites]


def site_value(evidence: Evidence, site: Site) -> str:
    """What the categories add at one site, as a paragraph."""
    sentences = [f"{site.name.capitalize()}."]
    shares = []
    for adjustment, words in (("adjusted", "beyond the clinical factors"), ("unadjusted", "without them")):
        row = evidence.row("information_carried", site=site.name, adjustment=adjustment, prediction="category")
        if row is not None and finite(row, "ratio"):
            shares.append(f"{interval(row, 'ratio', 'low', 'high')} {words}")
    if shares:
        sentences.append(
            "Of the prognostic information in the actual category (likelihood ratio χ²) the predicted category carried "
            f"the share {listing(shares)}."
        )
    else:
        sentences.append(
            "How much of the actual category's prognostic information the predicted one carries is not estimable."
        )
    for larger, words in (("clinical + predicted", "predicted"), ("clinical + actual", "actual")):
        row = evidence.row("incremental_comparisons", site=site.name, smaller="clinical", larger=larger)
        if row is None or not finite(row, "lr_chi2"):
            continue
        change = f", and changed C by {interval(row, 'delta_c', 'delta_c_low', 'delta_c_high', digits=3)}"
        sentences.append(
            f"The {words} category added χ² {float(row['lr_chi2']):.1f} on {int(row['lr_df'])} degrees of freedom "
            f"({p_phrase(float(row['lr_p']))}) to the clinical factors"
            f"{change if finite(row, 'delta_c') else ''}."
        )
    frozen = evidence.row("incremental_value", site=site.name, fitted_at="development", model="clinical + predicted")
    if frozen is not None and finite(frozen, "c"):
        sentences.append(
            "The development site's model with the predicted category, unchanged, had a C of "
            f"{interval(frozen, 'c', 'c_low', 'c_high')} here."
        )
    return " ".join([*sentences, *discordance(evidence, site)])


def discordance(evidence: Evidence, site: Site) -> list[str]:
    """How many patients of opposite sides of the middle threshold there are, and their rates, as a sentence."""
    study = evidence.study
    threshold = study.thresholds[len(study.thresholds) // 2]
    rows = {
        kind: evidence.row("discordant", site=site.name, threshold=threshold.name, group=kind)
        for kind in ("predicted above, actual below", "predicted below, actual above")
    }
    if evidence.smallest_cell is not None or any(row is None or not row["n"] for row in rows.values()):
        return []
    told = [
        f"{count(row['n'])} patients {kind} had "
        f"{interval(row, 'rate_per_1000', 'rate_low', 'rate_high', digits=1)} events per 1,000 person-years"
        for kind, row in rows.items()
        if row is not None
    ]
    return [f"At {study.biomarker.short} {threshold.label}, {listing(told)}."]


def figure_captions(evidence: Evidence) -> Mapping[str, Caption]:
    """Captions of the models, the risks and the cross-classification; none where nobody was followed."""
    if not evidence.followed:
        return {}
    short, event = evidence.study.biomarker.short, evidence.study.event.name
    years = setting(evidence.configuration, "prognosis.assessment_years") or 5
    found = " ".join(site_value(evidence, site) for site in evidence.study.sites)
    return {
        "incremental_value": Caption(
            f"What predicted and actual {short} categories add to clinical factors: Harrell's C, AUC at {years:g} "
            "years, and the share of the actual category's prognostic information that the prediction carries.",
            f"Dot plots of C, of the AUC at {years:g} years and of the information carried, for each site. {found}",
        ),
        "risk_prediction": Caption(
            f"Predicted {years:g}-year risk of {event}: calibration and net benefit of clinical factors, with the "
            "predicted and with the actual category.",
            f"Left, observed against predicted risk by tenths of the prediction; right, net benefit over thresholds of "
            f"risk, for each site. The numbers stand in figures/risk_prediction.csv. {found}",
        ),
        "cross_classification": Caption(
            f"Rate of {event} by actual and predicted {short} category.",
            f"Grid of actual by predicted categories with the rate of {event}, events and patients of each cell, for "
            "each site. The numbers stand in figures/cross_classification.csv.",
        ),
    }


def table_captions(evidence: Evidence) -> Mapping[str, str]:
    """Captions of the tables; none where nobody was followed."""
    if not evidence.followed:
        return {}
    return {
        "incremental_value": (
            "Cox models of the same patients. C less optimism: corrected by bootstrap. Models fitted at the "
            "development site are applied to external sites without change. Differences of C are against the clinical "
            "factors; "
            "whether a category adds is told by the likelihood ratio, not by them."
        ),
        "information_carried": (
            "Prognostic information of the prediction as a share of that of the actual category: ratio of likelihood "
            "ratio χ², with bootstrap intervals; adjusted: beyond the clinical factors."
        ),
        "discordant": (
            "Patients whom prediction and measurement put on different sides of a threshold, against those on whom "
            "they agree; unadjusted."
        ),
    }


def tables(evidence: Evidence) -> Mapping[str, pd.DataFrame]:
    """Models, information carried and discordant patients."""
    return {
        "incremental_value": incremental_text(
            evidence.table("incremental_value"), evidence.table("incremental_comparisons")
        ),
        "information_carried": carried_text(evidence.table("information_carried")),
        "discordant": discordant_text(evidence.table("discordant"), evidence.study),
    }
