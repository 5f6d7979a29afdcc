"""Two studies on real radiographs through the same workflow, where the material is present."""

import os
from pathlib import Path

import pandas as pd
import pytest
import yaml

import real_studies
from study_runs import REPOSITORY, logs_of, snakemake

# What the analyses below the networks would spend on precision that nobody looks at here.
QUICK = {
    key: value
    for key, value in yaml.safe_load((REPOSITORY / "studies/mini.yaml").read_text(encoding="utf-8")).items()
    if key in ("evaluation", "saliency", "prognosis")
}
pytestmark = [
    pytest.mark.slow,
    pytest.mark.real,
    pytest.mark.skipif(
        "CACS_CXR_REAL_STUDIES" not in os.environ,
        reason="take some fifteen minutes of processor time; CACS_CXR_REAL_STUDIES=1 runs them",
    ),
]


def test_age_is_learnt_from_real_radiographs(tmp_path: Path) -> None:
    overlay = real_studies.nih_small(tmp_path)
    overlay["thresholds"] = [threshold for threshold in overlay["thresholds"] if threshold["name"] == "ge65"]
    overlay["categories"] = ["<65", ">=65"]
    # Ten epochs are too few for 176 patients: the AUC was 0.57 and 0.63 in two draws of folds, with 30 it was 0.69.
    overlay["training"]["epochs"] = 30
    overlay["folds"]["count"] = 5
    done = snakemake("results/evaluation/discrimination.csv", directory=tmp_path, overlay=overlay)
    assert done.returncode == 0, done.stdout + logs_of(tmp_path)
    table = pd.read_csv(tmp_path / "results/evaluation/discrimination.csv").set_index(["model", "threshold"])
    assert table.loc[("cxr", "ge65"), "auc_low"] > 0.5
    assert not table["simulated"].any()


def test_a_study_with_few_patients_says_what_is_not_estimable(tmp_path: Path) -> None:
    overlay = real_studies.hannover(tmp_path) | QUICK
    overlay["training"] = {"epochs": 5}
    done = snakemake(directory=tmp_path, overlay=overlay)
    assert done.returncode == 0, done.stdout + logs_of(tmp_path)
    cox = pd.read_csv(tmp_path / "results/prognosis/cox.csv")
    assert cox["note"].str.contains("not estimable").any()
    page = (tmp_path / "results/report.html").read_text(encoding="utf-8")
    assert "not estimable" in page
    assert "Simulated" not in page
