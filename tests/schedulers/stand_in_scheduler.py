"""Stand-in for the commands of PBS, LSF and Grid Engine: runs jobs at once, answers in each system's documented format.

`python stand_in_scheduler.py SYSTEM COMMAND ARGUMENT ...`; what is known of jobs lies in the folder STAND_IN_SPOOL. As
on a real node a job of PBS or Grid Engine finds no more of its submitter's environment than it was given, and starts in
another folder. An option that the real command does not have is refused.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

SPOOL = Path(os.environ["STAND_IN_SPOOL"])
KILLED = 271  # 256 and the signal, as PBS counts


class Parser(argparse.ArgumentParser):
    """Options as the schedulers write them: one dash, long or short, never shortened."""

    def __init__(self, command: str, *, flags: str = "", valued: str = "") -> None:
        super().__init__(prog=command, add_help=False, allow_abbrev=False)
        for flag in flags.split():
            self.add_argument(f"-{flag}", action="store_true")
        for option in valued.split():
            self.add_argument(f"-{option}", action="append", default=[])
        self.add_argument("rest", nargs="*")


def start(options: argparse.Namespace, command: list[str], *, log: str, environment: dict[str, str]) -> int:
    number = 101 + len(list(SPOOL.glob("*.json")))
    log = log.replace("%J", str(number)).replace("$JOB_ID", str(number))
    log = f"{log}{number}.stand-in.OU" if log.endswith("/") else log
    runner = 'code=$1 log=$2; shift 2; "$@" >"$log" 2>&1; echo $? >"$code.part"; mv "$code.part" "$code"'
    process = subprocess.Popen(
        ["sh", "-c", runner, "runner", str(SPOOL / f"{number}.code"), log, *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd="/",
        env=environment,
    )
    job = {"process": process.pid, "options": vars(options)}
    (SPOOL / f"{number}.json").write_text(json.dumps(job), encoding="utf-8")
    return number


def bare_environment(kept: list[str]) -> dict[str, str]:
    names = ["HOME", *(name for text in kept for name in text.split(","))]
    return {"PATH": "/usr/bin:/bin", **{name: os.environ[name] for name in names}}


def exit_code(number: str) -> int | None:
    """Exit code of a job, None while it runs; a job that is not known raises FileNotFoundError."""
    (SPOOL / f"{number}.json").stat()
    file = SPOOL / f"{number}.code"
    return int(file.read_text()) if file.exists() else None


def kill(numbers: list[str]) -> None:
    for number in numbers:
        job = json.loads((SPOOL / f"{number.split('.')[0]}.json").read_text(encoding="utf-8"))
        os.killpg(job["process"], signal.SIGKILL)
        (SPOOL / f"{number.split('.')[0]}.code").write_text(str(KILLED))


def refuse(code: int, why: str) -> NoReturn:
    print(why, file=sys.stderr)
    sys.exit(code)


def pbs(command: str, arguments: list[str]) -> None:
    if command == "qsub":
        options = Parser(command, flags="V", valued="N S j o r l q P v W").parse_args(arguments)
        environment = bare_environment(options.v)
        number = start(options, ["sh", *options.rest], log=options.o[0], environment=environment)
        print(f"{number}.stand-in")
    elif command == "qstat":
        options = Parser(command, flags="x f").parse_args(arguments)
        name = options.rest[0]
        try:
            code = exit_code(name.split(".")[0])
        except FileNotFoundError:
            refuse(153, f"qstat: Unknown Job Id {name}")
        if os.environ.get("STAND_IN_HISTORY") == "no" and options.x:
            refuse(1, "qstat: PBS is not configured to maintain job history")
        if code is not None and not options.x:
            refuse(153, f"qstat: Unknown Job Id {name}")
        print(f"Job Id: {name}\n    Job_Name = work\n    job_state = {'R' if code is None else 'F'}")
        print("    queue = workq" + ("" if code is None else f"\n    Exit_status = {code}"))
    else:
        kill(arguments)


def lsf(command: str, arguments: list[str]) -> None:
    if command == "bsub":
        options = Parser(command, flags="rn r", valued="J n R W o gpu q P").parse_args(arguments)
        # LSF gives the job its submitter's environment, and its one argument is a line for the shell.
        line = ["sh", "-c", " ".join(options.rest)]
        number = start(options, line, log=options.o[0], environment=dict(os.environ))
        print(f"Job <{number}> is submitted to {'queue' if options.q else 'default queue'} <normal>.")
    elif command == "bjobs":
        options = Parser(command, flags="noheader a", valued="o").parse_args(arguments)
        try:
            code = exit_code(options.rest[0])
        except FileNotFoundError:
            refuse(255, f"Job <{options.rest[0]}> is not found")
        print({None: "RUN", 0: "DONE"}.get(code, "EXIT"))
    else:
        kill(arguments)


def sge(command: str, arguments: list[str]) -> None:
    if command == "qsub":
        if "-pe" in arguments:
            place = arguments.index("-pe")
            del arguments[place : place + 3]
        options = Parser(command, flags="terse cwd V", valued="N S j o r l q P v").parse_args(arguments)
        number = start(options, ["sh", *options.rest], log=options.o[0], environment=bare_environment(options.v))
        print(number)
    elif command == "qstat":
        Parser(command, valued="u").parse_args(arguments)
        running = [file.stem for file in sorted(SPOOL.glob("*.json")) if not file.with_suffix(".code").exists()]
        if running:
            print("job-ID  prior   name       user         state submit/start at     queue          slots ja-task-ID")
            print("-" * 100)
        for number in running:
            print(f"{number:>7} 0.55500 work       someone      r     11/28/2026 09:00:00 all.q@node1        1")
    elif command == "qacct":
        options = Parser(command, valued="j").parse_args(arguments)
        try:
            code = exit_code(options.j[0])
        except FileNotFoundError:
            code = None
        if code is None:
            refuse(1, f"error: job id {options.j[0]} not found")
        failed = "100 : assumedly after job" if code == KILLED else "0"
        print(f"{'=' * 62}\nqname        all.q\nfailed       {failed}\nexit_status  {137 if code == KILLED else code}")
    else:
        kill(arguments)


if __name__ == "__main__":
    {"pbs": pbs, "lsf": lsf, "sge": sge}[sys.argv[1]](sys.argv[2], sys.argv[3:])
