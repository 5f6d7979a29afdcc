"""Logits of the external sites' patients by every fold's network, none of which has seen a patient of those sites."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from cacs_cxr.job import LOGGER
from cacs_cxr.training.batches import read_radiographs
from cacs_cxr.training.device import memory_advice, prepare_device
from cacs_cxr.training.inference import predict_logits
from cacs_cxr.training.parts import Part
from cacs_cxr.training.weights import load_network, read_metadata


def predict_sites(
    images: Path,
    patients: pd.DataFrame,
    part: Part,
    *,
    networks: Sequence[tuple[Path, Path]],
    device: str,
    threads: int,
) -> pd.DataFrame:
    """Logits of all networks, which are loaded one after another.

    Args:
        images: images.npy, uint8 [N, S, S].
        patients: columns site and patient, one row for each patient of `part`.
        networks: weights and metadata of each fold.
        device: ``auto``, ``cpu`` or ``cuda``.

    Returns:
        Columns site, patient, fold, label, logit; sorted by site, patient, fold.

    Raises:
        InputError: a network trained on images of another size.
    """
    place = prepare_device(device, threads=threads)
    radiographs = read_radiographs(images, part, device=place)
    size = int(np.load(images, mmap_mode="r", allow_pickle=False).shape[-1])
    site_of = patients.set_index("patient")["site"]
    frames = []
    for number, (weights, metadata_file) in enumerate(networks, start=1):
        metadata = read_metadata(metadata_file)
        network = load_network(weights, metadata, size=size, device=place)
        preprocessing, batch_size = metadata["preprocessing"], 4 * int(metadata["configuration"]["batch_size"])
        with memory_advice(batch_size):
            logits = predict_logits(
                network, radiographs, mean=preprocessing["mean"], sd=preprocessing["sd"], batch_size=batch_size
            )
        frames.append(
            pd.DataFrame({
                "site": site_of.loc[list(part.patients)].to_numpy(),
                "patient": list(part.patients),
                "fold": metadata["fold"],
                "label": part.labels,
                "logit": logits,
            })
        )  # fmt: skip
        LOGGER.info("network %d of %d, %d patients", number, len(networks), len(part.patients))
    return pd.concat(frames).sort_values(["site", "patient", "fold"], ignore_index=True)
