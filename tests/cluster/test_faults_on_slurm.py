"""What goes wrong on a cluster, done to a training on a real SLURM: it ends with the weights of an undisturbed one."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from slurm_cluster import SlurmCluster, wait_until
from slurm_runs import adapted_profile, begin, finish, processes_of, run, running_jobs
from study_runs import REPOSITORY, logs_of, snakemake

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

NETWORK = "results/models/cxr/gt0/fold-0/member-0"
WEIGHTS, CHECKPOINT = f"{NETWORK}/weights.safetensors", f"{NETWORK}/checkpoint.safetensors"
LOG = "logs/train_network/cxr/gt0/0-0.log"


@pytest.fixture(scope="session")
def overlay(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The mini study with a training of some twenty seconds that writes a checkpoint each second."""
    study = yaml.safe_load((REPOSITORY / "studies" / "mini.yaml").read_text(encoding="utf-8"))
    study["training"] |= {"epochs": 100, "checkpoint_seconds": 1, "device": "cpu"}
    file = tmp_path_factory.mktemp("overlay") / "study.yaml"
    file.write_text(yaml.safe_dump(study), encoding="utf-8")
    return file


@pytest.fixture(scope="session")
def undisturbed(overlay: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder in which the training was run on this machine, without a cluster."""
    folder = tmp_path_factory.mktemp("undisturbed")
    done = snakemake(WEIGHTS, directory=folder, overlay=overlay)
    assert done.returncode == 0, done.stdout + logs_of(folder)
    return folder


@pytest.fixture
def study(undisturbed: Path, tmp_path: Path) -> Path:
    """Folder with everything that the training needs."""
    folder = tmp_path / "study"
    shutil.copytree(undisturbed, folder, symlinks=True)
    shutil.rmtree(folder / "results/models")
    shutil.rmtree(folder / "logs/train_network")
    return folder


@pytest.fixture
def same(undisturbed: Path, study: Path) -> Iterator[None]:
    """After the test: the same weights and logits as without the fault, and no checkpoint left."""
    yield
    for name in ("weights.safetensors", "logits.parquet"):
        found, expected = study / NETWORK / name, undisturbed / NETWORK / name
        assert hashlib.sha256(found.read_bytes()).digest() == hashlib.sha256(expected.read_bytes()).digest(), name
    assert not (study / CHECKPOINT).exists()


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    return adapted_profile(tmp_path / "profile", networks_on="cpu")


def wait_for_checkpoint(study: Path, running: subprocess.Popen[str]) -> None:
    """Wait until a training can be disturbed: it has written a checkpoint."""
    wait_until(
        lambda: (study / CHECKPOINT).is_file() or running.poll() is not None, what="a first checkpoint", seconds=180
    )
    assert running.poll() is None, finish(running)[1]


def resumed(study: Path) -> int:
    return int(json.loads((study / NETWORK / "metadata.json").read_text(encoding="utf-8"))["resumed"])


@pytest.mark.usefixtures("same")
def test_scancel_of_a_running_training(cluster: SlurmCluster, study: Path, overlay: Path, profile: Path) -> None:
    running = begin(cluster, WEIGHTS, directory=study, overlay=overlay, profile=profile)
    wait_for_checkpoint(study, running)
    for job in running_jobs(cluster):
        cluster.ask("scancel", job)
    code, printed = finish(running)
    assert code == 0, printed + logs_of(study)
    assert "it was cancelled; a training goes on from its checkpoint" in printed
    assert resumed(study) == 1


@pytest.mark.usefixtures("same")
def test_memory_limit(cluster: SlurmCluster, study: Path, overlay: Path, profile: Path) -> None:
    little = ("--set-resources", "train_network:mem_mb=350", "train_network:gpu=0")
    code, printed = run(cluster, WEIGHTS, *little, "--retries", "0", directory=study, overlay=overlay, profile=profile)
    assert code == 1
    assert "its memory limit stopped it" in printed, printed + logs_of(study)
    assert "--set-resources train_network:mem_mb=MEGABYTES" in printed
    assert not (study / WEIGHTS).exists()
    growing = ("--set-resources", "train_network:mem_mb=350*attempt**4", "train_network:gpu=0")
    code, printed = run(cluster, WEIGHTS, *growing, directory=study, overlay=overlay, profile=profile)
    assert code == 0, printed + logs_of(study)
    assert printed.count("its memory limit stopped it") == 1


@pytest.mark.usefixtures("same")
def test_time_limit(cluster: SlurmCluster, study: Path, overlay: Path, profile: Path) -> None:
    short = ("--set-resources", "train_network:runtime=attempt**2", "train_network:gpu=0")
    running = begin(cluster, WEIGHTS, *short, directory=study, overlay=overlay, profile=profile)
    wait_for_checkpoint(study, running)
    # The training stands still until its minute is over; SLURM wakes it with the notice.
    for job in running_jobs(cluster):
        for process in processes_of(cluster, job):
            if "train_network" in Path(f"/proc/{process}/cmdline").read_text():
                os.kill(process, signal.SIGSTOP)
    code, printed = finish(running)
    assert code == 0, printed + logs_of(study)
    assert "its time limit stopped it" in printed
    assert resumed(study) == 1


@pytest.mark.usefixtures("same")
def test_a_node_set_down(cluster: SlurmCluster, study: Path, overlay: Path, profile: Path) -> None:
    running = begin(cluster, WEIGHTS, directory=study, overlay=overlay, profile=profile)
    wait_for_checkpoint(study, running)
    node = cluster.ask("squeue", "--noheader", "--states=RUNNING", "--format=%N")
    cluster.ask("scontrol", "update", f"nodename={node}", "state=down", "reason=test")
    code, printed = finish(running)
    wait_until(lambda: node in cluster.idle_nodes(), what=f"{node} to come back by itself", seconds=60)
    assert code == 0, printed + logs_of(study)
    assert resumed(study) == 1


@pytest.mark.usefixtures("same")
def test_the_controller_restarted(cluster: SlurmCluster, study: Path, overlay: Path, profile: Path) -> None:
    running = begin(cluster, WEIGHTS, directory=study, overlay=overlay, profile=profile)
    wait_for_checkpoint(study, running)
    cluster.stop("slurmctld")
    time.sleep(20)
    cluster.start("slurmctld")
    code, printed = finish(running)
    assert code == 0, printed + logs_of(study)
    assert resumed(study) == 0, "the training was disturbed"


@pytest.mark.usefixtures("same")
def test_snakemake_killed_and_started_again(cluster: SlurmCluster, study: Path, overlay: Path, profile: Path) -> None:
    running = begin(cluster, WEIGHTS, directory=study, overlay=overlay, profile=profile)
    wait_for_checkpoint(study, running)
    running.kill()
    running.communicate()
    assert running_jobs(cluster), "SLURM goes on without Snakemake"
    # As profiles/README.md says.
    log = max((study / ".snakemake/log").glob("*.log"), key=os.path.getmtime).read_text(encoding="utf-8")
    found = re.search(r"SLURM run ID: (\S+)", log)
    assert found, log
    cluster.ask("scancel", "--name", found.group(1))
    wait_until(lambda: not running_jobs(cluster), what="the job to end", seconds=60)
    assert not (study / WEIGHTS).exists()
    code, printed = run(cluster, WEIGHTS, "--unlock", directory=study, overlay=overlay, profile=profile)
    assert code == 0, printed
    code, printed = run(cluster, WEIGHTS, directory=study, overlay=overlay, profile=profile)
    assert code == 0, printed + logs_of(study)
    assert resumed(study) == 1


@pytest.mark.usefixtures("same")
def test_a_corrupt_checkpoint(cluster: SlurmCluster, study: Path, overlay: Path, profile: Path) -> None:
    (study / NETWORK).mkdir(parents=True)
    (study / CHECKPOINT).write_bytes(b"\x07" * 5000)
    code, printed = run(cluster, WEIGHTS, directory=study, overlay=overlay, profile=profile)
    assert code == 0, printed + logs_of(study)
    assert "the checkpoint found cannot be read" in (study / LOG).read_text(encoding="utf-8")


def test_a_fault_of_the_input_is_not_tried_again(
    cluster: SlurmCluster, study: Path, overlay: Path, profile: Path
) -> None:
    wrong = yaml.safe_load(overlay.read_text(encoding="utf-8"))
    wrong["training"]["device"] = "cuda"
    code, printed = run(cluster, WEIGHTS, directory=study, overlay=wrong, profile=profile)
    assert code == 1
    assert printed.count("FAILED  train_network") == 3, printed
    verdict = (study / f"{LOG}.verdict").read_text(encoding="utf-8")
    assert "cuda" in verdict
    output = "".join(file.read_text(encoding="utf-8") for file in (study / "logs/slurm").rglob("*.log"))
    assert output.count("Not tried again") == 2


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 kilobytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k,mode=1777", "tmpfs", str(folder)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_scratch_disk(
    cluster: SlurmCluster, study: Path, undisturbed: Path, overlay: Path, tiny_disk: Path, tmp_path: Path
) -> None:
    shard = "results/images/shards/shard-0.npy"
    expected = (undisturbed / shard).read_bytes()
    (study / shard).unlink()
    resources = yaml.safe_load((REPOSITORY / "profiles/slurm/profile.yaml").read_text())["default-resources"]
    small = {**resources, "slurm_partition": "cpu", "tmpdir": f"'{tiny_disk}'"}
    profile = adapted_profile(tmp_path / "small", **{"default-resources": small, "retries": 0})
    code, printed = run(cluster, shard, directory=study, overlay=overlay, profile=profile)
    assert code == 1
    assert re.search(r"No space left on device: \S+ has 0 MB free", printed + logs_of(study)), printed
    assert "a disk is full" in printed
    assert not (study / shard).exists()
    profile = adapted_profile(tmp_path / "enough")
    code, printed = run(cluster, shard, directory=study, overlay=overlay, profile=profile)
    assert code == 0, printed + logs_of(study)
    assert (study / shard).read_bytes() == expected
