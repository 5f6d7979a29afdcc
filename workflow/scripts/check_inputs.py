"""Check all tables and the indexes of radiographs, list every fault, and predict the flow; reads no pixel."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from cacs_cxr.cohort.input_check import input_summary, summary_text
from cacs_cxr.cohort.selection import select
from cacs_cxr.job import logged
from cacs_cxr.pseudonyms import study_key
from cacs_cxr.study import Study
from cacs_cxr.tables import write_json, write_text


def main(
    *,
    indexes: Sequence[Path],
    summary_file: Path,
    text_file: Path,
    followup: Mapping[str, Any],
    greatest_age: float | None,
    definition: Mapping[str, Any],
    sites: Sequence[Mapping[str, Any]],
    eligibility: Mapping[str, Any],
    guards: Mapping[str, Any],
    folds: Mapping[str, Any],
    seed: int,
) -> str:
    """Check the inputs; returns the text for the terminal.

    Args:
        indexes: index of the radiographs of each site, in the order of the sites.
        definition: title, simulated, biomarker, thresholds, categories, factors and event of the configuration.
    """
    selection = select(
        sites,
        indexes=indexes,
        eligibility=eligibility,
        guards=guards,
        biomarker=definition["biomarker"],
        thresholds=definition["thresholds"],
        factors=definition["factors"],
        followup=followup,
        greatest_age=greatest_age,
        key=study_key(simulated=definition["simulated"], seed=seed, key_file=Path(eligibility["pseudonym_key_file"])),
    )
    names = [site["name"] for site in sites]
    files = {name: len(pd.read_parquet(path, columns=["file"])) for name, path in zip(names, indexes, strict=True)}
    study = Study.from_plain({**definition, "sites": sites})
    summary = input_summary(selection, study=study, folds=folds, seed=seed, files=files)
    text = summary_text(summary, event=study.event.name)
    write_json(summary, summary_file)
    write_text(text, text_file)
    return text


if __name__ == "__main__":
    with logged(snakemake) as show:
        show(
            main(
                indexes=[Path(path) for path in snakemake.input.indexes],
                summary_file=Path(snakemake.output.table),
                text_file=Path(snakemake.output.text),
                definition=snakemake.params.definition,
                sites=snakemake.params.sites,
                eligibility=snakemake.params.eligibility,
                followup=snakemake.params.followup,
                greatest_age=snakemake.params.greatest_age,
                guards=snakemake.params.guards,
                folds=snakemake.params.folds,
                seed=snakemake.params.seed,
            )
        )
