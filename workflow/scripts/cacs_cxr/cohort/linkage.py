"""Radiographs linked to patients and scores, and the one of each patient that is taken.

The index holds pseudonyms, so the tables' identifiers are hashed with the same key before they are compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.cohort import columns
from cacs_cxr.cohort import eligibility as criteria
from cacs_cxr.cohort.candidates import candidate_scores, judge
from cacs_cxr.cohort.columns import Column
from cacs_cxr.cohort.flow import PATIENTS, RADIOGRAPHS, Criterion, begin_flow, counts, first_failed
from cacs_cxr.cohort.followup import follow_up, follow_up_notes, time_zero
from cacs_cxr.cohort.identity import faults_of_writing
from cacs_cxr.cohort.pairs import score_pairs
from cacs_cxr.cohort.site_inputs import Eligibility, FollowUpRules, SiteTables
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
        notes: what a reader should know of the linkage, in sentences.
    """

    patients: pd.DataFrame
    further: pd.DataFrame
    flow: pd.DataFrame
    notes: tuple[str, ...]


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
    pseudonyms = {name: pseudonym(name, key=key) for name in tables.patients["patient"]}
    listed = pd.Index(tables.patients["patient"].map(pseudonyms))
    frame["patient_position"] = listed.get_indexer(pd.Index(frame["patient"]))
    frame.loc[frame["patient"] == "", "patient_position"] = -1
    faults = faults_of_writing(
        frame.loc[(frame["patient"] != "") & frame["readable"].astype(bool), "patient"],
        set(tables.patients["patient"]),
        file=place,
        column="patient identifier",
        written=lambda name: pseudonyms.get(name) or pseudonym(name, key=key),
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
    follow_up_rules: FollowUpRules,
    greatest_age: float | None,
    what: str,
    in_earlier_site: npt.NDArray[np.bool_],
    key: bytes,
    in_earlier_index: "pd.Index[str] | None" = None,
) -> LinkedSite:
    """Choose the eligible patients of a site and one radiograph of each.

    Args:
        radiographs: as `read_index` returns them.
        greatest_age: whole years; whoever is older by a year or more counts as one year older; None for no limit.
        what: short name of the biomarker.
        in_earlier_site: patients whom an earlier site lists too.
        key: secret of the pseudonyms.
        in_earlier_index: SOP Instance UIDs of the listed patients of earlier sites; None where there is no such site.
    """
    site, count = tables.site, len(tables.patients)
    by_header = criteria.criteria_of_headers(radiographs, eligibility=eligibility)
    elsewhere = 0
    if in_earlier_index is not None:
        by_header["unshared"].append(criteria.at_an_earlier_site(radiographs, instances=in_earlier_index))
        elsewhere = int(by_header["unshared"][-1].fails.sum())
    of_kind = first_failed([fails for part in by_header.values() for fails in part], count=len(radiographs)) < 0
    copies = criteria.copies(radiographs, among=of_kind)
    undated = radiographs["day"].isna().to_numpy()
    dated = ~undated if eligibility.needs_dates(site) else np.ones(len(radiographs), dtype=bool)
    candidates = candidate_scores(tables)
    pairs = score_pairs(radiographs[of_kind & ~copies & dated], candidates, eligibility=eligibility, key=key)
    position = candidates["patient_position"].to_numpy()
    near = candidates.index.isin(pairs.loc[pairs["admissible"], "candidate"])
    judgement = judge(
        tables,
        candidates,
        by_radiographs=criteria.rules_of_radiographs(
            eligibility=eligibility,
            linked=np.isin(position, radiographs.loc[radiographs["readable"].astype(bool), "patient_position"]),
            of_kind=np.isin(position, radiographs["patient_position"].to_numpy()[of_kind & ~copies]),
            near=near | candidates["value"].isna().to_numpy(),
        ),
        eligibility=eligibility,
        factors=factors,
        what=what,
        in_earlier_site=in_earlier_site,
    )
    by_header[criteria.ELIGIBLE] = criteria.patients_excluded(radiographs, excluded=judgement.excluded_by_tables)
    usable = pairs[judgement.usable[pairs["candidate"].to_numpy()]]
    nearest = usable.drop_duplicates("radiograph")
    chosen = nearest[nearest["admissible"]].drop_duplicates("patient_position")
    of_radiographs = [
        *(criterion for name in eligibility.radiograph_criteria for criterion in by_header[name]),
        Criterion("Copy of another file", copies),
        *criteria.criteria_of_dates(
            eligibility=eligibility,
            site=site,
            undated=undated,
            outside=~radiographs.index.isin(nearest.loc[nearest["admissible"], "radiograph"]),
            chosen=radiographs.index.isin(chosen["radiograph"]),
        ),
    ]
    flows = []
    for unit, start, steps, total, remaining in (
        (PATIENTS, "Patients in the table", judgement.criteria, count, "Eligible patients"),
        (RADIOGRAPHS, "Files found", of_radiographs, len(radiographs), "Radiographs selected"),
    ):
        excluded_counts = counts(steps, first_failed(steps, count=total))
        flows.append(
            begin_flow(site=site.name, unit=unit, start=(start, total), excluded=excluded_counts, remaining=remaining)
        )
    others = nearest[nearest["admissible"] & ~nearest["radiograph"].isin(chosen["radiograph"])]
    patients, followed = _linked(
        tables, radiographs, chosen, candidates=candidates, factors=factors, rules=follow_up_rules
    )
    notes = follow_up_notes(followed, rules=follow_up_rules) if site.outcomes is not None else []
    if elsewhere:
        notes.append(
            f"radiographs: {elsewhere:,} stand at an earlier site as well and are left out here; their patients may be "
            "the same people under two identifiers"
        )
    notes += [
        f"patients: no column for {condition.name} (eligibility.prior): '{condition.label}' excludes nobody here"
        for condition in eligibility.prior
        if condition.name not in tables.patients
    ]
    return LinkedSite(
        patients=_grouped_ages(patients, greatest_age=greatest_age),
        further=_radiographs(tables, radiographs, others),
        flow=pd.concat(flows, ignore_index=True),
        notes=tuple(notes),
    )


def _radiographs(tables: SiteTables, radiographs: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    # The index holds the pseudonym by which its rows were found to be the patient's.
    images = radiographs.loc[pairs["radiograph"].to_numpy(), ["patient", *CARRIED]].reset_index(drop=True)
    images = images.assign(site=tables.site.name, folder=tables.site.folder)
    return images.sort_values(["patient", "file"], kind="stable").reset_index(drop=True)


def _linked(
    tables: SiteTables,
    radiographs: pd.DataFrame,
    chosen: pd.DataFrame,
    *,
    candidates: pd.DataFrame,
    factors: Sequence[Factor],
    rules: FollowUpRules,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Eligible patients by pseudonym, and their follow-up in the order of `chosen`."""
    people = tables.patients.iloc[chosen["patient_position"].to_numpy()].reset_index(drop=True)
    if "age" in candidates:
        people["age"] = candidates.loc[chosen["candidate"], "age"].to_numpy(dtype=float)
    images = radiographs.loc[chosen["radiograph"].to_numpy(), list(CARRIED)].reset_index(drop=True)
    days = (chosen["day"].to_numpy(dtype=float), chosen["score_day"].to_numpy(dtype=float))
    zero = time_zero(*days, rules=rules)
    followed = follow_up(tables.outcomes, patients=list(people["patient"]), zero=zero, rules=rules)
    followed["immortal"] = np.fmax(*days) > zero
    names = radiographs.loc[chosen["radiograph"].to_numpy(), "patient"].to_numpy()
    frame = pd.DataFrame({"site": tables.site.name, "patient": names})
    frame["value"] = chosen["value"].to_numpy(dtype=float)
    for factor in factors:
        frame[factor.name] = people[factor.name]
    frame = pd.concat([frame, followed[["followup_days", "event", "followup_note"]]], axis=1)
    frame["days_to_score"] = pd.array((chosen["day"] - chosen["score_day"]).to_numpy(dtype=float), dtype="Int64")
    frame = pd.concat([frame, images.assign(folder=tables.site.folder)], axis=1)
    return frame.sort_values("patient", kind="stable").reset_index(drop=True), followed


def _grouped_ages(patients: pd.DataFrame, *, greatest_age: float | None) -> pd.DataFrame:
    """Patients with all ages of a year and more above the greatest as one year above it."""
    if greatest_age is None or "age" not in patients:
        return patients
    oldest = greatest_age + 1
    return patients.assign(age=patients["age"].mask(patients["age"] >= oldest, oldest))
