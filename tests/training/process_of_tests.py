"""A process that tests start several of: it trains a small study, or does what its job names."""

import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import timm
import torch
from phantom import CONFIGURATION, small_study
from safetensors.torch import save_file
from torch.nn import functional

from cacs_cxr.faults import Fault, InputError
from cacs_cxr.study import Factor, Threshold
from cacs_cxr.tables import write_json
from cacs_cxr.training import fold as fold_module
from cacs_cxr.training import loop
from cacs_cxr.training.fold import Fold, train_fold
from cacs_cxr.training.launch import one_of_processes
from cacs_cxr.training.notice import StoppedOnNotice
from cacs_cxr.training.parts import fold_parts
from cacs_cxr.training.processes import ONE_PROCESS, Processes
from cacs_cxr.training.weights import write_weights

SETTINGS = {
    **CONFIGURATION,
    "backbone": "test_resnet",  # with batch normalisation
    "epochs": 4,
    "batch_size": 15,
    "learning_rate": 1e-3,
    "ema_decay": 0.9,
    "test_time_views": 1,
}
GT0, GE40 = Threshold("gt0", ">", 0.0, "> 0"), Threshold("ge40", ">=", 40.0, "≥ 40")


def make_study(folder: Path) -> None:
    """Images, cohort and fold of 60 patients, 36 of them in the training part: two batches of 15 an epoch."""
    images, cohort, folds = small_study(60, side=32, seed=0)
    cohort["age"] = np.random.default_rng(0).normal(60.0, 9.0, len(cohort)) + cohort["cacs"] / 25.0
    np.save(folder / "images.npy", images)
    cohort.to_parquet(folder / "cohort.parquet")
    folds.to_parquet(folder / "folds.parquet")


def train_study(folder: Path, checkpoint: Path, *, processes: Processes = ONE_PROCESS, **changes: Any) -> Fold:
    """Train on the study in a folder, with changes of its settings."""
    network = changes.pop("network", "cxr")
    nothing = pd.DataFrame({"patient": pd.Series(dtype=str), "row": pd.Series(dtype=int)})
    cohort, folds = (pd.read_parquet(folder / f"{name}.parquet") for name in ("cohort", "folds"))
    factors = [Factor("age", "Age", "continuous", missing="exclude")] if network == "joint" else []
    thresholds = [GT0, GE40] if network == "joint_thresholds" else [GT0]
    parts, design = fold_parts(cohort, folds, nothing, fold=0, biomarker="cacs", thresholds=thresholds, factors=factors)
    return train_fold(
        folder / "images.npy",
        parts,
        design=design,
        configuration={**SETTINGS, **changes},
        initial=None,
        seed=7,
        network_name=network,
        fold=0,
        member=0,
        code="code",
        checkpoint_file=checkpoint,
        processes=processes,
    )


def write(trained: Fold, folder: Path) -> None:
    """What a training gives, as files."""
    write_weights(trained.state, folder / "weights.safetensors")
    write_json(trained.metadata, folder / "metadata.json")
    trained.logits.to_parquet(folder / "logits.parquet")


def train_in_processes(study: str, folder: str, changes: dict[str, Any], *, processes: Processes) -> None:
    """Train the study; process 0 writes what comes out, every process its own weights."""
    own = Path(folder, f"process-{processes.number}.pid")
    own.write_text(str(os.getpid()), encoding="ascii")
    trained = train_study(Path(study), Path(folder, "checkpoint"), processes=processes, **changes)
    processes.once(partial(write, trained, Path(folder)))
    write_weights(trained.state, Path(folder, f"weights-{processes.number}.safetensors"))


def stop_and_go_on(study: str, folder: str, changes: dict[str, Any], *, processes: Processes) -> None:
    """Let process 1 alone ask to stop after three steps, and train again."""
    train = loop.train

    def stopped(*arguments: Any, asked_to_stop: Callable[[], bool], **named: Any) -> Any:
        done = 0

        def asked() -> bool:
            nonlocal done
            done += 1
            return asked_to_stop() or (done == 3 and processes.number == 1)

        return train(*arguments, asked_to_stop=asked, **named)

    fold_module.train = stopped  # type: ignore[assignment]
    try:
        train_study(Path(study), Path(folder, "checkpoint"), processes=processes, **changes)
    except StoppedOnNotice:
        fold_module.train = train
        train_in_processes(study, folder, changes, processes=processes)


def fail(study: str, folder: str, changes: dict[str, Any], kind: str, *, processes: Processes) -> None:
    """Let process 1 raise an error or be killed at its third step."""
    augment, done = loop.augment, 0

    def failing(*arguments: Any) -> torch.Tensor:
        nonlocal done
        done += 1
        if done == 3 and processes.number == 1:
            if kind == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            raise InputError([Fault("images.npy", 3, "", "nothing", "a radiograph", "Preprocess again.")])
        return augment(*arguments)

    loop.augment = failing
    train_in_processes(study, folder, changes, processes=processes)


def compare_gradients(folder: str, backbone: str, *, processes: Processes) -> None:
    """Gradients and statistics of a network in double precision, of 15 radiographs over the processes and in one."""
    torch.manual_seed(3)
    networks = [timm.create_model(backbone, in_chans=1, num_classes=1).double() for _ in range(2)]
    networks[1].load_state_dict(networks[0].state_dict())
    generator = torch.Generator().manual_seed(5)
    images = torch.randn(15, 1, 32, 32, generator=generator, dtype=torch.float64)
    labels = (torch.rand(15, 1, generator=generator) < 0.4).double()
    together, alone = processes.trained_together(networks[0]), networks[1]
    own = processes.share(15)
    for _ in range(2):
        for network, rows, weight in (
            (together, own, processes.weight(own.stop - own.start, whole=15)),
            (alone, slice(0, 15), 1.0),
        ):
            loss = functional.binary_cross_entropy_with_logits(network(images[rows]), labels[rows])
            (loss * weight).backward()
    for number, network in enumerate(networks):
        gradients = {f"gradient.{name}": value.grad for name, value in network.named_parameters()}
        kept = {name: value.detach() for name, value in network.named_buffers()}
        held = {name: value.contiguous().clone() for name, value in {**gradients, **kept}.items() if value is not None}
        save_file(held, Path(folder, f"network-{number}-{processes.number}.safetensors"))


STEPS: dict[str, Callable[..., None]] = {
    "train": train_in_processes,
    "stop and go on": stop_and_go_on,
    "fail": fail,
    "gradients": compare_gradients,
}

if __name__ == "__main__":
    with one_of_processes(Path(sys.argv[1])) as (job, processes):
        for name, arguments in job["steps"]:
            STEPS[name](**arguments, processes=processes)
