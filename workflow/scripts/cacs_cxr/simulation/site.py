"""A simulated site as a whole: the tables that it would hand over, the list of its radiographs, and the truth."""

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cacs_cxr.job import progress
from cacs_cxr.seeds import derive_seed
from cacs_cxr.simulation import margins
from cacs_cxr.simulation.acquisitions import draw_radiographs
from cacs_cxr.simulation.anatomy import CHEST_COLUMNS, DETECTOR_MM, Chest
from cacs_cxr.simulation.attainable import attainable_auc, clinical_predictor, integrated_predictor
from cacs_cxr.simulation.attendance import (
    MISSING_BMI_SHARE,
    draw_attendance,
    draw_score_days,
    end_of_study_day,
    iso_date,
)
from cacs_cxr.simulation.copies import FOREIGN_COPIES, OWN_COPIES
from cacs_cxr.simulation.devices import DEVICES, device_named, format_mm
from cacs_cxr.simulation.dialects import DIALECTS, SOURCE
from cacs_cxr.simulation.dicom_writer import dicom_bytes
from cacs_cxr.simulation.hazards import draw_follow_up, hazard_parameters
from cacs_cxr.simulation.oddities import HARMLESS, SPOILT, befall
from cacs_cxr.simulation.population import (
    BURDEN,
    PEOPLE,
    PROPENSITY,
    TRACE_AGE_SD,
    TRACE_BMI_SD,
    TRACE_SEX_SD,
    draw_people,
)
from cacs_cxr.simulation.radiograph import draw_radiograph


@dataclass(frozen=True)
class SimulatedSite:
    """What a simulated site hands over (patients, scores, outcomes), its radiographs to draw, and the truth."""

    patients: pd.DataFrame
    scores: pd.DataFrame
    outcomes: pd.DataFrame
    radiographs: pd.DataFrame
    truth: pd.DataFrame
    parameters: Mapping[str, Any]
    attainable: pd.DataFrame


def simulate_site(
    *, site: str, role: str, patients: int, seed: int, thresholds: Sequence[Mapping[str, Any]]
) -> SimulatedSite:
    """Simulate a site up to its radiographs.

    Args:
        site: name of the site; sites of different names have different people.
        role: ``"development"`` or ``"external"``, which settles who attends and on which devices.
        patients: number of patients aimed at for the analysis.
        seed: the study's seed.
        thresholds: the study's thresholds as plain values, for the attainable AUC.
    """
    people = PEOPLE[role]

    def generator(part: str) -> np.random.Generator:
        return np.random.default_rng(derive_seed(seed, "simulation", site, part))

    attendance = draw_attendance(patients, generator=generator("attendance"))
    truth = draw_people(len(attendance.fate), people=people, generator=generator("people"))
    truth.insert(0, "patient_id", _identifiers(site, seed=seed, number=len(truth)))
    truth["fate"], truth["rank"] = attendance.fate, attendance.rank
    young = truth["fate"] == "under_age"
    truth.loc[young, "age_years"] = generator("young").integers(12, 18, int(young.sum()))
    truth["score_day"] = draw_score_days(len(truth), generator=generator("scores"))
    radiographs, radiograph_day = draw_radiographs(truth, site=site, devices=DEVICES[role], stream=generator)
    zero = radiograph_day.where(radiograph_day > truth["score_day"], truth["score_day"])
    followed = draw_follow_up(truth, longest_days=end_of_study_day() - zero, generator=generator("events"))
    truth = pd.concat([truth, followed], axis=1)
    truth["clinical_predictor"] = clinical_predictor(truth)
    truth["integrated_predictor"] = integrated_predictor(truth)
    truth["followup_fate"] = attendance.follow_up
    scores, outcomes = _hospital_tables(truth, zero=zero, generator=generator("tables"))
    record = pd.DataFrame(
        {
            "patient_id": truth["patient_id"],
            "age_years": truth["age_years"].astype("Int64").mask(truth["fate"] == "missing_age"),
            "sex": pd.Series(np.where(truth["male"] == 1, "M", "F")).mask(truth["fate"] == "missing_sex"),
            "bmi": truth["bmi"].mask(_missing_bmi(truth, generator=generator("bmi"))),
        }
    )
    # Radiographs of people whom the hospital's own tables do not know.
    listed = (truth["fate"] != "not_listed").to_numpy()
    record = record[listed].reset_index(drop=True)
    scores, outcomes = (
        table[table["patient_id"].isin(record["patient_id"])].reset_index(drop=True) for table in (scores, outcomes)
    )
    parameters = {
        "site": site,
        "role": role,
        "simulated": True,
        "people": asdict(people),
        "margins": {
            "source": margins.MARGINS_SOURCE,
            "upper_bounds": list(margins.MARGIN_UPPER_BOUNDS),
            "shares": list(margins.MARGIN_SHARES),
        },
        "burden": asdict(BURDEN),
        "propensity": asdict(PROPENSITY),
        "trace_sd": {"age": TRACE_AGE_SD, "sex": TRACE_SEX_SD, "bmi": TRACE_BMI_SD},
        "hazard": hazard_parameters(),
        "archive": {
            "headers": {"source": SOURCE, "counts": {name: dialect.count for name, dialect in DIALECTS.items()}},
            "oddities": {**HARMLESS, **SPOILT},
            "copies": {**OWN_COPIES, **FOREIGN_COPIES},
        },
    }
    attainable = attainable_auc(site=site, people=people, thresholds=thresholds, generator=generator("attainable"))
    return SimulatedSite(record, scores, outcomes, radiographs, truth, parameters, attainable)


def _identifiers(site: str, *, seed: int, number: int) -> list[str]:
    """Identifiers like a hospital's: an initial and ten digits that tell nothing."""
    identifiers: dict[str, None] = {}
    counter = 0
    while len(identifiers) < number:
        digest = hashlib.sha256(f"{seed} {site} {counter}".encode()).digest()
        identifiers[f"{site[:1].upper()}{int.from_bytes(digest[:8], 'big') % 10**10:010d}"] = None
        counter += 1
    return list(identifiers)


def _missing_bmi(truth: pd.DataFrame, *, generator: np.random.Generator) -> "pd.Series[bool]":
    missing = pd.Series(generator.random(len(truth)) < MISSING_BMI_SHARE, index=truth.index)
    missing[int(truth.index[truth["fate"] == "analysed"][0])] = True
    return missing


def _hospital_tables(
    truth: pd.DataFrame, *, zero: "pd.Series[int]", generator: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tables of scores and of outcomes; what is missing is now an empty cell, now a row that is not there."""
    unscored = (truth["fate"] == "no_score").to_numpy()
    score_dates = pd.Series([iso_date(day) for day in truth["score_day"]], dtype=object)
    scores = pd.DataFrame(
        {
            "patient_id": truth["patient_id"],
            "ct_date": score_dates.mask(unscored, ""),
            "agatston": truth["agatston"].mask(unscored),
        }
    )
    if (truth["agatston"] % 1 == 0).all():
        scores["agatston"] = scores["agatston"].astype("Int64")
    scores = scores[~unscored | (truth["rank"] % 2 == 1).to_numpy()]
    fate = truth["followup_fate"].to_numpy()
    days, event = truth["followup_days"].to_numpy().copy(), truth["event"].to_numpy().copy()
    early = generator.integers(0, 700, len(truth))
    days[fate == "prevalent"] = -early[fate == "prevalent"]
    event[fate == "prevalent"] = 1
    days[fate == "ended_before"] = -1 - early[fate == "ended_before"]
    event[fate == "ended_before"] = 0
    lost = fate == "missing"
    last_dates = pd.Series([iso_date(day) for day in zero.to_numpy() + days], dtype=object)
    outcomes = pd.DataFrame(
        {
            "patient_id": truth["patient_id"],
            "last_date": last_dates.mask(lost, ""),
            "mace": pd.Series(event, dtype="Int64").mask(lost),
        }
    )
    absent = lost & (np.cumsum(lost) % 2 == 1)
    shuffled = generator.permutation(np.flatnonzero(~absent))
    return scores.reset_index(drop=True), outcomes.iloc[shuffled].reset_index(drop=True)


def write_radiographs(
    radiographs: pd.DataFrame, folder: Path, *, site: str, shard: int, shards: int, size: int, seed: int
) -> None:
    """Draw every `shards`-th radiograph of a site, from the `shard`-th on, and write them as files into a folder.

    Args:
        radiographs: as `simulate_site` gives them.
        folder: made anew, whole or not at all.
        site: name of the site.
        shard, shards: part and number of parts.
        size: pixels along 430 mm.
        seed: the study's seed.
    """
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    rows = radiographs.iloc[shard::shards]
    report = progress(len(rows), noun="radiographs")
    for done, (number, values) in enumerate(zip(rows.index, rows.to_dict("records"), strict=True), start=1):
        row = {str(name): value for name, value in values.items()}
        device = device_named(row["device"])
        exposure = np.random.default_rng(derive_seed(seed, "simulation", site, "exposure", int(row["exposure"])))
        levels = draw_radiograph(
            Chest(**{name: float(row[name]) for name in CHEST_COLUMNS}),
            view=row["view"],
            marker=device.marker,
            processing=device.processing,
            size=size,
            format_mm=format_mm(row["format_mm"]),
            person=np.random.default_rng(derive_seed(seed, "simulation", site, "person", int(row["person"]))),
            exposure=exposure,
        )
        levels = befall(levels, row, generator=exposure)
        spacing = DETECTOR_MM / size
        content = dicom_bytes(levels, row, site=site, seed=seed, number=int(number), spacing=(spacing, spacing))
        (partial / row["file"]).write_bytes(content)
        report(done)
    # The folder appears under its name only when it is whole.
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)
