"""Logits of radiographs, in evaluation mode: fixed batch-normalisation statistics, no augmentation, no gradient."""

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from cacs_cxr.training.batches import Radiographs


def normalise(images: torch.Tensor, *, mean: float, sd: float) -> torch.Tensor:
    """Grey values in [0, 1] less `mean`, in units of `sd`."""
    return (images - mean) / sd


def predict_logits(
    network: nn.Module, radiographs: Radiographs, *, mean: float, sd: float, batch_size: int
) -> npt.NDArray[np.float64]:
    """Logit of every radiograph, in their order; the network's mode is given back as it was.

    Returns:
        float64 [n].

    Raises:
        FloatingPointError: a logit is not finite.
    """
    was_training = network.training
    network.eval()
    logits = []
    with torch.inference_mode():
        for start in range(0, len(radiographs), batch_size):
            images = normalise(radiographs.images(slice(start, start + batch_size)), mean=mean, sd=sd)
            images = images.contiguous(memory_format=torch.channels_last)
            with torch.autocast(images.device.type, dtype=torch.bfloat16, enabled=images.is_cuda):
                logits.append(network(images).float().squeeze(1))
    network.train(was_training)
    result: npt.NDArray[np.float64] = torch.cat(logits).double().cpu().numpy()
    if not np.isfinite(result).all():
        raise FloatingPointError(
            f"{int((~np.isfinite(result)).sum())} of {len(result)} logits are not finite: training diverged. "
            "Set training.learning_rate lower."
        )
    return result


def auc(labels: npt.NDArray[np.int64], scores: npt.NDArray[np.float64]) -> float:
    """Area under the ROC curve: the share of pairs ranked rightly, ties counted half; not-a-number for one class."""
    positive, negative = np.sort(scores[labels == 1]), np.sort(scores[labels == 0])
    if not len(positive) or not len(negative):
        return float("nan")
    below = np.searchsorted(negative, positive, side="left")
    up_to = np.searchsorted(negative, positive, side="right")
    return float((below + up_to).sum() / 2.0 / len(positive) / len(negative))


def log_loss(labels: npt.NDArray[np.int64], logits: npt.NDArray[np.float64]) -> float:
    """Mean binary cross-entropy of logits, in nats."""
    return float(np.mean(np.logaddexp(0.0, logits) - labels * logits))
