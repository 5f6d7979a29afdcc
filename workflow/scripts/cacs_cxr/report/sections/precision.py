"""Precision: what the number of patients gives, and how many a wanted precision needs."""

from collections.abc import Mapping

import pandas as pd

from cacs_cxr.report.evaluation_tables import precision_text
from cacs_cxr.report.evidence import Evidence
from cacs_cxr.report.headline import headline
from cacs_cxr.report.numbers import count, listing
from cacs_cxr.report.phrases import Caption, site_phrase


def paragraphs(evidence: Evidence) -> list[str]:
    """How many patients the wanted precision needs, beside how many there are."""
    table = evidence.table("precision")
    sentences = []
    for site in evidence.study.sites:
        here = table[
            (table["site"] == site.name) & (table["model"] == headline(evidence)) & table["n_required"].notna()
        ]
        parts = []
        for threshold in evidence.study.thresholds:
            own = here[here["threshold"] == threshold.name]
            if len(own):
                most = own.loc[own["n_required"].astype(float).idxmax()]
                parts.append(f"{count(float(most['n_required']))} at {threshold.label} (for the {most['measure']})")
        if parts:
            n = count(float(here["n"].iloc[0]))
            sentences.append(
                f"For the precision wanted {site_phrase(site)}, with {n} patients, would need {listing(parts)}."
            )
    return [" ".join(sentences)] if sentences else ["The precision is not estimable."]


def figure_captions(evidence: Evidence) -> Mapping[str, Caption]:
    """No figure."""
    return {}


def table_captions(evidence: Evidence) -> Mapping[str, str]:
    """Caption of the precision."""
    return {
        "precision": (
            "Width of 95 % intervals to be expected of so many patients, and patients needed for the width wanted "
            "(Riley "
            "et al.), anticipating what development shows."
        )
    }


def tables(evidence: Evidence) -> Mapping[str, pd.DataFrame]:
    """The precision."""
    return {"precision": precision_text(evidence.table("precision"), evidence.study)}
