"""Where the flecks of calcium lie in the radiographs of a simulated site: a part of the truth."""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from cacs_cxr.seeds import derive_seed
from cacs_cxr.simulation.anatomy import CHEST_COLUMNS, DETECTOR_MM, Array, Chest, to_detector
from cacs_cxr.simulation.devices import format_mm
from cacs_cxr.simulation.frontal import draw_vessels_and_flecks
from cacs_cxr.simulation.oddities import turn_boxes

VESSELS = ("arch", "coronary")
EDGES = ("left", "top", "right", "bottom")


def calcium_places(radiographs: pd.DataFrame, *, site: str, seed: int) -> pd.DataFrame:
    """Flecks of calcium of every frontal radiograph, as its file shows them.

    Args:
        radiographs: as `simulate_site` gives them.
        site: name of the site.
        seed: the study's seed.

    Returns:
        A row a fleck: file, vessel (arch or coronary), x and y (shares of the image's width and height, from its left
        and its upper edge; beyond 0 to 1 outside the image), size (standard deviation, share of its longer side) and
        mineral (mm of bone).
    """
    frontal = radiographs[(radiographs["view"] != "lateral") & (radiographs["oddity"] != "blank")]
    drawn = [_flecks(values, site=site, seed=seed) for values in frontal.to_dict("records")]
    numbers = [len(vessel) for vessel, _ in drawn]
    values = np.concatenate([values for _, values in drawn]) if drawn else np.empty((0, 4))
    places = pd.DataFrame(values, columns=["x", "y", "size", "mineral"])
    places.insert(0, "file", np.repeat(frontal["file"].to_numpy(), numbers))
    places.insert(1, "vessel", [name for vessel, _ in drawn for name in vessel])
    # A point is a box without extent.
    points = pd.DataFrame({f"fleck_{edge}": places["x" if edge in ("left", "right") else "y"] for edge in EDGES})
    turned = turn_boxes(points, pd.Series(np.repeat(frontal["oddity"].to_numpy(), numbers)))
    return places.assign(x=turned["fleck_left"], y=turned["fleck_top"])


def _flecks(row: Mapping[Hashable, Any], *, site: str, seed: int) -> tuple[list[str], Array]:
    """Vessel, and x, y, size and mineral [n, 4], of a radiograph's flecks before it was turned."""
    chest = Chest(**{name: float(row[name]) for name in CHEST_COLUMNS})
    width, height = format_mm(row["format_mm"])
    person = np.random.default_rng(derive_seed(seed, "simulation", site, "person", int(row["person"])))
    _, drawn = draw_vessels_and_flecks(chest, person)
    names, parts = [], []
    for vessel, flecks in zip(VESSELS, drawn, strict=True):
        across, down = to_detector(chest, flecks.x, flecks.y)
        x, y = across / width + 0.5, (down - DETECTOR_MM / 2) / height + 0.5
        parts.append(np.column_stack([x, y, flecks.size * chest.scale / max(width, height), flecks.mineral]))
        names += [vessel] * len(flecks.x)
    return names, np.concatenate(parts)
