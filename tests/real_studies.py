"""Two studies on real radiographs: tables in the form that a site hands over, and the overlay that describes them."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from real_data import real_data


def same_key(folder: Path) -> str:
    """Path of a key that is the same in every run: patients are ordered, and so folds are drawn, by pseudonym."""
    file = folder / "pseudonym.key"
    file.write_text("the same folds in every run", encoding="utf-8")
    return str(file)


def nih_small(folder: Path) -> dict[str, Any]:
    """Age as the biomarker (55, 65, 75 years), sex as the one clinical factor, no follow-up.

    The number of the follow-up visit stands in for the date, so that age and radiograph belong together.
    """
    images = real_data("images", "nih_small")
    table = pd.read_csv(images / "metadata.csv")
    patients = table.groupby("Patient ID", as_index=False)["Patient Gender"].first()
    patients.to_csv(folder / "patients.csv", index=False)
    visits = table.drop_duplicates(["Patient ID", "Follow-up #"])
    visits[["Patient ID", "Follow-up #", "Patient Age"]].to_csv(folder / "ages.csv", index=False)
    table[["file", "Patient ID", "Follow-up #", "View Position"]].to_csv(folder / "radiographs.csv", index=False)
    return {
        "title": "Age from chest radiographs of 64 pixels",
        "simulated": False,
        "biomarker": {"name": "age", "label": "Age", "short": "Age", "unit": "years"},
        "thresholds": [
            {"name": f"ge{value}", "operator": ">=", "value": value, "label": f"≥ {value}"} for value in (55, 65, 75)
        ],
        "categories": ["<55", "55-64", "65-74", ">=75"],
        "factors": [{"name": "sex", "label": "Male sex", "kind": "binary", "levels": ["F", "M"]}],
        "event": {"name": "none", "label": "No event"},
        "sites": [
            {
                "name": "nih",
                "role": "development",
                "dates": "days",
                "patients": {
                    "file": str(folder / "patients.csv"),
                    "columns": {"patient": "Patient ID", "sex": "Patient Gender"},
                },
                "scores": {
                    "file": str(folder / "ages.csv"),
                    "columns": {"patient": "Patient ID", "date": "Follow-up #", "value": "Patient Age"},
                },
                "outcomes": None,
                "radiographs": {
                    "folder": str(images),
                    "table": str(folder / "radiographs.csv"),
                    "columns": {
                        "file": "file",
                        "patient": "Patient ID",
                        "date": "Follow-up #",
                        "view": "View Position",
                    },
                },
            }
        ],
        "eligibility": {
            "minimum_age": None,
            "window_days": 0,
            "views": ["PA", "AP"],
            "pseudonym_key_file": same_key(folder),
        },
        "folds": {"tuning_fraction": 0.1},
        "training": {"radiographs": "all"},
    }


def hannover(folder: Path) -> dict[str, Any]:
    """Lactate dehydrogenase (250 and 400 U/L) as the biomarker, sex as the clinical factor, death as the event.

    The source gives days relative to each radiograph; here they are days since admission. Who did not die is followed
    to the last day on which anything was recorded.
    """
    images = real_data("images", "hannover")
    table = pd.read_csv(images / "metadata.csv").replace([np.inf, -np.inf], np.nan)
    day = -table["admission_offset"]
    offsets = [column for column in table.columns if column.endswith("_offset") and column != "admission_offset"]
    last = pd.concat([day, *(day + table[column] for column in offsets if column != "death_offset")], axis=1).max(
        axis=1
    )
    table = table.assign(day=day, last=last, death=day + table["death_offset"], ldh_day=day + table["ldh_offset"])
    followed = table.groupby("patient_id").agg(sex=("sex", "first"), last=("last", "max"), death=("death", "max"))
    followed = followed.reset_index()
    followed["event"] = followed["death"].notna().astype(int)
    followed["end"] = followed["death"].fillna(followed["last"]).astype(int)
    followed[["patient_id", "sex"]].to_csv(folder / "patients.csv", index=False)
    followed[["patient_id", "end", "event"]].to_csv(folder / "outcomes.csv", index=False)
    scores = table.dropna(subset=["ldh_val"]).drop_duplicates(["patient_id", "ldh_day"])
    scores.astype({"ldh_day": int})[["patient_id", "ldh_day", "ldh_val"]].to_csv(folder / "ldh.csv", index=False)
    table[["file", "patient_id", "day", "projection"]].to_csv(folder / "radiographs.csv", index=False)
    return {
        "title": "Lactate dehydrogenase from chest radiographs",
        "simulated": False,
        "biomarker": {"name": "ldh", "label": "Lactate dehydrogenase", "short": "LDH", "unit": "U/L"},
        "thresholds": [
            {"name": "ge250", "operator": ">=", "value": 250, "label": "≥ 250"},
            {"name": "ge400", "operator": ">=", "value": 400, "label": "≥ 400"},
        ],
        "categories": ["<250", "250-399", ">=400"],
        "factors": [{"name": "sex", "label": "Male sex", "kind": "binary", "levels": ["F", "M"]}],
        "event": {"name": "death", "label": "Death"},
        "sites": [
            {
                "name": "hannover",
                "role": "development",
                "dates": "days",
                "patients": {"file": str(folder / "patients.csv"), "columns": {"patient": "patient_id", "sex": "sex"}},
                "scores": {
                    "file": str(folder / "ldh.csv"),
                    "columns": {"patient": "patient_id", "date": "ldh_day", "value": "ldh_val"},
                },
                "outcomes": {
                    "file": str(folder / "outcomes.csv"),
                    "columns": {"patient": "patient_id", "date": "end", "event": "event"},
                },
                "radiographs": {
                    "folder": str(images),
                    "table": str(folder / "radiographs.csv"),
                    "columns": {"file": "file", "patient": "patient_id", "date": "day", "view": "projection"},
                },
            }
        ],
        "eligibility": {
            "minimum_age": None,
            "window_days": 30,
            "views": ["PA", "AP"],
            "pseudonym_key_file": same_key(folder),
        },
        "folds": {"count": 4},
    }
