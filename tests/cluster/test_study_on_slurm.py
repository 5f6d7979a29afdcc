"""The mini study through a real SLURM: the same bits as on one machine, in few submissions, on the nodes asked for."""

import re
from pathlib import Path

import pytest

from slurm_cluster import SlurmCluster
from slurm_runs import adapted_profile, run, submissions
from study_checksums import RESULTS, checksums
from study_runs import REPOSITORY, logs_of, snakemake

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

MINI = REPOSITORY / "studies" / "mini.yaml"
MOST_SUBMISSIONS = 30


def test_the_mini_study_has_the_bits_of_one_machine(cluster: SlurmCluster, tmp_path: Path) -> None:
    local, remote = tmp_path / "local", tmp_path / "remote"
    for folder in (local, remote):
        folder.mkdir()
    done = snakemake(directory=local, overlay=MINI)
    assert done.returncode == 0, done.stdout + logs_of(local)
    profile = adapted_profile(tmp_path / "profile")
    code, printed = run(cluster, directory=remote, overlay=MINI, profile=profile)
    assert code == 0, printed + logs_of(remote)
    assert checksums(remote, *RESULTS) == checksums(local, *RESULTS)
    assert (remote / "results/archive.tar.gz").read_bytes() == (local / "results/archive.tar.gz").read_bytes()
    kept = [file.stem for file in (remote / "logs/slurm").rglob("*.log")]
    assert all("_" in name for name in kept), "output of jobs that succeeded is removed, but for tasks of arrays"

    run_id = str(re.findall(r"SLURM run ID: (\S+)", printed)[0])
    asked = ("squeue", "--states=all", "--array", "--noheader", "--name", run_id, "--format=%P|%N|%T|%b")
    jobs = cluster.ask(*asked).splitlines()
    with_gpu = [job for job in jobs if job.startswith("gpu|")]
    assert {job.split("|")[1] for job in with_gpu} == {"node3"}
    assert len(with_gpu) >= 9 + 3, "nine trainings and three external predictions"
    assert {job.split("|")[2] for job in jobs} == {"COMPLETED"}
    assert len(submissions(printed)) <= MOST_SUBMISSIONS, "trainings and shards go as arrays, short rules are local"

    code, printed = run(cluster, directory=remote, overlay=MINI, profile=profile)
    assert code == 0
    assert "Nothing to be done" in printed


def test_arrays_with_too_little_room_are_refused_at_the_start(cluster: SlurmCluster, tmp_path: Path) -> None:
    profile = adapted_profile(tmp_path / "profile", jobs=4)
    code, printed = run(cluster, directory=tmp_path, overlay=MINI, profile=profile)
    assert code == 1
    assert "the rule train_network has 9 jobs, but only 4 may be handed on at a time" in printed
    assert not submissions(printed)
