"""Grad-CAM: exact on a network whose map is known, and right about a square that decides the label."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import timm
import torch
from phantom import CONFIGURATION
from torch import nn

from cacs_cxr.faults import InputError
from cacs_cxr.saliency.measures import rank_correlation
from cacs_cxr.study import EXTERNAL_FOLD, Threshold
from cacs_cxr.tables import write_json
from cacs_cxr.training.explanation import (
    COMPARISONS,
    OTHER_FOLD,
    RANDOMISED,
    RANDOMISED_ABOVE,
    explain_table,
    explain_table_otherwise,
)
from cacs_cxr.training.fold import train_fold
from cacs_cxr.training.grad_cam import evidence_maps, explained_stage, modules_above, spatial
from cacs_cxr.training.network import Network, build_network
from cacs_cxr.training.parts import fold_parts
from cacs_cxr.training.weights import write_weights

CPU = torch.device("cpu")
SIDE = 64


class TwoChannels(nn.Module):
    """Channels: the image in cells of 2 x 2, and its negative; the logit is three times the mean of the first."""

    feature_info = ({"module": "cells", "num_chs": 2, "reduction": 2},)

    def __init__(self) -> None:
        super().__init__()
        self.cells = nn.Conv2d(1, 2, 2, stride=2, bias=False)
        self.inplace = nn.ReLU(inplace=True)
        self.head = nn.Linear(2, 1, bias=False)
        with torch.no_grad():
            self.cells.weight.copy_(torch.stack([torch.full((1, 2, 2), 0.25), torch.full((1, 2, 2), -0.25)]))
            self.head.weight.copy_(torch.tensor([[3.0, -1.0]]))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.inplace(self.cells(images)).mean(dim=(2, 3)))


def test_map_of_a_network_that_is_known() -> None:
    network = Network(TwoChannels(), outputs=1, factors=0).eval()
    stage = explained_stage(network, size=8, cells=2, device=CPU)
    assert (stage.module, stage.cells) == ("cells", 4)
    images = torch.zeros(2, 1, 8, 8)
    images[0, 0, 2:4, 4:6] = 4.0
    images[1, 0, 0:2, 0:2] = 8.0
    maps, logits = evidence_maps(network, images, torch.zeros(2, 0), stage=stage, output=0)
    # Each channel's mean has a gradient of 1/16 a cell where it passes the ReLU, and the negative never does.
    expected = torch.zeros(2, 4, 4)
    expected[0, 1, 2] = 4.0 * (3.0 / 16) * (1 / 16)
    expected[1, 0, 0] = 8.0 * (3.0 / 16) * (1 / 16)
    torch.testing.assert_close(maps, expected)
    torch.testing.assert_close(logits, torch.tensor([3 * 4.0 / 16, 3 * 8.0 / 16]))
    assert modules_above(network, stage=stage, size=8, device=CPU) == {"backbone.head"}


@pytest.mark.parametrize("backbone", ["test_resnet", "test_convnext", "test_efficientnet", "test_mambaout", "test_vit"])
def test_any_backbone_with_a_map_is_explained(backbone: str) -> None:
    side = 160 if backbone == "test_vit" else 64
    network, _ = build_network(backbone, outputs=1, factors=0, initial=None, seed=1)
    network.eval()
    stage = explained_stage(network, size=side, cells=8, device=CPU)
    images = torch.rand(2, 1, side, side, generator=torch.Generator().manual_seed(0))
    maps, logits = evidence_maps(network, images, torch.zeros(2, 0), stage=stage, output=0)
    assert maps.shape == (2, stage.cells, stage.cells)
    assert stage.cells >= 8
    assert maps.abs().sum() > 0
    with torch.inference_mode():
        torch.testing.assert_close(logits, network(images, torch.zeros(2, 0))[:, 0], rtol=1e-4, atol=1e-5)


def test_a_wish_for_finer_maps_than_there_are_gets_the_finest() -> None:
    network, _ = build_network("test_resnet", outputs=1, factors=0, initial=None, seed=1)
    assert explained_stage(network, size=64, cells=8, device=CPU).module == "layer2"
    assert explained_stage(network, size=256, cells=8, device=CPU).module == "layer4"
    assert explained_stage(network, size=64, cells=1000, device=CPU).cells == 32


def test_a_backbone_without_a_map_is_declined_in_words() -> None:
    flat = timm.create_model("test_resnet", in_chans=1, num_classes=1)
    flat.feature_info = []
    with pytest.raises(InputError, match=r"saliency.patients to 0"):
        explained_stage(Network(flat, outputs=1, factors=0), size=64, cells=8, device=CPU)


def test_channels_last_and_tokens_become_maps() -> None:
    wanted = torch.arange(24.0).reshape(1, 2, 3, 4)
    torch.testing.assert_close(spatial(wanted.permute(0, 2, 3, 1), channels=2, prefix=0), wanted)
    square = torch.arange(18.0).reshape(1, 2, 3, 3)
    tokens = torch.cat([torch.full((1, 1, 2), 99.0), square.flatten(2).transpose(1, 2)], dim=1)
    torch.testing.assert_close(spatial(tokens, channels=2, prefix=1), square)
    with pytest.raises(ValueError, match="no map"):
        spatial(tokens, channels=2, prefix=0)


@pytest.fixture(scope="module")
def squares(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, pd.DataFrame, dict[tuple[str, int], list[tuple[Path, Path]]]]:
    """Noise with a bright square at one of four places, there only where the label is 1; two trained networks."""
    folder = tmp_path_factory.mktemp("squares")
    random = np.random.default_rng(4)
    n = 240
    labels = np.arange(n) % 2
    images = random.normal(90, 25, (n, SIDE, SIDE))
    corners = random.integers(0, 2, (n, 2)) * 24 + 12
    for image, (top, left), label in zip(images, corners, labels, strict=True):
        image[top : top + 12, left : left + 12] += 90 * label
    np.save(folder / "images.npy", np.clip(images, 0, 255).astype(np.uint8))
    patients = [f"{number:016x}" for number in range(n)]
    cohort = pd.DataFrame({"site": "a", "patient": patients, "row": np.arange(n), "cacs": labels * 50.0})
    cohort["top"], cohort["left"] = corners.T
    files: dict[tuple[str, int], list[tuple[Path, Path]]] = {}
    for fold in (0, 1):
        part = np.array(["train", "train", "train", "tuning", "test"])[((np.arange(n) // 2) + fold) % 5]
        folds = pd.DataFrame({"patient": patients, "fold": fold, "part": part})
        parts, design = fold_parts(
            cohort, folds, cohort.head(0), fold=fold, biomarker="cacs", thresholds=[Threshold("gt0", ">", 0.0, "> 0")],
            factors=[],
        )  # fmt: skip
        trained = train_fold(
            folder / "images.npy", parts, design=design, initial=None, seed=3, network_name="cxr", fold=fold, member=0,
            code="code", checkpoint_file=folder / f"checkpoint-{fold}",
            configuration={**CONFIGURATION, "backbone": "test_resnet", "epochs": 5},
        )  # fmt: skip
        logits = trained.logits[trained.logits["part"] == "test"].merge(cohort, on="patient")
        assert logits.loc[logits["label"] == 1, "logit"].median() > logits.loc[logits["label"] == 0, "logit"].max()
        weights, metadata = folder / f"weights-{fold}", folder / f"metadata-{fold}.json"
        write_weights(trained.state, weights)
        write_json(trained.metadata, metadata)
        files["gt0", fold] = [(weights, metadata)]
        cohort.loc[part == "test", "fold"] = fold
    return folder, cohort, files


@pytest.mark.slow
def test_energy_lies_at_the_square_that_decides_and_not_with_random_weights(
    squares: tuple[Path, pd.DataFrame, dict[tuple[str, int], list[tuple[Path, Path]]]],
) -> None:
    folder, cohort, files = squares
    explained = cohort[(cohort["fold"] >= 0) & (cohort["cacs"] > 0)].assign(threshold="gt0").astype({"fold": int})
    explained = explained.reset_index(drop=True)
    found = explain_table(folder / "images.npy", explained, files, cells=8, device=CPU)
    assert found.maps.shape == (len(explained), 8, 8)
    assert found.stage == "layer2"

    def share_at_the_square(maps: np.ndarray) -> float:
        shares = []
        for grid, top, left in zip(maps, explained["top"], explained["left"], strict=True):
            # Cells of 8 x 8 pixels that the square of 12 x 12 touches, and one more around for the receptive field.
            rows, columns = slice(top // 8 - 1, (top + 11) // 8 + 2), slice(left // 8 - 1, (left + 11) // 8 + 2)
            shares.append(grid[rows, columns].sum() / grid.sum() if grid.sum() > 0 else np.nan)
        return float(np.nanmean(shares))

    even = 16 / 64
    assert share_at_the_square(found.maps) > 2.5 * even
    others = explain_table_otherwise(folder / "images.npy", explained, files, cells=8, seed=3, device=CPU)
    assert tuple(others) == COMPARISONS
    agreement = {
        name: np.nanmean([rank_correlation(a, b) for a, b in zip(found.maps, maps, strict=True)])
        for name, maps in others.items()
    }
    assert agreement[OTHER_FOLD] > max(agreement[RANDOMISED], agreement[RANDOMISED_ABOVE]) + 0.2
    elsewhere = explain_table(folder / "images.npy", explained.assign(fold=EXTERNAL_FOLD), files, cells=8, device=CPU)
    assert share_at_the_square(elsewhere.maps) > 2.5 * even
    again = explain_table(folder / "images.npy", explained, files, cells=8, device=CPU)
    np.testing.assert_array_equal(again.maps, found.maps)
