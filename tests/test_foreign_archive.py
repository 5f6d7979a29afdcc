"""An archive of somebody else's predictions: evaluated, analysed and reported without radiographs or networks."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from study_runs import logs_of, snakemake


@pytest.mark.slow
def test_an_archive_of_somebody_elses_predictions(tmp_path: Path) -> None:
    """Two models of any name, one site without folds, no follow-up: everything that can be said is said."""
    generator = np.random.default_rng(1)
    n = 300
    cacs = np.where(generator.random(n) < 0.5, 0, generator.lognormal(4, 1.5, n)).round(1)
    patients = pd.DataFrame(
        {
            "patient": [f"{number:04d}" for number in range(n)],
            "site": "theirs",
            "fold": np.arange(n) % 5,
            "cacs": cacs,
            "age": generator.normal(60, 8, n).round(1),
            "sex": generator.choice(["F", "M"], n),
            "bmi": np.where(generator.random(n) < 0.1, np.nan, generator.normal(25, 3, n).round(1)),
            "followup_days": "",
            "event": "",
        }
    )
    logit = np.log1p(cacs) - 2 + generator.normal(0, 2, n)
    rows = [
        pd.DataFrame(
            {
                "patient": patients["patient"],
                "site": "theirs",
                "model": model,
                "threshold": threshold,
                "probability": 1 / (1 + np.exp(-(logit - shift + generator.normal(0, noise, n)))),
            }
        )
        for model, noise in (("cxr", 1.0), ("transformer", 0.2))
        for threshold, shift in (("gt0", 0), ("ge100", 2), ("ge400", 3))
    ]
    (tmp_path / "theirs").mkdir()
    patients.to_csv(tmp_path / "theirs/analysis.csv", index=False)
    pd.concat(rows).to_csv(tmp_path / "theirs/predictions.csv", index=False)
    overlay = {"start_from": "predictions", "archive": str(tmp_path / "theirs"), "simulated": False}
    done = snakemake(directory=tmp_path, overlay=overlay)
    assert done.returncode == 0, done.stdout + logs_of(tmp_path)
    table = pd.read_csv(tmp_path / "results/evaluation/discrimination.csv")
    assert set(table["model"]) == {"cxr", "transformer"}
    assert (table["n"] == n).all()
    page = (tmp_path / "results/report.html").read_text(encoding="utf-8")
    assert "transformer" in page
    assert "not estimable" in page or "no follow-up" in page.lower()
