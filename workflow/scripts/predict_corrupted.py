"""Predict corrupted radiographs of some development patients with the networks that were tested on them."""

from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd

from cacs_cxr.image_columns import CORRUPTED_COLUMNS
from cacs_cxr.job import logged
from cacs_cxr.prediction.ensemble import probability
from cacs_cxr.seeds import derive_seed
from cacs_cxr.study import CXR, Threshold
from cacs_cxr.tables import read_written_table, write_csv


def main(
    *,
    images: Path,
    cohort: Path,
    folds: Path,
    coefficients: Path,
    networks: list[tuple[str, Path, Path]],
    corrupted: Path,
    definition: dict[str, Any],
    patients: int,
    corruptions: list[str],
    severities: list[int],
    seed: int,
    device: str,
    threads: int,
) -> None:
    """Write patient, model, threshold, corruption, severity and probability, calibrated as the fold's own predictions.

    Args:
        coefficients: of the calibration of each threshold and fold.
        networks: threshold, weights and metadata of those of the radiograph alone, of all folds and members.
        patients: how many are drawn; without any the table has no rows, and no network is loaded.
    """
    if not patients:
        write_csv(pd.DataFrame(columns=list(CORRUPTED_COLUMNS)), corrupted)
        return
    # Importing torch takes seconds, which a study without this analysis need not spend.
    from cacs_cxr.training.corrupted import TrainedNetwork, predict_corrupted, sampled_patients

    chosen = sampled_patients(
        read_written_table(folds), patients=patients, seed=derive_seed(seed, "corrupted patients")
    )
    table = predict_corrupted(
        images,
        chosen.merge(pd.read_parquet(cohort), on="patient", validate="one_to_one"),
        biomarker=definition["biomarker"]["name"],
        thresholds=[Threshold(**item) for item in definition["thresholds"]],
        networks=[TrainedNetwork(*files) for files in networks],
        corruptions=corruptions,
        severities=severities,
        seed=seed,
        device=device,
        threads=threads,
    )
    fitted = read_written_table(coefficients)
    fitted = fitted[fitted["model"] == CXR].assign(term=lambda rows: rows["term"].replace({f"{CXR} logit": "slope"}))
    lines = fitted.pivot_table(index=["threshold", "fold"], columns="term", values="coefficient")
    own = lines.loc[pd.MultiIndex.from_frame(table[["threshold", "fold"]])]
    calibrated = own["intercept"].to_numpy() + own["slope"].to_numpy() * table["logit"].to_numpy()
    result = table.assign(model=CXR, probability=probability(calibrated))
    write_csv(result[list(CORRUPTED_COLUMNS)], corrupted)


if __name__ == "__main__":
    with logged(snakemake):
        keys = list(product(*snakemake.params.trained))
        files = zip(keys, snakemake.input.weights, snakemake.input.metadata, strict=True)
        main(
            images=Path(snakemake.input.images),
            cohort=Path(snakemake.input.cohort),
            folds=Path(snakemake.input.folds),
            coefficients=Path(snakemake.input.coefficients),
            networks=[(key[0], Path(weights), Path(metadata)) for key, weights, metadata in files],
            corrupted=Path(snakemake.output.corrupted),
            definition=snakemake.params.definition,
            patients=snakemake.params.patients,
            corruptions=snakemake.params.corruptions,
            severities=snakemake.params.severities,
            seed=snakemake.params.seed,
            device=snakemake.params.device,
            threads=snakemake.threads,
        )
