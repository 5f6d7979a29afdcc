"""Radiographs: what was read, refused, corrected, repeated and flagged, and what they look like."""

from collections.abc import Mapping

import pandas as pd

from cacs_cxr.report.evidence import Evidence
from cacs_cxr.report.numbers import count, listing
from cacs_cxr.report.phrases import Caption, site_phrase
from cacs_cxr.report.radiographs import radiographs, radiographs_text

OF_NETWORKS = ("training_curves", "saliency")  # pictures of another section


def paragraphs(evidence: Evidence) -> list[str]:
    """What became of the radiographs of every site, what flags mean, and where the contact sheets are."""
    shown, left_out = (
        [name for name in names if name not in OF_NETWORKS] for names in (evidence.pictures, evidence.left_out)
    )
    return radiographs(evidence, shown=shown, left_out=left_out)


def figure_captions(evidence: Evidence) -> Mapping[str, Caption]:
    """Captions of contact sheets and flagged radiographs; of grey levels and sizes where they were described."""
    study = evidence.study
    short = study.biomarker.short
    captions = {
        f"contact_sheet_{site.name}": Caption(
            f"Radiographs of {site_phrase(site)} by vendor (rows) and {short} category (columns), drawn at random "
            "with the study's seed. n: radiographs analysed.",
            f"Contact sheet: small radiographs of {site_phrase(site)} in a grid of vendors and {short} categories, "
            f"each cell with its number. Which ones they are stands in images/contact_sheet_{site.name}.csv.",
        )
        for site in study.sites
    }
    numbers = [
        f"{count(len(evidence.rows('analysis', site=site.name)))} at {site_phrase(site)}" for site in study.sites
    ]
    captions["example_radiographs"] = Caption(
        f"Radiographs of every {short} category at every site, at most 6 each, drawn at random with the study's seed. "
        "n: radiographs analysed.",
        f"Small radiographs in a grid of sites and {short} categories, each cell with its number; analysed were "
        f"{listing(numbers)}. Which ones they are stands in images/example_radiographs.csv.",
    )
    captions["flagged_radiographs"] = Caption(
        "Flagged radiographs of all sites: of each flag a random sample with site and vendor. A flag asks for a look "
        "and excludes nobody.",
        "Contact sheet of the radiographs that pixel statistics flagged, grouped by flag. The numbers stand in the "
        "table of radiographs.",
    )
    if len(evidence.table("radiographs")):
        captions["intensities"] = Caption(
            "Grey levels of the radiographs by site and by vendor, and the transformations that made them, in their "
            "order.",
            "Histograms of grey levels, a line for each site with a band for the spread over radiographs, and a line "
            "for each vendor; bars of the share of each path of grey values. The numbers stand in "
            "figures/intensities.csv.",
        )
        captions["image_sizes"] = Caption(
            "Size and aspect of the radiographs as they were received.",
            "Histograms of megapixels and of width divided by height, bars for each site. The numbers stand in "
            "figures/image_sizes.csv.",
        )
    return captions


def table_captions(evidence: Evidence) -> Mapping[str, str]:
    """Caption of the counts."""
    return {
        "radiographs": (
            "Radiographs by site: selected, read, refused with the remedy, corrected, repeated and flagged, and how "
            "their grey values were made. Number (%): of those selected down to the corrections, of those read from "
            "there on. One radiograph may have several flags."
        )
    }


def tables(evidence: Evidence) -> Mapping[str, pd.DataFrame]:
    """The counts."""
    return {"radiographs": radiographs_text(evidence.table("radiographs"), evidence.study)}
