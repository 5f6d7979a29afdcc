"""One fold: train its network, predict its tuning and test parts, and write down how it came about."""

import hashlib
import json
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import timm
import torch

from cacs_cxr.factor_columns import StandardisedDesign
from cacs_cxr.faults import Fault, InputError
from cacs_cxr.seeds import derive_seed
from cacs_cxr.study import TEST, TRAIN, TUNING
from cacs_cxr.training.batches import digest, grey_mean_sd, read_radiographs
from cacs_cxr.training.device import image_budget, peak_memory_bytes, prepare_device
from cacs_cxr.training.inference import predict_views
from cacs_cxr.training.loop import train
from cacs_cxr.training.network import Network, build_network, start_at_factors, start_at_prevalence
from cacs_cxr.training.notice import stop_notice
from cacs_cxr.training.parts import Part
from cacs_cxr.training.processes import ONE_PROCESS, Processes
from cacs_cxr.training.recipe import Recipe, Trained, positive_weights

# Settings that a checkpoint may be continued under when they have changed.
NO_MATTER_FOR_WEIGHTS = ("checkpoint_seconds", "image_memory_gb", "test_time_views")


@dataclass(frozen=True)
class Fold:
    """What the training of one fold hands on.

    Attributes:
        state: weights of the chosen epoch.
        metadata: plain values for JSON.
        logits: columns patient, part (tuning or test), threshold, label, logit; sorted by part, threshold, patient.
    """

    state: Mapping[str, torch.Tensor]
    metadata: Mapping[str, Any]
    logits: pd.DataFrame


def train_fold(
    images: Path,
    parts: Mapping[str, Part],
    *,
    design: StandardisedDesign | None,
    configuration: Mapping[str, Any],
    initial: Path | None,
    seed: int,
    network_name: str,
    fold: int,
    member: int,
    code: str,
    checkpoint_file: Path,
    processes: Processes = ONE_PROCESS,
) -> Fold:
    """Train a network on the training part, choose its epoch on the tuning part, and predict the test part once.

    The test part is read only after the weights are final.

    Args:
        images: images.npy, uint8 [N, S, S].
        parts: the fold's parts, from `fold_parts`.
        design: how the factors of the parts were coded; None for a network of the radiograph alone.
        configuration: the configuration's `training` section.
        initial: .safetensors file with first weights; None for random ones.
        seed: the study's seed; the network's own is derived from it.
        network_name: cxr, joint or joint_thresholds.
        member: number of the network within the fold's ensemble.
        code: digest of the code; a checkpoint that other code has made is not used.
        checkpoint_file: where checkpoints are written to and found.
        processes: that train the network together; what each of them returns is the same.

    Raises:
        InputError: no GPU, an unknown backbone, weights that do not fit, a batch that does not fit into memory, or more
            processes than radiographs in a part.
        StoppedOnNotice: a signal asked to stop; the next run goes on from the checkpoint.
    """
    start = time.perf_counter()
    _check_shares(parts, batch_size=int(configuration["batch_size"]), processes=processes.count)
    device = prepare_device(configuration["device"], threads=int(configuration["threads"]), processes=processes.count)
    thresholds = parts[TRAIN].thresholds
    own_seed = derive_seed(seed, "train", network_name, *thresholds, fold, member)
    recipe = Recipe.from_plain(configuration)
    network, initial_sha256 = build_network(
        configuration["backbone"],
        outputs=len(thresholds),
        factors=parts[TRAIN].factors.shape[1],
        initial=initial,
        seed=own_seed,
    )
    weights = positive_weights(parts[TRAIN].labels.mean(axis=0).tolist(), imbalance=configuration["imbalance"])
    _start(network, parts[TRAIN], weights)
    network.to(device)
    budget = image_budget(device, gigabytes=configuration["image_memory_gb"], processes=processes.count)
    training = read_radiographs(images, parts[TRAIN], device=device, budget=budget)
    budget -= training.resident_bytes
    tuning = read_radiographs(images, parts[TUNING], device=device, budget=budget)
    budget -= tuning.resident_bytes
    mean, sd = grey_mean_sd(training)
    sd = max(sd, 1.0 / 255.0)
    digests = {name: digest(images, parts[name]) for name in (TRAIN, TUNING)}
    values = [getattr(parts[name], kind).tobytes() for name in (TRAIN, TUNING) for kind in ("labels", "factors")]
    labels = [hashlib.sha256(content).hexdigest() for content in values]
    settings = {name: value for name, value in configuration.items() if name not in NO_MATTER_FOR_WEIGHTS}
    versions = [code, torch.__version__, timm.__version__]
    depends = [settings, processes.count, own_seed, digests, labels, initial_sha256, *versions]
    with stop_notice() as asked:
        trained = train(
            network,
            training,
            tuning,
            recipe,
            mean=mean,
            sd=sd,
            positive_weights=torch.tensor(weights),
            seed=own_seed,
            checkpoint_file=checkpoint_file,
            fingerprint=hashlib.sha256(json.dumps(depends, sort_keys=True).encode()).hexdigest(),
            asked_to_stop=lambda: asked() or processes.told_to_stop(),
            processes=processes,
        )

    network.load_state_dict(dict(trained.state))
    test = read_radiographs(images, parts[TEST], device=device, budget=budget)
    predicted_at = time.perf_counter()
    logits = pd.concat(
        [
            logit_table(
                parts[name],
                predict_views(
                    network,
                    radiographs,
                    views=int(configuration["test_time_views"]),
                    augmentation=recipe.augmentation,
                    seed=own_seed,
                    mean=mean,
                    sd=sd,
                    batch_size=4 * recipe.batch_size,
                    processes=processes,
                ),
            ).assign(part=name)
            for name, radiographs in ((TEST, test), (TUNING, tuning))
        ],
        ignore_index=True,
    )[["patient", "part", "threshold", "label", "logit"]]
    end = time.perf_counter()
    metadata = {
        "network": network_name,
        "thresholds": list(thresholds),
        "fold": fold,
        "member": member,
        "seed": seed,
        "derived_seed": own_seed,
        "configuration": dict(configuration),
        "backbone": configuration["backbone"],
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "initialisation": {"source": str(configuration["init"]), "sha256": initial_sha256},
        "factors": design.plain() if design else None,
        "preprocessing": {"size": training.side, "channels": 1, "mean": mean, "sd": sd},
        "positive_weights": dict(zip(thresholds, weights, strict=True)),
        "parts": {name: part.counts for name, part in parts.items()},
        "best_epoch": trained.best_epoch,
        "history": [asdict(epoch) for epoch in trained.history],
        "seconds": {**trained.seconds, "prediction": end - predicted_at, "job": end - start},
        "images_per_second": _training_rate(trained),
        "peak_gpu_memory_bytes": peak_memory_bytes(device),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine(),
        "processes": processes.count,
        "resumed": trained.resumed,
        "code": code,
        "streamed": not training.resident_bytes,
        "data_sha256": {**digests, TEST: digest(images, parts[TEST])},
        "versions": {"python": platform.python_version(), "torch": torch.__version__, "timm": timm.__version__},
    }
    return Fold(trained.state, metadata, logits)


def logit_table(part: Part, logits: npt.NDArray[np.float64]) -> pd.DataFrame:
    """Columns patient, threshold, label, logit of a part's logits [n, thresholds]."""
    tables = [
        pd.DataFrame({"patient": list(part.patients), "threshold": name, "label": labels, "logit": values})
        for name, labels, values in zip(part.thresholds, part.labels.T, logits.T, strict=True)
    ]
    return pd.concat(tables, ignore_index=True)


def _check_shares(parts: Mapping[str, Part], *, batch_size: int, processes: int) -> None:
    sizes = {f"the {name} part": len(part.rows) for name, part in parts.items()} | {"a batch": batch_size}
    name, smallest = min(sizes.items(), key=lambda item: item[1])
    if smallest < processes:
        expected = f"at most {smallest}, since {name} has so many radiographs and each process takes some"
        remedy = f"Set training.processes to {smallest} or less."
        raise InputError([Fault("configuration", None, "training.processes", str(processes), expected, remedy)])


def _start(network: Network, training: Part, weights: Sequence[float]) -> None:
    if network.factors is None:
        start_at_prevalence(network, training.labels.mean(axis=0).tolist(), weights=weights)
    else:
        start_at_factors(network, training.factors, training.labels[:, 0], weight=weights[0])


def _training_rate(trained: Trained) -> float:
    """Training radiographs a second over all epochs, evaluation not counted."""
    seconds = sum(epoch.seconds for epoch in trained.history)
    return sum(epoch.images_per_second * epoch.seconds for epoch in trained.history) / seconds
