"""Split the development patients into folds, stratified by category, each with an inner tuning split."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from cacs_cxr.cohort.folds import fold_warnings, split_folds
from cacs_cxr.job import LOGGER, logged
from cacs_cxr.tables import write_csv


def main(
    *,
    cohort_file: Path,
    folds_file: Path,
    development: str,
    categories: Sequence[str],
    count: int,
    tuning_fraction: float,
    seed: int,
) -> None:
    """Write folds.csv; what is too small for the folds is a warning in the log.

    Args:
        development: name of the development site.
        categories: names of the categories from the lowest.
    """
    cohort = pd.read_parquet(cohort_file)
    patients = cohort[cohort["site"] == development].set_index("patient")
    folds = split_folds(
        list(patients.index),
        patients["category"].to_numpy(),
        count=count,
        tuning_fraction=tuning_fraction,
        seed=seed,
    )
    for warning in fold_warnings(folds, patients["category"], names=categories):
        LOGGER.warning("warning: %s", warning)
    write_csv(folds, folds_file)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            cohort_file=Path(snakemake.input.cohort),
            folds_file=Path(snakemake.output.folds),
            development=snakemake.params.development,
            categories=snakemake.params.categories,
            count=snakemake.params.fold_count,
            tuning_fraction=snakemake.params.tuning_fraction,
            seed=snakemake.params.seed,
        )
