"""Weights that timm publishes for a backbone: the one thing of a study that comes from the internet."""

from typing import Any

import timm
import torch

from cacs_cxr.faults import Fault, InputError
from cacs_cxr.training.initial_weights import origin
from cacs_cxr.training.network import check_backbone
from cacs_cxr.training.weights import copy_state


def fetch_weights(backbone: str) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Weights that timm publishes for a backbone, from its cache on this machine or from the internet.

    Returns:
        The tensors, and where they are from with the version and licence that timm states.

    Raises:
        InputError: an unknown backbone, one without published weights, or weights that cannot be fetched.
    """
    check_backbone(backbone)
    if not timm.is_model_pretrained(backbone):
        near = ", ".join(timm.list_pretrained(f"{backbone.split('.')[0]}*")[:5])
        remedy = f"Set training.init to none or a file{f'; published: {near}' if near else ''}."
        expected = "a model with published weights"
        raise InputError([Fault("configuration", None, "training.backbone", backbone, expected, remedy)])
    try:
        network: Any = timm.create_model(backbone, pretrained=True)
    except Exception as error:  # the hub's client raises types of its own, and those of what it is made of
        remedy = (
            "Run `snakemake fetch_weights` where there is internet and copy results/models/initial.* here, or set "
            "training.init to the path of a .safetensors file of this model."
        )
        found = f"{type(error).__name__} while fetching the weights of {backbone}"
        raise InputError([Fault("configuration", None, "training.init", found, "internet", remedy)]) from error
    known = origin(network) | {"license": str(network.pretrained_cfg.get("license") or "")}
    return copy_state(network), known | {"backbone": backbone, "timm": timm.__version__}
