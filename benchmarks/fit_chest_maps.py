"""Fit the maps by which the quality check judges radiographs, on any frontal chest radiographs.

python benchmarks/fit_chest_maps.py IMAGES TABLE --patient "Patient ID" [--file file] --collection NAME --out FILE

IMAGES is a folder of frontal chest radiographs that are upright, positive, unmirrored and whole; TABLE a CSV that tells
the patient of each file. All patients weigh the same. Printed are percentiles of the evidence of radiographs whose
patients took no part in the fit (four folds), by which the thresholds of `quality.py` are set; written is a module such
as `chest_maps.py`. The same images give the same maps.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.ndimage import distance_transform_edt
from scipy.optimize import minimize

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "workflow" / "scripts"), str(Path(__file__).resolve().parent)]

from chest_material import (  # noqa: E402
    SIZE,
    Array,
    Levels,
    Material,
    coarse,
    patient_weights,
    prepare,
    ranks,
    texture,
)
from chest_module import module_text  # noqa: E402
from measure_quality_flags import (  # noqa: E402
    FAULTS,
    SIDES,
    flagged,
    flagged_faults,
    print_faults,
    print_rates,
    read_levels,
)

from cacs_cxr.imaging.chest_evidence import ChestMaps, best_patch, side_difference, weigh_evidence  # noqa: E402
from cacs_cxr.imaging.chest_frame import (  # noqa: E402
    COARSE,
    FILTER_REACH,
    FINE,
    USUAL_EXTENT,
    Floats,
    Patches,
    axis_places,
    find_chest,
    interpolation,
    make_filters,
)

ITERATIONS, FOLDS, TEXTURES = 5, 4, 800
SEEN_SHARE = 0.02  # of all weight; cells of the mean chest that fewer radiographs show take their neighbour's value
UNIT = 48.0  # of a map's values, in which they are penalised
PENALTY = {"chest": 3e-2, "side": 1e-3, "parts": 1e-3}
WRONG = [(turns, sign) for turns in range(4) for sign in range(2) if (turns, sign) != (0, 0)]


def fit_mean_chest(images: Sequence[Floats], weights: Array) -> Array:
    """Mean chest: the mean of the radiographs, each at the place where the mean before fitted it best."""
    axis = axis_places()
    subcells = ((np.arange(2 * COARSE) + 0.5) / COARSE - 1) * FILTER_REACH
    cuts, shown = [], []
    for centre, extent in axis:
        positions = centre + extent * subcells
        cuts.append(interpolation(positions, cells=FINE).reshape(COARSE, 2, FINE).mean(axis=1))
        shown.append(((positions >= 0) & (positions <= 1)).reshape(COARSE, 2).all(axis=1).astype(float))
    usual = int(np.argmin(np.abs(axis[:, 0] - 0.5) + np.abs(np.log(axis[:, 1] / USUAL_EXTENT))))
    places = [(usual, usual)] * len(images)
    for _ in range(ITERATIONS + 1):
        total, seen = np.zeros((COARSE, COARSE)), np.zeros((COARSE, COARSE))
        for image, weight, (row, column) in zip(images, weights, places, strict=True):
            mask = weight * np.outer(shown[row], shown[column])
            total += mask * (cuts[row] @ image @ cuts[column].T)
            seen += mask
        mean = total / np.maximum(seen, SEEN_SHARE)
        nearest = distance_transform_edt(seen < SEEN_SHARE, return_distances=False, return_indices=True)
        mean = np.round(mean[tuple(nearest)], 2)
        filters = make_filters(mean)
        places = []
        for image in images:
            best = int((filters.kernels @ coarse(image).ravel() / COARSE + filters.prior).argmax())
            places.append((int(filters.rows[best]), int(filters.columns[best])))
    return mean


def fit_classes(
    patches: npt.NDArray[np.floating], classes: npt.NDArray[np.intp], weights: Array, penalty: float
) -> tuple[Array, Array]:
    """Multinomial logistic regression with a quadratic penalty on the maps, not on the offsets.

    Returns:
        Maps [classes - 1, ...] and offsets [classes - 1], relative to class 0.
    """
    number = int(classes.max()) + 1
    flat = patches.reshape(len(patches), -1) / (patches[0].size / UNIT)
    design = np.c_[flat, np.ones(len(flat))]
    truth = np.eye(number)[classes]

    def loss(parameters: Array) -> tuple[float, Array]:
        coefficients = parameters.reshape(number, -1)
        scores = design @ coefficients.T
        scores -= np.logaddexp.reduce(scores, axis=1, keepdims=True)
        slopes = (weights[:, None] * (np.exp(scores) - truth)).T @ design
        slopes[:, :-1] += penalty * coefficients[:, :-1]
        value = -(weights * (scores * truth).sum(axis=1)).sum() + penalty / 2 * np.square(coefficients[:, :-1]).sum()
        return float(value), slopes.ravel()

    found = minimize(loss, np.zeros(number * design.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 500})
    relative = found.x.reshape(number, -1)[1:] - found.x.reshape(number, -1)[0]
    return UNIT * relative[:, :-1].reshape(-1, *patches.shape[1:]), relative[:, -1]


def wrong_patch(found: Patches, number: int) -> Floats:
    """Patch of a wrong hypothesis: of the best fitting one (number 0), or of the `number`-th of all seven."""
    fits = [found.correlations[:, turns, sign].max() for turns, sign in WRONG]
    turns, sign = WRONG[int(np.argmax(fits)) if number == 0 else number - 1]
    return best_patch(found, turns=turns, sign=sign)


def texture_patch(found: Patches) -> Floats:
    """Patch of the hypothesis that fits a picture of nothing best."""
    turns, sign = divmod(int(found.correlations.max(axis=0).argmax()), found.correlations.shape[2])
    return best_patch(found, turns=turns, sign=sign)


def fit_chest(found: Sequence[Sequence[Patches]], weights: Array, textures: Sequence[Patches]) -> tuple[Array, float]:
    """Map of a chest: upright ones and their mirror images, against the same lying wrong and against textures."""
    upright = [patches.patches[mirrored, 0, 0] for mirrored in (0, 1) for rows in found for patches in rows]
    wrong = [wrong_patch(patches, 0) for patches in found[0]]
    wrong += [wrong_patch(patches, 1 + number % len(WRONG)) for number, patches in enumerate(found[0])]
    nothing = [texture_patch(patches) for patches in textures]
    shares = [np.tile(weights, len(upright) // len(weights)) / len(upright) * len(weights) / 2, np.tile(weights, 2) / 8]
    shares.append(np.full(len(nothing), 1 / (4 * len(nothing))))
    classes = np.repeat([1, 0], [len(upright), len(wrong) + len(nothing)])
    grids, offsets = fit_classes(np.array(upright + wrong + nothing), classes, np.concatenate(shares), PENALTY["chest"])
    return grids[0], float(offsets[0])


def fit_side(found: Sequence[Sequence[Patches]], weights: Array) -> Array:
    """Map of the heart's side: differences to the mirror image, against minus them, which leaves no offset."""
    differences = np.array([side_difference(patches, turns=0, sign=0) for rows in found for patches in rows])
    classes = np.repeat([1, 0], len(differences))
    shares = np.tile(weights, 2 * len(found)) / (2 * len(found))
    return fit_classes(np.concatenate([differences, -differences]), classes, shares, PENALTY["side"])[0][0]


def fit_parts(material: Material, weights: Array) -> tuple[dict[str, Array], dict[str, float]]:
    """Maps of parts against the whole; every image also as its mirror image, so that left and right share one map."""
    images, classes, shares = [], [], []
    rows = [("whole", images_) for images_ in (material.plain, *material.copies[:2])]
    rows += [(name, copy) for name, copies in material.parts.items() for copy in copies]
    for name, ranked in rows:
        share = weights / (12 if name == "whole" else 40)
        for flip in (1, -1):
            seen = {"left": "right", "right": "left"}.get(name, name) if flip == -1 else name
            images += [coarse(image)[:, ::flip] for image in ranked]
            classes += [("whole", *SIDES).index(seen)] * len(ranked)
            shares.append(share)
    grids, offsets = fit_classes(np.array(images), np.array(classes), np.concatenate(shares), PENALTY["parts"])
    kept = [(number, name) for number, name in enumerate(SIDES) if name != "right"]
    return {name: grids[number] for number, name in kept}, {name: float(offsets[number]) for number, name in kept}


def fit_maps(material: Material) -> ChestMaps:
    """Fit everything on a material, rounded as it is written."""
    weights = patient_weights(material.patients)
    mean = fit_mean_chest(material.plain, weights)
    filters = make_filters(mean)
    found = [[find_chest(image, filters) for image in images] for images in (material.plain, *material.copies)]
    generator = np.random.default_rng(2)
    textures = [find_chest(ranks(texture(generator)), filters) for _ in range(TEXTURES)]
    chest, offset = fit_chest(found[:2], weights, textures)
    parts, offsets = fit_parts(material, weights)
    return ChestMaps(
        mean_chest=mean.astype(np.float32),
        chest=np.rint(chest),
        chest_offset=round(offset, 2),
        heart_side=np.rint(fit_side(found, weights)),
        parts={name: np.rint(grid) for name, grid in parts.items()},
        part_offsets={name: round(value, 2) for name, value in offsets.items()},
    )


def judge_unseen(material: Material, radiographs: Sequence[Levels]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Evidence and flags of every radiograph by maps of which its patient took no part.

    Returns:
        Evidence, a row each; and flags, a row for each radiograph and fault ("" for none), in column fault.
    """
    patients = np.random.default_rng(3).permutation(np.unique(material.patients))
    fold = pd.Series(np.arange(len(patients)) % FOLDS, index=patients)[material.patients].to_numpy()
    evidence, flags = [], []
    for number in range(FOLDS):
        maps = fit_maps(material.of(fold != number))
        filters = make_filters(maps.mean_chest)
        unseen = np.flatnonzero(fold == number)
        evidence += [asdict(weigh_evidence(material.plain[index], maps=maps, filters=filters)) for index in unseen]
        levels = [radiographs[index] for index in unseen]
        flags += [table.assign(fault=fault) for fault, table in flagged_faults(levels, maps).items()]
        flags.append(flagged(levels, maps).assign(fault=""))
    return pd.DataFrame(evidence), pd.concat(flags, ignore_index=True)


def main() -> None:
    """Parse the command line, fit, print how unseen radiographs are judged, and write the module."""
    parser = argparse.ArgumentParser(description="Fit the maps of the quality check")
    parser.add_argument("images", type=Path)
    parser.add_argument("table", type=Path)
    parser.add_argument("--file", default="file")
    parser.add_argument("--patient", default="patient")
    parser.add_argument("--collection", required=True, help="name and source, for the module")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    table = pd.read_csv(arguments.table, dtype=str)
    paths = [arguments.images / name for name in table[arguments.file]]
    pairs = [
        (levels, patient)
        for path, patient in zip(paths, table[arguments.patient], strict=True)
        for levels in read_levels([path], size=SIZE)
    ]
    radiographs = [levels for levels, _ in pairs]
    material = prepare(radiographs, np.array([patient for _, patient in pairs]))
    evidence, flags = judge_unseen(material, radiographs)
    print(evidence.quantile([0.005, 0.01, 0.015, 0.02, 0.05, 0.5]).round(2).to_string())
    print_rates("Unseen radiographs as they are", flags[flags["fault"] == ""].drop(columns="fault"))
    by_fault = {fault: flags[flags["fault"] == fault].drop(columns="fault") for fault in FAULTS}
    print_faults("Unseen radiographs with a fault put in", by_fault)
    text = module_text(
        fit_maps(material),
        radiographs=len(pairs),
        patients=len(np.unique(material.patients)),
        collection=arguments.collection,
    )
    arguments.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
