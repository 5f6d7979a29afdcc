import re
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import timm
import torch

from cacs_cxr.faults import InputError
from cacs_cxr.training.network import build_network
from cacs_cxr.training.published_weights import fetch_weights
from cacs_cxr.training.weights import write_weights


def test_what_is_fetched_starts_a_network_of_one_grey_channel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(3)
    published = timm.create_model("test_byobnet", pretrained=False)

    def create(name: str, *, pretrained: bool) -> Any:
        assert (name, pretrained) == ("test_byobnet", True)
        return published

    with monkeypatch.context() as patched:
        patched.setattr(timm, "create_model", create)
        state, origin = fetch_weights("test_byobnet")
    assert (origin["backbone"], origin["timm"]) == ("test_byobnet", timm.__version__)
    assert origin["hf_hub_id"]
    write_weights(state, tmp_path / "initial.safetensors")
    network, sha256 = build_network(
        "test_byobnet", outputs=1, factors=0, initial=tmp_path / "initial.safetensors", seed=1
    )
    assert re.fullmatch("[0-9a-f]{64}", sha256)
    stem = published.pretrained_cfg["first_conv"] + ".weight"
    grey = network.backbone.state_dict()[stem]
    torch.testing.assert_close(grey, published.state_dict()[stem].sum(dim=1, keepdim=True))
    image = torch.rand(2, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    features = [model.eval().forward_features(x) for model, x in
                ((network.backbone, image), (published, image.repeat(1, 3, 1, 1)))]  # fmt: skip
    torch.testing.assert_close(features[0], features[1], atol=1e-4, rtol=1e-4)


def test_without_internet_the_error_tells_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timm, "create_model", Mock(side_effect=OSError("no route to host")))
    with pytest.raises(InputError, match=r"OSError while fetching.*snakemake fetch_weights.*training\.init"):
        fetch_weights("resnet34")


def test_a_backbone_without_published_weights_or_of_no_known_name_is_refused() -> None:
    assert not timm.is_model_pretrained("nf_resnet26")
    with pytest.raises(InputError, match=r"training\.backbone.*nf_resnet26.*published weights"):
        fetch_weights("nf_resnet26")
    with pytest.raises(InputError, match=r"resnet33.*resnet34"):
        fetch_weights("resnet33")
