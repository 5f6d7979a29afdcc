"""Robustness of the prognosis: proportional hazards, competing events, few events, and other choices of method."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from cacs_cxr.report.evidence import Evidence
from cacs_cxr.report.numbers import listing, p_phrase
from cacs_cxr.report.phrases import Caption
from cacs_cxr.report.prognostic_value_tables import (
    competing_text,
    few_events_text,
    means_text,
    periods_text,
    proportionality_text,
    sensitivity_text,
)
from cacs_cxr.study import Site


def paragraphs(evidence: Evidence) -> list[str]:
    """Proportional hazards, competing events, and the range of the main hazard ratio, a paragraph a site."""
    if not evidence.followed:
        return ["No patient has follow-up: there is nothing to test."]
    return [site_robustness(evidence, site) for site in evidence.study.sites]


def site_robustness(evidence: Evidence, site: Site) -> str:
    """The findings of one site as a paragraph."""
    told = [*proportionality(evidence, site), *competing(evidence, site), *choices(evidence, site)]
    return " ".join([f"{site.name.capitalize()}.", *told])


def proportionality(evidence: Evidence, site: Site) -> list[str]:
    """Tests of proportional hazards of the categories, and what follows, in sentences."""
    tests = evidence.rows("proportional_hazards", site=site.name, adjustment="adjusted", term="category")
    declared = tests[tests["violated"].notna()].to_dict("records")
    if not declared:
        return ["Whether hazards are proportional is not estimable."]
    found = [f"{p_phrase(float(row['p']))} by {row['grouping']} category" for row in declared]
    sentence = f"Test of proportional hazards of the categories: {listing(found)}."
    violated = [str(row["grouping"]) for row in declared if str(row["violated"]) == "True"]
    if not violated:
        return [sentence]
    remedy = "hazard ratios by period" if len(evidence.rows("hazard_periods", site=site.name)) else "restricted means"
    return [sentence, f"By {listing(violated)} category hazards were not proportional: see the {remedy}."]


def competing(evidence: Evidence, site: Site) -> list[str]:
    """How far one minus Kaplan-Meier overstates the incidence of the highest category, as a sentence."""
    here = evidence.rows("analysis", site=site.name)
    if not (here["event"] == 2).any():
        return ["No competing event is recorded."]
    rows = evidence.rows("competing_incidence", site=site.name, grouping="actual", cause="event")
    rows = rows[(rows["category"].astype(str) == evidence.study.categories[-1]) & rows["incidence"].notna()]
    if rows.empty:
        return []
    last = rows.sort_values("horizon_years").iloc[-1]
    return [
        f"With competing events the incidence at {last['horizon_years']:g} years in the highest actual category was "
        f"{100 * last['incidence']:.1f} %, one minus Kaplan–Meier {100 * last['one_minus_kaplan_meier']:.1f} %."
    ]


def choices(evidence: Evidence, site: Site) -> list[str]:
    """Range of the main hazard ratio over the adjusted analyses, in sentences."""
    sentences = []
    for grouping in ("actual", "predicted"):
        rows = evidence.rows("sensitivity", site=site.name, grouping=grouping)
        main = rows[rows["variant"] == "main"].to_dict("records")
        others = rows[~rows["variant"].isin(["main", "unadjusted"])]["hr"].dropna().to_numpy(float)
        if main and np.isfinite(main[0]["hr"]) and others.size:
            sentences.append(
                f"By {grouping} category the adjusted hazard ratio of the highest against the lowest was "
                f"{main[0]['hr']:.2f} in the main analysis and from {np.min(others):.2f} to {np.max(others):.2f} in "
                f"{others.size} others."
            )
    return sentences


def figure_captions(evidence: Evidence) -> Mapping[str, Caption]:
    """Captions of residuals and incidence; none where nobody was followed, of incidence where nothing competes."""
    if not evidence.followed:
        return {}
    short, event = evidence.study.biomarker.short, evidence.study.event.name
    found = " ".join(site_robustness(evidence, site) for site in evidence.study.sites)
    captions = {
        "proportional_hazards": Caption(
            f"Proportional hazards of the {short} categories: scaled Schoenfeld residuals of the adjusted models, and "
            "log(−log) survival curves.",
            f"Panels of residuals over time with a smooth line for each category, and log(−log) survival curves, for "
            f"each site and grouping. {found}",
        )
    }
    if (evidence.table("analysis")["event"] == 2).any():
        captions["cumulative_incidence"] = Caption(
            f"Cumulative incidence of {event} by actual and predicted {short} category, competing events taken into "
            "account.",
            f"Aalen–Johansen curves by category beside one minus Kaplan–Meier, for each site. {found}",
        )
    return captions


def table_captions(evidence: Evidence) -> Mapping[str, str]:
    """Captions of the tables; none where nobody was followed."""
    if not evidence.followed:
        return {}
    return {
        "few_events": (
            "Categories of few events or none against the lowest: limits by profile likelihood, and Firth's estimate."
        ),
        "proportional_hazards": "Score tests of proportional hazards (as R's cox.zph), by function of time.",
        "hazard_periods": "Adjusted hazard ratios by period, where hazards were not proportional.",
        "restricted_means": "Restricted mean time free of the event, where hazards were not proportional.",
        "competing_risks": (
            "Competing events: incidence by category, and adjusted hazard ratios against the lowest category, "
            "cause-specific and of the subdistribution (Fine and Gray)."
        ),
        "sensitivity": "The main hazard ratio under other choices of patients, start of follow-up, outcome and method.",
    }


def tables(evidence: Evidence) -> Mapping[str, pd.DataFrame]:
    """Few events, proportional hazards with their remedies, competing risks and sensitivity."""
    study = evidence.study
    return {
        "few_events": few_events_text(evidence.table("few_events"), study),
        "proportional_hazards": proportionality_text(evidence.table("proportional_hazards"), study),
        "hazard_periods": periods_text(evidence.table("hazard_periods"), study),
        "restricted_means": means_text(evidence.table("restricted_means"), study),
        "competing_risks": competing_text(
            evidence.table("competing_incidence"), evidence.table("competing_hazards"), study
        ),
        "sensitivity": sensitivity_text(evidence.table("sensitivity")),
    }
