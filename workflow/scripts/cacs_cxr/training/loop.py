"""The training of one network, from the first step to the chosen epoch."""

import copy
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from cacs_cxr.job import LOGGER
from cacs_cxr.training.augmentation import Augmentation, augment, draw_changes
from cacs_cxr.training.batches import Radiographs, batches_an_epoch, shuffled_batches
from cacs_cxr.training.device import mark, memory_advice, seconds_between
from cacs_cxr.training.inference import auc, calibrated_log_loss, log_loss, normalise, predict_logits
from cacs_cxr.training.weights import copy_state


@dataclass(frozen=True)
class Recipe:
    """How a network is trained: the configuration's `training` section without the network and the device.

    Attributes:
        learning_rate: peak of the one-cycle schedule. weight_decay: decoupled decay of kernels and matrices; biases
        and normalisation are left alone. ema_decay: decay a step of the moving average of the weights that is
        evaluated and kept; 0 for the weights themselves.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    ema_decay: float
    augmentation: Augmentation

    @classmethod
    def from_plain(cls, training: Mapping[str, Any]) -> "Recipe":
        """Recipe from the configuration's mapping."""
        return cls(
            epochs=int(training["epochs"]),
            batch_size=int(training["batch_size"]),
            learning_rate=float(training["learning_rate"]),
            weight_decay=float(training["weight_decay"]),
            ema_decay=float(training.get("ema_decay", 0.0)),
            augmentation=Augmentation.from_plain(training["augmentation"]),
        )


@dataclass(frozen=True)
class Epoch:
    """What one epoch gave; loss and AUC of the tuning split are those of the weights that may be kept."""

    epoch: int
    loss: float
    tuning_loss: float
    tuning_calibrated_loss: float
    tuning_auc: float | None
    seconds: float
    images_per_second: float


@dataclass(frozen=True)
class Trained:
    """A trained network's weights and how they came about.

    Attributes:
        state: copy of the weights after the best epoch, on the CPU. seconds: of the whole loop (total) and of its
        forward and backward passes, optimiser steps, augmentation, evaluation.
    """

    state: Mapping[str, torch.Tensor]
    best_epoch: int
    history: tuple[Epoch, ...]
    seconds: Mapping[str, float]


def train(
    network: nn.Module, training: Radiographs, tuning: Radiographs, recipe: Recipe, *, mean: float, sd: float, seed: int
) -> Trained:
    """Train a network on one part and choose the epoch on another.

    Binary cross-entropy, AdamW, one cycle of the learning rate (Smith & Topin 2019), bfloat16 on a GPU. The epoch
    kept is the one of least tuning loss after Platt scaling, which every prediction goes through; of equals, the last.
    The plain loss would favour early epochs at a rare threshold, before the network grows too sure of itself, at the
    cost of ranking; the AUC takes few values with some ten positive tuning patients and jumps by chance.

    Args:
        network: network on the device of the radiographs; it is changed.
        mean: mean grey value in [0, 1] that is subtracted; `sd` divides.
        seed: seed of the order of the radiographs, of their augmentation and of the network's own dropout.

    Raises:
        InputError: a batch does not fit into memory.
        FloatingPointError: the loss is not finite.
    """
    device = training.pixels.device
    # Drawn on the CPU wherever the network is, so that CPU and GPU see the same batches and the same augmentation.
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    network.to(memory_format=torch.channels_last)
    # What is evaluated and kept: a copy that follows the weights, or the weights themselves.
    kept = copy.deepcopy(network).requires_grad_(False) if recipe.ema_decay else network
    parameters = list(network.parameters())
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": recipe.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW(groups, lr=recipe.learning_rate, fused=True)
    steps = batches_an_epoch(len(training), batch_size=recipe.batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=recipe.learning_rate, total_steps=steps * recipe.epochs + 1, cycle_momentum=False
    )
    tuning_labels = tuning.labels.cpu().numpy().astype(np.int64)
    history: list[Epoch] = []
    state: dict[str, torch.Tensor] = {}
    best_epoch, least = 0, float("inf")
    spent = {"forward_backward": 0.0, "optimiser": 0.0, "augmentation": 0.0, "evaluation": 0.0}
    step = 0
    start = time.perf_counter()
    with memory_advice(recipe.batch_size):
        for epoch in range(1, recipe.epochs + 1):
            epoch_start = time.perf_counter()
            network.train()
            changes = draw_changes(len(training), generator=generator).to(device)
            total = torch.zeros((), device=device)
            marks = []
            for batch in shuffled_batches(len(training), batch_size=recipe.batch_size, generator=generator):
                index = batch.to(device, non_blocking=True)
                before = mark(device)
                images = augment(training.images(index), changes[index], recipe.augmentation)
                images = normalise(images, mean=mean, sd=sd).contiguous(memory_format=torch.channels_last)
                augmented = mark(device)
                with torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda"):
                    logits = network(images).squeeze(1)
                loss = functional.binary_cross_entropy_with_logits(logits.float(), training.labels[index])
                loss.backward()  # type: ignore[no-untyped-call]
                passed = mark(device)
                optimiser.step()
                optimiser.zero_grad(set_to_none=True)
                schedule.step()
                if recipe.ema_decay:
                    follow(kept, network, decay=min(recipe.ema_decay, (1 + step) / (10 + step)))
                step += 1
                # Summed on the device: reading the loss at every step would make a GPU wait for the host.
                total += loss.detach()
                marks.append((before, augmented, passed, mark(device)))
            for before, augmented, passed, done in marks:
                spent["augmentation"] += seconds_between(before, augmented)
                spent["forward_backward"] += seconds_between(augmented, passed)
                spent["optimiser"] += seconds_between(passed, done)
            mean_loss = float(total) / steps
            if not np.isfinite(mean_loss):
                raise FloatingPointError(f"epoch {epoch}: the loss is {mean_loss}. Set training.learning_rate lower.")
            seconds = time.perf_counter() - epoch_start
            evaluation_start = time.perf_counter()
            tuning_logits = predict_logits(kept, tuning, mean=mean, sd=sd, batch_size=4 * recipe.batch_size)
            spent["evaluation"] += time.perf_counter() - evaluation_start
            tuning_loss, tuning_auc = log_loss(tuning_labels, tuning_logits), auc(tuning_labels, tuning_logits)
            calibrated_loss = calibrated_log_loss(tuning_labels, tuning_logits)
            if calibrated_loss <= least:
                best_epoch, least, state = epoch, calibrated_loss, copy_state(kept)
            rate = steps * min(recipe.batch_size, len(training)) / seconds
            left = (time.perf_counter() - start) / epoch * (recipe.epochs - epoch)
            LOGGER.info(
                "epoch %d of %d, loss %.4f, tuning loss %.4f, tuning AUC %.3f, %.0f images/s, %.0f s left",
                epoch, recipe.epochs, mean_loss, tuning_loss, tuning_auc, rate, left,
            )  # fmt: skip
            history.append(
                Epoch(
                    epoch=epoch,
                    loss=mean_loss,
                    tuning_loss=tuning_loss,
                    tuning_calibrated_loss=calibrated_loss,
                    tuning_auc=None if np.isnan(tuning_auc) else tuning_auc,
                    seconds=seconds,
                    images_per_second=rate,
                )
            )
    return Trained(state, best_epoch, tuple(history), {"total": time.perf_counter() - start, **spent})


def follow(average: nn.Module, network: nn.Module, *, decay: float) -> None:
    """Set weights and batch-normalisation statistics to `decay` of themselves plus the rest of the network's."""
    own, other = average.state_dict(), network.state_dict()
    moving = [name for name in own if own[name].is_floating_point()]
    torch._foreach_lerp_([own[name] for name in moving], [other[name] for name in moving], 1.0 - decay)
    for name in own.keys() - set(moving):
        own[name].copy_(other[name])
