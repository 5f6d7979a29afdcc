"""The criteria of radiographs, and of patients by their radiographs; in the order that the configuration declares."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.cohort.candidates import RULES as RULES_OF_TABLES
from cacs_cxr.cohort.candidates import Marks, Rule
from cacs_cxr.cohort.flow import Criterion
from cacs_cxr.cohort.site_inputs import Eligibility, SiteInput
from cacs_cxr.faults import Fault

LATERAL, UNKNOWN = "lateral", "unknown"
SCORE_IN_HEADER = "Score in the header"
EXCLUDED_BY_OVERRIDE = "excluded-by-override"  # reason of the index
ELIGIBLE = "eligible"  # criterion of radiographs by their patients
BY_RADIOGRAPHS = ("radiograph", "view", "window")  # criteria of patients by their radiographs
PATIENT_CRITERIA = (*RULES_OF_TABLES, *BY_RADIOGRAPHS)
NEEDED_OF_PATIENTS = ("one_site", "score", "factors", *BY_RADIOGRAPHS)
NEEDED_OF_RADIOGRAPHS = ("override", "readable", "modality", "view", "listed", "eligible", "unshared", "score_text")
"""Criteria without which no study can be made of what remains; their parameters say how strict they are."""


def faults_of_criteria(eligibility: Eligibility) -> list[Fault]:
    """Criteria that the configuration's lists lack, do not know or name twice."""
    faults = []
    for key, given, known, needed in (
        ("patients", eligibility.patient_criteria, PATIENT_CRITERIA, NEEDED_OF_PATIENTS),
        ("radiographs", eligibility.radiograph_criteria, (*RULES, ELIGIBLE), NEEDED_OF_RADIOGRAPHS),
    ):
        wrong = [name for name in dict.fromkeys(given) if name not in known or list(given).count(name) > 1]
        for found, expected in (
            (", ".join(wrong), f"each of {', '.join(known)} once at most"),
            (", ".join(given) if not set(needed) <= set(given) else "", f"all of {', '.join(needed)}, in any order"),
        ):
            if found:
                remedy = "Correct the list: it is the order in which patients and radiographs are counted as excluded."
                faults.append(Fault("configuration", None, f"eligibility.{key}", found, expected, remedy))
    limits = (eligibility.minimum_age, eligibility.maximum_age)
    asked = {"age": any(limit is not None for limit in limits), "prior": bool(eligibility.prior)}
    for name, wanted in asked.items():
        if wanted and name not in eligibility.patient_criteria:
            expected = f"{name} among the criteria, since the configuration says what to exclude by it"
            remedy = f"Put {name} where it is to be counted, or take out what excludes by it."
            faults.append(Fault("configuration", None, "eligibility.patients", f"no {name}", expected, remedy))
    return faults


@dataclass(frozen=True)
class _Judged:
    radiographs: pd.DataFrame
    eligibility: Eligibility

    @property
    def position(self) -> npt.NDArray[np.int64]:
        """Row of each radiograph's patient in the patients table, -1 for none."""
        return np.asarray(self.radiographs["patient_position"].to_numpy(), dtype=np.int64)


def criteria_of_headers(radiographs: pd.DataFrame, *, eligibility: Eligibility) -> dict[str, list[Criterion]]:
    """Criteria that a radiograph meets or not by its header or row in the image table, by name.

    Args:
        radiographs: readable and score_text (truth values), patient_position (row in the patients table, -1 for none),
            reason, modality, intent, view and sop_instance (text without missing values).
    """
    judged = _Judged(radiographs, eligibility)
    return {name: RULES[name](judged) for name in eligibility.radiograph_criteria if name in RULES}


def _override(judged: _Judged) -> list[Criterion]:
    excluded = (judged.radiographs["reason"] == EXCLUDED_BY_OVERRIDE).to_numpy()
    return [Criterion("Excluded by the override table", excluded)] if excluded.any() else []


def _readable(judged: _Judged) -> list[Criterion]:
    return [Criterion("Not a readable image", ~judged.radiographs["readable"].to_numpy(dtype=bool))]


def _modality(judged: _Judged) -> list[Criterion]:
    modality, taken = judged.radiographs["modality"], list(judged.eligibility.modalities)
    fails = ((modality != "") & ~modality.isin(taken)).to_numpy()
    return [Criterion(f"Modality other than {', '.join(taken)}", fails)]


def _intent(judged: _Judged) -> list[Criterion]:
    fails = judged.radiographs["intent"].str.upper().str.contains("PROCESSING").to_numpy(dtype=bool)
    return [Criterion("For processing, not for presentation", fails)]


def _view(judged: _Judged) -> list[Criterion]:
    view, taken = judged.radiographs["view"], judged.eligibility.views
    named = [name for name in (LATERAL, UNKNOWN) if name not in taken]
    return [
        Criterion("Lateral view", (view == LATERAL).to_numpy() & (LATERAL not in taken)),
        Criterion(f"View other than {', '.join(taken)}", ~view.isin([*taken, *named]).to_numpy()),
        Criterion("View unknown", (view == UNKNOWN).to_numpy() & (judged.eligibility.unknown_view == "exclude")),
    ]


def _listed(judged: _Judged) -> list[Criterion]:
    return [Criterion("Patient not in the patients table", judged.position < 0)]


def _unshared(judged: _Judged) -> list[Criterion]:
    radiographs = judged.radiographs
    identified = (radiographs["sop_instance"] != "") & (judged.position >= 0)
    owned = radiographs.loc[identified, ["sop_instance", "patient_position"]].drop_duplicates()
    shared = radiographs["sop_instance"].isin(owned.loc[owned["sop_instance"].duplicated(), "sop_instance"])
    return [Criterion("Same radiograph under two patients", (identified & shared).to_numpy())]


def at_an_earlier_site(radiographs: pd.DataFrame, *, instances: "pd.Index[str]") -> Criterion:
    """Criterion of the listed patients' radiographs that an earlier site has too.

    Args:
        instances: SOP Instance UIDs of the earlier sites' listed patients.
    """
    listed = (radiographs["patient_position"] >= 0).to_numpy()
    return Criterion("Same radiograph at another site", listed & radiographs["sop_instance"].isin(instances).to_numpy())


def instances_of_patients(radiographs: pd.DataFrame) -> "pd.Index[str]":
    """SOP Instance UIDs of the listed patients of a site."""
    identified = (radiographs["sop_instance"] != "") & (radiographs["patient_position"] >= 0)
    return pd.Index(radiographs.loc[identified, "sop_instance"].unique(), dtype=object)


def _score_text(judged: _Judged) -> list[Criterion]:
    return [Criterion(SCORE_IN_HEADER, judged.radiographs["score_text"].to_numpy(dtype=bool))]


RULES: Mapping[str, Callable[[_Judged], list[Criterion]]] = {
    "override": _override,
    "readable": _readable,
    "modality": _modality,
    "intent": _intent,
    "view": _view,
    "listed": _listed,
    "unshared": _unshared,
    "score_text": _score_text,
}
"""Criteria of radiographs by header or image table, by the names that the configuration gives them."""


def copies(radiographs: pd.DataFrame, *, among: Marks) -> Marks:
    """Radiographs that repeat the SOP Instance UID of another one among those marked.

    Of several copies the one that is dated stays, else the first by file name.
    """
    identified = radiographs[among & (radiographs["sop_instance"] != "").to_numpy()]
    repeating = identified[identified["sop_instance"].duplicated(keep=False).to_numpy()]
    ordered = repeating.assign(undated=repeating["day"].isna()).sort_values(["undated", "file"])
    repeated = ordered.index[ordered["sop_instance"].duplicated().to_numpy()]
    return radiographs.index.isin(repeated)


def patients_excluded(radiographs: pd.DataFrame, *, excluded: Marks) -> list[Criterion]:
    """Criterion of radiographs whose patient is excluded.

    Args:
        excluded: whether each patient of the patients table is.
    """
    return [Criterion("Patient excluded", np.append(excluded, False)[radiographs["patient_position"].to_numpy()])]


def rules_of_radiographs(
    *, eligibility: Eligibility, linked: Marks, of_kind: Marks, near: Marks
) -> dict[str, list[Rule]]:
    """Criteria that a patient meets or not by the radiographs, by name.

    Args:
        linked: candidates of patients with a readable radiograph of any kind.
        of_kind: those of patients with one of the modalities and views taken.
        near: those with such a radiograph in the window.
    """
    views = " or ".join(eligibility.views)
    window = within_window(eligibility) or "with a study date"
    return {
        "radiograph": [("No radiograph", ~linked)],
        "view": [(f"No {views} radiograph", ~of_kind)],
        "window": [(f"No {views} radiograph {window}", ~near)],
    }


def within_window(eligibility: Eligibility) -> str:
    """The window in words, e.g. ``within 183 days of the score``; empty where there is none."""
    side = {"both": "of", "before": "before", "after": "after"}[eligibility.window_side]
    if eligibility.window_days is not None:
        return f"within {eligibility.window_days} days {side} the score"
    return "" if eligibility.window_side == "both" else f"{side} the score"


def criteria_of_dates(
    *, eligibility: Eligibility, site: SiteInput, undated: Marks, outside: Marks, chosen: Marks
) -> list[Criterion]:
    """Criteria of radiographs by their dates; the last leaves one radiograph a patient."""
    criteria = []
    if eligibility.needs_dates(site):
        criteria.append(Criterion("Without a study date", undated))
    if window := within_window(eligibility):
        far = eligibility.window_side == "both"
        label = f"More than {eligibility.window_days} days from the score" if far else f"Not {window}"
        criteria.append(Criterion(label, outside))
    return [*criteria, Criterion("Not the nearest to the score", ~chosen)]
