"""How the study ran: its stages, from the tables and radiographs to this page."""

from collections.abc import Mapping

import pandas as pd

from cacs_cxr.report.evidence import Evidence
from cacs_cxr.report.numbers import count, listing
from cacs_cxr.report.phrases import Caption


def paragraphs(evidence: Evidence) -> list[str]:
    """How many rules, jobs and networks there were."""
    rows = evidence.table("stages")
    stages = list(dict.fromkeys(rows["stage"]))
    text = (
        f"The study is a graph of {count(len(rows))} rules in {count(len(stages))} stages ({listing(stages)}), "
        f"run as {count(rows['jobs'].sum())} jobs."
    )
    networks = evidence.table("networks")
    if len(networks):
        text += f" {count(len(networks))} networks were trained."
    return [text]


def figure_captions(evidence: Evidence) -> Mapping[str, Caption]:
    """Caption and text alternative of the diagram: every rule with what it needs."""
    steps = [
        f"{row['rule']} of {row['stage']}" + (f" after {listing(str(row['after']).split())}" if row["after"] else "")
        for row in evidence.table("stages").fillna({"after": ""}).to_dict("records")
    ]
    return {
        "stages": Caption(
            "Stages of the study. A box holds the rules of one stage that can run at the same time, with their numbers "
            "of jobs; an arrow says that a box needs another. Arrows that follow from others are left out.",
            f"Diagram of the study's stages. Rules in order: {'; '.join(steps)}.",
        )
    }


def table_captions(evidence: Evidence) -> Mapping[str, str]:
    """No table."""
    return {}


def tables(evidence: Evidence) -> Mapping[str, pd.DataFrame]:
    """No table."""
    return {}
