"""The module that holds the fitted maps of the quality check, as text."""

import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "workflow" / "scripts")]

from cacs_cxr.imaging.chest_evidence import ChestMaps  # noqa: E402

PROVENANCE = (
    "Fitted by benchmarks/fit_chest_maps.py on {radiographs} frontal chest radiographs of {patients} patients of "
    "{collection}. The numbers are means and regression coefficients over all of them; no radiograph can be made out "
    "in them."
)
OPENING = '''"""The mean chest and the maps by which `chest_evidence` judges radiographs.

{provenance}
"""

import numpy as np

from cacs_cxr.imaging.chest_evidence import ChestMaps
from cacs_cxr.imaging.chest_frame import Floats


def _grid(text: str) -> Floats:
    return np.array(text.split(), dtype=np.float32).reshape(16, 16)
'''


def module_text(maps: ChestMaps, **counts: object) -> str:
    """The module that holds the maps; `counts` fills its provenance."""

    def grid(values: npt.NDArray[np.floating]) -> str:
        lines = ["    " + " ".join(f"{round(float(value)):4d}" for value in row) for row in values]
        return "\n".join(["_grid(", '    """', *lines, '    """', ")"])

    def mapping(values: Mapping[str, object]) -> str:
        return "{" + ", ".join(f'"{name}": {value}' for name, value in values.items()) + "}"

    return "\n\n".join(
        [
            OPENING.format(provenance=textwrap.fill(PROVENANCE.format(**counts), width=120)),
            f"MEAN_CHEST = {grid(100 * maps.mean_chest)} / np.float32(100)",
            f"CHEST = {grid(maps.chest)}",
            f"HEART_SIDE = {grid(maps.heart_side)}",
            *(f"{name.upper()} = {grid(values)}" for name, values in maps.parts.items()),
            "STANDARD_MAPS = ChestMaps(\n"
            "    mean_chest=MEAN_CHEST,\n"
            "    chest=CHEST,\n"
            f"    chest_offset={maps.chest_offset},\n"
            "    heart_side=HEART_SIDE,\n"
            f"    parts={mapping({name: name.upper() for name in maps.parts})},\n"
            f"    part_offsets={mapping(maps.part_offsets)},\n"
            ")\n",
        ]
    )
