"""Train one network of one fold, choose its epoch on the tuning split, and predict its test fold once."""

from pathlib import Path
from typing import Any

import pandas as pd

from cacs_cxr.cohort.folds import check_folds
from cacs_cxr.cohort.shared_pictures import own_pictures
from cacs_cxr.job import LOGGER, logged
from cacs_cxr.study import ALL_THRESHOLDS, JOINT, Factor, Threshold
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
    initial: Path | None,
    development: str,
    weights: Path,
    metadata: Path,
    logits: Path,
    definition: dict[str, Any],
    network: str,
    threshold: str,
    fold: int,
    member: int,
    seed: int,
    training: dict[str, Any],
    code: str,
) -> None:
    """Read the parts of the fold, train, and write weights, metadata and logits.

    A job that was killed goes on from its checkpoint, which lies beside the weights until these are written.

    Args:
        radiographs: images.parquet.
        initial: first weights; None for random ones.
        development: name of the development site.
        threshold: name of the network's threshold, or `ALL_THRESHOLDS`.
    """
    chosen = [Threshold(**item) for item in definition["thresholds"] if threshold in (item["name"], ALL_THRESHOLDS)]
    patients = pd.read_parquet(cohort)
    further = further_radiographs(own_pictures(pd.read_parquet(radiographs)), patients)
    table = read_written_table(folds)
    check_folds(table, list(patients.loc[patients["site"] == development, "patient"]))
    parts, design = fold_parts(
        patients,
        table,
        further,
        fold=fold,
        biomarker=definition["biomarker"]["name"],
        thresholds=chosen,
        factors=[Factor.from_plain(item) for item in definition["factors"]] if network == JOINT else [],
    )
    for name, part in parts.items():
        positive = ", ".join(f"{number} at {at}" for at, number in part.counts["n_positive"].items())
        LOGGER.info("%s: %d, positive %s", name, part.counts["n"], positive)
    checkpoint = weights.with_name("checkpoint.safetensors")
    trained = train_fold(
        images,
        parts,
        design=design,
        configuration=training,
        initial=initial,
        seed=seed,
        network_name=network,
        fold=fold,
        member=member,
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
            initial=Path(snakemake.input.initial[0]) if snakemake.input.initial else None,
            development=snakemake.params.development,
            weights=Path(snakemake.output.weights),
            metadata=Path(snakemake.output.metadata),
            logits=Path(snakemake.output.logits),
            definition=snakemake.params.definition,
            network=snakemake.wildcards.network,
            threshold=snakemake.wildcards.threshold,
            fold=int(snakemake.wildcards.fold),
            member=int(snakemake.wildcards.member),
            seed=snakemake.params.seed,
            training=dict(snakemake.params.training),
            code=snakemake.params.code,
        )
