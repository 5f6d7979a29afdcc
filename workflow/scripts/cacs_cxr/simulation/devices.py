"""The radiographic devices of the sites: how each processes its radiographs, and what it is called."""

from dataclasses import dataclass
from typing import Literal

from cacs_cxr.simulation.radiograph import Processing


@dataclass(frozen=True)
class Device:
    """A radiographic device.

    Attributes:
        kind: plate reader or flat panel, which settles the dialects and the formats of its radiographs.
        share: of the site's radiographs. Plate readers made 3,867 of the 7,469 radiographs in `dialects.SOURCE`; over
            both sites of the default study they make as many.
        marker: the lead letter that its technologists lay on the detector, or "".
    """

    manufacturer: str
    model: str
    kind: Literal["plate", "panel"]
    share: float
    marker: str
    processing: Processing


DEVICES: dict[str, dict[str, Device]] = {
    "development": {
        "a": Device("Simulated Vendor A", "Plate Reader 1", "plate", 0.57, "R", Processing(30_000, 0.5, 0.48, 1.0)),
        "b": Device("Simulated Vendor B", "Flat Panel 1", "panel", 0.43, "", Processing(45_000, 0.8, 0.55, 0.95)),
    },
    "external": {
        "c": Device("Simulated Vendor C", "Flat Panel 2", "panel", 0.60, "L", Processing(40_000, 0.3, 0.40, 1.1)),
        "d": Device("Simulated Vendor D", "Plate Reader 2", "plate", 0.40, "", Processing(18_000, 0.9, 0.60, 0.9)),
    },
}


def device_named(name: str) -> Device:
    """Device of any site by its short name."""
    return {key: device for devices in DEVICES.values() for key, device in devices.items()}[name]


def format_mm(detector_format: str) -> tuple[float, float]:
    """Width and height in mm of a detector format such as ``"350x430"``."""
    width, height = detector_format.split("x")
    return float(width), float(height)
