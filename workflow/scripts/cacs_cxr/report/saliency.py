"""What the networks look at, in sentences and tables for print: maps, their check, and shortcut probes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from cacs_cxr.report.numbers import count, estimate, listing, p_value
from cacs_cxr.report.performance_tables import labelled
from cacs_cxr.report.phrases import interval, site_phrase
from cacs_cxr.study import Study

SALIENCY, SANITY, PROBES = "saliency", "sanity", "probes"
ALL = "all"
OUTSIDE, CALCIUM, POINTING = "outside thorax", "calcium", "points at calcium"
MEASURES = {
    OUTSIDE: "outside the thorax, of the picture",
    "rim": "along the edges, of the picture",
    "corners": "in the corners, of the picture",
    CALCIUM: "near calcium, of the thorax",
    "coronary": "near coronary calcium, of the thorax",
    "arch": "near calcium of the aortic arch, of the thorax",
    POINTING: "greatest value near calcium",
}
MOST_WARNINGS = 4  # named in the text; the table has all
STATISTICS = {"spearman": "Spearman's ρ", "r2": "R²", "auc": "AUC"}
GIVEN = {"nothing": "all patients", "category": "within categories"}


def saliency_text(summary: pd.DataFrame | None, study: Study) -> pd.DataFrame:
    """Where the energy of the maps lies, over all categories as they were sampled; without rows where there is none."""
    rows = [] if summary is None else _rows(labelled(summary[summary["category"] == ALL], study))
    return pd.DataFrame(
        {
            "site": [row["site"] for row in rows],
            "threshold": [row["threshold_label"] for row in rows],
            "share of the map": [MEASURES[row["measure"]] for row in rows],
            "maps": [count(row["n"]) for row in rows],
            "mean (95 % CI)": [estimate(row["mean"], row["low"], row["high"]) for row in rows],
            "even map": [f"{row['even']:.2f}" if np.isfinite(row["even"]) else "–" for row in rows],
            "ratio (95 % CI)": [estimate(row["ratio"], row["ratio_low"], row["ratio_high"]) for row in rows],
            "reading": [row["reading"] for row in rows],
        }
    )


def sanity_text(sanity: pd.DataFrame | None, study: Study) -> pd.DataFrame:
    """How far maps agree with those of randomised networks and of a network of another fold."""
    rows = [] if sanity is None else _rows(labelled(sanity.assign(site=study.development), study))
    return pd.DataFrame(
        {
            "threshold": [row["threshold_label"] for row in rows],
            "compared with": [row["comparison"] for row in rows],
            "pairs of maps": [count(row["n"]) for row in rows],
            "mean rank correlation (95 % CI)": [estimate(row["mean"], row["low"], row["high"]) for row in rows],
            "median (10th to 90th percentile)": [estimate(row["median"], row["p10"], row["p90"]) for row in rows],
            "reading": [row["reading"] for row in rows],
        }
    )


def probes_text(probes: pd.DataFrame | None, study: Study) -> pd.DataFrame:
    """What the logits tell of factors, vendors and sites."""
    rows = [] if probes is None else _rows(labelled(probes, study))
    return pd.DataFrame(
        {
            "site": [row["site"] for row in rows],
            "threshold": [row["threshold_label"] for row in rows],
            "target": [row["target"] for row in rows],
            "among": [GIVEN[row["given"]] for row in rows],
            "patients": [
                count(row["n"]) + (f", {count(row['n_positive'])} with" if np.isfinite(row["n_positive"]) else "")
                for row in rows
            ],
            "measure": [STATISTICS[row["statistic"]] for row in rows],
            "estimate (95 % CI)": [estimate(row["estimate"], row["low"], row["high"]) for row in rows],
            "p, Holm": [p_value(row["p_holm"]) if np.isfinite(row["p_holm"]) else "–" for row in rows],
            "reading": [
                row["note"] if isinstance(row["note"], str) and row["note"] else row["reading"] for row in rows
            ],
        }
    )


TEXTS = {SALIENCY: saliency_text, SANITY: sanity_text, PROBES: probes_text}
"""What makes a table for print of each result table, by name."""


def saliency(tables: Mapping[str, pd.DataFrame], study: Study) -> list[str]:
    """What the maps show, what the check with random weights says of them, and what the probes warn of.

    Args:
        tables: as `results/saliency` holds them: saliency.csv, sanity.csv and shortcut_probes.csv (probes);
            those that there are.
    """
    if not tables:
        return []
    paragraphs = []
    if SALIENCY in tables:
        paragraphs += [maps_paragraph(tables[SALIENCY], study), sanity_paragraph(tables[SANITY], study)]
        if (tables[SALIENCY]["measure"] == CALCIUM).any():
            paragraphs.append(calcium_paragraph(tables[SALIENCY], study))
    else:
        paragraphs.append("The configuration asks for no maps of what the networks look at (saliency.patients: 0).")
    return [*paragraphs, *([probes_paragraph(tables[PROBES], study)] if PROBES in tables else [])]


def maps_paragraph(summary: pd.DataFrame, study: Study) -> str:
    """Whose maps there are, and how much of their energy lies outside the thorax."""
    sentences = [
        "Maps (Grad-CAM) show which places of a radiograph raise a network's logit. Every patient was explained by "
        "networks that never saw the patient: at the development site the one whose test fold held the patient, "
        "elsewhere all together. The patients are a random sample of each category; padding does not count."
    ]
    for site in study.sites:
        found = [
            f"{100 * row['mean']:.0f} % for {row['threshold_label']} (even map: {100 * row['even']:.0f} %; ratio "
            f"{interval(row, 'ratio', 'ratio_low', 'ratio_high')}; n = {count(row['n'])})"
            for row in _overall(summary, study, site=site.name, measure=OUTSIDE)
            if np.isfinite(row["mean"])
        ]
        if found:
            sentences.append(
                f"At {site_phrase(site)} the share of their energy outside the thorax was {listing(found)}."
            )
    return " ".join(sentences)


def sanity_paragraph(sanity: pd.DataFrame, study: Study) -> str:
    """What the check with random weights says, threshold by threshold, and what may be read into the maps."""
    table = labelled(sanity.assign(site=study.development), study)
    sentences, passed = [], []
    for label, rows in table.groupby("threshold_label", sort=False):
        by = {row["comparison"]: row for row in _rows(rows)}
        random, other = by["randomised"], by["other fold"]
        sentences.append(
            f"For {label} the mean rank correlation with maps of random weights was "
            f"{interval(random, 'mean', 'low', 'high')}, with maps of another fold's trained network "
            f"{interval(other, 'mean', 'low', 'high')}: {random['reading']}."
        )
        passed.append(str(random["reading"]).startswith("passed"))
    opening = (
        "A map that looks the same when the weights are drawn anew shows the radiograph and not what was learnt "
        "(Adebayo 2018)."
    )
    closing = (
        "All thresholds passed. Even so a map shows where a network looks, not why, and no more finely than its cells."
        if all(passed)
        else "Maps of thresholds that did not pass are shown for completeness: nothing about what the networks learnt "
        "should be read from them."
    )
    return " ".join([opening, *sentences, closing])


def calcium_paragraph(summary: pd.DataFrame, study: Study) -> str:
    """How far the maps lie where the simulation placed calcium."""
    sentences = ["Where calcium lies is known of simulated radiographs, and was read for this comparison alone."]
    for site in study.sites:
        shares = _overall(summary, study, site=site.name, measure=CALCIUM)
        hits = {row["threshold"]: row for row in _overall(summary, study, site=site.name, measure=POINTING)}
        found = [
            f"{interval(row, 'ratio', 'ratio_low', 'ratio_high')} for {row['threshold_label']} (greatest value there "
            f"in {100 * hits[row['threshold']]['mean']:.0f} % of {count(row['n'])} maps, by chance in "
            f"{100 * hits[row['threshold']]['even']:.0f} %)"
            for row in shares
            if np.isfinite(row["ratio"])
        ]
        if found:
            sentences.append(
                f"At {site_phrase(site)} the energy near calcium, in multiples of an even map over the thorax, was "
                f"{listing(found)}."
            )
    return " ".join(sentences)


def probes_paragraph(probes: pd.DataFrame, study: Study) -> str:
    """What the logits tell of vendor and site among patients of the same category."""
    table = labelled(probes, study)
    told = table[table["p_holm"].notna()]
    warned = _rows(told[told["reading"].str.startswith("warning")])
    opening = (
        "Shortcut probes: the logits were asked for what they should not tell. That they tell age, sex or another "
        "factor is no fault, as factors carry risk; vendor and site carry none."
    )
    if told.empty:
        return f"{opening} No vendor or site had enough patients to be probed."
    if not warned:
        return (
            f"{opening} None of {count(len(told))} probes of vendor and site among patients of the same category "
            "differs from chance after Holm's adjustment."
        )
    farthest = sorted(warned, key=lambda row: -abs(row["estimate"] - 0.5))
    found = [
        f"{str(row['target']).partition(': ')[2]} at {row['threshold_label']}, AUC "
        f"{interval(row, 'estimate', 'low', 'high')}"
        for row in farthest[:MOST_WARNINGS]
    ]
    which = "" if len(warned) <= MOST_WARNINGS else "farthest from it "
    return (
        f"{opening} {count(len(warned))} of {count(len(told))} probes among patients of the same category differ from "
        f"chance after Holm's adjustment: {which}{listing(found)}. Patients of two vendors or sites may differ in "
        "more than the machine; where they do not, the networks have learnt the machine."
    )


def _overall(summary: pd.DataFrame, study: Study, *, site: str, measure: str) -> list[dict[str, Any]]:
    rows = summary[(summary["category"] == ALL) & (summary["site"] == site) & (summary["measure"] == measure)]
    return _rows(labelled(rows, study))


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]
