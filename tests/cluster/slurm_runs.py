"""Running the study through the SLURM executor, with the profile that the repository ships."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from slurm_cluster import SlurmCluster
from study_runs import REPOSITORY

PROFILE = REPOSITORY / "profiles" / "slurm" / "profile.yaml"
WITH_GPU = ("train_network", "predict_external", "predict_corrupted", "explain_radiographs")
RUN_SECONDS = 1500
BEGUN: list[subprocess.Popen[str]] = []


def adapted_profile(folder: Path, *, networks_on: str = "gpu", **changes: Any) -> Path:
    """Folder of the shipped profile, with the partitions of the test's cluster filled in as its user would.

    Args:
        networks_on: partition of the jobs with a network; on "cpu" they ask for no GPU.
        changes: further keys, such as retries.
    """
    profile: dict[str, Any] = yaml.safe_load(PROFILE.read_text(encoding="utf-8"))
    profile["default-resources"]["slurm_partition"] = "cpu"
    for rule in WITH_GPU:
        assert profile["set-resources"][rule] == {"gpu": 1}
        profile["set-resources"][rule] = {"gpu": 1, "slurm_partition": "gpu"} if networks_on == "gpu" else {"gpu": 0}
    # A test waits for files and jobs of one machine.
    profile |= {"slurm-init-seconds-before-status-checks": 6, "latency-wait": 5, **changes}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "profile.yaml").write_text(yaml.safe_dump(profile), encoding="utf-8")
    return folder


def begin(
    cluster: SlurmCluster,
    *arguments: str,
    directory: Path,
    overlay: Mapping[str, Any] | Path,
    profile: Path,
) -> subprocess.Popen[str]:
    """Start Snakemake on the cluster in `directory`; what it prints comes through its standard output."""
    if not isinstance(overlay, Path):
        file = directory / "overlay.yaml"
        file.write_text(yaml.safe_dump(dict(overlay)), encoding="utf-8")
        overlay = file
    command = [sys.executable, "-m", "snakemake", *arguments, "--snakefile", str(REPOSITORY / "Snakefile")]
    command += ["--workflow-profile", str(profile), "--directory", str(directory), "--configfile", str(overlay)]
    running = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=cluster.environment,
        cwd=REPOSITORY,
        start_new_session=True,
        # Where these tests run in the background, Ctrl-C is ignored, and a child would inherit that.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    BEGUN.append(running)
    return running


def end_all() -> None:
    """End what a failed test has left running; its jobs are cancelled."""
    while BEGUN:
        running = BEGUN.pop()
        if running.poll() is None:
            running.send_signal(signal.SIGINT)
            try:
                running.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                running.kill()
                running.communicate()


def finish(running: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit code of a run and what it printed; ended with its jobs where it takes too long."""
    try:
        printed, _ = running.communicate(timeout=RUN_SECONDS)
    except subprocess.TimeoutExpired:
        running.send_signal(signal.SIGINT)
        printed, _ = running.communicate(timeout=120)
        raise AssertionError(f"not done in {RUN_SECONDS} s:\n{printed}") from None
    return running.returncode, printed


def run(
    cluster: SlurmCluster, *arguments: str, directory: Path, overlay: Mapping[str, Any] | Path, profile: Path
) -> tuple[int, str]:
    """Exit code of Snakemake on the cluster, and what it printed."""
    return finish(begin(cluster, *arguments, directory=directory, overlay=overlay, profile=profile))


def running_jobs(cluster: SlurmCluster) -> list[str]:
    """Numbers of the jobs that run now."""
    return cluster.ask("squeue", "--noheader", "--array", "--states=RUNNING", "--format=%i").split()


def submissions(printed: str) -> list[str]:
    """Lines of a run that tell of jobs handed to SLURM."""
    return re.findall(r"^.*(?:submitted with SLURM jobid|Submitted array job).*$", printed, re.MULTILINE)


def processes_of(cluster: SlurmCluster, job: str) -> list[int]:
    """Process ids of a job's Python processes, as its node knows them."""
    lines = cluster.ask("scontrol", "listpids", job).splitlines()[1:]
    return [int(line.split()[0]) for line in lines if os.path.exists(f"/proc/{line.split()[0]}")]
