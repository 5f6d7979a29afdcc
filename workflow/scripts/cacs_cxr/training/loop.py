"""The training of one network, from the first step to the chosen epoch."""

import copy
import time
from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from cacs_cxr.job import LOGGER
from cacs_cxr.training.augmentation import augment, draw_changes
from cacs_cxr.training.batches import Radiographs, batches_an_epoch, grey, pixel_batches, shuffled_batches
from cacs_cxr.training.checkpoint import (
    Moving,
    Progress,
    gather,
    read_checkpoint,
    restore,
    tensors_named,
    write_checkpoint,
)
from cacs_cxr.training.device import Mark, compiled, mark, memory_advice, seconds_between
from cacs_cxr.training.inference import auc, calibrated_log_loss, log_loss, normalise, predict_logits
from cacs_cxr.training.network import Network
from cacs_cxr.training.notice import StoppedOnNotice
from cacs_cxr.training.processes import ONE_PROCESS, Processes
from cacs_cxr.training.recipe import Epoch, Recipe, Trained
from cacs_cxr.training.weights import copy_state

Marks = tuple[Mark, Mark, Mark, Mark]  # before a step, after augmentation, after both passes, after the step
SPENT = ("total", "epoch", "waiting", "forward_backward", "optimiser", "augmentation", "evaluation", "checkpoints")


def train(
    network: Network,
    training: Radiographs,
    tuning: Radiographs,
    recipe: Recipe,
    *,
    mean: float,
    sd: float,
    positive_weights: torch.Tensor,
    seed: int,
    checkpoint_file: Path,
    fingerprint: str,
    asked_to_stop: Callable[[], bool],
    processes: Processes = ONE_PROCESS,
) -> Trained:
    """Train a network on one part and choose the epoch on another, going on from a checkpoint where there is one.

    Binary cross-entropy (its mean over the thresholds, where the network has several), AdamW, one cycle of the
    learning rate (Smith & Topin 2019), bfloat16 on a GPU. The epoch kept is the one of least tuning loss after Platt
    scaling: every prediction is calibrated. Of equals, the last. The plain loss would favour early epochs at a rare
    threshold, before the network grows too sure of itself, at the cost of ranking; the AUC takes few values with some
    ten positive tuning patients and jumps by chance.

    Args:
        network: network on the device of the radiographs; it is changed.
        mean: mean grey value in [0, 1] that is subtracted; `sd` divides.
        positive_weights: weight of a positive radiograph in the loss, a negative one has 1 [thresholds].
        seed: seed of the order of the radiographs, of their augmentation and of the network's own dropout.
        checkpoint_file: where checkpoints go; removed by whoever writes the final weights.
        fingerprint: of everything that the weights depend on; a checkpoint with another one is not used.
        asked_to_stop: asked after every step; once it says so, a checkpoint is written and the training stops.
        processes: that train the network together. All draw the same batches and the same augmentation, each takes its
            share of every batch, and all end with the same weights.

    Raises:
        InputError: a batch does not fit into memory.
        FloatingPointError: the loss is not finite.
        StoppedOnNotice: asked to stop.
    """
    device = training.device
    # Drawn on the CPU wherever the network is, so that CPU and GPU see the same batches and the same augmentation.
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(processes.own_seed(seed))
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
    size = min(recipe.batch_size, len(training))
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=recipe.learning_rate, total_steps=steps * recipe.epochs + 1, cycle_momentum=False
    )
    moving = Moving(network, kept, optimiser, schedule, device)
    step_network = processes.trained_together(compiled(network) if recipe.compile else network)
    positive_weights = positive_weights.to(device)
    tuning_labels = tuning.labels.cpu().numpy().astype(np.int64)
    spent = dict.fromkeys(SPENT, 0.0)
    history: list[Epoch] = []
    state: dict[str, torch.Tensor] = {}
    best_epoch, least = 0, float("inf")
    first_epoch, batches_done, total, resumed = 1, 0, torch.zeros((), device=device), 0
    if found := read_checkpoint(checkpoint_file, fingerprint=fingerprint):
        progress = found.progress
        first_epoch, batches_done, resumed = progress.epoch, progress.batches, progress.resumed + 1
        best_epoch, least, history = progress.best_epoch, progress.least, list(progress.history)
        spent = dict(progress.seconds)
        state, total = tensors_named("best", found), found.tensors["total"][processes.number].to(device)
        generator.set_state(found.tensors["order"])
        restore(moving, found, step=(first_epoch - 1) * steps + batches_done, processes=processes)
        LOGGER.info("goes on from a checkpoint: epoch %d, batch %d of %d", first_epoch, batches_done, steps)
    begun = time.perf_counter() - spent["total"]
    written = time.perf_counter()
    with memory_advice(recipe.batch_size):
        for epoch in range(first_epoch, recipe.epochs + 1):
            epoch_begun = time.perf_counter() - spent["epoch"]
            network.train()
            order = generator.get_state()
            changes = draw_changes(len(training), generator=generator).to(device)
            marks: list[Marks] = []
            batches = shuffled_batches(len(training), batch_size=recipe.batch_size, generator=generator)
            own = (batch[processes.share(size)] for batch in islice(batches, batches_done, None))
            asked = time.perf_counter()
            for index, pixels in pixel_batches(training, own):
                spent["waiting"] += time.perf_counter() - asked
                before = mark(device)
                images = augment(grey(pixels), changes[index], recipe.augmentation)
                images = normalise(images, mean=mean, sd=sd).contiguous(memory_format=torch.channels_last)
                augmented = mark(device)
                with torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda"):
                    logits = step_network(images, training.factors[index])
                loss = functional.binary_cross_entropy_with_logits(
                    logits.float(), training.labels[index], pos_weight=positive_weights
                )
                loss = loss * processes.weight(len(pixels), whole=size)
                loss.backward()  # type: ignore[no-untyped-call]
                passed = mark(device)
                optimiser.step()
                optimiser.zero_grad(set_to_none=True)
                schedule.step()
                if recipe.ema_decay:
                    step = (epoch - 1) * steps + batches_done
                    follow(kept, network, decay=min(recipe.ema_decay, (1 + step) / (10 + step)))
                batches_done += 1
                # Summed on the device: reading the loss at every step would make a GPU wait for the host.
                total += loss.detach()
                marks.append((before, augmented, passed, mark(device)))
                due = time.perf_counter() - written >= recipe.checkpoint_seconds
                stop, due = processes.agreed(asked_to_stop(), due)
                if stop or due:
                    settle(marks, spent)
                    written = time.perf_counter()
                    spent |= {"total": written - begun, "epoch": written - epoch_begun}
                    progress = Progress(epoch, batches_done, best_epoch, least, tuple(history), spent, resumed)
                    checkpoint = gather(moving, progress, best=state, order=order, total=total, processes=processes)
                    processes.once(partial(write_checkpoint, checkpoint, checkpoint_file, fingerprint=fingerprint))
                    spent["checkpoints"] += time.perf_counter() - written
                    written = time.perf_counter()
                    if stop:
                        raise StoppedOnNotice(
                            f"epoch {epoch}, batch {batches_done} of {steps}; the next run goes on there"
                        )
                asked = time.perf_counter()
            settle(marks, spent)
            mean_loss = processes.mean(total) / steps
            if not np.isfinite(mean_loss):
                raise FloatingPointError(f"epoch {epoch}: the loss is {mean_loss}. Set training.learning_rate lower.")
            seconds = time.perf_counter() - epoch_begun
            evaluation_begun = time.perf_counter()
            tuning_logits = predict_logits(
                kept, tuning, mean=mean, sd=sd, batch_size=4 * recipe.batch_size, processes=processes
            )
            spent["evaluation"] += time.perf_counter() - evaluation_begun
            by_threshold = list(zip(tuning_labels.T, tuning_logits.T, strict=True))
            tuning_loss = log_loss(tuning_labels, tuning_logits)
            tuning_auc = float(np.mean([auc(labels, values) for labels, values in by_threshold]))
            calibrated_loss = float(np.mean([calibrated_log_loss(labels, values) for labels, values in by_threshold]))
            if calibrated_loss <= least:
                best_epoch, least, state = epoch, calibrated_loss, copy_state(kept)
            rate = steps * size / seconds
            left = (time.perf_counter() - begun) / epoch * (recipe.epochs - epoch)
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
            batches_done, total, spent["epoch"] = 0, torch.zeros((), device=device), 0.0
    used = {name: spent[name] for name in SPENT if name != "epoch"} | {"total": time.perf_counter() - begun}
    return Trained(state, best_epoch, tuple(history), used, resumed)


def settle(marks: list[Marks], spent: dict[str, float]) -> None:
    """Add what the steps took to the seconds spent, and forget their marks."""
    for before, augmented, passed, done in marks:
        spent["augmentation"] += seconds_between(before, augmented)
        spent["forward_backward"] += seconds_between(augmented, passed)
        spent["optimiser"] += seconds_between(passed, done)
    marks.clear()


def follow(average: nn.Module, network: nn.Module, *, decay: float) -> None:
    """Set weights and batch-normalisation statistics to `decay` of themselves plus the rest of the network's."""
    own, other = average.state_dict(), network.state_dict()
    moving = [name for name in own if own[name].is_floating_point()]
    torch._foreach_lerp_([own[name] for name in moving], [other[name] for name in moving], 1.0 - decay)
    for name in own.keys() - set(moving):
        own[name].copy_(other[name])
