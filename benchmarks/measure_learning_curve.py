"""How the radiograph's AUC grows with the number of patients to learn from, and what another recipe would gain.

    python benchmarks/measure_learning_curve.py results --sizes 500 1000 2000 4000 --seeds 5 --held-out 3000
    python benchmarks/measure_learning_curve.py results --recipe '{"epochs": 20}' --recipe '{"backbone": "resnet18"}'

Takes the images and the cohort of a finished study (of `snakemake cohort` alone too). For every recipe, threshold, size
and seed, patients are drawn at random from those not held out, a share of them is the tuning split, and a network is
trained as the study trains its own; the AUC is that of the held-out patients, the same for all, none of whom takes part
in any training. Printed are the mean over seeds and its standard error, and beside it the AUC that the simulation
allows, where the study is simulated.
"""

import argparse
import json
import multiprocessing
import sys
import tempfile
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))


def train_one(task: dict[str, Any]) -> dict[str, Any]:
    """AUC of the held-out patients by one network."""
    from cacs_cxr.study import Threshold
    from cacs_cxr.training.fold import train_fold
    from cacs_cxr.training.inference import auc
    from cacs_cxr.training.parts import as_part

    cohort: pd.DataFrame = task["cohort"]
    threshold = Threshold(**task["threshold"])
    random = np.random.default_rng([task["seed"], task["size"]])
    pool, held_out = cohort.iloc[task["held_out"] :], cohort.iloc[: task["held_out"]]
    drawn = pool.iloc[random.permutation(len(pool))[: task["size"]]]
    tuning = round(task["tuning_fraction"] * len(drawn))
    tables = {"train": drawn.iloc[tuning:], "tuning": drawn.iloc[:tuning], "test": held_out}
    parts = {
        name: as_part(table, biomarker=task["biomarker"], thresholds=[threshold], design=None)
        for name, table in tables.items()
    }
    with tempfile.TemporaryDirectory() as folder:
        fold = train_fold(
            Path(task["images"]), parts, design=None, configuration=task["training"], initial=None, seed=task["seed"],
            network_name="cxr", fold=0, member=0, code="", checkpoint_file=Path(folder, "none"),
        )  # fmt: skip
    test = fold.logits[fold.logits["part"] == "test"]
    return {
        "recipe": json.dumps(task["recipe"]), "threshold": threshold.name, "size": task["size"], "seed": task["seed"],
        "auc": auc(test["label"].to_numpy(), test["logit"].to_numpy()),
        "best_epoch": fold.metadata["best_epoch"], "seconds": fold.metadata["seconds"]["total"],
        "operating_rate": fold.metadata["images_per_second"],
    }  # fmt: skip


def main() -> None:
    """Train all networks and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, help="results folder of a study")
    parser.add_argument("--sizes", type=int, nargs="+", default=[500, 1000, 2000, 4000])
    parser.add_argument("--thresholds", nargs="+", default=["gt0"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--held-out", type=int, default=3000)
    parser.add_argument("--recipe", action="append", help="JSON: keys of `training` that differ from config.yaml")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--csv", type=Path, help="where all single results go")
    arguments = parser.parse_args()
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    study = json.loads((arguments.results / "cohort/study.json").read_text(encoding="utf-8"))
    cohort = pd.read_parquet(arguments.results / "cohort/cohort.parquet")
    development = next(site["name"] for site in study["sites"] if site["role"] == "development")
    cohort = cohort[cohort["site"] == development].sort_values("patient", ignore_index=True)
    left = len(cohort) - arguments.held_out
    if left < max(arguments.sizes):
        sys.exit(f"{left} patients are left beside {arguments.held_out} held out, expected {max(arguments.sizes)}.")
    recipes = [json.loads(text) for text in arguments.recipe or ["{}"]]
    tasks = [
        {
            "images": str(arguments.results / "images/images.npy"),
            "cohort": cohort[["patient", "row", study["biomarker"]["name"]]],
            "biomarker": study["biomarker"]["name"],
            "threshold": threshold, "size": size, "seed": seed, "held_out": arguments.held_out, "recipe": recipe,
            "tuning_fraction": recipe.get("tuning_fraction", config["folds"]["tuning_fraction"]),
            "training": config["training"] | {k: v for k, v in recipe.items() if k != "tuning_fraction"},
        }
        for recipe, threshold, size, seed in product(
            recipes, study["thresholds"], arguments.sizes, range(arguments.seeds)
        )
        if threshold["name"] in arguments.thresholds
    ]  # fmt: skip
    tasks.sort(key=lambda task: -task["size"])
    rows = []
    with multiprocessing.get_context("spawn").Pool(arguments.processes) as pool:
        for number, row in enumerate(pool.imap_unordered(train_one, tasks), start=1):
            rows.append(row)
            print(f"{number} of {len(tasks)}", row, file=sys.stderr, flush=True)
            if arguments.csv:
                pd.DataFrame(rows).to_csv(arguments.csv, index=False)
    table = (
        pd.DataFrame(rows).groupby(["recipe", "threshold", "size"], as_index=False)["auc"].agg(["mean", "std", "count"])
    )
    table["se"] = table["std"] / np.sqrt(table["count"])
    allowed = pd.DataFrame(study["attainable"] or None, columns=["site", "model", "threshold", "auc"])
    allowed = allowed[(allowed["site"] == development) & (allowed["model"] == "cxr")].set_index("threshold")["auc"]
    table["attainable"] = table["threshold"].map(allowed)
    table["of_the_way"] = (table["mean"] - 0.5) / (table["attainable"] - 0.5)
    print(table.drop(columns="std").round(4).to_string(index=False))


if __name__ == "__main__":
    main()
