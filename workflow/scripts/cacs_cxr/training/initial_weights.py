"""First weights of a backbone: what timm knows of them, and how a file's tensors are made to fit."""

import hashlib
from pathlib import Path
from typing import Any, cast

from safetensors.torch import load_file
from torch import nn

from cacs_cxr.faults import Fault, InputError

OWN = ("backbone.", "factors.")  # prefixes of the tensors in weights of this study's own networks


def origin(network: nn.Module) -> dict[str, str]:
    """What timm knows about a network's published weights and the names of its first and last layer."""
    known = cast("dict[str, Any]", network.pretrained_cfg)
    return {name: str(known.get(name) or "") for name in ("hf_hub_id", "url", "first_conv", "classifier")}


def load_weights(network: nn.Module, file: Path) -> str:
    """Load a file into a timm model and return its SHA-256; a colour stem is summed to grey, another head left out.

    Args:
        network: the timm model, which is changed.
        file: weights of the same model, as timm publishes them or as a study of this kind has trained them.

    Raises:
        InputError: no file in safetensors format, or tensors that do not fit.
    """
    try:
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        found = load_file(file)
    except Exception as error:  # safetensors raises its own type, which is no subclass of OSError or ValueError
        remedy = "Give the path of a .safetensors file, or set training.init to none."
        raise InputError(
            [Fault(str(file), None, "", f"{type(error).__name__}: {error}", "weights in safetensors format", remedy)]
        ) from error
    if found and all(name.startswith(OWN) for name in found):
        found = {name.removeprefix(OWN[0]): found[name] for name in found if name.startswith(OWN[0])}
    own = network.state_dict()
    stem, head = f"{origin(network)['first_conv']}.weight", origin(network)["classifier"]
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
