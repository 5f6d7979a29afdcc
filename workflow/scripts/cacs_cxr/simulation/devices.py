"""The radiographic devices of the sites: how each processes, encodes and heads its radiographs.

The shares of photometric interpretations, bit depths, value-of-interest transformations and pixel spacings are those
counted in 7,469 headers of a public collection of chest radiographs, rounded.
"""

from dataclasses import dataclass

from cacs_cxr.simulation.radiograph import Processing

CR_STORAGE = "1.2.840.10008.5.1.4.1.1.1"
DX_STORAGE = "1.2.840.10008.5.1.4.1.1.1.1"
DX_FOR_PROCESSING = "1.2.840.10008.5.1.4.1.1.1.1.1"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"

IMPLICIT, EXPLICIT, RLE = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.5"

BITS_STORED = {12: 0.79, 15: 0.17, 10: 0.02, 14: 0.02}
VOI_STYLES = {"window": 0.55, "lut": 0.41, "none": 0.04}
TRANSFER_SYNTAXES = {EXPLICIT: 0.72, IMPLICIT: 0.20, RLE: 0.08}
FORMATS_MM = {"430x430": 0.72, "350x430": 0.20, "430x350": 0.08}  # width x height
PIXEL_SPACING_SHARE = 0.66
LUT_SHAPE_SHARE = 0.16  # of MONOCHROME1 radiographs that tell their PresentationLUTShape


@dataclass(frozen=True)
class Device:
    """A radiographic device.

    Attributes:
        share: of the site's radiographs; inverted: share of those stored as MONOCHROME1.
        marker: the lead letter that its technologists lay on the detector, or "".
    """

    manufacturer: str
    model: str
    modality: str
    share: float
    inverted: float
    marker: str
    processing: Processing


DEVICES: dict[str, dict[str, Device]] = {
    "development": {
        "a": Device("Simulated Vendor A", "Plate Reader 1", "CR", 0.65, 0.62, "R", Processing(30_000, 0.5, 0.48, 1.0)),
        "b": Device("Simulated Vendor B", "Flat Panel 1", "DX", 0.35, 0.22, "", Processing(45_000, 0.8, 0.55, 0.95)),
    },
    "external": {
        "c": Device("Simulated Vendor C", "Flat Panel 2", "DX", 0.60, 0.40, "L", Processing(40_000, 0.3, 0.40, 1.1)),
        "d": Device("Simulated Vendor D", "Plate Reader 2", "CR", 0.40, 0.60, "", Processing(18_000, 0.9, 0.60, 0.9)),
    },
}


def device_named(name: str) -> Device:
    """Device of any site by its short name."""
    return {key: device for devices in DEVICES.values() for key, device in devices.items()}[name]


def format_mm(detector_format: str) -> tuple[float, float]:
    """Width and height in mm of a detector format such as ``"350x430"``."""
    width, height = detector_format.split("x")
    return float(width), float(height)
