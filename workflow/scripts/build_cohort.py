"""Make the cohort of the study, one row a patient with a readable radiograph of his or her own, and finish the flow."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from cacs_cxr.cohort.analysed import analysed_cohort, readable_rows, whole_flow
from cacs_cxr.cohort.shared_pictures import (
    REPEATS,
    check_no_shared_pictures,
    exclusion_lines,
    shows_another_patient,
)
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
    sites: Sequence[str],
    shared_pixels: Literal["stop", "exclude"],
    show: Callable[[str], None],
) -> None:
    """Drop the patients without a readable radiograph of their own, add the category, and write cohort and flow.

    Args:
        sites: names of the sites, the development site first.
        shared_pixels: whether pictures that stand under several patients stop the study or exclude them.
        show: called with what was done about such pictures.
    """
    patients = pd.read_parquet(patients_file)
    images = pd.read_parquet(images_file, columns=["row", "site", "patient", "readable", *REPEATS])
    readable = readable_rows(patients, images)
    if shared_pixels == "stop":
        check_no_shared_pictures(images)
    own = ~shows_another_patient(patients, images, sites=sites)
    if lines := exclusion_lines(images, patients.loc[~own, "site"].value_counts()):
        show(lines)
    cohort = analysed_cohort(
        patients,
        readable & own,
        biomarker=Biomarker(**definition["biomarker"]),
        factors=[Factor.from_plain(item) for item in definition["factors"]],
        thresholds=[Threshold(**item) for item in definition["thresholds"]],
    )
    LOGGER.info("%d of %d eligible patients are analysed", len(cohort), len(patients))
    write_parquet(cohort, cohort_file)
    write_csv(whole_flow(read_written_table(linkage_file), patients, readable=readable, own=own), flow_file)


if __name__ == "__main__":
    with logged(snakemake) as show:
        main(
            patients_file=Path(snakemake.input.patients),
            images_file=Path(snakemake.input.images),
            linkage_file=Path(snakemake.input.flow),
            cohort_file=Path(snakemake.output.cohort),
            flow_file=Path(snakemake.output.flow),
            definition=snakemake.params.definition,
            sites=snakemake.params.sites,
            shared_pixels=snakemake.params.shared_pixels,
            show=show,
        )
