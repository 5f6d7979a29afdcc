"""How a network is trained, and what came of each epoch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from cacs_cxr.training.augmentation import Augmentation


@dataclass(frozen=True)
class Recipe:
    """How a network is trained: the configuration's `training` section without the network and the device.

    Attributes:
        learning_rate: peak of the one-cycle schedule.
        weight_decay: decoupled decay of kernels and matrices; biases and normalisation are left alone.
        ema_decay: decay a step of the moving average of the weights that is evaluated and kept; 0 for the weights
            themselves.
        checkpoint_seconds: least time between two checkpoints.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    ema_decay: float
    augmentation: Augmentation
    checkpoint_seconds: float

    @classmethod
    def from_plain(cls, training: Mapping[str, Any]) -> "Recipe":
        """Recipe from the configuration's mapping."""
        return cls(
            epochs=int(training["epochs"]),
            batch_size=int(training["batch_size"]),
            learning_rate=float(training["learning_rate"]),
            weight_decay=float(training["weight_decay"]),
            ema_decay=float(training["ema_decay"]),
            augmentation=Augmentation.from_plain(training["augmentation"]),
            checkpoint_seconds=float(training["checkpoint_seconds"]),
        )


@dataclass(frozen=True)
class Epoch:
    """What one epoch gave; loss and AUC of the tuning split are those of the weights that may be kept.

    Of a network of several thresholds, they are means over these; an AUC is None where a threshold has one class.
    """

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
        state: copy of the weights after the best epoch, on the CPU.
        seconds: of the whole loop (total) and of its forward and backward passes, optimiser steps, augmentation,
            evaluation and checkpoints; those of earlier, interrupted jobs are included.
        resumed: how many times the training went on from a checkpoint.
    """

    state: Mapping[str, torch.Tensor]
    best_epoch: int
    history: tuple[Epoch, ...]
    seconds: Mapping[str, float]
    resumed: int
