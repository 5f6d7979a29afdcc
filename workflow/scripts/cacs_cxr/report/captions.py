"""Captions and text alternatives of the figures and tables."""

from cacs_cxr import paper
from cacs_cxr.report.evaluation_captions import evaluation_figure_captions, evaluation_table_captions
from cacs_cxr.report.numbers import listing
from cacs_cxr.report.phrases import site_phrase
from cacs_cxr.study import Study


def figure_captions(study: Study) -> dict[str, tuple[str, str]]:
    """Caption and text alternative of every figure, by the file's stem, in the order of the report."""
    short, event = study.biomarker.short, study.event.name
    opening = event[:1].upper() + event[1:]
    beside = ["the paper's AUCs"] if paper.comparable(study) else []
    beside += ["the best AUCs that the simulation allows"] if study.attainable else []
    return {
        "flow": (
            "Flow of radiographs and patients at every site.",
            "Flow diagram: boxes with the numbers of radiographs and patients kept and excluded at each step, for each "
            "site. The numbers stand in figures/flow.csv.",
        ),
        **{
            f"contact_sheet_{site.name}": (
                f"Radiographs of {site_phrase(site)} by vendor (rows) and {short} category (columns), drawn at random "
                "with the study's seed. n: radiographs analysed.",
                f"Contact sheet: small radiographs of {site_phrase(site)} in a grid of vendors and {short} categories, "
                f"each cell with its number. Which ones they are stands in images/contact_sheet_{site.name}.csv.",
            )
            for site in study.sites
        },
        "flagged_radiographs": (
            "Flagged radiographs of all sites: of each flag a random sample with site and vendor. A flag asks for a "
            "look and excludes nobody.",
            "Contact sheet of the radiographs that pixel statistics flagged, grouped by flag. The numbers stand in the "
            "table of radiographs.",
        ),
        "intensities": (
            "Grey levels of the radiographs by site and by vendor, and the transformations that made them, in their "
            "order.",
            "Histograms of grey levels, a line for each site with a band for the spread over radiographs, and a line "
            "for each vendor; bars of the share of each path of grey values. The numbers stand in "
            "figures/intensities.csv.",
        ),
        "image_sizes": (
            "Size and aspect of the radiographs as they were received.",
            "Histograms of megapixels and of width divided by height, bars for each site. The numbers stand in "
            "figures/image_sizes.csv.",
        ),
        "roc": (
            f"ROC curves for {short}. Thick: pooled over out-of-fold predictions, or external; thin: single folds "
            "of the "
            "chest radiograph model.",
            "ROC curves of every model, a panel for each threshold and site. The areas with their intervals stand "
            "in the "
            "table of AUCs.",
        ),
        "auc": (
            f"AUCs with 95 % confidence intervals{' beside ' if beside else ''}{listing(beside)}.",
            "Dot plot of the AUC of every model and site at each threshold; the same numbers stand in the table "
            "of AUCs.",
        ),
        "kaplan_meier": (
            f"{opening} by actual (left) and predicted (right) {short} category, with numbers at risk.",
            f"Kaplan–Meier curves of {event} by actual and by predicted category at each site, with numbers at "
            "risk below. "
            "Rates and tests stand in the table of incidence and in the text.",
        ),
        "cox": (
            f"Hazard ratios for {event} by actual and predicted {short} category, unadjusted and adjusted.",
            "Forest plot of the hazard ratios that the table of hazard ratios lists.",
        ),
        **evaluation_figure_captions(study),
    }


def table_captions(study: Study) -> dict[str, str]:
    """Caption of every table, by the file's stem."""
    short, event = study.biomarker.short, study.event.name
    opening = event[:1].upper() + event[1:]
    return {
        "table1": (
            "Characteristics of the patients by site and, at the development site, by actual category. SMD: "
            "standardised "
            "difference, external minus development (absolute over all categories)."
        ),
        "missing": (
            "Missing values of the analysed patients, and what was done about them. Patients excluded for a missing "
            "value are counted in the flow."
        ),
        "radiographs": (
            "Radiographs by site: selected, read, refused with the remedy, corrected, repeated and flagged, and how "
            "their grey values were made. Number (%): of those selected down to the corrections, of those read from "
            "there on. One radiograph may have several flags."
        ),
        "auc": f"Discrimination of {short} at each threshold.",
        "comparisons": "Differences of AUC between models in the same patients (DeLong's paired test).",
        "operating_points": (
            "Operating points, with Wilson's intervals. Cut-offs were chosen in the other folds of development, and "
            "frozen for external sites."
        ),
        "incidence": (f"{opening} by category: events, person-years, rates with exact Poisson intervals."),
        "cox": (
            f"Hazard ratios for {event} against the lowest category; patients and events are those of the category or "
            "level, for continuous factors those of the model."
        ),
        "concordance": "Harrell's C by category, unadjusted, and with the clinical factors, adjusted.",
        **evaluation_table_captions(study),
        "paper_comparison": "The paper's numbers beside this study's.",
        "assumptions": "What the paper's abstract states, and what this study assumed where it is silent.",
    }
