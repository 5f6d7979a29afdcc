"""Grad-CAM: which places of a radiograph raise a network's logit (Selvaraju et al., ICCV 2017:618)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import isqrt
from typing import Any

import torch
from torch import nn

from cacs_cxr.faults import Fault, InputError
from cacs_cxr.training.network import Network


@dataclass(frozen=True)
class Stage:
    """A stage of a backbone whose output is explained.

    Attributes:
        module: name of the module within the backbone.
        channels: of its output.
        prefix: tokens before those of the patches, in networks of tokens; 0 elsewhere.
        cells: side of its map.
    """

    module: str
    channels: int
    prefix: int
    cells: int


def explained_stage(network: Network, *, size: int, cells: int, device: torch.device) -> Stage:
    """The last stage whose map has at least so many cells a side; where none has, the one with the most.

    In a network of tokens the last stage does not count: what becomes the logit there may be a class token alone.

    Args:
        size: side of the radiographs in pixels.
        cells: least side of the map.

    Raises:
        InputError: a backbone without a stage that has a square map.
    """
    backbone = network.backbone
    prefix = int(getattr(backbone, "num_prefix_tokens", 0))
    named = {str(info["module"]): int(info["num_chs"]) for info in getattr(backbone, "feature_info", [])}
    modules = dict(backbone.named_modules())
    shapes: dict[str, torch.Size] = {}

    def note(name: str) -> Any:
        def hook(_module: nn.Module, _inputs: Any, output: Any) -> None:
            if isinstance(output, torch.Tensor):
                shapes[name] = output.shape

        return hook

    handles = [modules[name].register_forward_hook(note(name)) for name in named if name in modules]
    with torch.inference_mode():
        backbone(torch.zeros(1, 1, size, size, device=device))
    for handle in handles:
        handle.remove()
    stages = []
    for name, shape in shapes.items():
        try:
            height, width = spatial(torch.empty(shape, device="meta"), channels=named[name], prefix=prefix).shape[-2:]
        except ValueError:
            continue
        stages.append((Stage(name, named[name], prefix if len(shape) == 3 else 0, min(height, width)), len(shape)))
    if stages and stages[-1][1] == 3:
        stages.pop()
    if not stages:
        found = type(backbone).__name__
        remedy = "Set saliency.patients to 0, or take a backbone with convolutional stages."
        expected = "a backbone with stages that timm names and whose output is a square map"
        raise InputError([Fault("configuration", None, "training.backbone", found, expected, remedy)])
    wide = [stage for stage, _ in stages if stage.cells >= cells]
    return wide[-1] if wide else max((stage for stage, _ in stages), key=lambda stage: stage.cells)


def spatial(features: torch.Tensor, *, channels: int, prefix: int) -> torch.Tensor:
    """Features as [n, channels, h, w], whether they came so, with the channels last, or as tokens.

    Raises:
        ValueError: they are none of these, or the tokens make no square.
    """
    if features.ndim == 3 and features.shape[2] == channels:
        side = isqrt(features.shape[1] - prefix)
        if side * side == features.shape[1] - prefix:
            return features[:, prefix:].transpose(1, 2).reshape(len(features), channels, side, side)
    if features.ndim == 4 and features.shape[1] == channels:
        return features
    if features.ndim == 4 and features.shape[3] == channels:
        return features.permute(0, 3, 1, 2)
    raise ValueError(f"features of shape {tuple(features.shape)} with {channels} channels are no map")


@contextmanager
def _leaf_at(backbone: nn.Module, stage: Stage) -> Iterator[list[torch.Tensor]]:
    """Cut the graph at a stage; the list holds the stage's last output, from which the logit then depends."""
    held: list[torch.Tensor] = []

    def hook(_module: nn.Module, _inputs: Any, output: torch.Tensor) -> torch.Tensor:
        held[:] = [output.detach().requires_grad_(True)]
        return held[0].clone()  # what follows may change its input in place

    handle = backbone.get_submodule(stage.module).register_forward_hook(hook)
    try:
        yield held
    finally:
        handle.remove()


def evidence_maps(
    network: Network, images: torch.Tensor, factors: torch.Tensor, *, stage: Stage, output: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Grad-CAM before its negative parts are cut off, and the logits.

    A channel weighs as much as the mean gradient of the logit with respect to it; the map is the weighted sum of the
    channels. Its mean over several networks is the map of their mean logit.

    Args:
        network: in evaluation mode, so that radiographs of a batch do not depend on each other.
        images: normalised grey values [n, 1, S, S]; `factors` [n, p].
        output: which of the network's logits.

    Returns:
        Maps [n, h, w] and logits [n], detached.
    """
    with torch.enable_grad(), _leaf_at(network.backbone, stage) as held:
        logits = network(images, factors)[:, output]
        (gradient,) = torch.autograd.grad(logits.sum(), held[0])
    features, slopes = (
        spatial(values, channels=stage.channels, prefix=stage.prefix).float() for values in (held[0].detach(), gradient)
    )
    weights = slopes.mean(dim=(2, 3), keepdim=True)
    return (weights * features).sum(dim=1), logits.detach().float()


def modules_above(network: Network, *, stage: Stage, size: int, device: torch.device) -> set[str]:
    """Names of the modules with parameters that lie between a stage and the logit."""
    parameters = dict(network.named_parameters())
    factors = torch.zeros(1, network.factors.in_features if network.factors is not None else 0, device=device)
    with torch.enable_grad(), _leaf_at(network.backbone, stage):
        logits = network(torch.zeros(1, 1, size, size, device=device), factors)
        slopes = torch.autograd.grad(logits.sum(), list(parameters.values()), allow_unused=True)
    return {name.rpartition(".")[0] for name, slope in zip(parameters, slopes, strict=True) if slope is not None}


def partly_randomised(
    trained: Mapping[str, torch.Tensor], fresh: Mapping[str, torch.Tensor], *, modules: set[str]
) -> dict[str, torch.Tensor]:
    """Weights of a trained network but for some modules, which are those of a fresh one."""
    return {name: (fresh if name.rpartition(".")[0] in modules else trained)[name] for name in trained}
