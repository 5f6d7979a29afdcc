"""Radiographs linked to patients and scores, and the one of each patient that is taken.

Of all pairs of a patient's radiographs and scores the nearest in time is taken. Ties are broken by, in this order: the
earlier radiograph, the earlier score, the view preferred by the configuration, and the pseudonym of the SOP Instance
UID (of the file's name where there is none), which is arbitrary but the same on every run.

The index holds pseudonyms, so the tables' identifiers are hashed with the same key before they are compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.cohort import columns
from cacs_cxr.cohort import eligibility as criteria
from cacs_cxr.cohort.columns import Column
from cacs_cxr.cohort.flow import PATIENTS, RADIOGRAPHS, Criterion, begin_flow, counts, first_failed
from cacs_cxr.cohort.followup import follow_up, time_zero
from cacs_cxr.cohort.identity import faults_of_writing
from cacs_cxr.cohort.site_inputs import Eligibility, SiteTables
from cacs_cxr.faults import Fault
from cacs_cxr.job import LOGGER
from cacs_cxr.pseudonyms import pseudonym
from cacs_cxr.study import Factor

HEADER = (
    "patient",
    "study_date",
    "reason",
    "modality",
    "view",
    "vendor",
    "photometric",
    "intent",
    "transfer_syntax",
    "sop_instance",
)
CORRECTIONS = ("photometric_override", "rotate", "mirror", "overridden")
CARRIED = ("file", "view", "vendor", "photometric", "transfer_syntax", *CORRECTIONS)


@dataclass(frozen=True)
class LinkedSite:
    """The eligible patients of a site, each with its radiograph, and the flow that led to them.

    Attributes:
        patients: one row an eligible patient: site, patient (pseudonym), value, factors, followup_days, event,
            followup_note, days_to_score; folder and the columns `CARRIED` of its radiograph.
        further: the eligible patients' other radiographs that meet every criterion but nearness: site, patient and the
            radiograph's columns. Networks may train on them; nothing is evaluated on them.
        flow: as `flow.begin_flow` returns it, radiographs after patients.
    """

    patients: pd.DataFrame
    further: pd.DataFrame
    flow: pd.DataFrame


def read_index(
    index: pd.DataFrame, tables: SiteTables, *, eligibility: Eligibility, key: bytes
) -> tuple[pd.DataFrame, list[Fault]]:
    """Index of a site's radiographs with the patient's row and the day in numbers, and the faults of the whole.

    Args:
        index: as `index_radiographs` writes it, patients and SOP Instance UIDs as pseudonyms.
        key: secret of the pseudonyms.

    Returns:
        The index with patient_position (row of the patients table, -1 for none), day (NaN where absent or unreadable),
        and text in place of missing text.
    """
    site = tables.site
    place = f"radiographs of site {site.name}"
    frame = index.reset_index(drop=True)
    frame[list(HEADER)] = frame[list(HEADER)].fillna("").astype(str)
    if frame.empty:
        remedy = "Correct `radiographs.folder`, or put the files there."
        return frame, [Fault(site.folder, None, "", "no file", "radiographs", remedy)]
    hashed = partial(pseudonym, key=key)
    frame["patient_position"] = pd.Index(tables.patients["patient"].map(hashed)).get_indexer(pd.Index(frame["patient"]))
    frame.loc[frame["patient"] == "", "patient_position"] = -1
    faults = faults_of_writing(
        frame.loc[(frame["patient"] != "") & frame["readable"].astype(bool), "patient"],
        set(tables.patients["patient"]),
        file=place,
        column="patient identifier",
        written=hashed,
    )
    frame["day"], wrong = columns.days(Column(place, "study date", frame["study_date"].str.strip()), dates=site.dates)
    if eligibility.needs_dates(site) and frame["day"].isna().all():
        found = f"no date in the form `dates: {site.dates}`" if wrong else "no date on any radiograph"
        remedy = (
            "Correct the site's `dates`, name the image table's `radiographs.columns.date`, or set `window_days: null`."
        )
        faults.append(Fault(place, None, "study date", found, "dates, for the window and for follow-up", remedy))
    elif wrong:
        LOGGER.info("%s: %d dates in another form than `dates: %s` are not used", place, len(wrong), site.dates)
    return frame, faults


def link_site(
    tables: SiteTables,
    radiographs: pd.DataFrame,
    *,
    eligibility: Eligibility,
    factors: Sequence[Factor],
    what: str,
    in_earlier_site: npt.NDArray[np.bool_],
    key: bytes,
) -> LinkedSite:
    """Choose the eligible patients of a site and one radiograph of each.

    Args:
        radiographs: as `read_index` returns them.
        what: short name of the biomarker.
        in_earlier_site: patients whom an earlier site lists too.
        key: secret of the pseudonyms.
    """
    site, count = tables.site, len(tables.patients)
    by_tables = criteria.criteria_of_tables(
        tables, eligibility=eligibility, factors=factors, what=what, in_earlier_site=in_earlier_site
    )
    excluded = first_failed(by_tables, count=count) >= 0
    by_header = criteria.criteria_of_radiographs(radiographs, eligibility=eligibility, patient_excluded=excluded)
    taken = first_failed(by_header, count=len(radiographs)) < 0
    by_header.append(Criterion("Copy of another file", criteria.copies(radiographs, among=taken)))
    taken &= ~by_header[-1].fails
    of_kind = radiographs["patient_position"].to_numpy()[taken]
    undated = radiographs["day"].isna().to_numpy()
    if eligibility.needs_dates(site):
        taken = taken & ~undated
    nearest = nearest_scores(radiographs[taken], tables, views=eligibility.views, key=key)
    limit = np.inf if eligibility.window_days is None else eligibility.window_days
    too_far = nearest["distance"] > limit
    chosen = nearest[~too_far].drop_duplicates("patient_position")
    by_dates = criteria.criteria_of_dates(
        eligibility=eligibility,
        site=site,
        undated=undated,
        too_far=radiographs.index.isin(nearest["radiograph"][too_far]),
        chosen=radiographs.index.isin(chosen["radiograph"]),
    )
    linked = radiographs.loc[radiographs["readable"].astype(bool), "patient_position"]
    by_images = criteria.criteria_of_images(
        eligibility=eligibility,
        linked=np.isin(np.arange(count), linked),
        of_kind=np.isin(np.arange(count), of_kind),
        chosen=np.isin(np.arange(count), chosen["patient_position"]),
    )
    flows = []
    for unit, start, steps, total, remaining in (
        (PATIENTS, "Patients in the table", [*by_tables, *by_images], count, "Eligible patients"),
        (RADIOGRAPHS, "Files found", [*by_header, *by_dates], len(radiographs), "Radiographs selected"),
    ):
        excluded_counts = counts(steps, first_failed(steps, count=total))
        flows.append(
            begin_flow(site=site.name, unit=unit, start=(start, total), excluded=excluded_counts, remaining=remaining)
        )
    others = nearest[~too_far & ~nearest["radiograph"].isin(chosen["radiograph"])]
    return LinkedSite(
        patients=_linked(tables, radiographs, chosen, factors=factors, key=key),
        further=_radiographs(tables, radiographs, others, key=key),
        flow=pd.concat(flows, ignore_index=True),
    )


def nearest_scores(radiographs: pd.DataFrame, tables: SiteTables, *, views: Sequence[str], key: bytes) -> pd.DataFrame:
    """Nearest score of each radiograph, best radiograph of a patient first.

    Returns:
        radiograph (index in `radiographs`), patient_position, value, score_day, day, distance (days; NaN undated).
    """
    scores = tables.scores[tables.scores["value"].notna()].rename(columns={"day": "score_day"})
    position = pd.Index(tables.patients["patient"]).get_indexer(pd.Index(scores["patient"]))
    scores = scores.assign(patient_position=position)[["patient_position", "value", "score_day"]]
    names = [
        instance or pseudonym(file, key=key)
        for instance, file in zip(radiographs["sop_instance"], radiographs["file"], strict=True)
    ]
    preferred = {view: order for order, view in enumerate(views)}
    pairs = radiographs[["patient_position", "day"]].assign(
        radiograph=radiographs.index,
        preference=radiographs["view"].map(preferred).fillna(len(views)),
        arbitrary=names,
    )
    pairs = pairs.merge(scores, on="patient_position", how="inner")
    pairs["distance"] = (pairs["day"] - pairs["score_day"]).abs()
    pairs = pairs.sort_values(["distance", "day", "score_day", "preference", "arbitrary"], kind="stable")
    return pairs.drop_duplicates("radiograph").drop(columns=["preference", "arbitrary"])


def _radiographs(tables: SiteTables, radiographs: pd.DataFrame, pairs: pd.DataFrame, *, key: bytes) -> pd.DataFrame:
    people = tables.patients["patient"].iloc[pairs["patient_position"].to_numpy()]
    images = radiographs.loc[pairs["radiograph"].to_numpy(), list(CARRIED)].reset_index(drop=True)
    images.insert(0, "patient", [pseudonym(name, key=key) for name in people])
    images = images.assign(site=tables.site.name, folder=tables.site.folder)
    return images.sort_values(["patient", "file"], kind="stable").reset_index(drop=True)


def _linked(
    tables: SiteTables, radiographs: pd.DataFrame, chosen: pd.DataFrame, *, factors: Sequence[Factor], key: bytes
) -> pd.DataFrame:
    people = tables.patients.iloc[chosen["patient_position"].to_numpy()].reset_index(drop=True)
    images = radiographs.loc[chosen["radiograph"].to_numpy(), list(CARRIED)].reset_index(drop=True)
    outcomes = people[["patient"]].merge(tables.outcomes, on="patient", how="left")
    zero = time_zero(chosen["day"].to_numpy(dtype=float), chosen["score_day"].to_numpy(dtype=float))
    followed = follow_up(zero=zero, last_day=outcomes["day"].to_numpy(float), event=outcomes["event"].to_numpy(float))
    frame = pd.DataFrame(
        {"site": tables.site.name, "patient": [pseudonym(name, key=key) for name in people["patient"]]}
    )
    frame["value"] = chosen["value"].to_numpy(dtype=float)
    for factor in factors:
        frame[factor.name] = people[factor.name]
    frame = pd.concat([frame, followed], axis=1)
    frame["days_to_score"] = pd.array((chosen["day"] - chosen["score_day"]).to_numpy(dtype=float), dtype="Int64")
    frame = pd.concat([frame, images.assign(folder=tables.site.folder)], axis=1)
    return frame.sort_values("patient", kind="stable").reset_index(drop=True)
