"""The criteria of eligibility, in their order: of patients by the tables, of radiographs, of patients by these."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.cohort.flow import Criterion
from cacs_cxr.cohort.site_inputs import Eligibility, SiteInput, SiteTables
from cacs_cxr.study import Factor

LATERAL, UNKNOWN = "lateral", "unknown"
SCORE_IN_HEADER = "Score in the header"
EXCLUDED_BY_OVERRIDE = "excluded-by-override"  # reason of the index


def criteria_of_tables(
    tables: SiteTables,
    *,
    eligibility: Eligibility,
    factors: Sequence[Factor],
    what: str,
    in_earlier_site: npt.NDArray[np.bool_],
) -> list[Criterion]:
    """Criteria that a patient meets or not by the tables alone.

    Args:
        what: short name of the biomarker.
        in_earlier_site: patients whom an earlier site lists too.
    """
    patients = tables.patients
    criteria = []
    if tables.site.role != "development":
        criteria.append(Criterion("Also a patient of another site", in_earlier_site))
    if eligibility.minimum_age is not None:
        age = patients["age"].to_numpy(dtype=float)
        criteria.append(Criterion("Age missing", np.isnan(age)))
        criteria.append(Criterion(f"Younger than {eligibility.minimum_age:g} years", age < eligibility.minimum_age))
    scored = tables.scores.loc[tables.scores["value"].notna(), "patient"]
    criteria.append(Criterion(f"No {what}", ~patients["patient"].isin(scored).to_numpy()))
    for factor in factors:
        if factor.missing == "exclude" and not (factor.name == "age" and eligibility.minimum_age is not None):
            what_lacks = factor.label if factor.kind == "continuous" else factor.name.capitalize()
            criteria.append(Criterion(f"{what_lacks} missing", patients[factor.name].isna().to_numpy()))
    return criteria


def criteria_of_radiographs(
    radiographs: pd.DataFrame, *, eligibility: Eligibility, patient_excluded: npt.NDArray[np.bool_]
) -> list[Criterion]:
    """Criteria that a radiograph meets or not by its header or row in the image table, before dates are compared.

    Args:
        radiographs: readable and score_text (truth values), patient_position (row in the patients table, -1 for none),
            reason, modality, intent, view and sop_instance (text without missing values).
        patient_excluded: whether each patient of the patients table is excluded by the tables alone.
    """
    view, modality = radiographs["view"], radiographs["modality"]
    position = radiographs["patient_position"].to_numpy()
    others = [name for name in (LATERAL, UNKNOWN) if name not in eligibility.views]
    excluded = np.append(patient_excluded, False)[position]
    criteria = []
    if (overridden := (radiographs["reason"] == EXCLUDED_BY_OVERRIDE).to_numpy()).any():
        criteria.append(Criterion("Excluded by the override table", overridden))
    criteria += [
        Criterion("Not a readable image", ~radiographs["readable"].to_numpy(dtype=bool)),
        Criterion(
            f"Modality other than {', '.join(eligibility.modalities)}",
            ((modality != "") & ~modality.isin(list(eligibility.modalities))).to_numpy(),
        ),
        Criterion(
            "For processing, not for presentation",
            radiographs["intent"].str.upper().str.contains("PROCESSING").to_numpy(dtype=bool),
        ),
        Criterion("Lateral view", (view == LATERAL).to_numpy() & (LATERAL not in eligibility.views)),
        Criterion(
            f"View other than {', '.join(eligibility.views)}",
            ~view.isin([*eligibility.views, *others]).to_numpy(),
        ),
        Criterion("View unknown", (view == UNKNOWN).to_numpy() & (eligibility.unknown_view == "exclude")),
        Criterion("Patient not in the patients table", position < 0),
        Criterion("Patient excluded", excluded),
    ]
    identified = (radiographs["sop_instance"] != "") & (position >= 0)
    owners = radiographs[identified].groupby("sop_instance")["patient_position"].nunique()
    shared = radiographs["sop_instance"].isin(owners.index[owners > 1])
    criteria.append(Criterion("Same radiograph under two patients", (identified & shared).to_numpy()))
    criteria.append(Criterion(SCORE_IN_HEADER, radiographs["score_text"].to_numpy(dtype=bool)))
    return criteria


def copies(radiographs: pd.DataFrame, *, among: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Radiographs that repeat the SOP Instance UID of another one among those marked.

    Of several copies the one that is dated stays, else the first by file name.
    """
    identified = radiographs[among & (radiographs["sop_instance"] != "").to_numpy()]
    ordered = identified.assign(undated=identified["day"].isna()).sort_values(["undated", "file"])
    repeated = ordered.index[ordered["sop_instance"].duplicated().to_numpy()]
    return radiographs.index.isin(repeated)


def criteria_of_images(
    *,
    eligibility: Eligibility,
    linked: npt.NDArray[np.bool_],
    of_kind: npt.NDArray[np.bool_],
    chosen: npt.NDArray[np.bool_],
) -> list[Criterion]:
    """Criteria that a patient meets or not by the radiographs.

    Args:
        linked: patients with a readable radiograph of any kind.
        of_kind: those with one of the modalities and views taken.
        chosen: those with one that is taken in the end.
    """
    views = " or ".join(eligibility.views)
    days = eligibility.window_days
    near = "with a study date" if days is None else f"within {days} days of the score"
    return [
        Criterion("No radiograph", ~linked),
        Criterion(f"No {views} radiograph", ~of_kind),
        Criterion(f"No {views} radiograph {near}", ~chosen),
    ]


def criteria_of_dates(
    *,
    eligibility: Eligibility,
    site: SiteInput,
    undated: npt.NDArray[np.bool_],
    too_far: npt.NDArray[np.bool_],
    chosen: npt.NDArray[np.bool_],
) -> list[Criterion]:
    """Criteria of radiographs by their dates; the last leaves one radiograph a patient."""
    criteria = []
    if eligibility.needs_dates(site):
        criteria.append(Criterion("Without a study date", undated))
    if eligibility.window_days is not None:
        criteria.append(Criterion(f"More than {eligibility.window_days} days from the score", too_far))
    return [*criteria, Criterion("Not the nearest to the score", ~chosen)]
