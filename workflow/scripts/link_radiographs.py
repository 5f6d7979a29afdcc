"""Link the radiographs of all sites to patients and scores, and choose the eligible patients with one radiograph each.

What this rule writes to restricted/ is the last that knows file names; identifiers of tables, and dates, end here.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from cacs_cxr.cohort.selection import PATIENT_COLUMNS, RADIOGRAPH_COLUMNS, numbered, select
from cacs_cxr.job import LOGGER, logged
from cacs_cxr.pseudonyms import study_key
from cacs_cxr.tables import write_csv, write_parquet


def main(
    *,
    indexes: Sequence[Path],
    patients_file: Path,
    selection_file: Path,
    flow_file: Path,
    sites: Sequence[Mapping[str, Any]],
    eligibility: Mapping[str, Any],
    followup: Mapping[str, Any],
    greatest_age: float | None,
    guards: Mapping[str, Any],
    definition: Mapping[str, Any],
    seed: int,
    shards: int,
    further_sites: Sequence[str],
) -> None:
    """Link and select; see the columns in docs/outputs.md.

    Args:
        indexes: index of the radiographs of each site, in the order of `sites`.
        definition: title, simulated, biomarker, thresholds, categories, factors and event of the configuration.
        shards: number of preprocessing jobs to deal the radiographs to.
        further_sites: sites whose patients' further radiographs are read as well, for training.
    """
    key = study_key(simulated=definition["simulated"], seed=seed, key_file=Path(eligibility["pseudonym_key_file"]))
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
        key=key,
    )
    for table in selection.tables:
        for name, rows in table.strangers.items():
            if rows:
                LOGGER.info("%s: %d rows of %s of patients not in the patients table", table.site.name, rows, name)
    for row in selection.flow.itertuples():
        LOGGER.info("%s, %s, %s %s: %d", row.site, row.unit, row.kind, row.label, row.n)
    further = selection.further[selection.further["site"].isin(further_sites)]
    radiographs = numbered(pd.concat([selection.patients, further], ignore_index=True), shards=shards)
    people = radiographs.head(len(selection.patients))
    names = ["site", "patient", "value", *(factor["name"] for factor in definition["factors"]), *PATIENT_COLUMNS]
    write_parquet(people[names].rename(columns={"value": definition["biomarker"]["name"]}), patients_file)
    write_parquet(radiographs[list(RADIOGRAPH_COLUMNS)], selection_file)
    write_csv(selection.flow, flow_file)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            indexes=[Path(path) for path in snakemake.input.indexes],
            patients_file=Path(snakemake.output.patients),
            selection_file=Path(snakemake.output.selection),
            flow_file=Path(snakemake.output.flow),
            sites=snakemake.params.sites,
            eligibility=snakemake.params.eligibility,
            followup=snakemake.params.followup,
            greatest_age=snakemake.params.greatest_age,
            guards=snakemake.params.guards,
            definition=snakemake.params.definition,
            seed=snakemake.params.seed,
            shards=snakemake.params.shards,
            further_sites=snakemake.params.further_sites,
        )
