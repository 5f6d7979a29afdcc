"""Maps of where the networks' logits come from, each patient explained by networks that never saw the patient."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from cacs_cxr.job import LOGGER
from cacs_cxr.seeds import derive_seed
from cacs_cxr.study import EXTERNAL_FOLD
from cacs_cxr.training.device import memory_advice
from cacs_cxr.training.grad_cam import Stage, evidence_maps, explained_stage, modules_above, partly_randomised
from cacs_cxr.training.inference import normalise
from cacs_cxr.training.network import Network, build_network
from cacs_cxr.training.weights import load_network, read_metadata

Files = tuple[Path, Path]  # weights and metadata of a network
Networks = Mapping[tuple[str, int], Sequence[Files]]  # of a threshold and fold, one or the members of an ensemble
Floats = npt.NDArray[np.float32]
RANDOMISED_ABOVE, RANDOMISED, OTHER_FOLD = COMPARISONS = ("randomised above the map", "randomised", "other fold")
BATCH_SIZE = 64


@dataclass(frozen=True, eq=False)
class Explanation:
    """Maps of some radiographs at one threshold.

    Attributes:
        maps: Grad-CAM, 0 or more [n, h, w], row 0 at the top.
        logits: mean logit of the networks [n].
        stage: module of the backbone whose output was explained.
    """

    maps: Floats
    logits: npt.NDArray[np.float64]
    stage: str


def explain(
    images: Path, rows: npt.NDArray[np.int64], networks: Sequence[Files], *, cells: int, device: torch.device
) -> Explanation:
    """Explain the mean logit of networks: those of one fold (an ensemble), or of all folds at an external site.

    Args:
        images: images.npy, uint8 [N, S, S].
        rows: those to be explained [n].
        cells: least side of a map.
    """
    levels = _read(images, rows)
    size = levels.shape[-1]
    total: Floats | None = None
    logits = np.zeros(len(rows))
    stage = None
    for weights, metadata in networks:
        content = read_metadata(metadata)
        network = load_network(weights, content, size=size, device=device).requires_grad_(False)
        stage = stage or explained_stage(network, size=size, cells=cells, device=device)
        maps, own = _maps(network, levels, content["preprocessing"], stage=stage)
        total = maps if total is None else total + maps
        logits += own
    if total is None or stage is None:
        raise ValueError("no network to explain")
    return Explanation(np.maximum(total / len(networks), 0), logits / len(networks), stage.module)


def explain_otherwise(
    images: Path,
    rows: npt.NDArray[np.int64],
    network: Files,
    *,
    other_fold: Files,
    cells: int,
    seed: int,
    device: torch.device,
) -> dict[str, Floats]:
    """Maps with which those of a trained network are compared (Adebayo et al., NeurIPS 2018:9505).

    Args:
        rows: those to be explained [n].
        network: the trained network of which copies are randomised.
        other_fold: a network that was trained on other folds, for how much two trained networks agree.
        seed: the study's.

    Returns:
        Maps [n, h, w], 0 or more, of each of `COMPARISONS`: weights between the explained stage and the logit drawn
        anew, all weights drawn anew, and the network of the other fold.
    """
    levels = _read(images, rows)
    size = levels.shape[-1]
    content = read_metadata(network[1])
    trained = load_network(network[0], content, size=size, device=device)
    stage = explained_stage(trained, size=size, cells=cells, device=device)
    above = modules_above(trained, stage=stage, size=size, device=device)
    fresh, _ = build_network(
        content["backbone"],
        outputs=len(content["thresholds"]),
        factors=0,
        initial=None,
        seed=derive_seed(seed, "randomised", *content["thresholds"], content["fold"], content["member"]),
    )
    fresh_state = {name: tensor.to(device) for name, tensor in fresh.state_dict().items()}
    partly = copy.deepcopy(trained)
    partly.load_state_dict(partly_randomised(trained.state_dict(), fresh_state, modules=above))
    other = read_metadata(other_fold[1])
    compared = {
        RANDOMISED_ABOVE: (partly, content),
        RANDOMISED: (fresh.to(device).eval(), content),
        OTHER_FOLD: (load_network(other_fold[0], other, size=size, device=device), other),
    }
    return {
        name: np.maximum(_maps(item.requires_grad_(False), levels, told["preprocessing"], stage=stage)[0], 0)
        for name, (item, told) in compared.items()
    }


def explain_table(
    images: Path, explained: pd.DataFrame, networks: Networks, *, cells: int, device: torch.device
) -> Explanation:
    """Explain the radiographs of a table, each by the networks of its fold, or by all where it has none.

    Args:
        explained: columns threshold, fold (`EXTERNAL_FOLD`: all folds) and row (of images.npy); index 0 to k - 1.
        networks: files of the networks by threshold and fold.
        cells: least side of a map.

    Returns:
        Maps and logits in the order of the table.
    """
    parts: list[tuple[pd.Index, Explanation]] = []
    for _, part in explained.groupby(["threshold", "fold"], sort=False):
        threshold, fold = str(part["threshold"].iloc[0]), int(part["fold"].iloc[0])
        own = [
            files
            for (name, number), members in networks.items()
            if name == threshold and fold in (number, EXTERNAL_FOLD)
            for files in members
        ]
        parts.append((part.index, explain(images, part["row"].to_numpy(), own, cells=cells, device=device)))
        LOGGER.info("%s, %s: %d radiographs", threshold, "all folds" if fold < 0 else f"fold {fold}", len(part))
    order = np.argsort(np.concatenate([index.to_numpy() for index, _ in parts]))
    maps = np.concatenate([found.maps for _, found in parts])[order]
    return Explanation(maps, np.concatenate([found.logits for _, found in parts])[order], parts[0][1].stage)


def explain_table_otherwise(
    images: Path, compared: pd.DataFrame, networks: Networks, *, cells: int, seed: int, device: torch.device
) -> dict[str, Floats]:
    """Maps with which those of a table of out-of-fold radiographs are compared, by `COMPARISONS`, in its order.

    Args:
        compared: columns threshold, fold and row; index 0 to k - 1.
    """
    parts: list[tuple[pd.Index, dict[str, Floats]]] = []
    for _, part in compared.groupby(["threshold", "fold"], sort=False):
        threshold, fold = str(part["threshold"].iloc[0]), int(part["fold"].iloc[0])
        numbers = sorted(number for name, number in networks if name == threshold)
        following = numbers[(numbers.index(fold) + 1) % len(numbers)]
        found = explain_otherwise(
            images,
            part["row"].to_numpy(),
            networks[threshold, fold][0],
            other_fold=networks[threshold, following][0],
            cells=cells,
            seed=seed,
            device=device,
        )
        parts.append((part.index, found))
    order = np.argsort(np.concatenate([index.to_numpy() for index, _ in parts]))
    return {name: np.concatenate([found[name] for _, found in parts])[order] for name in COMPARISONS}


def _read(images: Path, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    """Radiographs of some rows [n, S, S]."""
    return np.ascontiguousarray(np.load(images, mmap_mode="r", allow_pickle=False)[rows])


def _maps(
    network: Network, levels: npt.NDArray[np.uint8], preprocessing: Mapping[str, float], *, stage: Stage
) -> tuple[Floats, npt.NDArray[np.float64]]:
    """Maps before their negative parts are cut off [n, h, w], and logits [n]."""
    device = next(network.parameters()).device
    maps, logits = [], []
    with memory_advice(BATCH_SIZE):
        for start in range(0, len(levels), BATCH_SIZE):
            batch = torch.from_numpy(levels[start : start + BATCH_SIZE]).to(device).unsqueeze(1).float() / 255.0
            batch = normalise(batch, mean=preprocessing["mean"], sd=preprocessing["sd"])
            none = torch.zeros(len(batch), 0, device=device)
            found, own = evidence_maps(network, batch, none, stage=stage, output=0)
            maps.append(found.cpu().numpy())
            logits.append(own.cpu().numpy())
    return np.concatenate(maps), np.concatenate(logits).astype(np.float64)
