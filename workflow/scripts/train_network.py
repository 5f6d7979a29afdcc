"""Train the network of one threshold and fold, choose its epoch on the tuning split, and predict its test fold once."""

from pathlib import Path
from typing import Any

import pandas as pd

from cacs_cxr.cohort.folds import check_folds
from cacs_cxr.cohort.shared_pictures import own_pictures
from cacs_cxr.job import LOGGER, logged
from cacs_cxr.study import Threshold
from cacs_cxr.tables import read_written_table, write_json, write_parquet
from cacs_cxr.training.fold import train_fold
from cacs_cxr.training.parts import fold_parts, further_radiographs
from cacs_cxr.training.weights import write_weights


def main(
    *,
    images: Path,
    radiographs: Path,
    cohort: Path,
    folds: Path,
    development: str,
    weights: Path,
    metadata: Path,
    logits: Path,
    biomarker: str,
    thresholds: list[dict[str, Any]],
    threshold: str,
    fold: int,
    seed: int,
    training: dict[str, Any],
    code: str,
) -> None:
    """Read the parts of the fold, train, and write weights, metadata and logits.

    A job that was killed goes on from its checkpoint, which lies beside the weights until these are written.

    Args:
        radiographs: images.parquet.
        development: name of the development site.
    """
    chosen = next(Threshold(**item) for item in thresholds if item["name"] == threshold)
    patients = pd.read_parquet(cohort)
    further = further_radiographs(own_pictures(pd.read_parquet(radiographs)), patients)
    table = read_written_table(folds)
    check_folds(table, list(patients.loc[patients["site"] == development, "patient"]))
    parts = fold_parts(patients, table, further, fold=fold, biomarker=biomarker, threshold=chosen)
    LOGGER.info(
        "%s", ", ".join(f"{name}: {part.counts['n_positive']} of {part.counts['n']}" for name, part in parts.items())
    )
    checkpoint = weights.with_name("checkpoint.safetensors")
    trained = train_fold(
        images,
        parts,
        configuration=training,
        seed=seed,
        threshold=threshold,
        fold=fold,
        code=code,
        checkpoint_file=checkpoint,
    )
    write_weights(trained.state, weights)
    write_parquet(trained.logits, logits)
    write_json(trained.metadata, metadata)
    checkpoint.unlink(missing_ok=True)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            images=Path(snakemake.input.images),
            radiographs=Path(snakemake.input.radiographs),
            cohort=Path(snakemake.input.cohort),
            folds=Path(snakemake.input.folds),
            development=snakemake.params.development,
            weights=Path(snakemake.output.weights),
            metadata=Path(snakemake.output.metadata),
            logits=Path(snakemake.output.logits),
            biomarker=snakemake.params.biomarker,
            thresholds=snakemake.params.thresholds,
            threshold=snakemake.wildcards.threshold,
            fold=int(snakemake.wildcards.fold),
            seed=snakemake.params.seed,
            training=dict(snakemake.params.training),
            code=snakemake.params.code,
        )
