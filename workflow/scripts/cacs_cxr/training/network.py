"""The network: any timm backbone with one input channel and a logit for each threshold, with or without factors."""

import math
from collections.abc import Sequence
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import timm
import torch
from torch import nn
from torch.nn import functional

from cacs_cxr.faults import Fault, InputError
from cacs_cxr.training.initial_weights import load_weights


class Network(nn.Module):
    """A backbone's logit of one radiograph, to which clinical factors may add; several logits fall in their order.

    With factors it is one logistic regression on the backbone's features and the factors, trained end to end. With
    several thresholds the first logit is the backbone's own, and each further one lies below the one before by the
    softplus of another output: who passes a threshold has passed all lower ones, so that probabilities never cross.

    Attributes:
        backbone: the timm model; its own classifier gives as many outputs as there are thresholds.
        factors: coefficients of the standardised clinical factors; None without any.
    """

    def __init__(self, backbone: nn.Module, *, outputs: int, factors: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.factors = nn.Linear(factors, outputs, bias=False) if factors else None
        if self.factors is not None:
            nn.init.zeros_(self.factors.weight)

    def forward(self, images: torch.Tensor, factors: torch.Tensor) -> torch.Tensor:
        """Logits [n, outputs] of radiographs [n, 1, S, S] and standardised factors [n, p] (p = 0 without any)."""
        raw = self.backbone(images).float()
        if self.factors is not None:
            raw = raw + self.factors(factors).float()
        return descending(raw)


def descending(raw: torch.Tensor) -> torch.Tensor:
    """Logits that never rise from one threshold to the next, from free numbers [n, outputs]; one output stays as it is.

    A rank-consistent network in the sense of Cao, Mirjalili & Raschka (2020), without their equal slopes.
    """
    if raw.shape[1] == 1:
        return raw
    return torch.cat([raw[:, :1], raw[:, :1] - functional.softplus(raw[:, 1:]).cumsum(dim=1)], dim=1)


def build_network(backbone: str, *, outputs: int, factors: int, initial: Path | None, seed: int) -> tuple[Network, str]:
    """Network with one grey channel and a logit for each threshold.

    Random weights are drawn from `seed` alone; the state of torch's global generator is left as it was. Nothing is
    fetched from anywhere.

    Args:
        backbone: name of a timm model.
        outputs: number of thresholds.
        factors: number of columns of clinical factors, 0 for none.
        initial: .safetensors file with first weights of the backbone; None for random ones.

    Returns:
        The network, and the SHA-256 of the file, empty for random weights.

    Raises:
        InputError: an unknown backbone, or a file whose tensors do not fit.
    """
    check_backbone(backbone)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        own: nn.Module = timm.create_model(backbone, pretrained=False, in_chans=1, num_classes=outputs)
        network = Network(own, outputs=outputs, factors=factors)
    return network, "" if initial is None else load_weights(own, initial)


def check_backbone(backbone: str) -> None:
    """Raise an InputError with near names where timm does not know a backbone."""
    if not timm.is_model(backbone):
        near = ", ".join(get_close_matches(backbone, timm.list_models(), n=5))
        remedy = f"Near names: {near}." if near else "Names: timm.list_models()."
        raise InputError(
            [Fault("configuration", None, "training.backbone", backbone, "the name of a timm model", remedy)]
        )


def start_at_prevalence(network: Network, prevalences: Sequence[float], *, weights: Sequence[float]) -> None:
    """Set the biases of the logits to the log-odds of the training prevalences, so that no epoch is spent on them.

    Args:
        prevalences: share of positive training patients at each threshold, strictly between 0 and 1, never rising.
        weights: weight of a positive patient in the loss at each threshold, which multiplies the odds.
    """
    log_odds = [math.log(weight * share / (1.0 - share)) for share, weight in zip(prevalences, weights, strict=True)]
    # The inverse of the softplus that `descending` takes; equal prevalences would ask for minus infinity.
    falls = [max(before - after, 1e-2) for before, after in pairwise(log_odds)]
    _set_bias(network, [log_odds[0], *(math.log(math.expm1(fall)) for fall in falls)])


def start_at_factors(
    network: Network, factors: npt.NDArray[np.float64], labels: npt.NDArray[np.int64], *, weight: float
) -> None:
    """Set the coefficients of the factors and the bias of the one logit to those of the factors alone.

    Args:
        factors: standardised factors of the training patients [n, p].
        labels: 0 or 1 [n], both present.
        weight: weight of a positive patient in the loss, which multiplies the odds.
    """
    if network.factors is None:
        raise ValueError("a network without clinical factors has no coefficients of them")
    # Imported here, since it costs a second of every training job and few of them have factors.
    from sklearn.linear_model import LogisticRegression

    # A weak ridge, so that factors which separate the classes do not run away.
    fitted = LogisticRegression(C=100.0, tol=1e-8, max_iter=1000).fit(factors, labels)
    with torch.no_grad():
        network.factors.weight.copy_(torch.from_numpy(fitted.coef_))
    _set_bias(network, [float(fitted.intercept_[0]) + math.log(weight)])


def _set_bias(network: Network, biases: Sequence[float]) -> None:
    head = network.backbone.get_classifier()  # type: ignore[operator]
    with torch.no_grad():
        head.bias.copy_(torch.tensor(biases))
