"""The radiographs of a simulated site: how many each patient has, when, in which view, and all that they show."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pandas as pd

from cacs_cxr.simulation.anatomy import CHEST_COLUMNS, Chest, draw_persons_chest, draw_position, landmark_boxes
from cacs_cxr.simulation.attendance import ANALYSED, iso_date
from cacs_cxr.simulation.copies import add_copies
from cacs_cxr.simulation.devices import Device, format_mm
from cacs_cxr.simulation.headers import draw_headers
from cacs_cxr.simulation.oddities import draw_oddities, turn_boxes

WINDOW_DAYS = 183  # radiographs to be taken lie this near to the CT, those out of the window farther
DEFECTS = ("html", "header-only", "truncated", "truncated-rle")
WRONG_VIEWS = ("lateral", "AP", "unknown")

# A lateral stands beside every fifth radiograph, in life beside most of them: the study sets laterals aside by their
# header, and drawing and storing more of them would cost half as much again.
EXTRA_PA_SHARE, EXTRA_AP_SHARE, EXTRA_LATERAL_SHARE, EXTRA_UNKNOWN_SHARE = 0.15, 0.05, 0.20, 0.05
FIELD_MARGIN_MM = 4.0
UPRIGHT, ACROSS = "350x430", "430x350"
TOLERATED_MM = 16.0  # of a tall chest out of a detector laid across, before an upright one is taken


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


def draw_radiographs(
    patients: pd.DataFrame, *, site: str, devices: Mapping[str, Device], stream: Callable[[str], np.random.Generator]
) -> tuple[pd.DataFrame, "pd.Series[int]"]:
    """Draw all radiographs of a site with everything that drawing and writing them needs.

    Args:
        patients: columns patient_id, fate, rank, score_day, age_years, male and those of `draw_persons_chest`.
        site: name of the site, which enters the file names.
        devices: the site's devices.
        stream: gives the source of randomness of a named part, so that the draws of one part never change another's.

    Returns:
        One row a file (name, patient, date, view, header variants, oddity, copy, measures of the chest, boxes of the
        thorax and of the calcifications); and the day of each patient's chosen radiograph.
    """
    generator = stream("radiographs")
    chests = draw_persons_chest(patients, generator=generator)
    frame, chosen = draw_exposures(patients, generator=generator)
    frame["exposure"] = frame.index
    frame["person"] = frame["patient_row"]
    # The first exposure of an analysed patient is the one that the study will choose.
    eligible = (frame["patient_row"].map(patients["fate"]) == ANALYSED) & ~frame["patient_row"].duplicated()
    frame = frame.join(draw_oddities(frame, eligible=eligible, generator=stream("oddities")))
    frame.loc[frame["oddity"] == "lateral headed PA", "view"] = "lateral"
    frame = frame.join(draw_headers(frame, devices=devices, generator=stream("headers")))
    position = draw_position(frame["view"], generator=stream("positions"))
    placed = place_chests(chests.loc[frame["patient_row"]].reset_index(drop=True), position, exposures=frame)
    frame = frame.drop(columns="format_mm").join(placed)
    frame = add_copies(frame, eligible=eligible, generator=stream("copies"))
    own_study = frame["copy"].str.startswith(("reheaded", "recompressed"))
    frame["study"] = frame.groupby(["patient_row", "day", own_study], sort=False).ngroup()
    frame["instance_number"] = frame.groupby("study").cumcount() + 1
    names = stream("files")
    frame = frame.iloc[names.permutation(len(frame))].reset_index(drop=True)
    patient = patients.loc[frame["patient_row"]].reset_index(drop=True)
    digests = [hashlib.sha256(f"{site} {number}".encode()).hexdigest()[:12] for number in frame.index]
    suffixes = np.where(names.random(len(frame)) < 0.04, "", ".dcm")
    front = pd.DataFrame(
        {
            "file": [digest + suffix for digest, suffix in zip(digests, suffixes, strict=True)],
            "patient_id": patient["patient_id"],
            "study_date": np.where(patient["fate"] == "undated", "", [iso_date(day) for day in frame["day"]]),
            "sex": np.where(patient["male"] == 1, "M", "F"),
            "age_years": patient["age_years"],
        }
    )
    return front.join(frame.drop(columns=["day", "misfiled", "view_told", "patient_row"])), chosen


def place_chests(chests: pd.DataFrame, position: pd.DataFrame, *, exposures: pd.DataFrame) -> pd.DataFrame:
    """Measures of each chest as it stands before the detector, the detector's format, and the boxes of landmarks.

    The patient is moved until the thorax lies in the field, if it can; with the oddity "cut" it then stands beside it.

    Args:
        chests: as `draw_persons_chest` gives them, one row an exposure.
        position: as `draw_position` gives it.
        exposures: columns format_mm, view, cut_share and oddity.
    """
    measures = position.join(chests)
    for dome in ("dome_right", "dome_left"):
        measures[dome] -= measures["inspiration"]
    for border in ("heart_right", "heart_left"):
        measures[border] *= measures["magnification"]
    placed, boxes = [], []
    for measure, size, view, cut in zip(
        measures[list(CHEST_COLUMNS)].to_dict("records"),
        *(exposures[name] for name in ("format_mm", "view", "cut_share")),
        strict=True,
    ):
        chest = Chest(**{str(name): float(value) for name, value in measure.items()})
        if view != "lateral":
            size = _fitting_format(size, chest)
        width, height = format_mm(size)
        box = landmark_boxes(chest, width_mm=width, height_mm=height)
        aside = _into_field(box["thorax_left"] * width, box["thorax_right"] * width, field=width)
        if cut:
            aside = _beyond_edge(box["thorax_left"] * width, box["thorax_right"] * width, field=width, share=cut)
        down = _into_field(box["thorax_top"] * height, box["thorax_bottom"] * height, field=height)
        chest = replace(chest, shift_x=chest.shift_x + aside, shift_y=chest.shift_y + down)
        placed.append({**asdict(chest), "format_mm": size})
        boxes.append(landmark_boxes(chest, width_mm=width, height_mm=height))
    return pd.DataFrame(placed).join(turn_boxes(pd.DataFrame(boxes), exposures["oddity"]))


def _fitting_format(size: str, chest: Chest) -> str:
    """Format for a frontal chest: one too broad for an upright detector is taken across, one too tall upright."""
    field = format_mm(UPRIGHT)[0] - 2 * FIELD_MARGIN_MM
    broad = 2 * chest.half_width * chest.scale > field
    tall = (chest.dome_left + chest.costophrenic - chest.apex) * chest.scale > field + TOLERATED_MM
    if size == UPRIGHT and broad:
        return ACROSS
    return UPRIGHT if size == ACROSS and tall and not broad else size


def _beyond_edge(low: float, high: float, *, field: float, share: float) -> float:
    """Move (mm) that brings a share of an interval beyond the field's right edge; if negative, beyond the left one."""
    outside = share * (high - low)
    return field + outside - high if share > 0 else outside - low


def _into_field(low: float, high: float, *, field: float) -> float:
    """Move (mm) that brings an interval into a field, with a margin; to its middle where it is too long."""
    if high - low > field - 2 * FIELD_MARGIN_MM:
        return field / 2 - (low + high) / 2
    return max(FIELD_MARGIN_MM - low, 0.0) + min(field - FIELD_MARGIN_MM - high, 0.0)
