"""The results section in sentences; every number is read from a result file."""

import numpy as np

from cacs_cxr import paper
from cacs_cxr.report.configuration import setting
from cacs_cxr.report.evidence import Evidence
from cacs_cxr.report.numbers import count, listing, p_phrase, share
from cacs_cxr.report.paper_tables import PATIENTS_NOTE
from cacs_cxr.report.phrases import Row, finite, interval, lower_first, site_phrase
from cacs_cxr.small_cells import hidden, hidden_text
from cacs_cxr.study import CXR, INTEGRATED, Site, model_label, ordered_models


def participants(evidence: Evidence) -> list[str]:
    """How many patients and radiographs were considered and analysed, and who they were."""
    study = evidence.study
    sentences = []
    for site in study.sites:
        here = evidence.rows("analysis", site=site.name)
        flow = evidence.rows("flow", site=site.name, unit="patients", kind="start")
        radiographs = evidence.rows("flow", site=site.name, unit="radiographs", kind="start")
        text = f"At {site_phrase(site)} {count(len(here))} patients were analysed"
        if len(flow):
            first = flow.sort_values("order").iloc[0]
            text = (
                f"Of {count(first['n'])} {lower_first(str(first['label']))} at {site_phrase(site)}, "
                f"{count(len(here))} were analysed"
            )
        if len(radiographs):
            first = radiographs.sort_values("order").iloc[0]
            text += f" (from {count(first['n'])} {lower_first(str(first['label']))})"
        categories = study.category(here[study.biomarker.name])
        numbers = np.bincount(categories, minlength=len(study.categories))
        smallest = setting(evidence.configuration, "deidentification.smallest_cell")
        marks = hidden(numbers, smallest=smallest)
        placed = [
            f"{hidden_text(number, smallest=smallest) if mark else share(number, len(here))} in category {label}"
            for number, mark, label in zip(numbers, marks, study.category_labels, strict=True)
        ]
        sentences.append(f"{text}; by {study.biomarker.short}, {listing(placed)}.")
    return [" ".join(sentences)]


def discrimination(evidence: Evidence) -> list[str]:
    """AUC of every model at every threshold, the gain of integration, and what the simulation allows."""
    study = evidence.study
    paragraphs = []
    for site in study.sites:
        how = "out-of-fold" if site.role == "development" else "external"
        sentences = []
        for threshold in study.thresholds:
            rows = [
                (model, evidence.row("discrimination", site=site.name, model=model, threshold=threshold.name))
                for model in ordered_models(evidence.discrimination["model"])
            ]
            parts = [
                f"{interval(row, 'auc', 'auc_low', 'auc_high')} for the {model_label(model).lower()} model"
                for model, row in rows
                if row is not None
            ]
            if parts:
                sentences.append(f"For {study.biomarker.short} {threshold.label} the {how} AUC was {listing(parts)}.")
            sentences += gain(evidence, site=site, threshold=threshold.name)
        if not sentences:
            sentences = [f"There are no predictions for {site_phrase(site)}."]
        paragraphs.append(f"{site.name.capitalize()}. {' '.join(sentences)}")
    if not study.external:
        paragraphs.append("The study has no external site: how the models do elsewhere is not known.")
    return paragraphs


def gain(evidence: Evidence, *, site: Site, threshold: str) -> list[str]:
    """How much integration adds to the radiograph alone, as a sentence."""
    row = evidence.row("comparison", site=site.name, threshold=threshold, model_a=INTEGRATED, model_b=CXR)
    if row is None or not finite(row, "difference"):
        return []
    difference = float(row["difference"])
    verb = "exceeded" if difference >= 0 else "fell short of"
    size = interval(
        {"d": abs(difference), "l": min_side(row, difference), "h": max_side(row, difference)}, "d", "l", "h", digits=3
    )
    p = float(row["p_holm"])
    adjusted = f"{p_phrase(p)} after Holm's adjustment" if np.isfinite(p) else "p not estimable"
    return [f"The integrated model {verb} the radiograph alone by {size[:-1]}; {adjusted})."]


def min_side(row: Row, difference: float) -> float:
    """Lower limit of the size of a difference that is printed without its sign."""
    return float(row["low"]) if difference >= 0 else -float(row["high"])


def max_side(row: Row, difference: float) -> float:
    """Upper limit of the size of a difference that is printed without its sign."""
    return float(row["high"]) if difference >= 0 else -float(row["low"])


def attainable(evidence: Evidence) -> list[str]:
    """What the simulation allows at best, beside what was attained."""
    study = evidence.study
    best = {(item["site"], item["model"], item["threshold"]): item["auc"] for item in study.attainable}
    sentences = []
    for site in study.sites:
        for model in (CXR, INTEGRATED):
            found = []
            for threshold in study.thresholds:
                row = evidence.row("discrimination", site=site.name, model=model, threshold=threshold.name)
                limit = best.get((site.name, model, threshold.name))
                if row is not None and limit is not None and finite(row, "auc"):
                    found.append((threshold.label, f"{limit:.2f}", f"{row['auc']:.2f}"))
            if found:
                labels, limits, attained = (listing([item[place] for item in found]) for place in range(3))
                sentences.append(
                    f"The best AUC that the simulation allows the {model_label(model).lower()} model at "
                    f"{site_phrase(site)} is "
                    f"{limits} for {study.biomarker.short} {labels}; {attained} was attained."
                )
    return [" ".join(sentences)] if sentences else []


def beside_the_paper(evidence: Evidence) -> list[str]:
    """The paper's AUCs beside ours, in a sentence for each part of the paper."""
    study = evidence.study
    if not paper.comparable(study):
        return [
            "The paper's numbers are not shown: they belong to calcium scores at thresholds 0, 100 and 400, and "
            "this study "
            f"asks about {study.biomarker.short} at {listing([threshold.label for threshold in study.thresholds])}."
        ]
    sentences = []
    for site in study.sites:
        for model in (CXR, INTEGRATED):
            pairs = []
            for threshold in study.thresholds:
                published = paper.published_auc(study, site=site.name, model=model, threshold=threshold.name)
                row = evidence.row("discrimination", site=site.name, model=model, threshold=threshold.name)
                if published is not None and row is not None and finite(row, "auc"):
                    pairs.append((threshold.label, published, float(row["auc"])))
            if not pairs:
                continue
            where = "external" if site.role == "external" else "cross-validated"
            presumed = (
                ", presuming that its external numbers are the integrated model's" if pairs[0][1].presumed else ""
            )
            sentences.append(
                f"The abstract reports {where} AUCs of {listing([f'{item.auc:.2f}' for _, item, _ in pairs])} at "
                f"{study.biomarker.short} {listing([label for label, _, _ in pairs])} for the "
                f"{model_label(model).lower()} "
                f"model{presumed}; here they "
                f"were {listing([f'{auc:.2f}' for _, _, auc in pairs])} at {site_phrase(site)}."
            )
    return [" ".join([*sentences, PATIENTS_NOTE if study.simulated else ""]).strip()] if sentences else []


def operating(evidence: Evidence) -> list[str]:
    """Sensitivity and specificity of the prognostic model, and how often its category was the actual one."""
    study = evidence.study
    model = str(setting(evidence.configuration, "prognosis.model") or CXR)
    sentences = []
    for site in study.sites:
        parts = []
        for threshold in study.thresholds:
            row = evidence.row("operating_points", site=site.name, model=model, threshold=threshold.name)
            if row is not None and finite(row, "sensitivity") and finite(row, "specificity"):
                parts.append(
                    f"{row['sensitivity']:.2f} and {row['specificity']:.2f} for {study.biomarker.short} "
                    f"{threshold.label}"
                )
        if parts:
            sentences.append(
                f"At the frozen cut-offs sensitivity and specificity of the {model_label(model).lower()} model at "
                f"{site_phrase(site)} were {listing(parts)}."
            )
        cells = evidence.rows("confusion", site=site.name, model=model)
        total = int(cells["n"].sum())
        if total:
            agreed = int(cells.loc[cells["actual"].astype(str) == cells["predicted"].astype(str), "n"].sum())
            sentences.append(
                f"Its predicted category was the actual one in {share(agreed, total)} of {count(total)} patients."
            )
    return [" ".join(sentences)] if sentences else ["Operating points are not estimable: there are no predictions."]


def prognosis(evidence: Evidence) -> list[str]:
    """Follow-up, events, log-rank tests, hazard ratios and concordance of every site."""
    study = evidence.study
    return [site_prognosis(evidence, site) for site in study.sites]


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
