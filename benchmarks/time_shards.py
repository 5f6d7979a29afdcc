"""Preprocessing in shards over a SLURM cluster against one process: python benchmarks/time_shards.py STUDY

STUDY is the folder of a finished simulated study; its radiographs are read again until there are COUNT of them.
The cluster is that of the tests, three nodes on this machine: what is measured is what a shard costs beside its
radiographs, not what three machines would gain.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import yaml

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY / "tests"), str(REPOSITORY / "tests" / "cluster")]

from slurm_cluster import SlurmCluster, slurm_cluster  # noqa: E402 - found only now
from slurm_runs import adapted_profile, run  # noqa: E402
from study_runs import snakemake  # noqa: E402


def lay_out(study: Path, folder: Path, *, count: int, shards: int) -> list[str]:
    """Make a folder in which nothing is to be done but the preprocessing; its targets are returned."""
    (folder / "restricted").mkdir(parents=True)
    (folder / "data").symlink_to(study / "data")
    selection = pd.read_parquet(study / "restricted/selection.parquet")
    repeats = -(-count // len(selection))
    rows = pd.concat([selection] * repeats, ignore_index=True).iloc[:count]
    rows["row"] = range(count)
    rows["shard"] = rows["row"] * shards // count
    rows.to_parquet(folder / "restricted/selection.parquet", index=False)
    return [f"results/images/shards/shard-{shard}.npy" for shard in range(shards)]


def processor_seconds() -> float:
    """Of all processes that this one has started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(study: Path, *, count: int, shards: int, cores: int, cluster: SlurmCluster | None) -> dict[str, float]:
    """Seconds of a preprocessing, and of its jobs together; on the cluster, or on this machine without one."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        targets = lay_out(study, folder, count=count, shards=shards)
        overlay = folder / "overlay.yaml"
        overlay.write_text(yaml.safe_dump({"imaging": {"shards": shards}}), encoding="utf-8")
        only = ("--allowed-rules", "preprocess_radiographs")
        begun, used = time.perf_counter(), processor_seconds()
        if cluster is None:
            done = snakemake(*targets, *only, "--cores", str(cores), directory=folder, overlay=overlay)
            code, printed = done.returncode, done.stdout
        else:
            # Jobs of nodes that are full wait in SLURM's queue.
            profile = adapted_profile(folder / "profile", networks_on="cpu")
            code, printed = run(cluster, *targets, *only, directory=folder, overlay=overlay, profile=profile)
        wall = time.perf_counter() - begun
        if code:
            raise SystemExit(printed)
        tables = [pd.read_csv(file, sep="\t") for file in folder.glob("logs/benchmarks/preprocess_radiographs/*.tsv")]
        jobs = pd.concat(tables)
    return {
        "wall": wall,
        "in scripts": float(jobs["s"].sum()),
        "processor, scripts": float(jobs["cpu_time"].sum()),
        "processor, all of this machine's children": processor_seconds() - used,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", type=Path)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--shards", type=int, default=12)
    arguments = parser.parse_args()
    study, cores = arguments.study.resolve(), os.cpu_count() or 1
    with tempfile.TemporaryDirectory(prefix="slurm-") as folder, slurm_cluster(Path(folder)) as cluster:
        rows = {
            "one process, one shard": measure(study, count=arguments.count, shards=1, cores=1, cluster=None),
            f"{cores} cores, {arguments.shards} shards": measure(
                study, count=arguments.count, shards=arguments.shards, cores=cores, cluster=None
            ),
            f"SLURM, {arguments.shards} shards": measure(
                study, count=arguments.count, shards=arguments.shards, cores=cores, cluster=cluster
            ),
        }
    table = pd.DataFrame(rows).T
    table["radiographs a second"] = arguments.count / table["wall"]
    print(table.round(1).to_string())


if __name__ == "__main__":
    main()
