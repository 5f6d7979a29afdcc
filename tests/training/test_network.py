import hashlib
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from cacs_cxr.faults import InputError
from cacs_cxr.training.network import build_network, start_at_prevalence


def test_weights_come_from_the_seed_and_leave_the_global_generator_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first, origin = build_network("test_byobnet", init="none", seed=1)
    assert torch.equal(torch.rand(1), expected)
    again, _ = build_network("test_byobnet", init="none", seed=1)
    other, _ = build_network("test_byobnet", init="none", seed=2)
    name, weight = next(iter(first.named_parameters()))
    assert torch.equal(weight, dict(again.named_parameters())[name])
    assert not torch.equal(weight, dict(other.named_parameters())[name])
    assert (origin.source, origin.weights) == ("none", "")


def test_one_grey_channel_in_and_one_logit_out_that_starts_at_the_prevalence() -> None:
    network, _ = build_network("test_byobnet", init="none", seed=1)
    start_at_prevalence(network, 0.045)
    head = network.get_classifier()
    assert torch.sigmoid(head.bias).item() == pytest.approx(0.045)
    assert network.eval()(torch.zeros(2, 1, 64, 64)).shape == (2, 1)


def test_an_unknown_backbone_is_refused_with_near_names() -> None:
    with pytest.raises(InputError, match=r"training\.backbone.*'resnet33'.*resnet34"):
        build_network("resnet33", init="none", seed=1)


def test_a_colour_stem_is_summed_and_another_head_left_out(tmp_path: Path) -> None:
    source, _ = build_network("test_byobnet", init="none", seed=1)
    own, _ = build_network("test_byobnet", init="none", seed=2)
    stem, head = source.pretrained_cfg["first_conv"] + ".weight", source.pretrained_cfg["classifier"]
    state = source.state_dict()
    thirds = {**state, stem: (state[stem] / 3.0).repeat(1, 3, 1, 1), f"{head}.weight": torch.zeros(7, 256)}
    thirds[f"{head}.bias"] = torch.zeros(7)
    save_file(thirds, tmp_path / "colour.safetensors")
    loaded, origin = build_network("test_byobnet", init=str(tmp_path / "colour.safetensors"), seed=2)
    torch.testing.assert_close(loaded.state_dict()[stem], state[stem])
    assert torch.equal(loaded.state_dict()[f"{head}.weight"], own.state_dict()[f"{head}.weight"])
    assert origin.weights == hashlib.sha256((tmp_path / "colour.safetensors").read_bytes()).hexdigest()


def test_a_file_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    state = build_network("test_byobnet", init="none", seed=1)[0].state_dict()
    stem = next(iter(state))
    save_file({**state, stem: torch.zeros(1, 1, 1, 1)}, tmp_path / "other.safetensors")
    with pytest.raises(InputError, match=r"1 tensors that do not fit, first stem.*training\.backbone"):
        build_network("test_byobnet", init=str(tmp_path / "other.safetensors"), seed=1)
    (tmp_path / "text.safetensors").write_text("no weights")
    with pytest.raises(InputError, match="weights in safetensors format"):
        build_network("test_byobnet", init=str(tmp_path / "text.safetensors"), seed=1)
    with pytest.raises(InputError, match="FileNotFoundError"):
        build_network("test_byobnet", init=str(tmp_path / "absent.safetensors"), seed=1)
