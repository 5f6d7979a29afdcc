"""One fold of one threshold: train its network, predict its tuning and test parts, and write down how it came about."""

import hashlib
import json
import platform
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import timm
import torch

from cacs_cxr.seeds import derive_seed
from cacs_cxr.study import TEST, TRAIN, TUNING
from cacs_cxr.training.batches import digest, grey_mean_sd, read_radiographs
from cacs_cxr.training.device import peak_memory_bytes, prepare_device
from cacs_cxr.training.inference import predict_logits
from cacs_cxr.training.loop import train
from cacs_cxr.training.network import build_network, start_at_prevalence
from cacs_cxr.training.notice import stop_notice
from cacs_cxr.training.parts import Part
from cacs_cxr.training.recipe import Recipe, Trained


@dataclass(frozen=True)
class Fold:
    """What the training of one fold hands on.

    Attributes:
        state: weights of the chosen epoch.
        metadata: plain values for JSON.
        logits: columns patient, part (tuning or test), label, logit; sorted by part and patient.
    """

    state: Mapping[str, torch.Tensor]
    metadata: Mapping[str, Any]
    logits: pd.DataFrame


def train_fold(
    images: Path,
    parts: Mapping[str, Part],
    *,
    configuration: Mapping[str, Any],
    seed: int,
    threshold: str,
    fold: int,
    code: str,
    checkpoint_file: Path,
) -> Fold:
    """Train a network on the training part, choose its epoch on the tuning part, and predict the test part once.

    The test part is read only after the weights are final.

    Args:
        images: images.npy, uint8 [N, S, S].
        parts: the fold's parts, from `fold_parts`.
        configuration: the configuration's `training` section.
        seed: the study's seed; the fold's own is derived from it.
        code: digest of the code; a checkpoint that other code has made is not used.
        checkpoint_file: where checkpoints are written to and found.

    Raises:
        InputError: no GPU, an unknown backbone, weights that do not fit, or a batch that does not fit into memory.
        StoppedOnNotice: a signal asked to stop; the next run goes on from the checkpoint.
    """
    start = time.perf_counter()
    device = prepare_device(configuration["device"], threads=int(configuration["threads"]))
    own_seed = derive_seed(seed, "train", threshold, fold)
    recipe = Recipe.from_plain(configuration)
    network, initialisation = build_network(configuration["backbone"], init=str(configuration["init"]), seed=own_seed)
    counts = parts[TRAIN].counts
    start_at_prevalence(network, counts["n_positive"] / counts["n"])
    network.to(device)
    training = read_radiographs(images, parts[TRAIN], device=device)
    tuning = read_radiographs(images, parts[TUNING], device=device)
    mean, sd = grey_mean_sd(training)
    sd = max(sd, 1.0 / 255.0)
    digests = {name: digest(part) for name, part in ((TRAIN, training), (TUNING, tuning))}
    labels = {name: hashlib.sha256(parts[name].labels.tobytes()).hexdigest() for name in (TRAIN, TUNING)}
    settings = {name: value for name, value in configuration.items() if name != "checkpoint_seconds"}
    depends = [settings, own_seed, digests, labels, asdict(initialisation), code, torch.__version__, timm.__version__]
    with stop_notice() as asked_to_stop:
        trained = train(
            network,
            training,
            tuning,
            recipe,
            mean=mean,
            sd=sd,
            seed=own_seed,
            checkpoint_file=checkpoint_file,
            fingerprint=hashlib.sha256(json.dumps(depends, sort_keys=True).encode()).hexdigest(),
            asked_to_stop=asked_to_stop,
        )

    network.load_state_dict(dict(trained.state))
    test = read_radiographs(images, parts[TEST], device=device)
    predicted_at = time.perf_counter()
    logits = pd.concat(
        [
            pd.DataFrame({
                "patient": list(parts[name].patients),
                "part": name,
                "label": parts[name].labels,
                "logit": predict_logits(network, radiographs, mean=mean, sd=sd, batch_size=4 * recipe.batch_size),
            })
            for name, radiographs in ((TEST, test), (TUNING, tuning))
        ],
        ignore_index=True,
    )  # fmt: skip
    end = time.perf_counter()
    metadata = {
        "threshold": threshold,
        "fold": fold,
        "seed": seed,
        "derived_seed": own_seed,
        "configuration": dict(configuration),
        "backbone": configuration["backbone"],
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "initialisation": asdict(initialisation),
        "preprocessing": {"size": int(training.pixels.shape[-1]), "channels": 1, "mean": mean, "sd": sd},
        "parts": {name: part.counts for name, part in parts.items()},
        "best_epoch": trained.best_epoch,
        "history": [asdict(epoch) for epoch in trained.history],
        "seconds": {**trained.seconds, "prediction": end - predicted_at, "job": end - start},
        "images_per_second": _training_rate(trained),
        "peak_gpu_memory_bytes": peak_memory_bytes(device),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine(),
        "resumed": trained.resumed,
        "code": code,
        "data_sha256": {**digests, TEST: digest(test)},
        "versions": {"python": platform.python_version(), "torch": torch.__version__, "timm": timm.__version__},
    }
    return Fold(trained.state, metadata, logits)


def _training_rate(trained: Trained) -> float:
    """Training radiographs a second over all epochs, evaluation not counted."""
    seconds = sum(epoch.seconds for epoch in trained.history)
    return sum(epoch.images_per_second * epoch.seconds for epoch in trained.history) / seconds
