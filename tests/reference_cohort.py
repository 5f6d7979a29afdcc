"""The simulated cohort of `tests/reference` as a study in the archive's format, and R's answers to it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cacs_cxr.study import Study

FOLDER = Path(__file__).resolve().parent / "reference"
MODELS = {"A": "integrated", "B": "cxr"}
THRESHOLDS = {"gt0": "0", "ge100": "100", "ge400": "400"}


def plain_study(*, sites: dict[str, str]) -> dict[str, Any]:
    """Plain values of a study with the given sites (name -> role)."""
    return {
        "title": "Reference cohort",
        "simulated": True,
        "biomarker": {"name": "cacs", "label": "Calcium score", "short": "CACS", "unit": "Agatston units"},
        "thresholds": [
            {"name": "gt0", "operator": ">", "value": 0, "label": "> 0"},
            {"name": "ge100", "operator": ">=", "value": 100, "label": "≥ 100"},
            {"name": "ge400", "operator": ">=", "value": 400, "label": "≥ 400"},
        ],
        "categories": ["0", "1-99", "100-399", ">=400"],
        "factors": [
            {"name": "age", "label": "Age", "kind": "continuous", "unit": "years", "per": 10},
            {"name": "sex", "label": "Male sex", "kind": "binary", "levels": ["F", "M"]},
            {"name": "bmi", "label": "Body mass index", "kind": "continuous", "unit": "kg/m²", "missing": "impute"},
        ],
        "event": {"name": "MACE", "label": "Major adverse cardiovascular event"},
        "sites": [{"name": name, "role": role} for name, role in sites.items()],
    }


def two_sites() -> Study:
    """The cohort's internal and external site."""
    return Study.from_plain(plain_study(sites={"development": "development", "external": "external"}))


def one_site() -> Study:
    """All 4,000 patients as one site, as most of R's survival models take them."""
    return Study.from_plain(plain_study(sites={"development": "development"}))


def read_cohort() -> pd.DataFrame:
    """The cohort with text identifiers and folds from 0."""
    table = pd.read_csv(FOLDER / "cohort.csv", float_precision="round_trip")
    external = (table["site"] == "ext").to_numpy()
    table["patient"] = [f"{number:016x}" for number in table["id"]]
    table["fold"] = np.where(external, -1, table["fold"].fillna(0).astype(int) - 1)
    table["site"] = np.where(external, "external", "development")
    table["sex"] = np.where(table["male"] == 1, "M", "F")
    return table


def analysis_table(cohort: pd.DataFrame) -> pd.DataFrame:
    """The cohort as analysis.csv has it."""
    columns = ["patient", "site", "fold", "cacs", "age", "sex", "bmi", "time", "event"]
    return cohort[columns].rename(columns={"time": "followup_days"})


def prediction_table(cohort: pd.DataFrame) -> pd.DataFrame:
    """Probabilities of models A and B as predictions.csv has them."""
    return pd.concat(
        [
            cohort[["patient", "site"]].assign(model=model, threshold=threshold, probability=cohort[f"p{letter}{cut}"])
            for letter, model in MODELS.items()
            for threshold, cut in THRESHOLDS.items()
        ],
        ignore_index=True,
    )


def predicted_category_table(cohort: pd.DataFrame) -> pd.DataFrame:
    """R's predicted categories as the categories of model cxr."""
    return cohort[["site", "patient"]].assign(
        model="cxr", actual=cohort["cat4"], predicted=cohort["pred4"], repaired=False
    )


def r_answers() -> Any:
    """R's answers on the cohort."""
    return json.loads((FOLDER / "cohort_ref.json").read_text(encoding="utf-8"))
