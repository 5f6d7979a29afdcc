"""Follow-up in days from time zero, the later of radiograph and score: there both groupings of a patient are known."""

import numpy as np
import numpy.typing as npt
import pandas as pd

NO_FOLLOWUP = "no follow-up"
EVENT_BEFORE = "event before time zero"
ENDED_BEFORE = "follow-up ended before time zero"
NOTES = (NO_FOLLOWUP, EVENT_BEFORE, ENDED_BEFORE)


def time_zero(radiograph_day: npt.NDArray[np.float64], score_day: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Later of the two days; the radiograph's where scores have no date."""
    return np.fmax(radiograph_day, score_day)


def follow_up(
    *, zero: npt.NDArray[np.float64], last_day: npt.NDArray[np.float64], event: npt.NDArray[np.float64]
) -> pd.DataFrame:
    """Follow-up of each patient, or the reason why there is none to analyse.

    An event on the day of time zero counts as one before it, and a follow-up that ends on that day holds no time at
    risk: both are left out of the prognostic analysis.

    Args:
        zero: day of time zero, on the scale of `last_day`.
        last_day: day of the event or of the end of follow-up; NaN where there is none.
        event: 0 none, 1 the event, 2 competing death; NaN where there is no follow-up.

    Returns:
        followup_days (Int64, positive), event (Int64), both missing where followup_note is not empty.
    """
    days = last_day - zero
    absent = np.isnan(days) | np.isnan(event)
    with np.errstate(invalid="ignore"):
        none_at_risk = ~absent & (days <= 0)
    before = none_at_risk & (event > 0)
    note = np.select([absent, before, none_at_risk], NOTES, default="")
    kept = note == ""
    return pd.DataFrame(
        {
            "followup_days": pd.array(np.where(kept, days, np.nan), dtype="Int64"),
            "event": pd.array(np.where(kept, event, np.nan), dtype="Int64"),
            "followup_note": note.astype(object),
        }
    )
