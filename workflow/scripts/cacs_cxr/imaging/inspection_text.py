"""An inspection as text for a terminal and as plain values for JSON."""

import math
from itertools import groupby
from typing import Any

from cacs_cxr.imaging.inspection import Inspection
from cacs_cxr.imaging.quality import FLAG_LABELS, FLAGS
from cacs_cxr.imaging.refusals import REMEDIES

ELEMENT_WIDTH = 28


def as_text(inspection: Inspection, *, place: int, file: str, preview: str) -> str:
    """Lines that tell a file's way and end with the verdict.

    Args:
        place: number of the file on the command line, from 0.
        file: the file as the user has named it.
        preview: path of the preview, empty where there is none.
    """
    lines = [f"{place + 1}. {file}"]
    for topic, steps in groupby(inspection.steps, key=lambda step: step.topic):
        lines.append(f"  {topic}")
        lines += [_line(step.element, step.found, step.decision) for step in steps]
    if not inspection.radiograph.reason:
        lines += ["  picture", *(_line(name, value, "") for name, value in _picture(inspection, preview).items())]
        lines += ["  quality", *(_line(name, value, "") for name, value in _quality(inspection).items())]
    return "".join(f"{line}\n" for line in [*lines, f"  verdict: {verdict(inspection)}"])


def verdict(inspection: Inspection) -> str:
    """Read, or refused with reason and remedy."""
    reason = inspection.radiograph.reason
    return f"refused, {reason}. {REMEDIES[reason]}" if reason else "read"


def _line(element: str, found: str, decision: str) -> str:
    return f"    {element:<{ELEMENT_WIDTH}} {' → '.join(part for part in (found, decision) if part)}".rstrip()


def _picture(inspection: Inspection, preview: str) -> dict[str, str]:
    read, side = inspection.radiograph, inspection.radiograph.levels.shape[0]
    box = read.box
    copies = {"the same pixels as": inspection.identical_to, "nearly identical to": inspection.nearly_identical_to}
    named = [f"{words} file {place + 1}" for words, place in copies.items() if place is not None]
    return {
        "intensity path": read.intensity_path.replace(">", " → "),
        "rows × columns": f"{read.height:,} × {read.width:,}",
        "part kept": f"rows {box.top:,} to {box.bottom:,}, columns {box.left:,} to {box.right:,}",
        "reduced to": f"{side} × {side}, padded with black",
        "SHA-256 of the pixels": read.pixel_sha256,
        "copies": ", ".join(named) or "of no file before",
        "preview": preview,
    }


def _quality(inspection: Inspection) -> dict[str, str]:
    quality = inspection.radiograph.quality
    flags = [label for flag, label in FLAG_LABELS.items() if quality[flag]]
    figures = {name: f"{value:.3g}" for name, value in quality.items() if name not in FLAGS}
    return figures | {"flags": ", ".join(flags) or "none"}


def as_values(inspection: Inspection, *, place: int, file: str, preview: str) -> dict[str, Any]:
    """The same as values that JSON can hold; not-a-number becomes null, files are numbered from 1."""
    read = inspection.radiograph
    identical, nearly = inspection.identical_to, inspection.nearly_identical_to
    return {
        "number": place + 1,
        "file": file,
        "verdict": "refused" if read.reason else "read",
        "reason": read.reason,
        "remedy": REMEDIES.get(read.reason, ""),
        "steps": [vars(step) for step in inspection.steps],
        "intensity_path": read.intensity_path,
        "rows": read.height,
        "columns": read.width,
        "box": read.box._asdict(),
        "pixel_sha256": read.pixel_sha256,
        "identical_to": None if identical is None else identical + 1,
        "nearly_identical_to": None if nearly is None else nearly + 1,
        "quality": {name: _plain(value) for name, value in read.quality.items()},
        "preview": preview,
    }


def _plain(value: float | bool) -> float | bool | None:
    return None if isinstance(value, float) and math.isnan(value) else value
