"""How a network is trained, and what came of each epoch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch

from cacs_cxr.training.augmentation import Augmentation

Imbalance = Literal["none", "square_root", "balanced"]
_POWERS: Mapping[Imbalance, float] = {"none": 0.0, "square_root": 0.5, "balanced": 1.0}


def positive_weights(prevalences: Sequence[float], *, imbalance: Imbalance) -> list[float]:
    """Weight of a positive radiograph in the loss at each threshold, where a negative one has 1.

    ``balanced`` gives both classes the same weight in all, ``square_root`` goes half of the way. Weights shift the
    logit by their logarithm, and so spoil a network's own calibration; calibration on the tuning split takes the shift
    out again.

    Args:
        prevalences: share of positive training radiographs, strictly between 0 and 1 [thresholds].
    """
    return [((1.0 - share) / share) ** _POWERS[imbalance] for share in prevalences]


@dataclass(frozen=True)
class Recipe:
    """How a network is trained: the configuration's `training` section without the network and the device.

    Attributes:
        learning_rate: peak of the one-cycle schedule.
        weight_decay: decoupled decay of kernels and matrices; biases and normalisation are left alone.
        ema_decay: decay a step of the moving average of the weights that is evaluated and kept; 0 for the weights
            themselves.
        compile: whether the training step is compiled, which pays after some thousand steps.
        checkpoint_seconds: least time between two checkpoints.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    ema_decay: float
    augmentation: Augmentation
    compile: bool
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
            compile=bool(training["compile"]),
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
        seconds: of the whole loop (total) and of its waiting for radiographs, forward and backward passes, optimiser
            steps, augmentation, evaluation and checkpoints; those of earlier, interrupted jobs are included.
        resumed: how many times the training went on from a checkpoint.
    """

    state: Mapping[str, torch.Tensor]
    best_epoch: int
    history: tuple[Epoch, ...]
    seconds: Mapping[str, float]
    resumed: int
