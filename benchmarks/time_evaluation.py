"""Processor time of the evaluation at the paper's size: python benchmarks/time_evaluation.py [--write].

10,230 development and 3,000 external patients, three models, three thresholds, every table of the three rules with
2,000 bootstrap samples, on one core; and the AUC with DeLong's interval of a million patients.
"""

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

import numpy as np
import pandas as pd
import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "workflow" / "scripts")]

from methods_page import write_table  # noqa: E402

import evaluate  # noqa: E402
import evaluate_calibration  # noqa: E402
import evaluate_subgroups  # noqa: E402
from cacs_cxr.evaluation.discrimination import auc_estimate, paired_difference  # noqa: E402
from cacs_cxr.study import MODELS, Study  # noqa: E402
from cacs_cxr.tables import write_json, write_parquet  # noqa: E402

SIZES = {"development": 10_230, "external": 3_000}
MILLION = 1_000_000


def invented(config: dict[str, Any], folder: Path) -> dict[str, Path]:
    """Write analysis.parquet, predictions.parquet and study.json of patients drawn at random."""
    random = np.random.default_rng(1)
    roles = [{"name": name, "role": name} for name in SIZES]
    study = Study.from_plain(
        {
            key: config[key]
            for key in ("title", "simulated", "biomarker", "thresholds", "categories", "factors", "event")
        }
        | {"sites": roles}
    )
    n = sum(SIZES.values())
    site = np.repeat(list(SIZES), list(SIZES.values()))
    age, burden = random.normal(60, 9, n), random.normal(size=n)
    burden += 0.05 * (age - 60)
    score = np.where(burden > 0, np.expm1(2.2 * np.clip(burden, 0, None)) * 12, 0).round(1)
    analysis = pd.DataFrame(
        {
            "patient": [f"{number:016x}" for number in range(n)], "site": site,
            "fold": np.where(site == "development", np.arange(n) % 10, -1), "cacs": score, "age": age.round(1),
            "sex": random.choice(["F", "M"], n),
            "bmi": np.where(random.random(n) < 0.03, np.nan, random.normal(25, 3, n)),
            "followup_days": 0, "event": 0, "vendor": random.choice(["A", "B", "C", "D"], n), "view": "PA",
            "days_to_score": random.integers(-180, 180, n), "flagged": random.random(n) < 0.05,
        }
    )  # fmt: skip
    frames = []
    for noise, model in zip((1.2, 1.0, 0.7), MODELS, strict=True):
        for place, threshold in enumerate(study.thresholds):
            logit = 1.5 * (burden - 0.9 * place + noise * random.normal(size=n))
            frames.append(
                analysis[["patient", "site"]].assign(
                    model=model, threshold=threshold.name, probability=1 / (1 + np.exp(-logit))
                )
            )
    files = {name: folder / f"{name}.parquet" for name in ("analysis", "predictions")} | {
        "study": folder / "study.json"
    }
    write_parquet(analysis, files["analysis"])
    write_parquet(pd.concat(frames, ignore_index=True), files["predictions"])
    write_json(study.plain(), files["study"])
    return files


def timed(what: Callable[[], object]) -> float:
    """Processor seconds of a call."""
    begun = time.process_time()
    what()
    return time.process_time() - begun


def outputs(folder: Path, *names: str) -> dict[str, Path]:
    """Files of tables by name."""
    return {name: folder / f"{name}.csv" for name in names}


def measured() -> dict[str, float]:
    """Seconds by what was done."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    settings = config["evaluation"]
    seconds = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = invented(config, folder)
        ranks = outputs(
            folder,
            "discrimination",
            "auc_comparison",
            "site_comparison",
            "roc",
            "operating_points",
            "operating_points_by_rule",
            "operating_point_comparison",
            "predictive_values",
            "cutoffs",
            "confusion",
            "agreement",
        )
        seconds["discrimination, operating points, categories"] = timed(
            lambda: evaluate.main(
                **files, **ranks, predicted_categories=folder / "categories.parquet",
                cutoff_rule=settings["cutoff_rule"], rules=settings["operating_points"],
                prevalences=settings["prevalences"],
            )
        )  # fmt: skip
        probabilities = outputs(
            folder,
            "calibration",
            "calibration_curve",
            "probability_distribution",
            "decision_curve",
            "net_benefit_comparison",
            "precision",
        )
        seconds["calibration, net benefit, precision"] = timed(
            lambda: evaluate_calibration.main(
                **files, **probabilities, decision=settings["decision"], bootstrap=2000, seed=1, **settings["precision"]
            )
        )
        groups = outputs(folder, "subgroups", "subgroup_tests", "within_strata", "sensitivity", "robustness")
        seconds["subgroups, strata, sensitivity"] = timed(
            lambda: evaluate_subgroups.main(
                **files, **groups, corrupted=None, cutoff_rule=settings["cutoff_rule"],
                bands=settings["subgroups"]["bands"],
                least=settings["subgroups"]["minimum_per_class"], analyses=settings["sensitivity"],
            )
        )  # fmt: skip
    seconds["together"] = sum(seconds.values())
    random = np.random.default_rng(2)
    labels = random.random(MILLION) < 0.1
    scores = [random.normal(size=MILLION) + labels for _ in range(2)]
    seconds["AUC with DeLong's interval, 1,000,000 patients"] = timed(lambda: auc_estimate(labels, scores[0]))
    seconds["paired DeLong test, 1,000,000 patients"] = timed(lambda: paired_difference(labels, *scores))
    return seconds


def main() -> None:
    """Print the table, or write it to docs/methods.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the table to docs/methods.md")
    options = parser.parse_args()
    lines = ["| 10,230 + 3,000 patients, three models, three thresholds | processor seconds, one core |", "|---|---|"]
    lines += [f"| {what} | {seconds:.1f} |" for what, seconds in measured().items()]
    lines += ["", f"Python {platform.python_version()}, {platform.machine()}."]
    if options.write:
        write_table(lines, script="time_evaluation.py")
    else:
        print("\n".join(lines))


if __name__ == "__main__":
    main()
