"""The ways in which real devices and archives head chest radiographs, and how often each of them occurs.

Elements of a header do not vary on their own: a device's software settles photometric interpretation, bit depth,
value-of-interest transformation, rescale type, views and spacings together. A dialect is one such combination. The
combinations and their counts were read from the 7,469 headers of the chest radiographs of Indiana University that
Open-i publishes (Demner-Fushman et al., J Am Med Inform Assoc 2016;23:304-310), rare ones joined to their likes.
De-identification had removed the manufacturer and every description there, and the transfer syntax is not listed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
import pandas as pd

SOURCE = (
    "7,469 headers of chest radiographs of Indiana University, published by Open-i "
    "(Demner-Fushman et al., J Am Med Inform Assoc 2016;23:304-310)"
)
CR_STORAGE = "1.2.840.10008.5.1.4.1.1.1"
DX_STORAGE = "1.2.840.10008.5.1.4.1.1.1.1"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"

DERIVED, ORIGINAL = ("DERIVED", "PRIMARY"), ("ORIGINAL", "PRIMARY")
ANTERIOR, POSTERIOR = ("A", "F"), ("P", "F")


@dataclass(frozen=True)
class ShownRange:
    """Where in the stored range the displayed part lies, as shares of it: normal, the centre given the span.

    Attributes:
        span: mean and standard deviation of the displayed share; limits: least and greatest.
        centre: mean of its centre, change of it per unit of span, and standard deviation of the rest.
    """

    span: tuple[float, float] = (1.0, 0.0)
    limits: tuple[float, float] = (0.1, 1.0)
    centre: tuple[float, float, float] = (0.5, 0.0, 0.0)


WHOLE = ShownRange()
HALF = ShownRange(span=(0.5, 0.0))


@dataclass(frozen=True)
class Dialect:
    """How a group of devices heads its radiographs.

    Attributes:
        count: headers of the collection that it stands for.
        kind: plate reader or flat panel.
        voi: window, lookup table, both, or none: then the stored range is the displayed one.
        lut_shape: whether PresentationLUTShape is there (it always agrees with the photometric interpretation).
        rescale_type: text of RescaleType; empty where slope, intercept and type are absent.
        view: whether ViewPosition is there.
        lateral: values of ViewPosition of laterals, by weight.
        frontal_orientation, lateral_orientation: PatientOrientation; empty where absent.
        spacing_ratio: PixelSpacing over ImagerPixelSpacing; 0 where PixelSpacing is absent.
        sign: PixelIntensityRelationshipSign of images that say they are for presentation; 0 where both are absent.
    """

    count: int
    kind: Literal["plate", "panel"]
    bits_stored: int
    photometric: Literal["MONOCHROME1", "MONOCHROME2"]
    voi: Literal["window", "lut", "both", "none"]
    shown: ShownRange = WHOLE
    lut_shape: bool = False
    rescale_type: str = ""
    sop_class: str = CR_STORAGE
    modality: str = "CR"
    image_type: tuple[str, ...] = DERIVED
    view: bool = True
    lateral: Mapping[str, int] = field(default_factory=lambda: {"LL": 1})
    frontal_orientation: tuple[str, ...] = ("L", "F")
    lateral_orientation: tuple[str, ...] = ANTERIOR
    body_part: str = "CHEST"
    spacing_ratio: float = 1.0
    sign: int = 0
    burned_in_told: bool = False
    lossy_told: bool = False
    character_set: str = "ISO_IR 100"


ONE: Final = "MONOCHROME1"
TWO: Final = "MONOCHROME2"
_PLATE_TABLE = ShownRange(span=(0.53, 0.09), limits=(0.2, 0.8), centre=(0.60, -0.5, 0.08))
_FITTED_WINDOW = ShownRange(span=(0.67, 0.135), limits=(0.3, 1.0), centre=(0.405, 0.28, 0.054))
_CENTRED_TABLE = ShownRange(span=(0.52, 0.05), limits=(0.46, 0.7), centre=(0.52, 0.0, 0.04))
_NARROW_WINDOW = ShownRange(span=(0.185, 0.02), limits=(0.13, 0.22), centre=(0.31, 0.4, 0.014))
_SILENT: tuple[str, ...] = ()

DIALECTS: dict[str, Dialect] = {
    "plate-table": Dialect(
        2878, "plate", 12, ONE, "lut", _PLATE_TABLE,
        rescale_type="LOG_E REL", lateral_orientation=POSTERIOR, character_set="ISO 2022 IR 6",
    ),
    "panel-window": Dialect(
        2306, "panel", 12, TWO, "window", _FITTED_WINDOW,
        lut_shape=True, image_type=("DERIVED", "SECONDARY", "", "CSA RESAMPLED"), view=False,
        frontal_orientation=_SILENT, lateral_orientation=_SILENT, body_part="", spacing_ratio=0.0,
        burned_in_told=True, lossy_told=True,
    ),
    "panel-window-original": Dialect(
        197, "panel", 12, TWO, "window", _FITTED_WINDOW,
        lut_shape=True, image_type=ORIGINAL, view=False,
        frontal_orientation=_SILENT, lateral_orientation=_SILENT, body_part="", spacing_ratio=0.0,
        burned_in_told=True, lossy_told=True,
    ),
    "panel-15-bit": Dialect(
        866, "panel", 15, TWO, "window",
        lut_shape=True, rescale_type="US", sop_class=DX_STORAGE, spacing_ratio=1.007, sign=-1,
        burned_in_told=True, lossy_told=True,
    ),
    "plate-15-bit-window": Dialect(
        439, "plate", 15, ONE, "window", HALF,
        lut_shape=True, rescale_type="P-VALUES", image_type=ORIGINAL, lateral={"LL": 12, "RL": 1},
        lateral_orientation=POSTERIOR, burned_in_told=True, lossy_told=True,
    ),
    "plate-15-bit-table": Dialect(
        118, "plate", 15, ONE, "lut", _CENTRED_TABLE,
        lut_shape=True, rescale_type="P-VALUES", image_type=ORIGINAL, lateral={"LL": 12, "RL": 1},
        lateral_orientation=POSTERIOR, burned_in_told=True, lossy_told=True,
    ),
    "plate-15-bit-relative": Dialect(
        15, "plate", 15, ONE, "lut", _CENTRED_TABLE,
        lut_shape=True, rescale_type="P REL", lateral_orientation=POSTERIOR, character_set="",
    ),
    "plate-bare": Dialect(
        281, "plate", 12, TWO, "none",
        lut_shape=True, image_type=("DERIVED",), lateral={"LATERAL": 101, "LL": 45, "LARGE LATERAL": 2},
        frontal_orientation=_SILENT, lateral_orientation=_SILENT, lossy_told=True,
    ),
    "plate-whole-window": Dialect(
        73, "plate", 12, TWO, "window",
        image_type=("DERIVED",), lateral={"LATERAL": 1},
        frontal_orientation=_SILENT, lateral_orientation=_SILENT, lossy_told=True,
    ),
    "panel-15-bit-plain": Dialect(18, "panel", 15, TWO, "window"),
    "panel-15-bit-silent": Dialect(
        20, "panel", 15, TWO, "window", view=False, frontal_orientation=_SILENT, lateral_orientation=_SILENT
    ),
    "panel-12-bit": Dialect(
        96, "panel", 12, TWO, "window",
        lut_shape=True, rescale_type="US", sop_class=DX_STORAGE, image_type=(*ORIGINAL, ""), spacing_ratio=1.006,
        sign=1, burned_in_told=True, lossy_told=True, character_set="",
    ),
    "plate-10-bit": Dialect(
        58, "plate", 10, ONE, "none",
        rescale_type="US", image_type=(*DERIVED, "POST_PROCESSED"), view=False,
        frontal_orientation=_SILENT, lateral_orientation=_SILENT, lossy_told=True, character_set="",
    ),
    "plate-10-bit-window": Dialect(
        3, "plate", 10, ONE, "window",
        rescale_type="US", image_type=(*DERIVED, "POST_PROCESSED"), view=False,
        frontal_orientation=_SILENT, lateral_orientation=_SILENT, lossy_told=True, character_set="",
    ),
    "panel-inverted": Dialect(
        32, "panel", 12, ONE, "window",
        image_type=_SILENT, lateral={"RL": 16, "LL": 7},
        frontal_orientation=_SILENT, lateral_orientation=_SILENT, character_set="",
    ),
    "panel-inverted-bare": Dialect(
        16, "panel", 12, ONE, "none",
        image_type=_SILENT, lateral={"RL": 16, "LL": 7}, spacing_ratio=0.0,
        frontal_orientation=_SILENT, lateral_orientation=_SILENT, character_set="",
    ),
    "panel-three-windows": Dialect(
        26, "panel", 14, TWO, "both", _NARROW_WINDOW,
        lut_shape=True, rescale_type="US", sop_class=DX_STORAGE, modality="DX", image_type=(*ORIGINAL, ""),
        lateral_orientation=POSTERIOR, spacing_ratio=0.0, sign=-1, burned_in_told=True, lossy_told=True,
    ),
    "panel-inverted-rescaled": Dialect(
        25, "panel", 12, ONE, "window",
        rescale_type="US", lateral={"LATERAL": 1}, frontal_orientation=("R", "F"),
        burned_in_told=True, lossy_told=True,
    ),
    "film": Dialect(
        2, "plate", 12, TWO, "window",
        rescale_type="US", sop_class=SECONDARY_CAPTURE, image_type=("DERIVED", "SECONDARY"), view=False,
        frontal_orientation=_SILENT, lateral_orientation=_SILENT, body_part="", spacing_ratio=0.0,
        lossy_told=True, character_set="",
    ),
}  # fmt: skip


def draw_dialects(kinds: "pd.Series[str]", *, generator: np.random.Generator) -> "pd.Series[str]":
    """Draw the dialect of each device in use, at the collection's shares among the devices of its kind."""
    drawn = pd.Series("", index=kinds.index)
    for kind in ("plate", "panel"):
        counts = {name: dialect.count for name, dialect in DIALECTS.items() if dialect.kind == kind}
        here = (kinds == kind).to_numpy()
        shares = np.array(list(counts.values())) / sum(counts.values())
        drawn[here] = generator.choice(np.array(list(counts)), size=int(here.sum()), p=shares)
    return drawn


def draw_shown_ranges(dialects: "pd.Series[str]", *, generator: np.random.Generator) -> pd.DataFrame:
    """Draw where the displayed part of the stored range begins (shown_low) and its length (shown_span), as shares."""
    shown = [DIALECTS[name].shown for name in dialects]
    span_draw, centre_draw = generator.standard_normal((2, len(shown)))
    spread = np.array([item.span for item in shown]).reshape(-1, 2)
    limits = np.array([item.limits for item in shown]).reshape(-1, 2)
    centre = np.array([item.centre for item in shown]).reshape(-1, 3)
    span = np.clip(spread[:, 0] + spread[:, 1] * span_draw, limits[:, 0], limits[:, 1])
    middle = centre[:, 0] + centre[:, 1] * (span - spread[:, 0]) + centre[:, 2] * centre_draw
    low = np.clip(middle - span / 2, 0, 1 - span)
    return pd.DataFrame({"shown_low": low, "shown_span": span}, index=dialects.index)
