"""The mini study through a SLURM cluster against the same on this machine, and where the difference goes.

python benchmarks/time_slurm.py

Both have the processors of this machine, whatever the cluster pretends. Run it on an idle machine.
"""

import resource
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

import pandas as pd

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY / "tests"), str(REPOSITORY / "tests" / "cluster")]

from slurm_cluster import SlurmCluster, slurm_cluster  # noqa: E402 - found only now
from slurm_runs import adapted_profile, run, submissions  # noqa: E402
from study_checksums import RESULTS, checksums  # noqa: E402
from study_runs import snakemake  # noqa: E402

MINI = REPOSITORY / "studies" / "mini.yaml"


def processor_seconds() -> float:
    """Of all processes that this one has started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def job_times(cluster: SlurmCluster) -> pd.DataFrame:
    """Seconds that each job of the cluster waited and ran."""
    lines = cluster.ask("squeue", "--states=all", "--array", "--noheader", "--format=%i|%V|%S|%e|%T").splitlines()
    rows = []
    for line in lines:
        job, *times, state = line.split("|")
        submitted, started, ended = map(datetime.fromisoformat, times)
        waited, ran = (started - submitted).total_seconds(), (ended - started).total_seconds()
        rows.append({"job": job, "waited": waited, "ran": ran, "state": state})
    return pd.DataFrame(rows)


def script_seconds(folder: Path) -> float:
    """What the scripts of the rules with a benchmark took together."""
    return float(sum(pd.read_csv(file, sep="\t")["s"].sum() for file in folder.glob("logs/benchmarks/**/*.tsv")))


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        local, remote = Path(name, "local"), Path(name, "remote")
        local.mkdir()
        remote.mkdir()
        begun, used = time.perf_counter(), processor_seconds()
        done = snakemake(directory=local, overlay=MINI)
        wall, processor = time.perf_counter() - begun, processor_seconds() - used
        if done.returncode:
            raise SystemExit(done.stdout)
        print(f"this machine: {wall:.0f} s, processor {processor:.0f} s, in scripts {script_seconds(local):.0f} s")
        with tempfile.TemporaryDirectory(prefix="slurm-") as folder, slurm_cluster(Path(folder)) as cluster:
            profile = adapted_profile(remote / "profile")
            begun = time.perf_counter()
            code, printed = run(cluster, directory=remote, overlay=MINI, profile=profile)
            wall = time.perf_counter() - begun
            if code:
                raise SystemExit(printed)
            jobs = job_times(cluster)
        print(
            f"SLURM: {wall:.0f} s, in scripts {script_seconds(remote):.0f} s; {len(jobs)} jobs in "
            f"{len(submissions(printed))} submissions, which waited {jobs['waited'].sum():.0f} s and ran "
            f"{jobs['ran'].sum():.0f} s in all, {jobs['ran'].median():.0f} s in the median"
        )
        same = checksums(local, *RESULTS) == checksums(remote, *RESULTS)
        print("results: the same bits" if same else "results DIFFER")


if __name__ == "__main__":
    main()
