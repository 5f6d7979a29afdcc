"""Checkpoints: a training on disk between two steps, from which it goes on to the same weights, bit for bit on a CPU.

A checkpoint is one safetensors file: tensors, and plain values as JSON in its header. It is written whole or not at
all, so a job may be killed at any moment. Its fingerprint says which training it belongs to; another one ignores it.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import nn

from cacs_cxr.job import LOGGER
from cacs_cxr.tables import write_bytes
from cacs_cxr.training.processes import ONE_PROCESS, Processes
from cacs_cxr.training.recipe import Epoch

_HEADER = "progress"


@dataclass(frozen=True)
class Progress:
    """Where a training is, but for the tensors.

    Attributes:
        epoch: epoch under way, from 1.
        batches: batches of it that are done.
        best_epoch: best epoch so far, 0 for none; `least` is its loss.
        history: the epochs that are done.
        seconds: spent so far, by what for; `epoch` holds those of the epoch under way.
        resumed: how many times the training went on from a checkpoint.
    """

    epoch: int
    batches: int
    best_epoch: int
    least: float
    history: tuple[Epoch, ...]
    seconds: Mapping[str, float]
    resumed: int


@dataclass(frozen=True)
class Checkpoint:
    """A training between two steps.

    Attributes:
        tensors: by name, as `gather` names them.
        rates: learning rate of each group of parameters.
    """

    progress: Progress
    tensors: Mapping[str, torch.Tensor]
    rates: tuple[float, ...]


@dataclass(frozen=True)
class Moving:
    """What changes from step to step; `kept` is the moving average of the network, or the network itself."""

    network: nn.Module
    kept: nn.Module
    optimiser: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler
    device: torch.device


def gather(
    moving: Moving,
    progress: Progress,
    *,
    best: Mapping[str, torch.Tensor],
    order: torch.Tensor,
    total: torch.Tensor,
    processes: Processes = ONE_PROCESS,
) -> Checkpoint:
    """Checkpoint of a training between two steps, the same in all of its processes.

    Args:
        best: weights of the best epoch so far.
        order: state of the generator of the order and the augmentation at the start of the epoch.
        total: sum of the losses of the epoch's batches, of this process's share.
    """
    states = moving.optimiser.state_dict()["state"]
    own = {f"{number}.{name}": tensor for number, state in states.items() for name, tensor in state.items()}
    tensors = {
        **_named("network", moving.network.state_dict()),
        **(_named("kept", moving.kept.state_dict()) if moving.kept is not moving.network else {}),
        **_named("best", best),
        **_named("optimiser", own),
        "order": order,
        "total": processes.gathered(total),
        "random.torch": processes.gathered(torch.get_rng_state()),  # dropout draws from torch's own generators
    }
    if moving.device.type == "cuda":
        tensors["random.cuda"] = processes.gathered(torch.cuda.get_rng_state(moving.device))
    return Checkpoint(progress, tensors, tuple(float(group["lr"]) for group in moving.optimiser.param_groups))


def restore(moving: Moving, checkpoint: Checkpoint, *, step: int, processes: Processes = ONE_PROCESS) -> None:
    """Set everything that moves as it was after `step` steps."""
    moving.network.load_state_dict(tensors_named("network", checkpoint))
    if moving.kept is not moving.network:
        moving.kept.load_state_dict(tensors_named("kept", checkpoint))
    moving.schedule.load_state_dict({"last_epoch": step, "_step_count": step + 1})
    _restore_optimiser(moving.optimiser, tensors_named("optimiser", checkpoint), checkpoint.rates)
    torch.set_rng_state(checkpoint.tensors["random.torch"][processes.number].clone())
    if moving.device.type == "cuda":
        torch.cuda.set_rng_state(checkpoint.tensors["random.cuda"][processes.number].clone(), moving.device)


def tensors_named(prefix: str, checkpoint: Checkpoint) -> dict[str, torch.Tensor]:
    """Tensors of a checkpoint whose names have a prefix, without it."""
    start = f"{prefix}."
    return {name.removeprefix(start): tensor for name, tensor in checkpoint.tensors.items() if name.startswith(start)}


def _named(prefix: str, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def _restore_optimiser(
    optimiser: torch.optim.Optimizer, tensors: Mapping[str, torch.Tensor], rates: tuple[float, ...]
) -> None:
    whole = optimiser.state_dict()
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    states: dict[int, dict[str, torch.Tensor]] = {}
    for key, tensor in tensors.items():
        number, name = key.split(".", 1)
        parameter = parameters[int(number)]
        # A fused step runs over storage, so that moments must lie in memory as their parameters do.
        placed = torch.empty_like(parameter).copy_(tensor) if tensor.shape == parameter.shape else tensor
        states.setdefault(int(number), {})[name] = placed.detach()
    groups = [{**group, "lr": rate} for group, rate in zip(whole["param_groups"], rates, strict=True)]
    optimiser.load_state_dict({"state": states, "param_groups": groups})


def write_checkpoint(checkpoint: Checkpoint, path: Path, *, fingerprint: str) -> None:
    """Write a checkpoint in place of the one before."""
    content = {"progress": asdict(checkpoint.progress), "rates": checkpoint.rates, "fingerprint": fingerprint}
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in checkpoint.tensors.items()}
    write_bytes(save(tensors, metadata={_HEADER: json.dumps(content)}), path)


def read_checkpoint(path: Path, *, fingerprint: str) -> Checkpoint | None:
    """Checkpoint of this training, or None where there is none; what is damaged or another's is left aside and told.

    Returns:
        The checkpoint, its tensors on the CPU.
    """
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            content = json.loads((file.metadata() or {})[_HEADER])
            if content["fingerprint"] != fingerprint:
                LOGGER.info("the checkpoint found is of another training (data, settings or code); begun anew")
                return None
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - the handle is no mapping
    except Exception as error:  # safetensors raises a type of its own, json and KeyError others
        LOGGER.warning("the checkpoint found cannot be read (%s); begun anew", type(error).__name__)
        return None
    progress: dict[str, Any] = content["progress"]
    history = tuple(Epoch(**epoch) for epoch in progress["history"])
    return Checkpoint(Progress(**{**progress, "history": history}), tensors, tuple(content["rates"]))
