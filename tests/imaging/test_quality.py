from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from PIL import Image

from cacs_cxr.imaging import quality
from cacs_cxr.imaging.border import whole
from cacs_cxr.imaging.chest_frame import find_chest, rank_image
from cacs_cxr.imaging.chest_maps import STANDARD_MAPS
from cacs_cxr.imaging.geometry import fitted_shape
from cacs_cxr.imaging.quality import FIGURES, FLAG_LABELS, FLAGS, measure_quality
from cacs_cxr.imaging.radiograph import read_radiograph
from cacs_cxr.simulation.site import simulate_site, write_radiographs
from real_data import real_data

Levels = npt.NDArray[np.uint8]
ROWS, COLUMNS = np.mgrid[0:96, 0:80]


def read_levels(path: Path, *, size: int) -> Levels:
    """Levels of a file without their padding."""
    radiograph = read_radiograph(path, size=size)
    assert radiograph.reason == ""
    height, width = fitted_shape(radiograph.height, radiograph.width, size=size)
    top, left = (size - height) // 2, (size - width) // 2
    return radiograph.levels[top : top + height, left : left + width]


def flags_of(radiographs: list[Levels]) -> pd.DataFrame:
    return pd.DataFrame([measure_quality(levels) for levels in radiographs])[list(FLAGS)]


def raised(levels: Levels) -> list[str]:
    """Names of the flags raised."""
    figures = measure_quality(levels)
    return [name for name in FLAGS if figures[name]]


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Levels]]:
    """Simulated radiographs of both sites: 24 frontal, 12 lateral."""
    found: dict[str, list[Levels]] = {"frontal": [], "lateral": []}
    for site in ("development", "external"):
        radiographs = simulate_site(site=site, role=site, patients=60, seed=3, thresholds=[]).radiographs
        sound = radiographs[(radiographs[["defect", "purpose", "oddity"]] == "").all(axis=1)]
        for kind, number in (("frontal", 12), ("lateral", 6)):
            drawn = sound[(sound["view"] == "lateral") == (kind == "lateral")].head(number)
            folder = tmp_path_factory.mktemp(site) / kind
            write_radiographs(drawn, folder, site=site, shard=0, shards=1, size=96, seed=3)
            found[kind] += [read_levels(path, size=96) for path in sorted(folder.iterdir())]
    return found


def test_an_unreadable_image_has_the_same_keys() -> None:
    figures = measure_quality(np.add.outer(np.arange(90), np.arange(70)).astype(np.uint8))
    assert list(figures) == list(FIGURES)
    assert tuple(FLAG_LABELS) == FLAGS
    assert FLAGS == (
        "likely_blank",
        "likely_inverted",
        "likely_rotated",
        "likely_mirrored",
        "likely_cropped",
        "likely_not_chest",
    )
    assert not any(FIGURES[name] for name in FLAGS)
    assert np.isnan([value for name, value in FIGURES.items() if name not in FLAGS]).all()
    assert {name: type(value) for name, value in figures.items()} == {name: type(FIGURES[name]) for name in FIGURES}


def test_grey_figures_are_those_of_the_histogram() -> None:
    counts = np.zeros(256, dtype=np.int64)
    counts[[0, 100, 200, 255]] = [25, 25, 25, 25]
    assert quality.grey_figures(counts) == {
        "mean": 138.75,
        "p01": 0.0,
        "p99": 255.0,
        "entropy": 2.0,
        "black_share": 0.25,
        "white_share": 0.25,
    }
    assert quality.grey_figures(np.bincount([7] * 9, minlength=256))["entropy"] == 0


def test_structure_is_near_one_in_a_smooth_image_and_near_zero_in_noise() -> None:
    assert quality.structure(np.add.outer(np.arange(64), np.arange(64)).astype(np.uint8)) > 0.95
    noise = np.random.default_rng(1).integers(0, 256, (64, 64)).astype(np.uint8)
    assert abs(quality.structure(noise)) < 0.1
    assert quality.structure(np.full((64, 64), 9, dtype=np.uint8)) == 0


@pytest.mark.parametrize(
    "levels",
    [
        np.full((200, 180), 130, dtype=np.uint8),
        np.random.default_rng(2).normal(90, 2, (200, 180)).astype(np.uint8),
        np.random.default_rng(2).normal(128, 43, (200, 180)).clip(0, 255).astype(np.uint8),
        np.zeros((1, 1), dtype=np.uint8),
    ],
    ids=["one level", "faint noise", "noise stretched to full contrast", "one pixel"],
)
def test_an_exposure_of_nothing_is_blank_and_nothing_else(levels: Levels) -> None:
    assert raised(levels) == ["likely_blank"]
    assert np.isnan(measure_quality(levels)["polarity"])


@pytest.mark.parametrize("shape", [(1, 3000), (3000, 1), (2, 2), (5, 64), (64, 65)])
def test_images_of_any_shape_are_judged(shape: tuple[int, int]) -> None:
    levels = np.linspace(0, 255, shape[0] * shape[1]).reshape(shape).astype(np.uint8)
    assert sum(bool(measure_quality(levels)[name]) for name in FLAGS) <= 1


def pictures() -> Iterator[tuple[str, Levels]]:
    """Pictures that are no chests: smooth shapes on a plain ground, and a pattern."""
    y, x = ROWS / 96 - 0.5, COLUMNS / 80 - 0.5
    yield "disc", (40 + 180 * (x**2 + y**2 < 0.09)).astype(np.uint8)
    fingers = (np.abs(np.sin(5 * np.pi * x)) > 0.75) & (np.abs(y) < 0.35)
    yield "hand", (15 + 170 * (fingers | ((y > 0.2) & (np.abs(x) < 0.35)))).astype(np.uint8)
    yield "pattern", (200 * ((ROWS // 12 + COLUMNS // 10) % 2)).astype(np.uint8)


@pytest.mark.parametrize("levels", [pytest.param(levels, id=name) for name, levels in pictures()])
def test_another_picture_is_not_a_chest_and_nothing_else(levels: Levels) -> None:
    assert raised(levels) == ["likely_not_chest"]


def test_ranks_ignore_any_rising_curve_and_turn_sign_in_the_negative(simulated: dict[str, list[Levels]]) -> None:
    levels = quality.reduce_levels(simulated["frontal"][0])
    box = whole(*levels.shape)
    ranks = rank_image((levels // 2).astype(np.uint8), box)
    np.testing.assert_allclose(rank_image(255 - levels // 2, box), -ranks, atol=1e-5)
    brightened = (40 + levels // 2).astype(np.uint8)
    np.testing.assert_allclose(rank_image(brightened, box), ranks, atol=1e-5)
    assert ranks.mean() == pytest.approx(0, abs=1e-5)
    assert np.square(ranks).mean() == pytest.approx(1, abs=1e-4)
    assert not rank_image(np.full((64, 64), 7, dtype=np.uint8), box).any()


def test_the_negative_has_minus_the_polarity_and_the_mirror_image_minus_the_side(
    simulated: dict[str, list[Levels]],
) -> None:
    levels = np.asarray(Image.fromarray(simulated["frontal"][0]).resize((128, 128)))
    upright, negative, mirrored = (measure_quality(each) for each in (levels, 255 - levels, levels[:, ::-1]))
    assert upright["polarity"] > 0.2
    assert negative["polarity"] == pytest.approx(-upright["polarity"], abs=0.01)
    assert upright["heart_side"] > 1
    assert mirrored["heart_side"] == pytest.approx(-upright["heart_side"], abs=0.1)
    assert negative["heart_side"] == pytest.approx(upright["heart_side"], abs=0.1)


def test_rotation_is_what_brings_the_radiograph_upright(simulated: dict[str, list[Levels]]) -> None:
    levels = simulated["frontal"][1]
    for clockwise in (0, 90, 180, 270):
        lying = np.ascontiguousarray(np.rot90(levels, clockwise // 90))
        assert measure_quality(lying)["rotation"] == clockwise
        np.testing.assert_array_equal(np.rot90(lying, -(clockwise // 90)), levels)


def test_the_mean_chest_is_found_where_it_lies(simulated: dict[str, list[Levels]]) -> None:
    reduced = quality.reduce_levels(simulated["frontal"][2])
    found = find_chest(rank_image(reduced, whole(*reduced.shape)), quality.filters_of(STANDARD_MAPS))
    best = np.unravel_index(found.correlations.max(axis=0).argmax(), (4, 2))
    assert best == (0, 0)
    assert 0.6 < found.correlations.max() <= 1
    assert np.square(found.patches).mean(axis=(-2, -1)) == pytest.approx(1, abs=1e-4)


def test_simulated_frontal_radiographs_are_hardly_flagged(simulated: dict[str, list[Levels]]) -> None:
    assert flags_of(simulated["frontal"]).any(axis=1).sum() <= 2


def framed(levels: Levels, level: int) -> Levels:
    """A radiograph inside a border that is a quarter as wide as it."""
    return np.pad(levels, (levels.shape[0] // 4, levels.shape[1] // 4), constant_values=level)


@pytest.mark.parametrize(
    ("flag", "change", "least"),
    [
        ("likely_inverted", lambda levels: 255 - levels, 22),
        ("likely_rotated", lambda levels: np.rot90(levels, 1), 22),
        ("likely_rotated", lambda levels: np.rot90(levels, 2), 22),
        ("likely_rotated", lambda levels: np.rot90(levels, 3), 22),
        ("likely_mirrored", lambda levels: levels[:, ::-1], 14),
        ("likely_cropped", lambda levels: framed(levels, 0), 20),
        ("likely_cropped", lambda levels: framed(levels, 255), 20),
    ],
    ids=["negative", "turned once", "upside down", "turned thrice", "mirrored", "black border", "white border"],
)
def test_faults_put_into_simulated_radiographs_are_flagged_and_no_others(
    simulated: dict[str, list[Levels]], flag: str, change: Callable[[Levels], Levels], least: int
) -> None:
    flags = flags_of([change(levels) for levels in simulated["frontal"]])
    assert flags[flag].sum() >= least
    assert flags.drop(columns=[flag, "likely_not_chest"]).any(axis=1).sum() <= 2


@pytest.mark.parametrize("part", ["upper", "lower"])
def test_upper_and_lower_parts_of_a_chest_are_cropped_and_not_judged_for_mirroring(
    simulated: dict[str, list[Levels]], part: str
) -> None:
    kept = [(levels, len(levels) * 55 // 100) for levels in simulated["frontal"]]
    flags = flags_of([levels[:rows] if part == "upper" else levels[-rows:] for levels, rows in kept])
    assert flags["likely_cropped"].sum() >= 16
    assert not (flags["likely_cropped"] & flags["likely_mirrored"]).any()


def test_a_half_of_a_chest_is_flagged_as_cropped_or_as_no_frontal_chest(simulated: dict[str, list[Levels]]) -> None:
    halves = [levels[:, : levels.shape[1] // 2] for levels in simulated["frontal"]]
    assert flags_of(halves)[["likely_cropped", "likely_not_chest"]].any(axis=1).sum() >= 22


def test_a_wide_border_is_measured(simulated: dict[str, list[Levels]]) -> None:
    assert measure_quality(framed(simulated["frontal"][0], 0))["border_share"] == pytest.approx(1 - 4 / 9, abs=0.06)
    assert measure_quality(simulated["frontal"][0])["border_share"] < 0.2


def test_a_lateral_radiograph_is_at_worst_not_a_frontal_chest(simulated: dict[str, list[Levels]]) -> None:
    flags = flags_of(simulated["lateral"])
    assert flags["likely_not_chest"].sum() >= 8
    assert not flags.drop(columns="likely_not_chest").to_numpy().any()


@pytest.fixture(scope="module")
def chests() -> list[Levels]:
    """A quarter of the real frontal chest radiographs of either collection."""
    paths = [sorted(real_data("images", name).glob("*.png"))[::4] for name in ("hannover", "nih_small")]
    return [read_levels(path, size=128) for part in paths for path in part]


@pytest.mark.real
@pytest.mark.slow
def test_real_chests_are_seldom_flagged(chests: list[Levels]) -> None:
    rates = flags_of(chests).mean()
    assert (rates[["likely_blank", "likely_inverted", "likely_rotated"]] < 0.01).all()
    assert (rates[["likely_mirrored", "likely_cropped", "likely_not_chest"]] < 0.06).all()


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize(
    ("flag", "change", "least"),
    [
        ("likely_inverted", lambda levels: 255 - levels, 0.85),
        ("likely_rotated", lambda levels: np.rot90(levels, 1), 0.85),
        ("likely_rotated", lambda levels: np.rot90(levels, 2), 0.85),
        ("likely_mirrored", lambda levels: levels[:, ::-1], 0.30),
        ("likely_cropped", lambda levels: levels[: levels.shape[0] * 55 // 100], 0.5),
        ("likely_cropped", lambda levels: framed(levels, 0), 0.85),
    ],
    ids=["negative", "turned once", "upside down", "mirrored", "upper part", "black border"],
)
def test_faults_put_into_real_chests_are_flagged(
    chests: list[Levels], flag: str, change: Callable[[Levels], Levels], least: float
) -> None:
    assert flags_of([change(levels) for levels in chests])[flag].mean() > least


@pytest.mark.real
@pytest.mark.parametrize(
    "name",
    [
        "fodicom_cr_modalitylut", "ge_mg_jpll", "kodak_cr_hand_j2k_sot", "mg_outofbounds_overlay", "offis_voilut_04",
        "rg2_unc", "rg_mg1_j2ki",
    ],
)  # fmt: skip
def test_other_real_pictures_are_no_chests_and_nothing_else(name: str) -> None:
    assert raised(read_levels(real_data("dicom", f"{name}.dcm"), size=256)) == ["likely_not_chest"]


@pytest.mark.real
def test_a_chest_whose_header_lies_about_its_polarity_is_flagged() -> None:
    assert raised(read_levels(real_data("dicom", "rsna_cr_fake_mono1.dcm"), size=256)) == ["likely_inverted"]
    assert raised(read_levels(real_data("dicom", "rsna_cr_jpegbaseline.dcm"), size=256)) == []
