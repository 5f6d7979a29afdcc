"""The radiographs of a simulated site: how many each patient has, when, in which view, on which device, how encoded."""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from cacs_cxr.simulation.anatomy import CHEST_COLUMNS, Chest, draw_persons_chest, draw_position, landmark_boxes
from cacs_cxr.simulation.attendance import iso_date
from cacs_cxr.simulation.devices import (
    BITS_STORED,
    FORMATS_MM,
    LUT_SHAPE_SHARE,
    PIXEL_SPACING_SHARE,
    RLE,
    TRANSFER_SYNTAXES,
    VOI_STYLES,
    Device,
    format_mm,
)

WINDOW_DAYS = 183  # radiographs to be taken lie this near to the CT, those out of the window farther
DEFECTS = ("html", "header-only", "truncated", "truncated-rle")
WRONG_VIEWS = ("lateral", "AP", "unknown")

EXTRA_PA_SHARE, EXTRA_AP_SHARE, EXTRA_LATERAL_SHARE, EXTRA_UNKNOWN_SHARE = 0.15, 0.05, 0.20, 0.05
RESENT_SHARE, REHEADED_SHARE = 0.012, 0.012
VIEW_CODE_SHARE = 0.06  # of the DX radiographs, which tell their view by code alone
LATERAL_HEADERS = {"LL": 0.82, "LATERAL": 0.14, "RL": 0.04}


def draw_exposures(patients: pd.DataFrame, *, generator: np.random.Generator) -> tuple[pd.DataFrame, "pd.Series[int]"]:
    """Draw which radiographs exist and when they were taken.

    Args:
        patients: columns fate, rank (among the same fate) and score_day.
        generator: source of randomness.

    Returns:
        One row a radiograph: patient_row, day, view (PA, AP or lateral: how it was taken), view_told (whether the
        header tells it), defect, purpose ('' | 'other modality' | 'for processing'), misfiled; and the day of the
        radiograph that the study will choose of each patient (the CT's day where there is none to choose).
    """
    rows: list[dict[str, Any]] = []
    chosen = patients["score_day"].copy()
    for row, fate, rank, score_day in zip(
        patients.index, patients["fate"], patients["rank"], patients["score_day"], strict=True
    ):
        distance = 1 + min(int(generator.exponential(45)), WINDOW_DAYS - 8)
        side = int(generator.choice((-1, 1)))
        day = score_day + side * distance

        def add(day: int, view: str = "PA", *, row: Any = row, **content: Any) -> None:
            blank = {"view_told": True, "defect": "", "purpose": "", "misfiled": False}
            rows.append({"patient_row": row, "day": int(day), "view": view, **blank, **content})

        if fate == "no_radiograph":
            continue
        if fate == "wrong_view":
            view = WRONG_VIEWS[rank % len(WRONG_VIEWS)]
            add(day, "PA" if view == "unknown" else view, view_told=view != "unknown")
            continue
        if fate == "unreadable":
            add(day, defect=DEFECTS[rank % len(DEFECTS)])
            continue
        if fate in ("wrong_modality", "for_processing"):
            add(day, purpose={"wrong_modality": "other modality", "for_processing": "for processing"}[fate])
            continue
        if fate in ("misfiled", "undated"):
            add(day, misfiled=fate == "misfiled")
            continue
        if fate == "out_of_window":
            day = score_day + side * int(generator.integers(WINDOW_DAYS + 1, 720))
        add(day)
        chosen.loc[row] = day
        extra = generator.random(4)
        if extra[0] < EXTRA_PA_SHARE:
            # Farther away than the first, so that the nearest radiograph is known without asking the study.
            farther = int(generator.integers(distance + 1, 420))
            if fate == "out_of_window":
                farther += 720
            add(score_day + int(generator.choice((-1, 1))) * farther)
        if extra[1] < EXTRA_AP_SHARE:
            add(score_day + int(generator.integers(-200, 201)), "AP")
        if extra[2] < EXTRA_LATERAL_SHARE:
            add(day, "lateral")
        if extra[3] < EXTRA_UNKNOWN_SHARE:
            add(score_day + int(generator.integers(-200, 201)), view_told=False)
    return pd.DataFrame(rows), chosen


def _pick(shares: Mapping[Any, float], number: int, generator: np.random.Generator) -> list[Any]:
    keys, weights = list(shares), np.array(list(shares.values()))
    return [keys[index] for index in generator.choice(len(keys), size=number, p=weights / weights.sum())]


def draw_headers(
    exposures: pd.DataFrame, *, devices: Mapping[str, Device], generator: np.random.Generator
) -> pd.DataFrame:
    """Add to every radiograph its device and the variants of its header and encoding.

    Returns:
        `exposures` with device, modality, photometric, bits_stored, voi, transfer_syntax, format_mm, pixel_spacing,
        lut_shape (whether the header has it), view_header and view_code.
    """
    number = len(exposures)
    frame = exposures.copy()
    frame["device"] = _pick({name: device.share for name, device in devices.items()}, number, generator)
    of_processing = (frame["purpose"] == "for processing").to_numpy()
    if of_processing.any():
        digital = next(name for name, device in devices.items() if device.modality == "DX")
        frame.loc[of_processing, "device"] = digital
    inverted = np.array([devices[name].inverted for name in frame["device"]])
    frame["photometric"] = np.where(generator.random(number) < inverted, "MONOCHROME1", "MONOCHROME2")
    frame["modality"] = [devices[name].modality for name in frame["device"]]
    frame.loc[frame["purpose"] == "other modality", "modality"] = "OT"
    frame["bits_stored"] = _pick(BITS_STORED, number, generator)
    frame["voi"] = _pick(VOI_STYLES, number, generator)
    frame["transfer_syntax"] = _pick(TRANSFER_SYNTAXES, number, generator)
    frame.loc[frame["defect"] == "truncated-rle", "transfer_syntax"] = RLE
    frame.loc[(frame["defect"] == "truncated") & (frame["transfer_syntax"] == RLE), "transfer_syntax"] = next(
        iter(TRANSFER_SYNTAXES)
    )
    frame["format_mm"] = _pick(FORMATS_MM, number, generator)
    frame["pixel_spacing"] = generator.random(number) < PIXEL_SPACING_SHARE
    frame["lut_shape"] = (frame["photometric"] == "MONOCHROME2") | (generator.random(number) < LUT_SHAPE_SHARE)
    lateral = _pick(LATERAL_HEADERS, number, generator)
    by_code = (frame["modality"] == "DX") & (generator.random(number) < VIEW_CODE_SHARE) & (frame["view"] == "PA")
    told = [side if view == "lateral" else view for view, side in zip(frame["view"], lateral, strict=True)]
    frame["view_header"] = np.where(frame["view_told"] & ~by_code, told, "")
    frame["view_code"] = by_code & frame["view_told"]
    return frame


def add_copies(radiographs: pd.DataFrame, *, generator: np.random.Generator) -> pd.DataFrame:
    """Add copies: sent twice with the same UID, sent again under a new one, and filed under a second patient.

    Args:
        radiographs: with column `exposure`, the number of the exposure that a copy shares with its original.

    Returns:
        The radiographs with their copies at the end, and columns copy ('' | 'resent' | 'reheaded' | 'misfiled').
    """
    frame = radiographs.assign(copy="")
    plain = frame[(frame["defect"] == "") & (frame["purpose"] == "") & ~frame["misfiled"] & (frame["view"] == "PA")]
    parts = [frame]
    for kind, share in (("resent", RESENT_SHARE), ("reheaded", REHEADED_SHARE)):
        number = max(1, round(share * len(plain)))
        rows = np.sort(generator.choice(plain.index.to_numpy(), size=min(number, len(plain)), replace=False))
        parts.append(plain.loc[rows].assign(copy=kind))
    misfiled = frame[frame["misfiled"]].index.to_numpy()
    for first, second in zip(misfiled[0::2], misfiled[1::2], strict=False):
        # The second patient of a pair has the first one's radiograph in place of an own one.
        shared = frame.loc[[first]].assign(patient_row=frame.loc[second, "patient_row"], copy="misfiled")
        parts[0] = parts[0].drop(index=second)
        parts.append(shared)
    return pd.concat(parts, ignore_index=True)


def _chest(measures: Mapping[Any, Any]) -> Chest:
    return Chest(**{name: float(measures[name]) for name in CHEST_COLUMNS})


def draw_radiographs(
    patients: pd.DataFrame, *, site: str, devices: Mapping[str, Device], generator: np.random.Generator
) -> tuple[pd.DataFrame, "pd.Series[int]"]:
    """Draw all radiographs of a site with everything that drawing and writing them needs.

    Args:
        patients: columns patient_id, fate, rank, score_day, age_years, male and those of `draw_persons_chest`.
        site: name of the site, which enters the file names.
        devices: the site's devices.
        generator: source of randomness.

    Returns:
        One row a file (name, patient, date, view, header variants, measures of the chest, boxes of the thorax and
        of the calcifications); and the day of each patient's chosen radiograph.
    """
    chests = draw_persons_chest(patients, generator=generator)
    exposures, chosen = draw_exposures(patients, generator=generator)
    frame = draw_headers(exposures, devices=devices, generator=generator)
    frame["exposure"] = np.arange(len(frame))
    position = draw_position(len(frame), generator=generator)
    measures = chests.loc[frame["patient_row"]].reset_index(drop=True)
    for dome in ("dome_right", "dome_left"):
        measures[dome] -= position["inspiration"]
    measures = pd.concat([position.drop(columns="inspiration"), measures], axis=1)[list(CHEST_COLUMNS)]
    boxes = [
        landmark_boxes(_chest(measure), width_mm=format_mm(size)[0], height_mm=format_mm(size)[1])
        for measure, size in zip(measures.to_dict("records"), frame["format_mm"], strict=True)
    ]
    frame = add_copies(pd.concat([frame, measures, pd.DataFrame(boxes)], axis=1), generator=generator)
    frame = frame.iloc[generator.permutation(len(frame))].reset_index(drop=True)
    person = patients.loc[frame["patient_row"]].reset_index(drop=True)
    # A misfiled copy shows the person whose radiograph it is, whatever its header says.
    own_row = frame.groupby("exposure")["patient_row"].transform("first")
    digests = [hashlib.sha256(f"{site} {number}".encode()).hexdigest()[:12] for number in frame.index]
    suffixes = np.where(generator.random(len(frame)) < 0.04, "", ".dcm")
    front = pd.DataFrame(
        {
            "file": [digest + suffix for digest, suffix in zip(digests, suffixes, strict=True)],
            "patient_id": person["patient_id"],
            "study_date": np.where(person["fate"] == "undated", "", [iso_date(day) for day in frame["day"]]),
            "sex": np.where(person["male"] == 1, "M", "F"),
            "age_years": person["age_years"],
            "person": own_row,
        }
    )
    return pd.concat([front, frame.drop(columns=["day", "misfiled", "view_told", "patient_row"])], axis=1), chosen
