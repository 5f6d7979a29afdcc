"""Regions of a radiograph: its picture without padding, its thorax, its rim, and where calcium was placed."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from cacs_cxr.imaging.border import Box
from cacs_cxr.imaging.chest_place import chest_place
from cacs_cxr.imaging.geometry import fit, mirrored, pad, quantise, turned
from cacs_cxr.saliency.calcium import flecks_by_row
from cacs_cxr.saliency.geometry import Rectangle, enlarged, inside, near, picture_rectangle, reduced, rim, to_square
from cacs_cxr.saliency.regions import CALCIUM, CORNERS, OUTSIDE, PICTURE, RIM, THORAX, regions_of
from cacs_cxr.simulation.anatomy import CHEST_COLUMNS, Chest
from cacs_cxr.simulation.devices import device_named, format_mm
from cacs_cxr.simulation.radiograph import draw_radiograph
from cacs_cxr.simulation.site import SimulatedSite, simulate_site

SIZE = 48


def told(shape: tuple[int, int], box: Box | None = None, **changes: Any) -> dict[str, Any]:
    """A radiograph's row of images.parquet."""
    kept = box or Box(0, shape[0], 0, shape[1])
    edges = {f"box_{edge}": value for edge, value in kept._asdict().items()}
    return {"height": shape[0], "width": shape[1], **edges, **changes}


def preprocessed(image: npt.NDArray[np.float32], row: dict[str, Any]) -> npt.NDArray[np.uint8]:
    part = image[row["box_top"] : row["box_bottom"], row["box_left"] : row["box_right"]]
    levels = turned(quantise(fit(np.ascontiguousarray(part), size=SIZE)), clockwise=row.get("rotate", 0))
    return pad(mirrored(levels) if row.get("mirror") else levels, size=SIZE)


@pytest.mark.parametrize(
    "row",
    [
        told((400, 300)),
        told((300, 400)),
        told((350, 350)),
        told((400, 300), rotate=90),
        told((300, 410), rotate=270),
        told((400, 300), rotate=180, mirror=True),
        told((400, 300), Box(40, 390, 20, 220)),
        told((400, 300), Box(40, 390, 20, 220), rotate=90, mirror=True),
    ],
)
def test_a_point_of_the_original_lies_where_preprocessing_brings_it(row: dict[str, Any]) -> None:
    y, x = 250, 130
    image = np.full((row["height"], row["width"]), 0.2, dtype=np.float32)
    image[y - 6 : y + 7, x - 6 : x + 7] = 1.0
    levels = preprocessed(image, row)
    picture = picture_rectangle(row, levels)
    np.testing.assert_array_equal(inside(picture, size=SIZE), levels > 0)
    point = to_square(np.array([[(x + 0.5) / row["width"], (y + 0.5) / row["height"]]]), row, picture)
    bright = np.argwhere(levels > 150)
    np.testing.assert_allclose(point[0], bright.mean(axis=0) + 0.5, atol=0.75)


def test_rim_and_corners_lie_within_the_picture() -> None:
    picture = Rectangle(0, 10, 40, 30)
    edges, corners = rim(picture, share=0.1, size=40)
    assert edges.sum() == 40 * 20 - 32 * 16
    assert corners.sum() == 4 * 4 * 2
    assert not (edges & ~inside(picture, size=40)).any()
    assert not (corners & ~edges).any()


def test_near_is_a_disc_around_every_point() -> None:
    marks = near(np.array([[10.0, 10.0], [30.5, 12.5]]), reach=1.1, size=40)
    assert marks[9:11, 9:11].all()
    assert marks[30, 12]
    assert marks[29, 12]
    assert marks.sum() == 4 + 5


def test_enlarged_keeps_the_place_of_a_cell() -> None:
    grid = np.zeros((8, 8))
    grid[2, 5] = 1.0
    large = enlarged(grid, size=64)
    weight = large / large.sum()
    centre = [(weight.sum(axis=axis) * (np.arange(64) + 0.5)).sum() for axis in (1, 0)]
    np.testing.assert_allclose(centre, [(2 + 0.5) * 8, (5 + 0.5) * 8], atol=1e-4)


def test_regions_make_up_the_picture_and_calcium_is_read_only_where_it_is_given() -> None:
    levels = np.zeros((40, 40), dtype=np.uint8)
    levels[:, 5:35] = 100
    row = told((400, 300))
    picture, regions = regions_of(levels, row, thorax=(0.1, 0.1, 0.9, 0.9))
    assert picture == Rectangle(0, 5, 40, 35)
    np.testing.assert_array_equal(regions[THORAX] ^ regions[OUTSIDE], regions[PICTURE])
    assert set(regions) == {PICTURE, THORAX, OUTSIDE, RIM, CORNERS}
    flecks = pd.DataFrame({"vessel": ["arch", "coronary"], "x": [0.5, 0.6], "y": [0.25, 0.6], "file": "a"})
    _, known = regions_of(levels, row, thorax=(0.1, 0.1, 0.9, 0.9), flecks=flecks)
    np.testing.assert_array_equal(known["arch"] | known["coronary"], known[CALCIUM])
    assert known["arch"][10, 20]
    assert known["coronary"][24, 23]


def test_flecks_are_found_by_the_file_of_their_site() -> None:
    selection = pd.DataFrame({"site": ["a", "b"], "row": [0, 1], "file": ["shard-0/x.dcm", "shard-1/x.dcm"]})
    places = {
        name: pd.DataFrame({"file": ["x.dcm", "y.dcm"], "vessel": "arch", "x": [at, 9.0], "y": 0.5})
        for name, at in (("a", 0.1), ("b", 0.2))
    }
    found = flecks_by_row(selection, places)
    assert {row: part["x"].tolist() for row, part in found.items()} == {0: [0.1], 1: [0.2]}


@pytest.fixture(scope="module")
def site() -> SimulatedSite:
    return simulate_site(site="development", role="development", patients=60, seed=8, thresholds=[])


def test_thorax_is_found_where_simulated_chests_have_it(site: SimulatedSite) -> None:
    plain = site.radiographs[(site.radiographs["view"] == "PA") & (site.radiographs["oddity"] == "")]
    overlaps = []
    for row in plain.head(12).to_dict("records"):
        levels = draw_radiograph(
            Chest(**{name: float(row[name]) for name in CHEST_COLUMNS}), view="PA", marker="",
            processing=device_named(row["device"]).processing, size=96, format_mm=format_mm(row["format_mm"]),
            person=np.random.default_rng(1), exposure=np.random.default_rng(2),
        )  # fmt: skip
        found = chest_place(quantise(np.clip(levels, 0, 1)))
        height, width = (
            min(getattr(found, high), row[f"thorax_{high}"]) - max(getattr(found, low), row[f"thorax_{low}"])
            for low, high in (("top", "bottom"), ("left", "right"))
        )
        areas = [
            (found.bottom - found.top) * (found.right - found.left),
            (row["thorax_bottom"] - row["thorax_top"]) * (row["thorax_right"] - row["thorax_left"]),
        ]
        overlaps.append(height * width / (sum(areas) - height * width))
    assert np.mean(overlaps) > 0.75
    assert min(overlaps) > 0.5


def test_large_radiographs_are_measured_on_fewer_pixels_with_the_same_picture() -> None:
    row = told((400, 300))
    levels = pad(np.full((512, 384), 200, dtype=np.uint8), size=512)
    small = reduced(levels)
    assert small.shape == (128, 128)
    assert picture_rectangle(row, small) == Rectangle(0, 16, 128, 112)
    np.testing.assert_array_equal(inside(Rectangle(0, 16, 128, 112), size=128), small > 0)
    np.testing.assert_array_equal(reduced(small), small)
