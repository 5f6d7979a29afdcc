"""Lines and bars that are told apart by the colour-blind and in grey: colour, dashes, markers and hatching."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from matplotlib.colors import to_hex
from matplotlib.typing import LineStyleType

from cacs_cxr.study import CLINICAL, CXR, INTEGRATED


@dataclass(frozen=True)
class Stroke:
    """How a line is drawn: colour, dash pattern and marker, so that it is told apart in grey too."""

    colour: str
    dashes: LineStyleType
    marker: str


# Blue, vermilion and bluish green of Okabe and Ito (2008), which differ in lightness; dashes tell them apart in grey.
MODEL_STROKES = {
    CLINICAL: Stroke("#009E73", (0, (1.2, 1.2)), "s"),
    CXR: Stroke("#0072B2", "solid", "o"),
    INTEGRATED: Stroke("#D55E00", (0, (4, 1.5)), "D"),
}


OTHER_STROKES = (Stroke("#CC79A7", (0, (5, 1.2, 1.2, 1.2)), "^"), Stroke("#56B4E9", (0, (7, 2)), "v"))


def model_stroke(model: str, models: Sequence[str]) -> Stroke:
    """Stroke of a model: the study's own models have theirs, others take turns in their order among `models`."""
    if model in MODEL_STROKES:
        return MODEL_STROKES[model]
    others = [name for name in models if name not in MODEL_STROKES]
    return OTHER_STROKES[others.index(model) % len(OTHER_STROKES)]


def category_strokes(count: int) -> list[Stroke]:
    """Strokes of ordered categories: lightness falls evenly from the lowest to the highest, dashes alternate.

    Args:
        count: number of categories, at least 1.
    """
    ramp = matplotlib.colormaps["magma"](np.linspace(0.72, 0.12, count))
    dashes: Sequence[LineStyleType] = (
        (0, (1.2, 1.0)), (0, (5, 1.5)), (0, (5, 1.2, 1.2, 1.2)), "solid",
    )  # fmt: skip
    markers = "osD^v"
    return [
        Stroke(
            to_hex(colour),
            "solid" if place == count - 1 else dashes[place % (len(dashes) - 1)],
            markers[place % len(markers)],
        )
        for place, colour in enumerate(ramp)
    ]


# Blue, vermilion, green, purple, sky blue and black of Okabe and Ito (2008), for groups without an order.
GROUP_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#000000")
GROUP_DASHES: Sequence[LineStyleType] = (
    "solid", (0, (4, 1.5)), (0, (1.2, 1.2)), (0, (5, 1.2, 1.2, 1.2)), (0, (7, 2)),
)  # fmt: skip
GROUP_HATCHES = ("", "/////", "....", "\\\\\\\\\\", "xxxx")


def group_stroke(place: int) -> Stroke:
    """Stroke of the n-th of several groups without an order, such as sites or vendors; thirty differ."""
    dashes = GROUP_DASHES[(place + place // len(GROUP_COLOURS)) % len(GROUP_DASHES)]
    return Stroke(GROUP_COLOURS[place % len(GROUP_COLOURS)], dashes, "oDs^vP"[place % 6])


def group_bar(place: int) -> dict[str, Any]:
    """How the bars of the n-th of several groups are filled: full, then hatched in their colour on white."""
    colour = GROUP_COLOURS[place % len(GROUP_COLOURS)]
    hatch = GROUP_HATCHES[place % len(GROUP_HATCHES)]
    return {"facecolor": "white" if hatch else colour, "edgecolor": colour, "hatch": hatch, "linewidth": 0.6}
