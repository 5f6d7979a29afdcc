"""Logits of corrupted radiographs by the networks that were tested on a patient, and so did not learn from one."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from cacs_cxr.job import LOGGER
from cacs_cxr.seeds import derive_seed
from cacs_cxr.study import Threshold
from cacs_cxr.training.augmentation import Augmentation
from cacs_cxr.training.batches import Radiographs
from cacs_cxr.training.corruptions import corrupt
from cacs_cxr.training.device import memory_advice, prepare_device
from cacs_cxr.training.inference import predict_views
from cacs_cxr.training.parts import as_part
from cacs_cxr.training.weights import load_network, read_metadata

CLEAN = ("clean", 0)
COLUMNS = ["patient", "fold", "threshold", "corruption", "severity", "logit"]


@dataclass(frozen=True)
class TrainedNetwork:
    """Files of one network of the radiograph alone, and the threshold that it was trained for."""

    threshold: str
    weights: Path
    metadata: Path


def sampled_patients(folds: pd.DataFrame, *, patients: int, seed: int) -> pd.DataFrame:
    """Patients at random out of all test folds, with the fold that tests each: columns patient, fold.

    Args:
        folds: columns patient, fold, part.
        patients: how many at most.
        seed: of the draw.
    """
    tested = folds.loc[folds["part"] == "test", ["patient", "fold"]].sort_values("patient", ignore_index=True)
    if len(tested) <= patients:
        return tested
    chosen = np.random.default_rng(seed).choice(len(tested), patients, replace=False)
    return tested.iloc[np.sort(chosen)].reset_index(drop=True)


def predict_corrupted(
    images: Path,
    patients: pd.DataFrame,
    *,
    biomarker: str,
    thresholds: Sequence[Threshold],
    networks: Sequence[TrainedNetwork],
    corruptions: Sequence[str],
    severities: Sequence[int],
    seed: int,
    device: str,
    threads: int,
) -> pd.DataFrame:
    """Logits of every patient under every corruption and severity, and without any; members of an ensemble averaged.

    Args:
        images: images.npy, uint8 [N, S, S].
        patients: one row a patient: patient, row, fold (the one that tests the patient) and the biomarker.
        thresholds: the study's.
        networks: of all folds and members.
        corruptions: names of corruptions.
        severities: of each corruption.
        seed: the study's seed.
        device: ``auto``, ``cpu`` or ``cuda``.

    Returns:
        `COLUMNS`, sorted; corruption ``clean`` of severity 0 is the radiograph as it is.

    Raises:
        InputError: a network trained on images of another size.
    """
    place = prepare_device(device, threads=threads)
    size = int(np.load(images, mmap_mode="r", allow_pickle=False).shape[-1])
    part = as_part(patients, biomarker=biomarker, thresholds=thresholds, design=None)
    fold = patients.set_index("patient")["fold"].loc[list(part.patients)].to_numpy()
    pixels = np.ascontiguousarray(np.load(images, mmap_mode="r", allow_pickle=False)[part.rows])
    versions = {CLEAN: pixels}
    for name in corruptions:
        seeds = [derive_seed(seed, "corruption", name, patient) for patient in part.patients]
        for severity in severities:
            versions[name, severity] = corrupt(pixels, name=name, severity=severity, seeds=seeds)
    labels = torch.from_numpy(part.labels.astype(np.float32)).to(place)
    factors = torch.empty(len(part.patients), 0, device=place)
    frames = []
    for network_files in networks:
        metadata = read_metadata(network_files.metadata)
        own = np.flatnonzero(fold == metadata["fold"])
        if not own.size:
            continue
        network = load_network(network_files.weights, metadata, size=size, device=place)
        preprocessing, settings = metadata["preprocessing"], metadata["configuration"]
        batch_size = 4 * int(settings["batch_size"])
        for (name, severity), version in versions.items():
            radiographs = Radiographs(torch.from_numpy(version[own]).to(place), labels[own], factors[own])
            with memory_advice(batch_size):
                logits = predict_views(
                    network,
                    radiographs,
                    views=int(settings["test_time_views"]),
                    augmentation=Augmentation.from_plain(settings["augmentation"]),
                    seed=int(metadata["derived_seed"]),
                    mean=preprocessing["mean"],
                    sd=preprocessing["sd"],
                    batch_size=batch_size,
                )
            frames.append(
                pd.DataFrame(
                    {
                        "patient": [part.patients[number] for number in own],
                        "fold": metadata["fold"],
                        "threshold": network_files.threshold,
                        "corruption": name,
                        "severity": severity,
                        "logit": logits[:, 0],
                    }
                )
            )
    LOGGER.info("%d networks, %d patients, %d versions of each", len(networks), len(part.patients), len(versions))
    means = pd.concat(frames).groupby(COLUMNS[:-1], sort=True)["logit"].mean()
    return means.reset_index()[COLUMNS]
