"""What is wrong or unusual with single radiographs of an archive, beside what their device's dialect explains.

The rates are chosen, a few per thousand patients of each kind, so that every rule of the reader and every flag of
quality has something to find; real archives differ too much from one another for a frequency to be carried over.
An oddity befalls the radiograph that the study will choose and never decides whether its patient is eligible. The
truth (`truth/radiographs.parquet`, column oddity) names it.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from cacs_cxr.simulation.shapes import Plane

HARMLESS = {
    "black border": 0.015,
    "white border": 0.006,
    "sigmoid": 0.008,
    "negative slope": 0.006,
    "eight bits": 0.006,
    "zero spacing": 0.004,
    "implausible spacing": 0.004,
    "no preamble": 0.004,
    "no meta header": 0.004,
    "big endian": 0.004,
    "deflated": 0.004,
    "no manufacturer": 0.004,
    "age without unit": 0.004,
}
"""Rates per analysed patient of what a reader must survive: the picture is as good as any other."""

SPOILT = {
    "inverted": 0.004,
    "mirrored": 0.004,
    "turned right": 0.001,
    "turned left": 0.001,
    "upside down": 0.001,
    "cut": 0.002,
    "lateral headed PA": 0.001,
    "blank": 0.001,
}
"""Rates of what a flag of quality should find: the picture lies, is displaced, or is none. More of them would cost the
networks what they can learn: these cost the AUC less than 0.01."""

QUARTER_TURNS = {"turned right": 3, "upside down": 2, "turned left": 1}  # of 90 degrees, anticlockwise
BORDER_SHARES = (0.02, 0.09)  # of the image at each of its sides
CUT_SHARES = (0.16, 0.30)  # of the thorax's width beside the detector: a third to more than a half of one lung


def draw_oddities(
    exposures: pd.DataFrame, *, eligible: "pd.Series[bool]", generator: np.random.Generator
) -> pd.DataFrame:
    """Draw which radiographs have which oddity; none has two.

    Args:
        exposures: one row a radiograph.
        eligible: the radiographs that an oddity may befall, one a patient.
        generator: source of randomness.

    Returns:
        Columns oddity ("" for none), cut_share (of the thorax beside the detector, negative at its left edge, 0 unless
        cut) and border_{left,top,right,bottom} (shares of the image, 0 where there is no border).
    """
    rows = generator.permutation(exposures.index[eligible])
    frame = pd.DataFrame({"oddity": "", "cut_share": 0.0}, index=exposures.index)
    start = 0
    for name, rate in {**HARMLESS, **SPOILT}.items():
        number = round(rate * len(rows))
        frame.loc[rows[start : start + number], "oddity"] = name
        start += number
    side = generator.choice((-1.0, 1.0), len(frame))
    frame["cut_share"] = np.where(frame["oddity"] == "cut", side * generator.uniform(*CUT_SHARES, len(frame)), 0.0)
    bordered = frame["oddity"].isin(["black border", "white border"])
    for edge in ("left", "top", "right", "bottom"):
        frame[f"border_{edge}"] = np.where(bordered, generator.uniform(*BORDER_SHARES, len(frame)), 0.0)
    return frame


def turn_boxes(boxes: pd.DataFrame, oddities: "pd.Series[str]") -> pd.DataFrame:
    """Boxes (``{name}_left`` ... ``{name}_bottom``, in shares) where turned and mirrored images have them."""
    turned = boxes.copy()
    for name in sorted({column.rpartition("_")[0] for column in boxes.columns}):
        left, top, right, bottom = (boxes[f"{name}_{edge}"] for edge in ("left", "top", "right", "bottom"))
        for oddity, sides in {
            "mirrored": (1 - right, top, 1 - left, bottom),
            "upside down": (1 - right, 1 - bottom, 1 - left, 1 - top),
            "turned right": (1 - bottom, left, 1 - top, right),
            "turned left": (top, 1 - right, bottom, 1 - left),
        }.items():
            here = oddities == oddity
            for edge, values in zip(("left", "top", "right", "bottom"), sides, strict=True):
                turned.loc[here, f"{name}_{edge}"] = values[here]
    return turned


def befall(levels: Plane, row: Mapping[str, Any], *, generator: np.random.Generator) -> Plane:
    """Grey levels of a radiograph after its oddity, if that is one of the picture.

    Args:
        levels: grey levels [rows, columns], 0 black to 1 white.
        row: the radiograph: oddity and the shares of its border.
        generator: source of randomness of a blank picture's noise.
    """
    oddity = row["oddity"]
    if oddity == "mirrored":
        return np.ascontiguousarray(levels[:, ::-1])
    if oddity in QUARTER_TURNS:
        return np.ascontiguousarray(np.rot90(levels, k=QUARTER_TURNS[oddity]))
    if oddity == "blank":
        return np.asarray(0.4 + 0.004 * generator.standard_normal(levels.shape), dtype=np.float32)
    if oddity in ("black border", "white border"):
        rows, columns = levels.shape
        top, bottom = round(row["border_top"] * rows), rows - round(row["border_bottom"] * rows)
        left, right = round(row["border_left"] * columns), columns - round(row["border_right"] * columns)
        framed = np.full_like(levels, 0.0 if oddity == "black border" else 1.0)
        framed[top:bottom, left:right] = levels[top:bottom, left:right]
        return framed
    return levels
