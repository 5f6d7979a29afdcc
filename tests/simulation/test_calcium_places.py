"""The truth about calcium: every fleck lies where the radiograph shows it."""

from dataclasses import replace

import numpy as np
import pytest

from cacs_cxr.seeds import derive_seed
from cacs_cxr.simulation.anatomy import CHEST_COLUMNS, Chest
from cacs_cxr.simulation.calcium_places import calcium_places
from cacs_cxr.simulation.devices import format_mm
from cacs_cxr.simulation.frontal import frontal_paths
from cacs_cxr.simulation.oddities import befall
from cacs_cxr.simulation.site import SimulatedSite


@pytest.mark.parametrize("oddity", ["", "mirrored", "turned left", "turned right", "upside down"])
def test_flecks_lie_where_the_radiograph_shows_mineral(sites: dict[str, SimulatedSite], oddity: str) -> None:
    radiographs = sites["development"].radiographs
    chosen = radiographs[(radiographs["view"] == "PA") & (radiographs["oddity"] == oddity)].head(1)
    row = chosen.iloc[0].to_dict()
    chest = Chest(**{name: float(row[name]) for name in CHEST_COLUMNS})
    width, height = format_mm(row["format_mm"])
    seed = derive_seed(20250331, "simulation", "development", "person", int(row["person"]))
    planes = [
        frontal_paths(
            item, columns=round(width), rows=round(height), pixel_mm=1.0, generator=np.random.default_rng(seed)
        ).bone
        for item in (chest, replace(chest, arch_calcium=0.0, coronary_calcium=0.0))
    ]
    mineral = befall(planes[0] - planes[1], row, generator=np.random.default_rng(0))
    places = calcium_places(chosen, site="development", seed=20250331)
    rows, columns = mineral.shape
    inside = places[places["x"].between(0, 1) & places["y"].between(0, 1)]
    y, x = (inside["y"] * rows).astype(int).clip(0, rows - 1), (inside["x"] * columns).astype(int).clip(0, columns - 1)
    assert (mineral[y, x] >= 0.5 * inside["mineral"].to_numpy()).all()
    far = np.ones(mineral.shape, dtype=bool)
    grid_y, grid_x = np.mgrid[:rows, :columns] + 0.5
    for fleck in inside.itertuples():
        reach = 5 * fleck.size * max(rows, columns) + 2
        far &= np.hypot(grid_x - fleck.x * columns, grid_y - fleck.y * rows) > reach
    assert np.abs(mineral[far]).max() < 1e-3


def test_only_frontal_radiographs_with_a_picture_have_flecks(sites: dict[str, SimulatedSite]) -> None:
    radiographs = sites["external"].radiographs
    places = calcium_places(radiographs, site="external", seed=20250331)
    frontal = radiographs[(radiographs["view"] != "lateral") & (radiographs["oddity"] != "blank")]
    assert places.groupby("file").size().eq(40).all()
    assert set(places["file"]) == set(frontal["file"])
    assert places["vessel"].value_counts().to_dict() == {"arch": 26 * len(frontal), "coronary": 14 * len(frontal)}
