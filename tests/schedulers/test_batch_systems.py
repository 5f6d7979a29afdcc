"""The profiles for PBS, LSF and Grid Engine, tried against stand-ins that answer in the documented format of each.

No real PBS, LSF or Grid Engine was at hand: what these tests cannot see is where a site's system differs
from its manual.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest
import yaml

from study_runs import REPOSITORY

PROFILES = REPOSITORY / "profiles"
STAND_IN = Path(__file__).with_name("stand_in_scheduler.py")
COMMANDS = {
    "pbs": ["qsub", "qstat", "qdel"],
    "lsf": ["bsub", "bjobs", "bkill"],
    "sge": ["qsub", "qstat", "qacct", "qdel"],
}
PATIENCE = 300  # seconds; a run takes some ten on an idle machine


def command(folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    (folder / name).chmod(0o755)


def run(arguments: list[str], *, where: Path, commands: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{commands}:/usr/bin:/bin", **variables}
    return subprocess.run(
        arguments, cwd=where, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


# --- Settings


@pytest.mark.parametrize("system", COMMANDS)
def test_profiles_agree_with_that_of_slurm(system: str) -> None:
    """In what is no matter of the scheduler; what all profiles share, and rules with a GPU, other tests compare.

    SLURM's has more jobs at a time: arrays, which the others do not know, need room for all of theirs.
    """
    assert [file.name for file in (PROFILES / system).glob("*.yaml")] == ["profile.yaml"], "Snakemake takes only one"
    ours, slurm = (yaml.safe_load((PROFILES / name / "profile.yaml").read_text()) for name in (system, "slurm"))
    same = ("local-cores", "retries", "keep-going", "latency-wait")
    assert {key: ours[key] for key in same} == {key: slurm[key] for key in same}
    assert {**ours["default-resources"], "gpu": None} == {**slurm["default-resources"], "gpu": None}
    assert ours["set-resources"] == {rule: {"gpu": asked["gpu"]} for rule, asked in slurm["set-resources"].items()}
    assert "resources" not in ours, "a limit such as gpu=1 would let one job with a GPU run at a time on the cluster"


@pytest.mark.parametrize("system", COMMANDS)
def test_scripts_are_formatted_and_valid(system: str) -> None:
    for script in (*(PROFILES / system).glob("*.sh"), PROFILES / "jobs.sh"):
        shfmt = Path(sys.executable).with_name("shfmt")
        formatted = subprocess.run([shfmt, "-i", "4", "-d", script], capture_output=True, text=True, check=False)
        assert formatted.returncode == 0, formatted.stdout
        assert subprocess.run(["sh", "-n", script], check=False).returncode == 0
        assert os.access(script, os.X_OK) == (script.name != "jobs.sh")


# --- What is asked for


def submitted(tmp_path: Path, system: str, *options: str, script: str = "job's script.sh") -> list[str]:
    """Arguments that a system's submit command is called with."""
    said = {"pbs": "7.server", "lsf": "Job <7> is submitted to default queue <normal>.", "sge": "7"}[system]
    command(tmp_path / "bin", COMMANDS[system][0], f'printf "%s\\n" "$@" >arguments; echo "{said}"')
    (tmp_path / script).write_text("#!/bin/sh\nexit 4\n")
    names = ["--parallel-environment", "smp", "--memory-resource", "h_vmem", "--gpu-resource", "gpu"]
    arguments = ["--name", "train", "--cpus", "3", "--memory", "8000", "--minutes", "250", "--gpus", "0", *options]
    arguments = [*(names if system == "sge" else []), *arguments, str(tmp_path / script)]
    done = run(
        [str(PROFILES / system / "submit.sh"), *arguments], where=tmp_path, commands=tmp_path / "bin", TORCH_HOME="/w"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ("7.server\n" if system == "pbs" else "7\n")
    return (tmp_path / "arguments").read_text().splitlines()


def test_pbs_is_asked_for_cores_memory_time_and_gpus(tmp_path: Path) -> None:
    plain = submitted(tmp_path, "pbs")
    assert "select=1:ncpus=3:mem=8000mb" in plain
    assert "walltime=04:10:00" in plain
    assert not {"-q", "-P", "-v"} & set(plain)
    kept = submitted(tmp_path, "pbs", "--gpus", "2", "--queue", "cpu", "--gpu-queue", "gpu", "--account", "lab",
                     "--environment", "NOT_SET_ANYWHERE,TORCH_HOME", "--more", "-W umask=027")  # fmt: skip
    assert "select=1:ncpus=3:mem=8000mb:ngpus=2" in kept
    assert [kept[kept.index(option) + 1] for option in ("-q", "-P", "-v", "-W")] == [
        "gpu",
        "lab",
        "TORCH_HOME",
        "umask=027",
    ]
    assert kept[kept.index("-o") + 1] == f"{tmp_path}/logs/cluster/train/"


def test_lsf_is_asked_for_cores_memory_time_and_gpus(tmp_path: Path) -> None:
    plain = submitted(tmp_path, "lsf")
    assert [plain[plain.index(option) + 1] for option in ("-n", "-R", "-W")] == [
        "3", "span[hosts=1] rusage[mem=8000MB]", "250"
    ]  # fmt: skip
    assert "-gpu" not in plain
    asked = submitted(tmp_path, "lsf", "--gpus", "1", "--queue", "cpu", "--account", "lab")
    assert [asked[asked.index(option) + 1] for option in ("-gpu", "-q", "-P")] == ["num=1", "cpu", "lab"]


def test_grid_engine_is_asked_for_memory_by_slot(tmp_path: Path) -> None:
    plain = submitted(tmp_path, "sge")
    assert "h_vmem=2667M,h_rt=15000" in plain
    assert plain[plain.index("-pe") + 1 : plain.index("-pe") + 3] == ["smp", "3"]
    alone = submitted(tmp_path, "sge", "--cpus", "1", "--gpus", "1")
    assert "-pe" not in alone
    assert {"h_vmem=8000M,h_rt=15000", "gpu=1"} <= set(alone)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--memory", "4GB"], "found --memory '4GB' for train, expected a whole number"),
        (["--minutes", "0"], "0 minutes for train, expected more than 0"),
        (["--gpu", "1"], "the option '--gpu', which is not known"),
    ],
)
def test_wrong_requests_are_refused(tmp_path: Path, options: list[str], expected: str) -> None:
    arguments = ["--name", "train", "--cpus", "1", "--memory", "1", "--minutes", "1", "--gpus", "0", *options]
    done = run([str(PROFILES / "pbs" / "submit.sh"), *arguments, __file__], where=tmp_path, commands=tmp_path)
    assert done.returncode == 2
    assert expected in done.stderr


@pytest.mark.parametrize("system", COMMANDS)
def test_answer_without_a_job_number_is_a_failed_submission(tmp_path: Path, system: str) -> None:
    command(tmp_path / "bin", COMMANDS[system][0], "echo Request is queued for approval")
    (tmp_path / "script").touch()
    arguments = [
        "--name",
        "train",
        "--cpus",
        "1",
        "--memory",
        "1",
        "--minutes",
        "1",
        "--gpus",
        "0",
        str(tmp_path / "script"),
    ]
    if system == "sge":
        arguments[:0] = ["--parallel-environment", "smp", "--memory-resource", "h_vmem", "--gpu-resource", "gpu"]
    done = run([str(PROFILES / system / "submit.sh"), *arguments], where=tmp_path, commands=tmp_path / "bin")
    assert done.returncode == 2
    assert "where the number of the job submitted for train was expected" in done.stderr
    assert done.stdout == ""


# --- What is answered

PBS_JOB = "Job Id: 7.server\n    Job_Name = train\n    Job_Owner = someone@login\n    job_state = {}\n    queue = workq"
PBS_FORGOTTEN = (153, "qstat: Unknown Job Id 7.server")
PBS_NO_HISTORY = (1, "qstat: PBS is not configured to maintain job history")
SGE_QUEUE = (
    "job-ID  prior   name       user         state submit/start at     queue                 slots ja-task-ID\n"
    + "-" * 100
    + "\n      7 0.55500 train      someone      {}    11/28/2026 09:00:00 all.q@node1             4"
    + "\n     70 0.55500 train      someone      Eqw  11/28/2026 09:00:00                         4"
)
SGE_ENDED = "=" * 62 + "\nqname        all.q\nfailed       {}\nexit_status  {}\nru_wallclock 12"
SGE_NOT_ENDED = (1, "error: job id 7 not found")

ANSWERS = [
    ("pbs", {"qstat -x": (0, PBS_JOB.format("R"))}, "running"),
    ("pbs", {"qstat -x": (0, PBS_JOB.format("Q"))}, "running"),
    ("pbs", {"qstat -x": (0, PBS_JOB.format("H"))}, "running"),
    ("pbs", {"qstat -x": (0, PBS_JOB.format("E"))}, "running"),
    ("pbs", {"qstat -x": (0, PBS_JOB.format("F") + "\n    Exit_status = 0")}, "success"),
    ("pbs", {"qstat -x": (0, PBS_JOB.format("F") + "\n    Exit_status = 1")}, "failed"),
    ("pbs", {"qstat -x": (0, PBS_JOB.format("F") + "\n    Exit_status = 271")}, "failed"),
    ("pbs", {"qstat -x": (0, PBS_JOB.format("F"))}, "failed"),  # deleted while it waited
    ("pbs", {"qstat -x": PBS_NO_HISTORY, "qstat": (0, PBS_JOB.format("R"))}, "running"),
    ("pbs", {"qstat -x": PBS_NO_HISTORY, "qstat": PBS_FORGOTTEN}, "gone"),
    ("pbs", {"qstat -x": PBS_FORGOTTEN, "qstat": PBS_FORGOTTEN}, "gone"),
    ("pbs", {"qstat -x": (255, "qstat: cannot connect to server"), "qstat": (255, "qstat: cannot connect")}, "silent"),
    ("pbs", {"qstat -x": (0, PBS_JOB.format("?"))}, "silent"),
    ("pbs", {}, "silent"),
    *[("lsf", {"bjobs": (0, state)}, "running") for state in ("RUN", "PEND", "PSUSP", "USUSP", "SSUSP", "WAIT")],
    ("lsf", {"bjobs": (0, "DONE")}, "success"),
    ("lsf", {"bjobs": (0, "EXIT")}, "failed"),
    ("lsf", {"bjobs": (0, "ZOMBI")}, "failed"),
    ("lsf", {"bjobs": (0, "UNKWN")}, "silent"),
    ("lsf", {"bjobs": (255, "Job <7> is not found")}, "gone"),
    ("lsf", {"bjobs": (0, "Job <7> is not found")}, "gone"),
    ("lsf", {"bjobs": (255, "LSF is down. Please wait ...")}, "silent"),
    ("lsf", {}, "silent"),
    *[("sge", {"qstat": (0, SGE_QUEUE.format(state))}, "running") for state in ("r", "qw", "hqw", "t", "dr", "s")],
    ("sge", {"qstat": (0, SGE_QUEUE.format("Eqw"))}, "failed"),
    ("sge", {"qstat": (0, ""), "qacct": (0, SGE_ENDED.format("0", "0"))}, "success"),
    ("sge", {"qstat": (0, ""), "qacct": (0, SGE_ENDED.format("0", "1"))}, "failed"),
    ("sge", {"qstat": (0, ""), "qacct": (0, SGE_ENDED.format("100 : assumedly after job", "137"))}, "failed"),
    ("sge", {"qstat": (0, ""), "qacct": (0, SGE_ENDED.format("37 : qmaster enforced h_rt limit", "0"))}, "failed"),
    ("sge", {"qstat": (0, ""), "qacct": (0, SGE_ENDED.format(0, 1) + "\n" + SGE_ENDED.format(0, 0))}, "success"),
    ("sge", {"qstat": (0, ""), "qacct": SGE_NOT_ENDED}, "gone"),
    ("sge", {"qstat": (0, "")}, "gone"),
    ("sge", {"qstat": (1, "error: commlib error: got select error"), "qacct": SGE_NOT_ENDED}, "silent"),
    ("sge", {}, "silent"),
]  # fmt: skip


def pretend(folder: Path, answers: Mapping[str, tuple[int, str]]) -> Path:
    """Folder with commands that print what they are told to, by their name and first option."""
    for name in ("qstat", "bjobs", "qacct"):
        told = {first: answer for first, answer in answers.items() if first.split()[0] == name}
        cases = [
            f"{first.partition(' ')[2] or '*'}) cat <<'END'\n{text}\nEND\nexit {code} ;;"
            for first, (code, text) in sorted(told.items(), reverse=True)
        ]
        command(folder, name, "\n".join(['case "$1" in', *cases, "esac", "exit 127"]))
    return folder


@pytest.mark.parametrize(("system", "answers", "expected"), ANSWERS)
def test_status_is_read_from_what_the_scheduler_says(
    tmp_path: Path, system: str, answers: Mapping[str, tuple[int, str]], expected: str
) -> None:
    commands = pretend(tmp_path / "bin", answers)
    number = "7.server" if system == "pbs" else "7"
    limit = {"gone": 3, "silent": 60}.get(expected, 0)
    if limit:
        looks = tmp_path / ".snakemake" / "cluster" / f"looks-{number}"
        looks.parent.mkdir(parents=True)
        looks.write_text(str(limit - 2))
    status = [str(PROFILES / system / "status.sh"), number]
    done = [run(status, where=tmp_path, commands=commands) for _ in range(2 if limit else 1)]
    assert [one.returncode for one in done] == [0] * len(done)
    assert "".join(one.stdout for one in done) == ("running\nfailed\n" if limit else f"{expected}\n")
    says = [f"looked {limit} times" in one.stderr for one in done]
    assert says == ([False, True] if limit else [False])
    assert ("Job 7" in done[-1].stderr) == (done[-1].stdout == "failed\n")


def test_looks_count_in_a_row(tmp_path: Path) -> None:
    """An answer in between starts the count again, so that a restarted controller costs no job."""
    gone, runs = {"bjobs": (255, "Job <7> is not found")}, {"bjobs": (0, "RUN")}
    answers = [gone, gone, runs, gone, gone, gone]
    said = [
        run([str(PROFILES / "lsf" / "status.sh"), "7"], where=tmp_path, commands=pretend(tmp_path / "bin", one)).stdout
        for one in answers
    ]
    assert said == ["running\n"] * 5 + ["failed\n"]


@pytest.mark.parametrize("system", COMMANDS)
@pytest.mark.parametrize(("code", "expected"), [(0, "success"), (4, "failed")])
def test_exit_code_that_a_job_left_is_believed(tmp_path: Path, system: str, code: int, expected: str) -> None:
    """Also where the scheduler knows the job no more; and the job itself ends with that code."""
    arguments = submitted(tmp_path, system)
    (tmp_path / "job's script.sh").write_text(f"exit {code}\n")
    line = arguments[-1] if system == "lsf" else f'"{arguments[-1]}"'
    status = [str(PROFILES / system / "status.sh"), "7.server" if system == "pbs" else "7"]
    silent = pretend(tmp_path / "bin", {})
    assert run(status, where=tmp_path, commands=silent).stdout == "running\n"
    assert run(["sh", "-c", line], where=Path("/"), commands=silent).returncode == code
    assert run(status, where=tmp_path, commands=silent).stdout == f"{expected}\n"


# --- Whole runs


@pytest.fixture
def stand_ins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Path]:
    """Folder of a scheduler's spool; its commands come first in PATH."""
    spool = tmp_path / "spool"
    spool.mkdir()
    system = request.getfixturevalue("system")
    for name in COMMANDS[system]:
        command(tmp_path / "bin", name, f'exec {sys.executable} -S -E {STAND_IN} {system} {name} "$@"')
    monkeypatch.setenv("STAND_IN_SPOOL", str(spool))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    yield spool
    for file in spool.glob("*.json"):
        if not file.with_suffix(".code").exists():
            with suppress(ProcessLookupError):
                os.killpg(json.loads(file.read_text())["process"], signal.SIGKILL)


def arguments_of(study: Path, *arguments: str | Path) -> list[str | Path]:
    """Command line of a run in a folder of its own; it looks for news every second, or as the arguments say."""
    waits = ["--seconds-between-status-checks", "1", "--latency-wait", "5"]
    return [sys.executable, "-m", "snakemake", "--directory", study, *waits, *arguments]


@contextmanager
def started(study: Path, *arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """A run of the tests' own jobs, once the one that is to be killed has begun."""
    study.mkdir()
    with (study / "screen").open("w", encoding="utf-8") as screen:
        process = subprocess.Popen(
            arguments_of(study, "--snakefile", Path(__file__).with_name("outcomes.smk"), *arguments),
            cwd=REPOSITORY,
            stdout=screen,
            stderr=screen,
            text=True,
            # Where these tests run in the background, Ctrl-C is ignored, and a child would inherit that.
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        )
        end = time.monotonic() + PATIENCE
        while not (study / "began").exists() and process.poll() is None and time.monotonic() < end:
            time.sleep(0.1)
        yield process


def jobs_of(spool: Path) -> dict[str, str]:
    """Names of the jobs that a stand-in has seen, by number."""
    options = {file.stem: json.loads(file.read_text())["options"] for file in spool.glob("*.json")}
    return {number: (given.get("J") or given["N"])[0] for number, given in options.items()}


@pytest.mark.slow
@pytest.mark.parametrize("system", COMMANDS)
def test_jobs_that_fail_or_are_killed_are_noticed(
    tmp_path: Path, system: str, stand_ins: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed job is tried again, one that fails ends the run; PBS here keeps no history, as is its default."""
    monkeypatch.setenv("STAND_IN_HISTORY", "no")
    monkeypatch.setenv("CACS_CXR_TEST", "not for a node")
    study = tmp_path / "a study"
    kinds = ["killed", "hopeless", *(["flaky"] if system == "pbs" else [])]
    targets = [f"{kind}.txt" for kind in kinds]
    with started(study, "--workflow-profile", PROFILES / system, "--keep-going", *targets) as process:
        victim = next(number for number, name in jobs_of(stand_ins).items() if name == "killed")
        subprocess.run([COMMANDS[system][-1], victim], check=True)
        code = process.wait(timeout=PATIENCE)
    said = (study / "screen").read_text()
    assert code == 1, said
    assert {file.stem for file in study.glob("*.txt")} == {*kinds} - {"hopeless"}, said
    assert sorted(jobs_of(stand_ins).values()) == sorted([*kinds, *({"flaky", "killed"} & {*kinds})])
    given = (study / "killed.txt").read_text().splitlines()
    assert given == [str(study), "not for a node" if system == "lsf" else ""]
    assert ["no hope" in file.read_text() for file in study.glob("logs/cluster/hopeless/*")] == [True]
    # By the scheduler, where the job ended between the look at its record and the question.
    told = r"failed: (it ended with exit code 1|bjobs says EXIT|qacct says failed/exit_status 0/1)\. Its log: logs/"
    assert re.search(told, said), said
    assert ("failed: it left the queue without an exit code" in said) == (system == "pbs"), said


@pytest.mark.cluster
@pytest.mark.slow
@pytest.mark.parametrize("system", ["sge"])
def test_interrupted_run_cancels_its_jobs(tmp_path: Path, system: str, stand_ins: Path) -> None:
    """Between two looks: while it looks, the executor forgets its jobs, and an interruption would leave them behind."""
    options = ["--workflow-profile", PROFILES / system, "--seconds-between-status-checks", "15"]
    with started(tmp_path / "study", *options, "killed.txt") as process:
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=PATIENCE) != 0
    assert [file.read_text() for file in stand_ins.glob("*.code")] == ["271"]


@pytest.mark.cluster
@pytest.mark.slow
@pytest.mark.parametrize("system", ["lsf"])
@pytest.mark.usefixtures("stand_ins")
def test_study_in_a_folder_of_its_own_runs_in_the_image(tmp_path: Path, system: str) -> None:
    """Snakemake runs the profile's commands in the study's folder, where neither the profile nor its commands lie.

    The stand-in for Apptainer, none being at hand, notes how it is called and runs the command outside.
    """
    lines = [
        '[ "$1" != --version ] || { echo apptainer version 1.3.0; exit; }',
        f'printf "%s\\n" "$@" >>{tmp_path}/called',
    ]
    command(tmp_path / "bin", "apptainer", "\n".join([*lines, 'for last in "$@"; do :; done', 'exec bash -c "$last"']))
    study = tmp_path / "study"
    table = "data/simulated/development/patients.csv"
    options = ["--workflow-profile", f"profiles/{system}", "--sdm", "apptainer", "--apptainer-args=--nv"]
    environment = {**os.environ, "PATH": f"{os.environ['PATH']}:{Path(sys.executable).parent}"}
    done = subprocess.run(
        arguments_of(study, table, *options, "--configfile", REPOSITORY / "studies" / "mini.yaml"),
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    assert "1 of 1, " in done.stderr
    assert (study / table).exists()
    assert list(study.glob("logs/cluster/simulate_population/*.log"))
    called = (tmp_path / "called").read_text().splitlines()
    assert {str(REPOSITORY / "envs" / "cacs-cxr.sif"), "--nv"} <= set(called)
    library = REPOSITORY / "workflow" / "scripts"
    assert any(line.startswith(f"{library}:") for line in called), "the library is not bound"
