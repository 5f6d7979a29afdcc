"""The network: any timm backbone with one input channel and one logit, from a seed or from weights in a file."""

import hashlib
import math
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

import timm
import torch
from safetensors.torch import load_file
from torch import nn

from cacs_cxr.faults import Fault, InputError


@dataclass(frozen=True)
class Initialisation:
    """Where a network's first weights come from.

    Attributes:
        source: ``none``, ``timm`` or the path of a .safetensors file, as configured.
        weights: name of the published weights or SHA-256 of the file; empty for ``none``.
    """

    source: str
    weights: str


def build_network(backbone: str, *, init: str, seed: int) -> tuple[nn.Module, Initialisation]:
    """Network with one grey channel and one logit.

    Random weights are drawn from `seed` alone; the state of torch's global generator is left as it was. Nothing is
    fetched from a network unless `init` is ``timm``.

    Args:
        backbone: name of a timm model.
        init: ``none`` (random weights), ``timm`` (weights that timm publishes) or the path of a .safetensors file.

    Raises:
        InputError: an unknown backbone, weights that cannot be had, or a file whose tensors do not fit.
    """
    if not timm.is_model(backbone):
        near = ", ".join(get_close_matches(backbone, timm.list_models(), n=5))
        remedy = f"Near names: {near}." if near else "Names: timm.list_models()."
        raise InputError(
            [Fault("configuration", None, "training.backbone", backbone, "the name of a timm model", remedy)]
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        try:
            network: nn.Module = timm.create_model(backbone, pretrained=init == "timm", in_chans=1, num_classes=1)
        except (OSError, RuntimeError) as error:
            if init != "timm":
                raise
            remedy = "Fetch them once on a machine with internet access, or set training.init to none or to a file."
            raise InputError(
                [
                    Fault(
                        "configuration", None, "training.init", init, f"weights of {backbone} by timm ({error})", remedy
                    )
                ]
            ) from error
    if init == "none":
        return network, Initialisation(init, "")
    if init == "timm":
        return network, Initialisation(init, _origin(network)["hf_hub_id"] or _origin(network)["url"])
    return network, Initialisation(init, _load_weights(network, Path(init)))


def _origin(network: nn.Module) -> dict[str, str]:
    """What timm knows about a network's published weights and the names of its first and last layer."""
    known = cast("dict[str, Any]", network.pretrained_cfg)
    return {name: str(known.get(name) or "") for name in ("hf_hub_id", "url", "first_conv", "classifier")}


def _load_weights(network: nn.Module, file: Path) -> str:
    """Load a file into the network and return its SHA-256; a colour stem is summed to grey, another head left out."""
    try:
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        found = load_file(file)
    except Exception as error:  # safetensors raises its own type, which is no subclass of OSError or ValueError
        remedy = "Give the path of a .safetensors file, or set training.init to none."
        raise InputError(
            [Fault(str(file), None, "", f"{type(error).__name__}: {error}", "weights in safetensors format", remedy)]
        ) from error
    own = network.state_dict()
    stem, head = f"{_origin(network)['first_conv']}.weight", _origin(network)["classifier"]
    if stem in found and found[stem].ndim == 4 and found[stem].shape[1] > 1 and own[stem].shape[1] == 1:
        # A grey radiograph in three equal channels gives the same response as the sum of the three kernels.
        found[stem] = found[stem].sum(dim=1, keepdim=True)
    if f"{head}.weight" in found and found[f"{head}.weight"].shape != own[f"{head}.weight"].shape:
        found = {name: tensor for name, tensor in found.items() if not name.startswith(f"{head}.")}
    headless = {name for name in own if name.startswith(f"{head}.")}
    unfit = [f"{name} missing" for name in sorted(own.keys() - found.keys() - headless)]
    unfit += [f"{name} unknown" for name in sorted(found.keys() - own.keys())]
    unfit += [
        f"{name} {tuple(found[name].shape)} for {tuple(own[name].shape)}"
        for name in sorted(own.keys() & found.keys())
        if found[name].shape != own[name].shape
    ]
    if unfit:
        value = f"{len(unfit)} tensors that do not fit, first {'; '.join(unfit[:3])}"
        remedy = "Set training.backbone to the network that the weights were made for."
        raise InputError([Fault(str(file), None, "", value, "the tensors of training.backbone", remedy)])
    network.load_state_dict(own | found)
    return digest


def start_at_prevalence(network: nn.Module, prevalence: float) -> None:
    """Set the bias of the logit to the log-odds of the training prevalence, so that no epoch is spent on finding it.

    Args:
        prevalence: share of positive training patients, strictly between 0 and 1.
    """
    head = network.get_classifier()  # type: ignore[operator]
    with torch.no_grad():
        head.bias.fill_(math.log(prevalence / (1.0 - prevalence)))
