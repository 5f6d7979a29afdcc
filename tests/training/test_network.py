import hashlib
from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm
import torch
from safetensors.torch import save_file

from cacs_cxr.faults import InputError
from cacs_cxr.training.network import build_network, descending, start_at_factors, start_at_prevalence
from cacs_cxr.training.recipe import positive_weights

PLAIN = {"outputs": 1, "factors": 0, "initial": None}


def test_weights_come_from_the_seed_and_leave_the_global_generator_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first, origin = build_network("test_byobnet", **PLAIN, seed=1)
    assert torch.equal(torch.rand(1), expected)
    again, _ = build_network("test_byobnet", **PLAIN, seed=1)
    other, _ = build_network("test_byobnet", **PLAIN, seed=2)
    name, weight = next(iter(first.named_parameters()))
    assert torch.equal(weight, dict(again.named_parameters())[name])
    assert not torch.equal(weight, dict(other.named_parameters())[name])
    assert origin == ""


def test_one_grey_channel_in_and_one_logit_out_that_starts_at_the_prevalence() -> None:
    network, _ = build_network("test_byobnet", **PLAIN, seed=1)
    start_at_prevalence(network, [0.045], weights=[1.0])
    head = network.backbone.get_classifier()
    assert torch.sigmoid(head.bias).item() == pytest.approx(0.045)
    assert network.eval()(torch.zeros(2, 1, 64, 64), torch.zeros(2, 0)).shape == (2, 1)


def test_weighted_positives_start_at_even_odds() -> None:
    network, _ = build_network("test_byobnet", **PLAIN, seed=1)
    start_at_prevalence(network, [0.045], weights=positive_weights([0.045], imbalance="balanced"))
    assert network.backbone.get_classifier().bias.item() == pytest.approx(0.0, abs=1e-6)


def test_weights_of_positives_by_hand() -> None:
    assert positive_weights([0.2, 0.5], imbalance="none") == [1.0, 1.0]
    assert positive_weights([0.2, 0.5], imbalance="square_root") == [2.0, 1.0]
    assert positive_weights([0.2, 0.5], imbalance="balanced") == [4.0, 1.0]


def test_an_unknown_backbone_is_refused_with_near_names() -> None:
    with pytest.raises(InputError, match=r"training\.backbone.*'resnet33'.*resnet34"):
        build_network("resnet33", **PLAIN, seed=1)


def test_a_colour_stem_is_summed_and_another_head_left_out(tmp_path: Path) -> None:
    source, _ = build_network("test_byobnet", **PLAIN, seed=1)
    own, _ = build_network("test_byobnet", **PLAIN, seed=2)
    known = source.backbone.pretrained_cfg
    stem, head = known["first_conv"] + ".weight", known["classifier"]
    state = source.backbone.state_dict()
    thirds = {**state, stem: (state[stem] / 3.0).repeat(1, 3, 1, 1), f"{head}.weight": torch.zeros(7, 256)}
    thirds[f"{head}.bias"] = torch.zeros(7)
    save_file(thirds, tmp_path / "colour.safetensors")
    loaded, origin = build_network(
        "test_byobnet", outputs=1, factors=0, initial=tmp_path / "colour.safetensors", seed=2
    )
    torch.testing.assert_close(loaded.backbone.state_dict()[stem], state[stem])
    assert torch.equal(loaded.backbone.state_dict()[f"{head}.weight"], own.backbone.state_dict()[f"{head}.weight"])
    assert origin == hashlib.sha256((tmp_path / "colour.safetensors").read_bytes()).hexdigest()


def test_a_file_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    state = build_network("test_byobnet", **PLAIN, seed=1)[0].backbone.state_dict()
    stem = next(iter(state))
    save_file({**state, stem: torch.zeros(1, 1, 1, 1)}, tmp_path / "other.safetensors")
    with pytest.raises(InputError, match=r"1 tensors that do not fit, first stem.*training\.backbone"):
        build_network("test_byobnet", outputs=1, factors=0, initial=tmp_path / "other.safetensors", seed=1)
    (tmp_path / "text.safetensors").write_text("no weights")
    with pytest.raises(InputError, match="weights in safetensors format"):
        build_network("test_byobnet", outputs=1, factors=0, initial=tmp_path / "text.safetensors", seed=1)
    with pytest.raises(InputError, match="FileNotFoundError"):
        build_network("test_byobnet", outputs=1, factors=0, initial=tmp_path / "absent.safetensors", seed=1)


def test_trained_weights_of_a_study_start_another_network_of_more_thresholds(tmp_path: Path) -> None:
    trained, _ = build_network("test_byobnet", outputs=1, factors=2, initial=None, seed=1)
    save_file(trained.state_dict(), tmp_path / "trained.safetensors")
    loaded, _ = build_network("test_byobnet", outputs=3, factors=0, initial=tmp_path / "trained.safetensors", seed=2)
    stem = trained.backbone.pretrained_cfg["first_conv"] + ".weight"
    assert torch.equal(loaded.backbone.state_dict()[stem], trained.backbone.state_dict()[stem])


def test_logits_of_several_thresholds_never_rise_and_start_at_the_prevalences() -> None:
    network, _ = build_network("test_byobnet", outputs=3, factors=0, initial=None, seed=1)
    start_at_prevalence(network, [0.45, 0.15, 0.15], weights=[1.0, 1.0, 1.0])
    head = network.backbone.get_classifier()
    probability = torch.sigmoid(descending(head.bias[None]))[0].detach()
    assert probability[:2].tolist() == pytest.approx([0.45, 0.15])
    assert probability[2] == pytest.approx(0.15, abs=0.002)
    logits = network.eval()(torch.randn(8, 1, 64, 64, generator=torch.Generator().manual_seed(0)), torch.zeros(8, 0))
    assert bool((logits.diff(dim=1) < 0).all())


def test_factors_add_to_the_logit_and_start_at_what_they_tell_alone() -> None:
    random = np.random.default_rng(0)
    factors = random.normal(0, 1, (4000, 2))
    labels = (factors @ [1.0, -0.5] - 1.0 + random.logistic(0, 1, 4000) > 0).astype(np.int64)
    network, _ = build_network("test_byobnet", outputs=1, factors=2, initial=None, seed=1)
    fitted = sm.Logit(labels, sm.add_constant(factors)).fit(disp=0)
    start_at_factors(network, factors, labels, weight=1.0)
    assert network.factors is not None
    assert network.factors.weight[0].tolist() == pytest.approx(fitted.params[1:], abs=1e-3)
    assert network.backbone.get_classifier().bias.item() == pytest.approx(fitted.params[0], abs=1e-3)
    images = torch.zeros(2, 1, 64, 64)
    difference = network.eval()(images, torch.tensor([[1.0, 0.0], [0.0, 0.0]]))
    assert (difference[0] - difference[1]).item() == pytest.approx(fitted.params[1], abs=1e-3)
