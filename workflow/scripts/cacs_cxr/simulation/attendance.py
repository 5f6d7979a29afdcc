"""What becomes of each simulated patient in the flow of the study, and the days on which things happen.

Beside the patients to be analysed as many are drawn as it takes for every exclusion to occur, each at its share.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

ANALYSED = "analysed"
EXCLUSIONS = {
    "under_age": (0.012, 1),
    "missing_age": (0.008, 1),
    "no_score": (0.030, 2),
    "no_radiograph": (0.025, 1),
    "wrong_view": (0.035, 3),
    "out_of_window": (0.035, 1),
    "unreadable": (0.012, 4),
    "wrong_modality": (0.003, 1),
    "for_processing": (0.003, 1),
    "misfiled": (0.002, 2),
    "missing_sex": (0.003, 1),
    "undated": (0.003, 1),
    "not_listed": (0.003, 1),
}
"""Each exclusion's share of the analysed patients, and the least number whatever the size of the site."""

FOLLOWED = "followed"
FOLLOW_UP_FAULTS = {"missing": (0.02, 2), "prevalent": (0.01, 1), "ended_before": (0.005, 1)}
"""Likewise for patients who are analysed but have no follow-up to analyse."""

MISSING_BMI_SHARE = 0.04

FIRST_DAY, LAST_ENTRY_DAY, END_OF_STUDY = date(2010, 1, 4), date(2016, 12, 30), date(2019, 12, 31)


@dataclass(frozen=True)
class Attendance:
    """Per patient: fate (analysed or an exclusion), rank among those of the same fate, and fate of the follow-up."""

    fate: npt.NDArray[np.str_]
    rank: npt.NDArray[np.int64]
    follow_up: npt.NDArray[np.str_]


def draw_attendance(patients: int, *, generator: np.random.Generator) -> Attendance:
    """Draw the fates of a site.

    Args:
        patients: number to be analysed in the end.
        generator: source of randomness for the order.

    Returns:
        Fates of `patients` analysed patients and of those excluded, in random order.
    """
    fates = [ANALYSED] * patients
    for name, (share, least) in EXCLUSIONS.items():
        fates += [name] * max(least, round(share * patients))
    fate = generator.permutation(np.array(fates))
    rank = np.zeros(len(fate), dtype=np.int64)
    for name in np.unique(fate):
        rank[fate == name] = np.arange(np.sum(fate == name))
    follow_up = np.full(len(fate), FOLLOWED, dtype="<U16")
    analysed = generator.permutation(np.flatnonzero(fate == ANALYSED))
    start = 0
    for name, (share, least) in FOLLOW_UP_FAULTS.items():
        number = max(least, round(share * patients))
        follow_up[analysed[start : start + number]] = name
        start += number
    return Attendance(fate=fate, rank=rank, follow_up=follow_up)


def draw_score_days(number: int, *, generator: np.random.Generator) -> npt.NDArray[np.int64]:
    """Day of each patient's CT, counted from `FIRST_DAY`."""
    return generator.integers(0, (LAST_ENTRY_DAY - FIRST_DAY).days, number)


def iso_date(day: int) -> str:
    """ISO date of a day counted from `FIRST_DAY`."""
    return (FIRST_DAY + timedelta(days=int(day))).isoformat()


def end_of_study_day() -> int:
    """Last day of follow-up, counted from `FIRST_DAY`."""
    return (END_OF_STUDY - FIRST_DAY).days
