"""How long the tables of a large cohort take from their files to the eligible patients, and how much memory.

python benchmarks/check_large_cohort.py [--patients 100000] [--growth 1000 10000 100000 1000000]

Tables are drawn with three radiographs, two scores and four outcomes a patient, one radiograph and outcome in eleven
those of strangers, written as a hospital would hand them over, and taken through validation, linkage and flow by the
function that `check_inputs` and `link_radiographs` call. Each size runs in a process of its own.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "workflow" / "scripts")]

from cacs_cxr.cohort.selection import select  # noqa: E402
from cacs_cxr.imaging.header_index import pseudonymous  # noqa: E402
from cacs_cxr.imaging.header_row import EMPTY_ROW  # noqa: E402

KEY = b"k" * 16
RADIOGRAPHS, SCORES, OUTCOMES = 3, 2, 4  # of a patient
SEED = 1


def write_cohort(folder: Path, patients: int) -> dict[str, Any]:
    """Write tables and index of a development site; return its item of the configuration's `sites`."""
    random = np.random.default_rng(SEED)
    names = np.char.add("P", np.arange(patients).astype(str))
    several = np.char.add("P", random.integers(0, round(1.1 * patients), OUTCOMES * patients).astype(str))
    people = pd.DataFrame({"patient": names, "age": random.normal(60, 12, patients).round(1).clip(5, 110)})
    people["sex"], people["bmi"] = random.choice(["F", "M"], patients), random.normal(25, 4, patients).round(1).clip(12)
    people.to_csv(folder / "patients.csv", index=False)
    scored = np.repeat(names, SCORES)
    days = np.tile(np.arange(SCORES) * 400, patients) + random.integers(1000, 1100, SCORES * patients)
    scores = pd.DataFrame({"patient": scored, "day": days, "value": random.exponential(80, len(scored)).round(1)})
    scores.to_csv(folder / "scores.csv", index=False)
    outcomes = pd.DataFrame({"patient": several, "day": random.integers(1200, 5000, len(several))})
    outcomes["event"] = random.choice([0, 0, 0, 1, 2], len(outcomes))
    outcomes.to_csv(folder / "outcomes.csv", index=False)
    count = RADIOGRAPHS * patients
    index = pd.DataFrame({name: np.full(count, value) for name, value in EMPTY_ROW.items()})
    index["file"] = np.char.add(np.arange(count).astype(str), ".dcm")
    index["patient"] = np.char.add("P", random.integers(0, round(1.1 * patients), count).astype(str))
    index["study_date"] = random.integers(900, 1700, count).astype(str)
    index["sop_instance"] = np.char.add("1.2.3.", np.arange(count).astype(str))
    index["view"], index["modality"] = random.choice(["PA", "PA", "AP", "lateral"], count), "DX"
    pseudonymous(index.assign(readable=True), key=KEY).to_parquet(folder / "index.parquet", index=False)
    return {
        "name": "development",
        "role": "development",
        "dates": "days",
        "patients": {
            "file": str(folder / "patients.csv"),
            "columns": {"patient": "patient", "age": "age", "sex": "sex", "bmi": "bmi"},
        },
        "scores": {
            "file": str(folder / "scores.csv"),
            "columns": {"patient": "patient", "date": "day", "value": "value"},
        },
        "outcomes": {
            "file": str(folder / "outcomes.csv"),
            "columns": {"patient": "patient", "date": "day", "event": "event"},
        },
        "radiographs": {"folder": str(folder)},
    }


def measure(folder: Path, site: dict[str, Any]) -> dict[str, Any]:
    """Seconds, greatest memory and the number of eligible patients of one selection, on one core."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    before, cpu = time.perf_counter(), time.process_time()
    selection = select(
        [site],
        indexes=[folder / "index.parquet"],
        eligibility=config["eligibility"],
        guards=config["guards"],
        followup=config["followup"],
        greatest_age=config["deidentification"]["greatest_age"],
        biomarker=config["biomarker"],
        thresholds=config["thresholds"],
        factors=config["factors"],
        key=KEY,
    )
    return {
        "seconds": time.perf_counter() - before,
        "cpu_seconds": time.process_time() - cpu,
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "eligible": len(selection.patients),
        "followed": int((selection.patients["followup_note"] == "").sum()),
    }


def main() -> None:
    """Print a line a size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=100_000)
    parser.add_argument("--growth", type=int, nargs="*", default=[])
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure, json.loads((options.measure / "site.json").read_text()))))
        return
    for patients in options.growth or [options.patients]:
        with TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "site.json").write_text(json.dumps(write_cohort(folder, patients)))
            command = [sys.executable, __file__, "--measure", str(folder)]
            found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            print(
                f"{patients:>9,} patients: {found['seconds']:6.1f} s ({found['cpu_seconds']:.1f} s of CPU), "
                f"{found['memory_mb']:6,.0f} MB, {found['eligible']:,} eligible, {found['followed']:,} followed",
                flush=True,
            )


if __name__ == "__main__":
    main()
