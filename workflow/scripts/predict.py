"""Calibrate the networks, fit the clinical and the integrated models of every fold, and write all predictions."""

from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd

from cacs_cxr.cohort.folds import check_folds
from cacs_cxr.job import LOGGER, logged
from cacs_cxr.prediction.calibration import Method
from cacs_cxr.prediction.network_calibration import network_calibration, network_logits
from cacs_cxr.prediction.predictions import KEYS, predict_threshold
from cacs_cxr.study import Factor, Threshold
from cacs_cxr.tables import read_written_table, write_csv, write_parquet


def main(
    *,
    cohort: Path,
    folds: Path,
    development: str,
    logits: list[tuple[str, int, int, Path]],
    external: list[tuple[str, Path]],
    predictions: Path,
    coefficients: Path,
    calibration_table: Path,
    simulated: bool,
    biomarker: str,
    thresholds: list[dict[str, Any]],
    factors: list[dict[str, Any]],
    calibration: Method,
) -> None:
    """Predict every threshold.

    Args:
        logits: network, fold, member and file of the logits of each training.
        external: network and file of the logits of external patients; empty without an external site.
    """
    patients = pd.read_parquet(cohort)
    parts = read_written_table(folds)
    check_folds(parts, list(patients.loc[patients["site"] == development, "patient"]))
    clinical_factors = [Factor.from_plain(item) for item in factors]
    if not clinical_factors:
        LOGGER.info("no clinical factors: the clinical and the integrated models are left out")
    inside = pd.concat(
        pd.read_parquet(path).assign(network=network, fold=fold, member=member)
        for network, fold, member, path in logits
    )
    outside = pd.concat(
        [pd.DataFrame(columns=["threshold"]), *(pd.read_parquet(path).assign(network=name) for name, path in external)]
    )
    results = []
    for threshold in (Threshold(**item) for item in thresholds):
        labels = pd.Series(threshold.positive(patients[biomarker]).astype(int), index=patients["patient"])
        results.append(
            predict_threshold(
                patients,
                parts,
                inside[inside["threshold"] == threshold.name],
                outside[outside["threshold"] == threshold.name],
                threshold=threshold.name,
                factors=clinical_factors,
                labels=labels,
                calibration=calibration,
            )
        )
    predicted = pd.concat([table for table, _ in results]).sort_values(KEYS, ignore_index=True)
    write_parquet(predicted, predictions)
    write_csv(pd.concat([table for _, table in results], ignore_index=True), coefficients)
    table = network_calibration(network_logits(inside, outside), predicted)
    write_csv(table.assign(simulated=simulated), calibration_table)


if __name__ == "__main__":
    with logged(snakemake):
        networks = [network for network, _ in snakemake.params.networks]
        keys = product(networks, range(snakemake.params.fold_count), range(snakemake.params.ensemble))
        external = [Path(file) for file in snakemake.input.external_logits]
        main(
            cohort=Path(snakemake.input.cohort),
            folds=Path(snakemake.input.folds),
            development=snakemake.params.development,
            logits=[(*key, Path(file)) for key, file in zip(keys, snakemake.input.logits, strict=True)],
            external=list(zip(networks[: len(external)], external, strict=True)),
            predictions=Path(snakemake.output.predictions),
            coefficients=Path(snakemake.output.coefficients),
            calibration_table=Path(snakemake.output.network_calibration),
            simulated=snakemake.params.definition["simulated"],
            biomarker=snakemake.params.definition["biomarker"]["name"],
            thresholds=snakemake.params.definition["thresholds"],
            factors=snakemake.params.definition["factors"],
            calibration=snakemake.params.calibration,
        )
