"""The job of one network: read the parts of its fold, train, and write weights, metadata and logits."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from cacs_cxr.cohort.folds import check_folds
from cacs_cxr.cohort.shared_pictures import own_pictures
from cacs_cxr.job import LOGGER
from cacs_cxr.study import ALL_THRESHOLDS, JOINT, Factor, Threshold
from cacs_cxr.tables import read_written_table, write_json, write_parquet
from cacs_cxr.training.fold import train_fold
from cacs_cxr.training.parts import fold_parts, further_radiographs
from cacs_cxr.training.processes import ONE_PROCESS, Processes
from cacs_cxr.training.weights import write_weights


def train_network(
    *,
    images: str,
    radiographs: str,
    cohort: str,
    folds: str,
    initial: str | None,
    development: str,
    weights: str,
    metadata: str,
    logits: str,
    definition: Mapping[str, Any],
    network: str,
    threshold: str,
    fold: int,
    member: int,
    seed: int,
    training: Mapping[str, Any],
    code: str,
    processes: Processes = ONE_PROCESS,
) -> None:
    """Read the parts of the fold, train, and write weights, metadata and logits.

    A job that was killed goes on from its checkpoint, which lies beside the weights until these are written. All but
    the last argument are plain values, so that they can be handed to other processes as JSON.

    Args:
        radiographs: images.parquet.
        initial: first weights; None for random ones.
        development: name of the development site.
        threshold: name of the network's threshold, or `ALL_THRESHOLDS`.
        training: the configuration's `training` section.
        processes: that train the network together; process 0 writes.
    """
    chosen = [Threshold(**item) for item in definition["thresholds"] if threshold in (item["name"], ALL_THRESHOLDS)]
    patients = pd.read_parquet(cohort)
    further = further_radiographs(own_pictures(pd.read_parquet(radiographs)), patients)
    table = read_written_table(Path(folds))
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
    checkpoint = Path(weights).with_name("checkpoint.safetensors")
    trained = train_fold(
        Path(images),
        parts,
        design=design,
        configuration=training,
        initial=None if initial is None else Path(initial),
        seed=seed,
        network_name=network,
        fold=fold,
        member=member,
        code=code,
        checkpoint_file=checkpoint,
        processes=processes,
    )

    def write() -> None:
        write_weights(trained.state, Path(weights))
        write_parquet(trained.logits, Path(logits))
        write_json(trained.metadata, Path(metadata))
        checkpoint.unlink(missing_ok=True)

    processes.once(write)
