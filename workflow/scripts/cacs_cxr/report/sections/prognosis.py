"""Prognosis: follow-up, events, log-rank tests, hazard ratios and concordance of every site."""

from collections.abc import Mapping

import pandas as pd

from cacs_cxr.report.configuration import setting
from cacs_cxr.report.evidence import Evidence
from cacs_cxr.report.numbers import count, listing, p_phrase
from cacs_cxr.report.phrases import Caption, finite, interval
from cacs_cxr.report.prognosis_tables import concordance_text, cox_text, incidence_text
from cacs_cxr.study import Site
from cacs_cxr.terms import printed_hazard_ratios


def paragraphs(evidence: Evidence) -> list[str]:
    """Follow-up, events, log-rank tests, hazard ratios and concordance of every site."""
    return [site_prognosis(evidence, site) for site in evidence.study.sites]


def site_prognosis(evidence: Evidence, site: Site) -> str:
    """The prognostic findings of one site as a paragraph."""
    study = evidence.study
    everybody = evidence.row("incidence", site=site.name, grouping="actual", category="all")
    if everybody is None or not everybody["n"]:
        return f"{site.name.capitalize()}. No patient has follow-up: the prognosis is not estimable."
    sentences = [
        f"{site.name.capitalize()}. {count(everybody['n'])} patients were followed for "
        f"{everybody['person_years']:,.0f} person-years, in which {count(everybody['events'])} had the event: "
        f"{interval(everybody, 'rate_per_1000', 'low', 'high', digits=1)} per 1,000 person-years."
    ]
    highest = f"category[{study.categories[-1]}]"
    compared = f"{study.category_labels[-1]} against {study.category_labels[0]}"
    for grouping in ("actual", "predicted"):
        test = evidence.row("logrank", site=site.name, grouping=grouping, test="overall")
        differed = f"log-rank {p_phrase(float(test['p']))}" if test is not None else "log-rank p not estimable"
        ratios = []
        for adjustment in ("unadjusted", "adjusted"):
            row = evidence.row("cox", site=site.name, grouping=grouping, adjustment=adjustment, term=highest)
            if row is not None and finite(row, "hr"):
                ratios.append(f"{interval(row, 'hr', 'low', 'high')} {adjustment}")
        hazard = (
            f"the hazard ratio of {compared} was {listing(ratios)}"
            if ratios
            else f"the hazard ratio of {compared} is not estimable"
        )
        c = evidence.row("concordance", site=site.name, grouping=grouping, adjustment="unadjusted")
        concordance = (
            f", and Harrell's C of the category alone {interval(c, 'c', 'low', 'high')}"
            if c is not None and finite(c, "c")
            else ""
        )
        sentences.append(f"By {grouping} category ({differed}) {hazard}{concordance}.")
    return " ".join([*sentences, *missing_factors(evidence, site)])


def missing_factors(evidence: Evidence, site: Site) -> list[str]:
    """In how many followed patients a factor was missing, and what the Cox models did about it, as a sentence."""
    row = evidence.row("cox", site=site.name, grouping="actual")
    if row is None or not row["n_missing"]:
        return []
    times = setting(evidence.configuration, "prognosis.imputations")
    did = {
        "complete_case": "the Cox models leave them out",
        "multiple_imputation": f"the Cox models impute it {times} times",
    }[str(row["missing"])]
    return [f"A clinical factor was missing in {count(row['n_missing'])} of the followed patients: {did}."]


def figure_captions(evidence: Evidence) -> Mapping[str, Caption]:
    """Captions of the curves and hazard ratios; none where nobody was followed."""
    if not evidence.followed:
        return {}
    short, event = evidence.study.biomarker.short, evidence.study.event.name
    opening = event[:1].upper() + event[1:]
    found = " ".join(site_prognosis(evidence, site) for site in evidence.study.sites)
    return {
        "kaplan_meier": Caption(
            f"{opening} by actual (left) and predicted (right) {short} category, with numbers at risk.",
            f"Kaplan–Meier curves of {event} by actual and by predicted category at each site, with numbers at risk "
            f"below. {found}",
        ),
        "cox": Caption(
            f"Hazard ratios for {event} by actual and predicted {short} category, unadjusted and adjusted.",
            f"Forest plot of the hazard ratios that the table of hazard ratios lists. {found}",
        ),
    }


def table_captions(evidence: Evidence) -> Mapping[str, str]:
    """Captions of incidence, hazard ratios and concordance; none where nobody was followed."""
    if not evidence.followed:
        return {}
    event = evidence.study.event.name
    return {
        "incidence": (
            f"{event[:1].upper()}{event[1:]} by category: events, person-years, rates with exact Poisson intervals."
        ),
        "cox": (
            f"Hazard ratios for {event} against the lowest category; patients and events are those of the category or "
            "level, for continuous factors those of the model."
        ),
        "concordance": "Harrell's C by category, unadjusted, and with the clinical factors, adjusted.",
    }


def tables(evidence: Evidence) -> Mapping[str, pd.DataFrame]:
    """Incidence, hazard ratios and concordance."""
    study, smallest = evidence.study, evidence.smallest_cell
    return {
        "incidence": incidence_text(evidence.table("incidence"), study, smallest=smallest),
        "cox": cox_text(printed_hazard_ratios(evidence.table("cox"), study), smallest=smallest),
        "concordance": concordance_text(evidence.table("concordance")),
    }
