"""From grey levels to stored values, and what a file declares so that a viewer gets the grey levels back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

from cacs_cxr.simulation.dialects import DIALECTS
from cacs_cxr.simulation.headers import BIG_ENDIAN
from cacs_cxr.simulation.shapes import Plane

REHEADED_WINDOW = 0.85  # width of a re-headed copy's window, relative to the original's displayed range
SIGMOID_REACH = 0.01  # grey levels this near to black or white are cut off before a sigmoid window
SLOPE = -10  # of the negative slopes, whose files store the image inverted

# The three displays that some panels offer: explanation, and width relative to the normal one; medians of the headers.
THREE_WINDOWS = (("NORMAL", 1.0), ("HARDER", 0.75), ("SOFTER", 1.5))
_WINDOW_ODDITIES = ("sigmoid", "negative slope", "eight bits")  # need a window where the dialect has a table


@dataclass(frozen=True)
class Stored:
    """Stored values and the part of their range that is displayed: its first value and number of values."""

    values: npt.NDArray[np.uint16]
    first: int
    entries: int
    bits: int


def bits_of(row: Mapping[str, Any]) -> int:
    """Bits of a stored value."""
    return 8 if row["oddity"] == "eight bits" else DIALECTS[row["dialect"]].bits_stored


def byte_order(row: Mapping[str, Any]) -> Literal["<", ">"]:
    """Byte order of the words of pixel data and tables, as numpy names it."""
    return ">" if row["transfer_syntax"] == BIG_ENDIAN else "<"


def stored_values(levels: Plane, row: Mapping[str, Any]) -> Stored:
    """Stored values of grey levels, as the radiograph's dialect and oddity hold them.

    Args:
        levels: 0 black to 1 white, a little beyond at both ends.
        row: dialect, oddity, shown_low and shown_span.
    """
    dialect, bits = DIALECTS[row["dialect"]], bits_of(row)
    highest = 2**bits - 1
    first, last = (round(place * highest) for place in (row["shown_low"], row["shown_low"] + row["shown_span"]))
    if row["oddity"] == "sigmoid":
        inside = np.clip(levels, SIGMOID_REACH, 1 - SIGMOID_REACH)
        levels = 0.5 + 0.5 * np.log(inside / (1 - inside)) / np.log(1 / SIGMOID_REACH - 1)
    shown = 1 - levels if dialect.photometric == "MONOCHROME1" else levels
    values = np.clip(np.round(first + shown * (last - first)), 0, highest)
    if row["oddity"] == "negative slope":
        values = highest - values
    return Stored(values.astype(np.uint16), first=first, entries=last - first + 1, bits=bits)


def declare_intensity(dataset: Dataset, stored: Stored, row: Mapping[str, Any]) -> None:
    """Write into the header how stored values become grey levels: by rescale, window, lookup table, or nothing."""
    dialect = DIALECTS[row["dialect"]]
    if dialect.rescale_type:
        dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = "0", "1", dialect.rescale_type
    order = byte_order(row)
    first, entries = stored.first, stored.entries
    centre, width = first + entries / 2, float(entries)
    style = "window" if row["oddity"] in _WINDOW_ODDITIES else dialect.voi
    if row["copy"].startswith("reheaded"):
        style, width = "window", REHEADED_WINDOW * width
    if style in ("window", "both"):
        dataset.WindowCenter, dataset.WindowWidth = f"{centre:g}", f"{width:g}"
    if style == "lut":
        dataset.VOILUTSequence = DicomSequence([_table_item(stored, start=first, entries=entries, byte_order=order)])
    if style == "both":
        dataset.WindowCenter = [f"{centre:g}"] * len(THREE_WINDOWS)
        dataset.WindowWidth = [f"{relative * width:g}" for _, relative in THREE_WINDOWS]
        dataset.WindowCenterWidthExplanation = [name for name, _ in THREE_WINDOWS]
        dataset.VOILUTSequence = DicomSequence(
            [
                _table_item(
                    stored, start=0, entries=2**stored.bits, byte_order=order, relative=relative, explanation=name
                )
                for name, relative in THREE_WINDOWS
            ]
        )
    if row["oddity"] == "sigmoid":
        dataset.VOILUTFunction = "SIGMOID"
        # The sigmoid 1 / (1 + exp(-4 (x - centre) / width)) has left the grey levels that were kept at both ends.
        edge = np.log(1 / SIGMOID_REACH - 1)
        dataset.WindowCenter = f"{first + (entries - 1) / 2:g}"
        dataset.WindowWidth = f"{2 * (entries - 1) / edge:.6g}"
    if row["oddity"] == "negative slope":
        highest = 2**stored.bits - 1
        dataset.RescaleSlope, dataset.RescaleIntercept, dataset.RescaleType = str(SLOPE), str(-SLOPE * highest), "US"
        dataset.WindowCenter = f"{-SLOPE * (centre - 0.5) + 0.5:g}"
        dataset.WindowWidth = f"{-SLOPE * (width - 1) + 1:g}"


def _table_item(
    stored: Stored,
    *,
    start: int,
    entries: int,
    byte_order: Literal["<", ">"],
    relative: float = 1.0,
    explanation: str = "NORMAL",
) -> Dataset:
    """Item of a VOI LUT sequence, 16 bits as real archives declare it whatever is stored; steeper in the middle.

    Args:
        stored: for the displayed range.
        start: first value mapped; entries: number of values mapped.
        byte_order: of the file's words.
        relative: width of the mapped slope, relative to the displayed range.
        explanation: text of LUTExplanation.
    """
    middle, half = stored.first + (stored.entries - 1) / 2, relative * (stored.entries - 1) / 2
    share = np.clip((start + np.arange(entries) - middle) / (2 * half) + 0.5, 0, 1)
    curve = np.round(65535 * (share - 0.08 * np.sin(2 * np.pi * share))).astype(f"{byte_order}u2")
    item = Dataset()
    item.LUTDescriptor = [entries, start, 16]
    item.LUTExplanation = explanation
    item.LUTData = curve.tobytes()
    item["LUTData"].VR = "OW"
    return item
