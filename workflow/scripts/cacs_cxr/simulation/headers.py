"""What the headers of a site's radiographs say: device, dialect, view, and the encoding of the file.

Header draws have their own stream of random numbers: another header never means another patient or other pixels.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from cacs_cxr.simulation.devices import Device
from cacs_cxr.simulation.dialects import DIALECTS, draw_dialects, draw_shown_ranges

IMPLICIT, EXPLICIT, RLE = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.5"
BIG_ENDIAN, DEFLATED = "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"
JPEG_BASELINE, JPEG_2000 = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.91"

TRANSFER_SYNTAXES = {EXPLICIT: 0.72, IMPLICIT: 0.20, RLE: 0.08}  # chosen; the collection does not tell
_SYNTAX_OF_ODDITY = {
    "big endian": BIG_ENDIAN,
    "deflated": DEFLATED,
    "no meta header": IMPLICIT,
    "no preamble": EXPLICIT,
}

# Width x height by kind of device and view, at the shares of the collection. Some more are drawn across than there are
# (71 % of plates of PA views), as chests too tall for them are taken upright.
FORMATS_MM = {
    ("plate", "PA"): {"430x350": 0.76, "350x430": 0.24},
    ("plate", "AP"): {"430x350": 0.91, "350x430": 0.09},
    ("plate", "lateral"): {"350x430": 0.98, "430x350": 0.02},
    ("panel", "PA"): {"430x430": 0.81, "430x350": 0.16, "350x430": 0.03},
    ("panel", "AP"): {"430x430": 0.81, "430x350": 0.16, "350x430": 0.03},
    ("panel", "lateral"): {"350x430": 0.54, "430x430": 0.46},
}

VIEW_SOURCES = {
    "ViewCodeSequence": 0.25,
    "SeriesDescription": 0.45,
    "ProtocolName": 0.20,
    "AcquisitionDeviceProcessingDescription": 0.10,
}
"""Where a dialect without ViewPosition tells the view all the same: chosen, as the collection has no descriptions."""


def _pick(shares: Mapping[str, float], number: int, generator: np.random.Generator) -> list[str]:
    names, weights = list(shares), np.array(list(shares.values()), dtype=float)
    return [names[index] for index in generator.choice(len(names), size=number, p=weights / weights.sum())]


def _devices_and_dialects(
    exposures: pd.DataFrame, *, devices: Mapping[str, Device], generator: np.random.Generator
) -> pd.DataFrame:
    """Device and dialect, the same for all radiographs of a patient's day.

    A radiograph whose view nobody tells gets its device and dialect from one that tells its view, and hands its own
    over in exchange, where its own tells views: so untold views belong to dialects without them, and every dialect
    keeps its share.
    """
    study = exposures.groupby(["patient_row", "day"], sort=False).ngroup()
    number = int(study.max()) + 1
    drawn = pd.DataFrame({"device": _pick({name: item.share for name, item in devices.items()}, number, generator)})
    drawn["dialect"] = draw_dialects(drawn["device"].map(lambda name: devices[name].kind), generator=generator)
    untold = np.unique(study[~exposures["view_told"]])
    silent = drawn["dialect"].map(lambda name: not DIALECTS[name].view).to_numpy()
    giving = untold[~silent[untold]]
    taking = generator.permutation(np.setdiff1d(np.flatnonzero(silent), untold))[: len(giving)]
    giving = giving[: len(taking)]
    drawn.iloc[np.concatenate([giving, taking])] = drawn.iloc[np.concatenate([taking, giving])].to_numpy()
    return drawn.iloc[study.to_numpy()].set_index(exposures.index)


def draw_headers(
    exposures: pd.DataFrame, *, devices: Mapping[str, Device], generator: np.random.Generator
) -> pd.DataFrame:
    """Draw device, dialect and the variants of header and encoding of every radiograph.

    Args:
        exposures: columns patient_row, day, view, view_told, defect, purpose and oddity.
        devices: the site's devices.
        generator: source of randomness.

    Returns:
        device, dialect, shown_low and shown_span (part of the stored range that is displayed), transfer_syntax,
        format_mm, view_header (ViewPosition) and view_source (the element that tells the view, "" for none).
    """
    number = len(exposures)
    frame = _devices_and_dialects(exposures, devices=devices, generator=generator)
    frame["format_uniform"] = generator.random(number)
    of_processing = (exposures["purpose"] == "for processing").to_numpy()
    if of_processing.any():
        frame.loc[of_processing, "device"] = next(name for name, item in devices.items() if item.kind == "panel")
        frame.loc[of_processing, "dialect"] = "panel-15-bit"
    frame = pd.concat([frame, draw_shown_ranges(frame["dialect"], generator=generator)], axis=1)
    frame["transfer_syntax"] = _transfer_syntaxes(exposures, generator=generator)
    formats = [
        _format(devices[device].kind, view, uniform)
        for device, view, uniform in zip(frame["device"], exposures["view"], frame.pop("format_uniform"), strict=True)
    ]
    frame["format_mm"] = formats
    term = generator.random(number)
    source = np.array(_pick(VIEW_SOURCES, number, generator))
    told = exposures["view_told"].to_numpy()
    has_position = np.array([DIALECTS[name].view for name in frame["dialect"]])
    frame["view_source"] = np.where(~told, "", np.where(has_position, "ViewPosition", source))
    headed = np.where(exposures["oddity"] == "lateral headed PA", "PA", exposures["view"])
    lateral = [_nth(DIALECTS[name].lateral, uniform) for name, uniform in zip(frame["dialect"], term, strict=True)]
    position = np.where(headed == "lateral", lateral, headed)
    frame["view_header"] = np.where(frame["view_source"] == "ViewPosition", position, "")
    frame["headed_view"] = headed
    return frame


def _nth(weights: Mapping[str, float], uniform: float) -> str:
    """Name at a place in [0, 1) of the cumulated weights."""
    shares = np.cumsum(np.array(list(weights.values()), dtype=float))
    return list(weights)[int(np.searchsorted(shares / shares[-1], uniform, side="right"))]


def _format(kind: str, view: str, uniform: float) -> str:
    return _nth(FORMATS_MM[kind, view], uniform)


def _transfer_syntaxes(exposures: pd.DataFrame, *, generator: np.random.Generator) -> "pd.Series[str]":
    syntax = pd.Series(_pick(TRANSFER_SYNTAXES, len(exposures), generator), index=exposures.index)
    syntax[exposures["defect"] == "truncated-rle"] = RLE
    syntax[(exposures["defect"] == "truncated") & (syntax == RLE)] = EXPLICIT
    required: Any = exposures["oddity"].map(_SYNTAX_OF_ODDITY)
    return syntax.mask(required.notna(), required)
