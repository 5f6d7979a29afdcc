"""A study of two small sites on disk, right in everything, for tests to spoil one thing at a time."""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from cacs_cxr.cohort.selection import Selection, select
from cacs_cxr.imaging.header_index import pseudonymous

KEY = b"k" * 16

STUDY: dict[str, Any] = {
    "title": "Small",
    "simulated": False,
    "biomarker": {"name": "cacs", "label": "Coronary artery calcium score", "short": "CACS", "unit": "AU"},
    "thresholds": [
        {"name": "gt0", "operator": ">", "value": 0, "label": "> 0"},
        {"name": "ge100", "operator": ">=", "value": 100, "label": "≥ 100"},
        {"name": "ge400", "operator": ">=", "value": 400, "label": "≥ 400"},
    ],
    "categories": ["0", "1-99", "100-399", ">=400"],
    "factors": [
        {"name": "age", "label": "Age", "kind": "continuous", "unit": "years", "per": 10, "missing": "exclude"},
        {"name": "sex", "label": "Male sex", "kind": "binary", "levels": ["F", "M"], "missing": "exclude"},
        {"name": "bmi", "label": "Body mass index", "kind": "continuous", "per": 5, "missing": "impute"},
    ],
    "event": {"name": "MACE", "label": "Major adverse cardiovascular event"},
}
FOLLOWUP: dict[str, Any] = {"time_zero": "later", "landmark_days": 0, "events_after_end": "censor"}
ELIGIBILITY: dict[str, Any] = {
    "patients": ["one_site", "age", "prior", "score", "factors", "radiograph", "view", "window"],
    "radiographs": [
        "override",
        "readable",
        "modality",
        "intent",
        "view",
        "listed",
        "eligible",
        "unshared",
        "score_text",
    ],
    "maximum_age": None,
    "prior": [],
    "window_side": "both",
    "minimum_age": 18,
    "window_days": 183,
    "modalities": ["CR", "DX"],
    "views": ["PA"],
    "unknown_view": "exclude",
    "pseudonym_key_file": "restricted/pseudonym.key",
}
GUARDS: dict[str, Any] = {
    "patient_in_two_sites": "stop",
    "pixels_of_two_patients": "exclude",
    "outcome_before_time_zero": "exclude",
    "score_in_header": "exclude",
}
PATIENTS = "patient_id,age_years,sex,bmi\n{0}1,50,F,22.5\n{0}2,61,M,\n{0}3,70,M,31\n{0}4,44,F,19\n"
SCORES = (
    "patient_id,ct_date,agatston\n{0}1,2019-03-01,0\n{0}2,2019-03-02,12.5\n{0}3,2019-03-03,150\n{0}4,2019-03-04,900\n"
)
OUTCOMES = "patient_id,last_date,mace\n{0}1,2022-03-01,0\n{0}2,2021-01-01,1\n{0}3,2020-06-01,2\n{0}4,2022-01-01,0\n"


def radiograph(patient: str, date: str, **changes: Any) -> dict[str, Any]:
    """A row of an index before its identifiers are hashed: a readable PA radiograph, but for what `changes` says."""
    row = {
        "file": f"{patient}_{date}.dcm",
        "bytes": 1000,
        "readable": True,
        "reason": "",
        "patient": patient,
        "study_date": date,
        "modality": "DX",
        "view": "PA",
        "vendor": "V",
        "photometric": "MONOCHROME2",
        "intent": "FOR PRESENTATION",
        "transfer_syntax": "1.2.840.10008.1.2.1",
        "sop_instance": f"1.2.3.{patient}.{date}",
        "score_text": False,
        "photometric_override": "",
        "rotate": 0,
        "mirror": False,
        "overridden": "",
    }
    return {**row, **changes}


class SmallStudy:
    """Two sites of four patients each, written below a folder; tests change files, sites and eligibility."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.study = copy.deepcopy(STUDY)
        self.eligibility = copy.deepcopy(ELIGIBILITY)
        self.followup = copy.deepcopy(FOLLOWUP)
        self.greatest_age: int | None = 89
        self.guards = copy.deepcopy(GUARDS)
        self.study["sites"] = []
        self.write("pseudonym.key", KEY)
        self.eligibility["pseudonym_key_file"] = str(folder / "pseudonym.key")
        self.indexes: list[Path] = []
        for name, role, letter in (("home", "development", "H"), ("away", "external", "A")):
            self.write(f"{name}/patients.csv", PATIENTS.format(letter))
            self.write(f"{name}/scores.csv", SCORES.format(letter))
            self.write(f"{name}/outcomes.csv", OUTCOMES.format(letter))
            self.indexes.append(folder / name / "index.parquet")
            self.write_index(name, [radiograph(f"{letter}{number}", f"2019-03-1{number}") for number in (1, 2, 3, 4)])
            self.study["sites"].append(
                {
                    "name": name,
                    "role": role,
                    "dates": "iso",
                    "patients": {
                        "file": str(folder / name / "patients.csv"),
                        "columns": {"patient": "patient_id", "age": "age_years", "sex": "sex", "bmi": "bmi"},
                    },
                    "scores": {
                        "file": str(folder / name / "scores.csv"),
                        "columns": {"patient": "patient_id", "date": "ct_date", "value": "agatston"},
                    },
                    "outcomes": {
                        "file": str(folder / name / "outcomes.csv"),
                        "columns": {"patient": "patient_id", "date": "last_date", "event": "mace"},
                    },
                    "radiographs": {"folder": f"radiographs/{name}"},
                }
            )

    def write(self, name: str, content: str | bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def replace(self, name: str, old: str, new: str) -> None:
        content = (self.folder / name).read_text()
        assert old in content
        self.write(name, content.replace(old, new))

    def write_index(self, site: str, rows: Sequence[dict[str, Any]]) -> None:
        index = pseudonymous(pd.DataFrame(rows, columns=list(radiograph("", ""))), key=KEY)
        index.to_parquet(self.folder / site / "index.parquet", index=False)

    def select(self) -> Selection:
        parts = {name: self.study[name] for name in ("biomarker", "thresholds", "factors")}
        sites = self.study["sites"]
        return select(
            sites,
            indexes=self.indexes,
            eligibility=self.eligibility,
            followup=self.followup,
            guards=self.guards,
            greatest_age=self.greatest_age,
            key=KEY,
            **parts,
        )
