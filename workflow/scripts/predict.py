"""Calibrate the networks, fit the clinical and the integrated models of every fold, and write all predictions."""

from pathlib import Path
from typing import Any

import pandas as pd

from cacs_cxr.cohort.folds import check_folds
from cacs_cxr.job import LOGGER, logged
from cacs_cxr.prediction.predictions import KEYS, predict_threshold
from cacs_cxr.study import Factor, Threshold
from cacs_cxr.tables import read_written_table, write_csv, write_parquet


def main(
    *,
    cohort: Path,
    folds: Path,
    development: str,
    logits: dict[tuple[str, int], Path],
    external: dict[str, Path],
    predictions: Path,
    coefficients: Path,
    biomarker: str,
    thresholds: list[dict[str, Any]],
    factors: list[dict[str, Any]],
) -> None:
    """Predict every threshold; `logits` is keyed by threshold and fold, `external` by threshold (or empty)."""
    patients = pd.read_parquet(cohort)
    parts = read_written_table(folds)
    check_folds(parts, list(patients.loc[patients["site"] == development, "patient"]))
    clinical_factors = [Factor.from_plain(item) for item in factors]
    if not clinical_factors:
        LOGGER.info("no clinical factors: the clinical and the integrated models are left out")
    results = []
    for threshold in (Threshold(**item) for item in thresholds):
        labels = pd.Series(threshold.positive(patients[biomarker]).astype(int), index=patients["patient"])
        results.append(
            predict_threshold(
                patients,
                parts,
                {fold: pd.read_parquet(path) for (name, fold), path in logits.items() if name == threshold.name},
                pd.read_parquet(external[threshold.name]) if threshold.name in external else None,
                threshold=threshold.name,
                factors=clinical_factors,
                labels=labels,
            )
        )
    write_parquet(pd.concat([table for table, _ in results]).sort_values(KEYS, ignore_index=True), predictions)
    write_csv(pd.concat([table for _, table in results], ignore_index=True), coefficients)


if __name__ == "__main__":
    with logged(snakemake):
        names = snakemake.params.thresholds
        keys = [(name, fold) for name in names for fold in range(snakemake.params.fold_count)]
        external = [Path(file) for file in snakemake.input.external_logits]
        main(
            cohort=Path(snakemake.input.cohort),
            folds=Path(snakemake.input.folds),
            development=snakemake.params.development,
            logits=dict(zip(keys, map(Path, snakemake.input.logits), strict=True)),
            external=dict(zip(names[: len(external)], external, strict=True)),
            predictions=Path(snakemake.output.predictions),
            coefficients=Path(snakemake.output.coefficients),
            biomarker=snakemake.params.definition["biomarker"]["name"],
            thresholds=snakemake.params.definition["thresholds"],
            factors=snakemake.params.definition["factors"],
        )
