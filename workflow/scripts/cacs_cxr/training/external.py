"""Logits of the external sites' patients by every network, none of which has seen a patient of those sites."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from cacs_cxr.factor_columns import StandardisedDesign
from cacs_cxr.job import LOGGER
from cacs_cxr.study import Factor, Threshold
from cacs_cxr.training.augmentation import Augmentation
from cacs_cxr.training.batches import read_radiographs
from cacs_cxr.training.device import image_budget, memory_advice, prepare_device
from cacs_cxr.training.fold import logit_table
from cacs_cxr.training.inference import predict_views
from cacs_cxr.training.parts import as_part
from cacs_cxr.training.weights import load_network, read_metadata


def predict_sites(
    images: Path,
    patients: pd.DataFrame,
    *,
    biomarker: str,
    thresholds: Sequence[Threshold],
    factors: Sequence[Factor],
    networks: Sequence[tuple[Path, Path]],
    device: str,
    threads: int,
    image_memory_gb: float | None,
) -> pd.DataFrame:
    """Logits of all networks, which are loaded one after another.

    Args:
        images: images.npy, uint8 [N, S, S].
        patients: one row a patient: site, patient, row, the biomarker and the clinical factors.
        thresholds: those of the networks, in the order of their logits.
        factors: the study's clinical factors, of which a network without any takes none.
        networks: weights and metadata of each fold and member.
        device: ``auto``, ``cpu`` or ``cuda``.
        image_memory_gb: memory that radiographs may take; None for a share of what is free.

    Returns:
        Columns site, patient, fold, member, threshold, label, logit; sorted by site, patient, fold, member, threshold.

    Raises:
        InputError: a network trained on images of another size, or with other factors.
    """
    place = prepare_device(device, threads=threads)
    size = int(np.load(images, mmap_mode="r", allow_pickle=False).shape[-1])
    part = as_part(patients, biomarker=biomarker, thresholds=thresholds, design=None)
    budget = image_budget(place, gigabytes=image_memory_gb)
    radiographs = read_radiographs(images, part, device=place, budget=budget)
    site_of = patients.set_index("patient")["site"]
    frames = []
    for number, (weights, metadata_file) in enumerate(networks, start=1):
        metadata = read_metadata(metadata_file)
        network = load_network(weights, metadata, size=size, device=place)
        preprocessing, batch_size = metadata["preprocessing"], 4 * int(metadata["configuration"]["batch_size"])
        if metadata["factors"]:
            design = StandardisedDesign.from_plain(metadata["factors"], factors)
            own = as_part(patients, biomarker=biomarker, thresholds=thresholds, design=design)
            radiographs = radiographs.with_factors(own.factors)
        with memory_advice(batch_size):
            logits = predict_views(
                network,
                radiographs,
                views=int(metadata["configuration"]["test_time_views"]),
                augmentation=Augmentation.from_plain(metadata["configuration"]["augmentation"]),
                seed=int(metadata["derived_seed"]),
                mean=preprocessing["mean"],
                sd=preprocessing["sd"],
                batch_size=batch_size,
            )
        table = logit_table(part, logits).assign(fold=metadata["fold"], member=metadata["member"])
        frames.append(table.assign(site=site_of.loc[table["patient"]].to_numpy()))
        LOGGER.info("network %d of %d, %d patients", number, len(networks), len(part.patients))
    columns = ["site", "patient", "fold", "member", "threshold", "label", "logit"]
    return pd.concat(frames)[columns].sort_values(columns[:5], ignore_index=True)
