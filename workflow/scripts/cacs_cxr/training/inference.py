"""Logits of radiographs, in evaluation mode: fixed batch-normalisation statistics, no augmentation, no gradient."""

from functools import partial

import numpy as np
import numpy.typing as npt
import torch

from cacs_cxr.seeds import derive_seed
from cacs_cxr.training.augmentation import Augmentation, augment, draw_changes
from cacs_cxr.training.batches import Radiographs, grey, pixel_batches
from cacs_cxr.training.network import Network
from cacs_cxr.training.processes import ONE_PROCESS, Processes


def normalise(images: torch.Tensor, *, mean: float, sd: float) -> torch.Tensor:
    """Grey values in [0, 1] less `mean`, in units of `sd`."""
    return (images - mean) / sd


def predict_logits(
    network: Network,
    radiographs: Radiographs,
    *,
    mean: float,
    sd: float,
    batch_size: int,
    processes: Processes = ONE_PROCESS,
) -> npt.NDArray[np.float64]:
    """Logits of every radiograph, in their order; the network's mode is given back as it was.

    Args:
        processes: each predicts its share, and all get all logits.

    Returns:
        float64 [n, thresholds].

    Raises:
        FloatingPointError: a logit is not finite.
    """
    nothing = torch.zeros(len(radiographs), 0, device=radiographs.device)
    predict = partial(_predict, mean=mean, sd=sd, batch_size=batch_size, processes=processes)
    return predict(network, radiographs, nothing, Augmentation())


def predict_views(
    network: Network,
    radiographs: Radiographs,
    *,
    views: int,
    augmentation: Augmentation,
    seed: int,
    mean: float,
    sd: float,
    batch_size: int,
    processes: Processes = ONE_PROCESS,
) -> npt.NDArray[np.float64]:
    """Logits of every radiograph, averaged over the radiograph as it is and `views` random changes of it.

    Test-time augmentation with the changes of training. The changes depend on the seed and on the radiograph's place,
    not on the batch.

    Args:
        views: changed views a radiograph; with 0 the logits are those of `predict_logits`.
        augmentation: greatest change of each kind.
        processes: each predicts its share, and all get all logits.

    Returns:
        float64 [n, thresholds].

    Raises:
        FloatingPointError: a logit is not finite.
    """
    predict = partial(_predict, network, radiographs, mean=mean, sd=sd, batch_size=batch_size, processes=processes)
    logits = [predict_logits(network, radiographs, mean=mean, sd=sd, batch_size=batch_size, processes=processes)]
    for view in range(views):
        generator = torch.Generator().manual_seed(derive_seed(seed, "view", view))
        changes = draw_changes(len(radiographs), generator=generator).to(radiographs.device)
        logits.append(predict(changes, augmentation))
    result: npt.NDArray[np.float64] = np.mean(logits, axis=0)
    return result


def _predict(
    network: Network,
    radiographs: Radiographs,
    changes: torch.Tensor,
    augmentation: Augmentation,
    *,
    mean: float,
    sd: float,
    batch_size: int,
    processes: Processes,
) -> npt.NDArray[np.float64]:
    whole = len(radiographs)
    own = processes.share(whole)
    radiographs, changes = radiographs.share(own), changes[own]
    was_training = network.training
    network.eval()
    logits = []
    parts = (slice(start, start + batch_size) for start in range(0, len(radiographs), batch_size))
    with torch.inference_mode():
        for batch, pixels in pixel_batches(radiographs, parts):
            images = normalise(augment(grey(pixels), changes[batch], augmentation), mean=mean, sd=sd)
            images = images.contiguous(memory_format=torch.channels_last)
            with torch.autocast(images.device.type, dtype=torch.bfloat16, enabled=images.is_cuda):
                logits.append(network(images, radiographs.factors[batch]))
    network.train(was_training)
    result: npt.NDArray[np.float64] = torch.cat(logits).double().cpu().numpy()
    if not np.isfinite(result).all():
        raise FloatingPointError(
            f"{int((~np.isfinite(result)).sum())} of {result.size} logits are not finite: training diverged. "
            "Set training.learning_rate lower."
        )
    return processes.assembled(result, whole=whole)


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


def calibrated_log_loss(labels: npt.NDArray[np.int64], logits: npt.NDArray[np.float64]) -> float:
    """Least mean binary cross-entropy of ``a + b * logit`` over all a and all b >= 0, in nats.

    It is the loss after Platt scaling, which every prediction goes through: how sure of itself a network is does not
    count, only what its logits tell. With one class it is 0.

    Args:
        labels: 0 or 1 [n].
        logits: [n], on any scale.
    """
    share = float(labels.mean())
    if share in (0.0, 1.0):
        return 0.0
    constant = float(-share * np.log(share) - (1.0 - share) * np.log1p(-share))
    spread = float(logits.std())
    if spread == 0.0:
        return constant
    design = np.column_stack([np.ones(len(logits)), (logits - logits.mean()) / spread])
    beta = np.array([np.log(share) - np.log1p(-share), 0.0])
    loss = constant
    for _ in range(100):
        probability = 1.0 / (1.0 + np.exp(-np.clip(design @ beta, -500.0, 500.0)))
        weights = probability * (1.0 - probability)
        information = design.T @ (design * weights[:, None]) + 1e-9 * np.eye(2)
        step = np.linalg.solve(information, design.T @ (labels - probability))
        while (tried := log_loss(labels, design @ (beta + step))) > loss and np.abs(step).max() > 1e-10:
            step = step / 2.0
        gain, beta, loss = loss - tried, beta + step, min(tried, loss)
        if gain < 1e-10:
            break
    return loss if beta[1] > 0.0 else constant
