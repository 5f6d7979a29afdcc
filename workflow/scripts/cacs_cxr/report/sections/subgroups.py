"""Subgroups, strata of the clinical factors, sensitivity analyses, and corrupted radiographs."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from cacs_cxr.report.evaluation_tables import robustness_text, sensitivity_text, strata_text, subgroups_text
from cacs_cxr.report.evidence import Evidence
from cacs_cxr.report.headline import headline
from cacs_cxr.report.numbers import count, listing, p_phrase, signed
from cacs_cxr.report.phrases import Caption, finite, interval, site_phrase
from cacs_cxr.study import CXR, Site, model_label


def paragraphs(evidence: Evidence) -> list[str]:
    """Heterogeneity between subgroups, AUC within strata, sensitivity analyses and robustness."""
    paragraphs = [heterogeneity(evidence, site) for site in evidence.study.sites]
    paragraphs += [strata(evidence), *sensitivity(evidence), robustness(evidence)]
    return [paragraph for paragraph in paragraphs if paragraph] or ["Subgroups are not estimable."]


def heterogeneity(evidence: Evidence, site: Site) -> str:
    """Where the AUC or the calibration differs between subgroups of a site after adjustment, as a sentence."""
    tests = evidence.rows("subgroup_tests", site=site.name, model=headline(evidence))
    tested = tests[tests["p"].notna()]
    if tested.empty:
        return ""
    variables = listing([str(label).partition(",")[0].lower() for label in dict.fromkeys(tested["label"])])
    low = tested[tested["p_holm"] < 0.05]
    labels = {threshold.name: threshold.label for threshold in evidence.study.thresholds}
    found = [
        f"of the {row['measure'] if row['measure'] == 'AUC' else 'calibration'} by "
        f"{str(row['label']).partition(',')[0].lower()} at {labels[row['threshold']]} ({p_phrase(row['p_holm'])})"
        for row in low.to_dict("records")
    ]
    opening = (
        f"At {site_phrase(site)} the {model_label(headline(evidence)).lower()} model was compared between subgroups "
        "by "
        f"{variables}."
    )
    differed = f"There was heterogeneity {listing(found)}" if found else "No test had p below .05"
    return f"{opening} {differed}, after Holm's adjustment over these variables at each threshold."


def strata(evidence: Evidence) -> str:
    """What the radiograph tells beyond the factors: its AUC within strata of them, as a sentence."""
    sentences = []
    for site in evidence.study.sites:
        parts = []
        for threshold in evidence.study.thresholds:
            row = evidence.row("within_strata", site=site.name, model=CXR, threshold=threshold.name)
            if row is not None and finite(row, "auc"):
                parts.append(f"{interval(row, 'auc', 'low', 'high')} for {threshold.label}")
        if parts:
            factors = listing([factor.label.lower() for factor in evidence.study.factors])
            sentences.append(
                f"Within strata of {factors}, where these cannot tell patients apart, the radiograph's AUC at "
                f"{site_phrase(site)} was {listing(parts)}."
            )
    return " ".join(sentences)


def sensitivity(evidence: Evidence) -> list[str]:
    """Largest change of the AUC over the sensitivity analyses, and which could not be done."""
    table = evidence.table("evaluation_sensitivity")
    done = table[table["auc_change"].notna() & (table["model"] == headline(evidence))]
    done = done[done["analysis"] != "all patients"]
    sentences = []
    if len(done):
        row = done.loc[done["auc_change"].abs().idxmax()]
        names = listing([f"“{label}”" for label in dict.fromkeys(done["label"])])
        sentences.append(
            f"Over the sensitivity analyses ({names}) the AUC of the {model_label(headline(evidence)).lower()} model "
            f"changed by at most {signed(float(row['auc_change']), 3)}."
        )
    sentences += [
        f"“{row['label']}” was {row['note']}." for row in table[table["site"].isna()].to_dict("records") if row["note"]
    ]
    return [" ".join(sentences)] if sentences else []


def robustness(evidence: Evidence) -> str:
    """The corruption that costs most, as a sentence; that there is nothing to tell where there is not."""
    table = evidence.table("robustness")
    if table.empty:
        return "No predictions of corrupted radiographs were made or received: nothing is known of robustness."
    shaken = table[table["difference"].notna()]
    if shaken.empty:
        return "Robustness to corrupted radiographs is not estimable."
    labels = {threshold.name: threshold.label for threshold in evidence.study.thresholds}
    worst: Mapping[Any, Any] = shaken.loc[shaken["difference"].idxmin()].to_dict()
    drop = interval(worst, "difference", "low", "high", digits=3)
    return (
        f"On corrupted radiographs of {count(worst['n'])} development patients the radiograph's AUC suffered most "
        "from "
        f"{worst['corruption']} of severity {int(worst['severity'])}: difference {drop} at "
        f"{labels[worst['threshold']]} "
        f"({p_phrase(float(worst['p_holm']))} after Holm's adjustment over the corruptions)."
    )


def figure_captions(evidence: Evidence) -> Mapping[str, Caption]:
    """Caption of the forest of subgroups."""
    return {
        "subgroups": Caption(
            "AUC in subgroups of patients, with the AUC of all patients as a broken line. Subgroups with too few "
            "patients "
            "of a class are named only.",
            "Forest plot of the AUC with its interval in every subgroup, a panel for each threshold; the table of "
            f"subgroups holds the numbers. {' '.join(paragraphs(evidence))}",
        )
    }


def table_captions(evidence: Evidence) -> Mapping[str, str]:
    """Captions of subgroups, strata, sensitivity analyses and corrupted radiographs."""
    return {
        "subgroups": "Subgroups of patients. p: heterogeneity between the groups, Holm over the variables.",
        "within_strata": (
            "AUC among patients of the same stratum of all clinical factors together: what a model tells beyond "
            "them. "
            "Pairs: share of all pairs of patients who are compared so."
        ),
        "sensitivity_analyses": "Sensitivity analyses: the same models and cut-offs among some of the patients.",
        "corrupted_radiographs": (
            "Networks on corrupted radiographs of the same development patients, each predicted by the networks that "
            "were tested on them."
        ),
    }


def tables(evidence: Evidence) -> Mapping[str, pd.DataFrame]:
    """Subgroups, strata, sensitivity analyses and corrupted radiographs."""
    return {
        "subgroups": subgroups_text(evidence.table("subgroups"), evidence.table("subgroup_tests"), evidence.study),
        "within_strata": strata_text(evidence.table("within_strata"), evidence.study),
        "sensitivity_analyses": sensitivity_text(evidence.table("evaluation_sensitivity"), evidence.study),
        "corrupted_radiographs": robustness_text(evidence.table("robustness"), evidence.study),
    }
