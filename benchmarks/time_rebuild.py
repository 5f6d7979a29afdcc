"""How long tables, figures and report take from an archive of the paper's size, and how large the page is.

python benchmarks/time_rebuild.py [--patients 10230 3000 | --archive FILE] [--bootstraps 2000] [--cores 2]

People and follow-up are drawn as the simulated sites have them, without radiographs; the three models' probabilities
follow the calcium with noise, so that their AUCs are of the paper's size. The study is rebuilt twice: the first run is
timed, the second must find nothing to be done. Run it on an idle machine.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "workflow" / "scripts")]

from cacs_cxr.simulation.hazards import draw_follow_up  # noqa: E402
from cacs_cxr.simulation.population import PEOPLE, draw_people  # noqa: E402

FOLDS = 10
NOISE = {"clinical": 2.2, "cxr": 1.8, "integrated": 1.6}  # SD beside a latent trait of SD 1
THRESHOLDS = {"gt0": 0.0, "ge100": 100.0, "ge400": 400.0}


def site_tables(site: str, patients: int, generator: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Analysis and predictions of a site, as docs/outputs.md describes them."""
    people = draw_people(patients, people=PEOPLE[site], generator=generator)
    follow_up = draw_follow_up(people, longest_days=generator.integers(1095, 3650, patients), generator=generator)
    bmi = people["bmi"].astype(str).mask(generator.random(patients) < 0.04, "")
    analysis = pd.DataFrame(
        {
            "patient": [f"{site[0]}{number:07d}" for number in range(patients)],
            "site": site,
            "fold": np.arange(patients) % FOLDS if site == "development" else -1,
            "cacs": people["agatston"],
            "age": people["age_years"],
            "sex": np.where(people["male"], "M", "F"),
            "bmi": bmi,
            "followup_days": follow_up["followup_days"].clip(lower=1),
            "event": follow_up["event"],
        }
    )
    trait = people["propensity"].to_numpy()
    trait = (trait - trait.mean()) / trait.std()
    rows = []
    for model, noise in NOISE.items():
        score = trait + noise * generator.standard_normal(patients)
        for name, value in THRESHOLDS.items():
            prevalence = float((people["agatston"] > value).mean())
            logit = score + np.log(prevalence / (1 - prevalence))
            rows.append(
                analysis[["patient", "site"]].assign(model=model, threshold=name, probability=1 / (1 + np.exp(-logit)))
            )
    return analysis, pd.concat(rows)


def drawn_archive(folder: Path, *, development: int, external: int) -> Path:
    """An archive of so many drawn patients, as a folder of two tables."""
    archive = folder / "archive"
    archive.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(1)
    sites = [
        site_tables(site, patients, generator)
        for site, patients in (("development", development), ("external", external))
    ]
    for name, place in (("analysis.csv", 0), ("predictions.csv", 1)):
        pd.concat([site[place] for site in sites]).to_csv(archive / name, index=False)
    return archive


def overlay_of(archive: Path, *, bootstraps: int | None) -> dict[str, object]:
    """Configuration of a rebuild; with the default configuration's numbers of bootstrap samples where none is given."""
    overlay: dict[str, object] = {"start_from": "predictions", "archive": str(archive.resolve()), "simulated": True}
    default = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    for section in ("evaluation", "prognosis"):
        own = {key: bootstraps for key in default[section] if key.startswith("bootstrap")}
        overlay |= {section: own} if own and bootstraps else {}
    return overlay


def floor_seconds() -> float:
    """Processor time in which Python starts and imports what nearly every job imports, the least of five."""
    times = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", "import matplotlib.figure, pandas, scipy.special"], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times)


def main() -> None:
    """Rebuild the study and print what it took, in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, nargs=2, default=[10230, 3000], metavar=("DEVELOPMENT", "EXTERNAL"))
    parser.add_argument("--archive", type=Path, help="rebuild this archive of a study instead of drawing patients")
    parser.add_argument("--bootstraps", type=int, help="2,000 for drawn patients, as configured for an archive")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="folder to work in and to leave")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        development, external = options.patients
        archive = options.archive or drawn_archive(folder, development=development, external=external)
        bootstraps = options.bootstraps or (None if options.archive else 2000)
        overlay = overlay_of(archive, bootstraps=bootstraps)
        (folder / "overlay.yaml").write_text(yaml.safe_dump(overlay), encoding="utf-8")
        command = [
            *(sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)),
            *("--cores", str(options.cores), "--configfile", str(folder / "overlay.yaml")),
        ]
        floor = floor_seconds()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.monotonic()
        subprocess.run(command, check=True, capture_output=True, text=True)
        wall = time.monotonic() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        floor = min(floor, floor_seconds())
        again = subprocess.run(command, check=True, capture_output=True, text=True)
        assert "Nothing to be done" in again.stdout + again.stderr
        manifest = json.loads((folder / "results/manifest.json").read_text(encoding="utf-8"))
        page = (folder / "results/report.html").stat().st_size / 1e6
        patients = len(pd.read_parquet(folder / "results/cohort/analysis.parquet"))
        times = {rule: item["seconds"] for rule, item in manifest["wall_time_by_rule"].items()}
        samples = f"{bootstraps:,} bootstrap samples" if bootstraps else "bootstrap samples as configured"
        print(f"{patients:,} patients, {samples}, {options.cores} of {os.cpu_count()} cores: {wall:.0f} s")
        print(f"page {page:.1f} MB")
        print(f"{used:.0f} s of processor; {floor:.2f} s are the least to start Python and import the libraries, and")
        print(f"{len(times)} jobs of {floor:.2f} s are {len(times) * floor / used:.0%} of all")
        print("\n| rule | seconds |\n| --- | --- |")
        for rule, seconds in sorted(times.items(), key=lambda item: -item[1]):
            print(f"| {rule} | {seconds:.1f} |")


if __name__ == "__main__":
    main()
