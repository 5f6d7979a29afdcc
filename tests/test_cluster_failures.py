"""Why a job on a cluster ended: what SLURM, PBS or LSF say of it becomes a sentence with a remedy."""

import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from study_runs import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "workflow"))

from cluster_failures import existing, explain
from slurm_arrays import never_submitted

from cacs_cxr.faults import Fault, InputError
from cacs_cxr.job import logged

SACCT = REPOSITORY / "profiles/slurm/bin/sacct"


@pytest.mark.parametrize(
    ("message", "output", "told"),
    [
        ("SLURM-job '7' failed, SLURM status is: 'OUT_OF_MEMORY'.", "", "--set-resources train_network:mem_mb="),
        ("SLURM status is: 'FAILED'.", "slurmstepd: error: Exceeded job memory limit", "its memory limit stopped it"),
        ("SLURM status is: 'TIMEOUT'.", "", "--set-resources train_network:runtime="),
        (None, "=>> PBS: job killed: walltime 65 exceeded limit 60", "its time limit stopped it"),
        (None, "TERM_MEMLIMIT: job killed after reaching LSF memory usage limit.", "its memory limit stopped it"),
        (None, "OSError: [Errno 28] No space left on device", "tmpdir="),
        ("SLURM status is: 'NODE_FAIL'.", "", "its node failed"),
        ("SLURM status is: 'CANCELLED'.", "", "it was cancelled"),
    ],
)
def test_reasons_and_remedies(message: str | None, output: str, told: str, tmp_path: Path) -> None:
    log = tmp_path / "7.log"
    log.write_text(output, encoding="utf-8")
    assert told in str(explain("train_network", message, [log, tmp_path / "absent.log"]))


def test_an_error_of_the_study_is_not_explained_away(tmp_path: Path) -> None:
    log = tmp_path / "7.log"
    log.write_text("FloatingPointError: the loss is nan", encoding="utf-8")
    assert explain("train_network", "SLURM status is: 'FAILED'.", [log]) is None


def test_output_of_an_arrays_task_is_found_where_slurm_puts_it(tmp_path: Path) -> None:
    (tmp_path / "rule_train_network").mkdir()
    log = tmp_path / "rule_train_network" / "9_3.log"
    log.touch()
    told = str(tmp_path / "rule_train_network" / "cxr_gt0_3_0" / "9_3.log")
    assert existing([told, "logs/absent.log"]) == [log, Path("logs/absent.log")]


def job(folder: Path, *, attempt: int) -> SimpleNamespace:
    return SimpleNamespace(rule="evaluate", wildcards={}, log=[str(folder / "job.log")], resources={"attempt": attempt})


def run(folder: Path, error: Exception | None, *, attempt: int) -> bool:
    """Whether the job's own work was done or at least begun."""
    begun = False
    with suppress(SystemExit), logged(job(folder, attempt=attempt)):
        begun = True
        if error:
            raise error
    return begun


@pytest.mark.parametrize("error", [InputError([Fault("a.csv", 1, "age", "x", "a number", "Correct it.")]), KeyError()])
def test_what_would_come_again_is_tried_once(error: Exception, tmp_path: Path) -> None:
    assert run(tmp_path, error, attempt=1)
    assert not run(tmp_path, error, attempt=2)
    assert run(tmp_path, None, attempt=1), "a new run begins anew"
    assert run(tmp_path, None, attempt=2)


@pytest.mark.parametrize("error", [OSError("disk"), MemoryError(), RuntimeError("CUDA error")])
def test_what_may_pass_is_tried_again(error: Exception, tmp_path: Path) -> None:
    assert run(tmp_path, error, attempt=1)
    assert run(tmp_path, None, attempt=2)


def states(folder: Path, *arguments: str) -> str:
    """What the profile's sacct prints, with the cluster's commands of `folder` behind it."""
    question = ["--format=JobIdRaw,State", "--starttime", "2026-01-01T00:00", "--endtime", "now", "--name", "run"]
    done = subprocess.run(
        [str(SACCT), *(arguments or ("-X", "--parsable2", *question))],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": f"{SACCT.parent}:{folder}:/usr/bin:/bin"},
    )
    return done.stdout


def command(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    (folder / name).chmod(0o755)


def test_tasks_of_an_array_are_told_apart_and_cancelled_jobs_known(tmp_path: Path) -> None:
    command(tmp_path, "sacct", "case \"$*\" in *=JobID,State*) printf '7_1|RUNNING\\n7_2|CANCELLED by 1000\\n';; esac")
    assert states(tmp_path) == "7_1|RUNNING\n7_2|CANCELLED\n"


def test_without_accounting_the_controller_is_asked(tmp_path: Path) -> None:
    command(tmp_path, "sacct", "echo 'Slurm accounting storage is disabled' >&2; exit 1")
    command(tmp_path, "squeue", "case \"$*\" in *'--name run') echo '7_1|COMPLETED';; esac")
    assert states(tmp_path) == "7_1|COMPLETED\n"


def test_other_questions_go_to_the_clusters_own_sacct(tmp_path: Path) -> None:
    command(tmp_path, "sacct", 'echo "asked: $*"')
    assert states(tmp_path, "-j", "7", "-o", "nodelist") == "asked: -j 7 -o nodelist\n"


@pytest.mark.parametrize(("arrays", "at_a_time", "refused"), [("a,b", 30, False), ("b, a", 29, True), ("all", 1, True)])
def test_arrays_that_would_never_be_submitted_are_refused(arrays: str, at_a_time: int, refused: bool) -> None:
    fault = never_submitted({"a": 30, "b": 1, "c": 90 * (arrays == "all")}, arrays=arrays, at_a_time=at_a_time)
    assert bool(fault) == refused
    assert not refused or re.search("the rule (a has 30|c has 90) jobs, but only", str(fault))
