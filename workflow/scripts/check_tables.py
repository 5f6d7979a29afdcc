"""Check the tables of all sites and list every fault, before any header of a radiograph is read."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cacs_cxr.cohort.input_check import tables_text
from cacs_cxr.cohort.selection import checked_tables
from cacs_cxr.job import logged
from cacs_cxr.tables import write_text


def main(
    *,
    text_file: Path,
    definition: Mapping[str, Any],
    sites: Sequence[Mapping[str, Any]],
    eligibility: Mapping[str, Any],
    guards: Mapping[str, Any],
) -> None:
    """Check the tables and write how many rows they have.

    Args:
        definition: title, simulated, biomarker, thresholds, categories, factors and event of the configuration.
    """
    tables = checked_tables(
        sites,
        eligibility=eligibility,
        guards=guards,
        biomarker=definition["biomarker"],
        thresholds=definition["thresholds"],
        factors=definition["factors"],
    )
    write_text(tables_text(tables), text_file)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            text_file=Path(snakemake.output.text),
            definition=snakemake.params.definition,
            sites=snakemake.params.sites,
            eligibility=snakemake.params.eligibility,
            guards=snakemake.params.guards,
        )
