"""Follow-up in days from time zero, from any number of outcomes a patient: the first that counts.

Time zero is by default the later of radiograph and score: there both groupings of a patient are known.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.cohort.site_inputs import FollowUpRules

NO_FOLLOWUP = "no follow-up"
EVENT_BEFORE = "event before time zero"
ENDED_BEFORE = "follow-up ended before time zero"
DEATH_BEFORE = "death before time zero"
BEFORE_LANDMARK = "event, death or end of follow-up before the landmark"
NOTES = (NO_FOLLOWUP, EVENT_BEFORE, ENDED_BEFORE, DEATH_BEFORE, BEFORE_LANDMARK)
SELDOM = (DEATH_BEFORE, BEFORE_LANDMARK)
END, EVENT, DEATH = 0.0, 1.0, 2.0  # codes of outcomes

Floats = npt.NDArray[np.float64]


def notes_to_count(notes: "pd.Series[str]") -> list[str]:
    """Notes that a flow lists: the usual ones whether met or not, the others where they are met."""
    return [note for note in NOTES if note not in SELDOM or (notes == note).any()]


def time_zero(radiograph_day: Floats, score_day: Floats, *, rules: FollowUpRules) -> Floats:
    """Day of time zero of each patient; the radiograph's where scores have no date."""
    dated = np.where(np.isnan(score_day), radiograph_day, score_day)
    zeros = {"later": np.fmax(radiograph_day, score_day), "score": dated, "radiograph": radiograph_day}
    return zeros[rules.time_zero]


def follow_up(outcomes: pd.DataFrame, *, patients: Sequence[str], zero: Floats, rules: FollowUpRules) -> pd.DataFrame:
    """Follow-up of each patient, or the reason why there is none to analyse.

    The first event or death counts; of an event and a death on one day the event. An event or death after the end of
    follow-up ends it there by `rules.events_after_end: count`, and is not counted by ``censor``: what happens after
    follow-up is known of some patients only. Of several ends the latest is taken.

    An event on the day of time zero counts as one before it, and a follow-up that ends on that day holds no time at
    risk: such patients are left out of the prognostic analysis. So are those of whom anything ends before a landmark.

    Args:
        outcomes: patient, day, event (0 end of follow-up, 1 the event, 2 competing death); any number a patient.
        patients: each once.
        zero: day of time zero of each patient, without the landmark, on the scale of the outcomes.

    Returns:
        followup_days (Int64, positive, from time zero or the landmark), event (Int64), both missing where followup_note
        is not empty; after_end (an event or death after the end of follow-up) and after_death (an event after death).
    """
    place = pd.Series(np.arange(len(patients)), index=pd.Index(patients))
    known = outcomes[outcomes["patient"].isin(place.index)]
    rows, codes = place[known["patient"]].to_numpy(), known["event"].to_numpy(float)
    days = known["day"].to_numpy(float)
    event, death = (_first(rows, days, codes == code, count=len(place)) for code in (EVENT, DEATH))
    end = -_first(rows, -days, codes == END, count=len(place))
    with np.errstate(invalid="ignore"):
        after_end = (event > end) | (death > end)
        after_death = event > death
        prevalent, dead = event <= zero, death <= zero
        if rules.events_after_end == "censor":
            event, death = (np.where(day > end, np.nan, day) for day in (event, death))
        first = np.fmin(event, death)
        last = np.where(np.isnan(first), end, first)
        code = np.where(np.isnan(first), END, np.where(event <= np.nan_to_num(death, nan=np.inf), EVENT, DEATH))
        start = zero + rules.landmark_days
        ended, early = last <= zero, last <= start
    absent = np.isnan(last) | np.isnan(zero)
    note = np.select(
        [absent & ~prevalent & ~dead, prevalent, dead, ended, early],
        [NO_FOLLOWUP, EVENT_BEFORE, DEATH_BEFORE, ENDED_BEFORE, BEFORE_LANDMARK],
        default="",
    )
    kept = note == ""
    return pd.DataFrame(
        {
            "followup_days": pd.array(np.where(kept, last - start, np.nan), dtype="Int64"),
            "event": pd.array(np.where(kept, code, np.nan), dtype="Int64"),
            "followup_note": note.astype(object),
            "after_end": after_end,
            "after_death": after_death,
        }
    )


def follow_up_notes(followed: pd.DataFrame, *, rules: FollowUpRules) -> list[str]:
    """What a reader should know of the follow-up of a site, in sentences.

    Args:
        followed: as `follow_up` returns it, of the eligible patients, with immortal (time zero lies before the later
            of radiograph and score).
    """
    handled = {
        "censor": "it is not counted, since what happens after follow-up is known of some only",
        "count": "it is counted, and follow-up ends there (followup.events_after_end)",
    }[rules.events_after_end]
    told = [
        (
            followed["after_end"],
            f"have an event or death after the end of follow-up: {handled}",
        ),
        (followed["after_death"], "have an event after death: the death counts"),
        (
            followed["immortal"],
            "have their radiograph or score after time zero: they could not be here, had they died in between "
            "(immortal time; followup.time_zero: later avoids it)",
        ),
        (followed["followup_note"] == DEATH_BEFORE, "died on or before time zero: look at their dates"),
    ]
    return [f"outcomes: {int(marked.sum()):,} eligible patients {text}" for marked, text in told if marked.any()]


def _first(rows: npt.NDArray[np.int64], days: Floats, marked: npt.NDArray[np.bool_], *, count: int) -> Floats:
    """Least day of the marked outcomes of each patient, NaN where there is none."""
    first = np.full(count, np.inf)
    np.minimum.at(first, rows[marked], days[marked])
    return np.where(np.isinf(first), np.nan, first)
