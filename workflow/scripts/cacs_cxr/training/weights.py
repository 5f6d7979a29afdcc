"""Trained weights on disk: safetensors beside a JSON that says what they are; never a pickle."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save
from torch import nn

from cacs_cxr.faults import Fault, InputError
from cacs_cxr.tables import write_bytes
from cacs_cxr.training.network import Network, build_network


def copy_state(network: nn.Module) -> dict[str, torch.Tensor]:
    """Copy of a network's weights and statistics on the CPU, which further training does not change."""
    return {name: tensor.detach().cpu().clone().contiguous() for name, tensor in network.state_dict().items()}


def write_weights(state: Mapping[str, torch.Tensor], path: Path) -> None:
    """Write weights; the same weights give the same bytes."""
    write_bytes(save({name: state[name].contiguous() for name in sorted(state)}), path)


def read_metadata(path: Path) -> dict[str, Any]:
    """Read what a training wrote about its network."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def load_network(weights: Path, metadata: Mapping[str, Any], *, size: int, device: torch.device) -> Network:
    """Trained network in evaluation mode, on the device.

    Args:
        metadata: what was written beside the weights.
        size: side in pixels of the images that it will read.

    Raises:
        InputError: the network was trained on images of another size, or the file's tensors do not fit its backbone.
    """
    trained = metadata["preprocessing"]["size"]
    if trained != size:
        remedy = "Preprocess with imaging.size as in training, or train again."
        expected = f"images of {trained} x {trained} pixels, as the network {weights} was trained on"
        raise InputError([Fault("results/images/images.npy", None, "", f"{size} x {size} pixels", expected, remedy)])
    factors = metadata["factors"]
    network, _ = build_network(
        metadata["backbone"],
        outputs=len(metadata["thresholds"]),
        factors=len(factors["terms"]) if factors else 0,
        initial=None,
        seed=0,
    )
    try:
        network.load_state_dict(load_file(weights), strict=True)
    except RuntimeError as error:
        remedy = "Delete the folder of these weights and train again."
        expected = f"the tensors of {metadata['backbone']}"
        raise InputError(
            [Fault(str(weights), None, "", str(error).splitlines()[-1].strip(), expected, remedy)]
        ) from error
    return network.to(device, memory_format=torch.channels_last).eval()  # type: ignore[call-overload,no-any-return]
