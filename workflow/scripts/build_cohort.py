"""Make the cohort of the study, one row a patient whose radiograph could be read, and finish the flow."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from cacs_cxr.cohort.analysed import analysed_cohort, readable_rows, whole_flow
from cacs_cxr.job import LOGGER, logged
from cacs_cxr.study import Biomarker, Factor, Threshold
from cacs_cxr.tables import read_written_table, write_csv, write_parquet


def main(
    *,
    patients_file: Path,
    images_file: Path,
    linkage_file: Path,
    cohort_file: Path,
    flow_file: Path,
    definition: Mapping[str, Any],
) -> None:
    """Drop the patients without a readable radiograph, add the category, and write cohort and flow."""
    patients = pd.read_parquet(patients_file)
    readable = readable_rows(patients, pd.read_parquet(images_file, columns=["row", "site", "patient", "readable"]))
    cohort = analysed_cohort(
        patients,
        readable,
        biomarker=Biomarker(**definition["biomarker"]),
        factors=[Factor(**{**item, "levels": tuple(item.get("levels", ()))}) for item in definition["factors"]],
        thresholds=[Threshold(**item) for item in definition["thresholds"]],
    )
    LOGGER.info("%d of %d eligible patients are analysed", len(cohort), len(patients))
    write_parquet(cohort, cohort_file)
    write_csv(whole_flow(read_written_table(linkage_file), patients, readable), flow_file)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            patients_file=Path(snakemake.input.patients),
            images_file=Path(snakemake.input.images),
            linkage_file=Path(snakemake.input.flow),
            cohort_file=Path(snakemake.output.cohort),
            flow_file=Path(snakemake.output.flow),
            definition=snakemake.params.definition,
        )
