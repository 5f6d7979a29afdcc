"""The line that follows trainings: on a terminal alone, never in the way of another line, never the study's end."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import textwrap
import time
from pathlib import Path

import pytest

from study_runs import REPOSITORY

PROGRAM = """
    import logging, sys, time
    from pathlib import Path
    sys.path.insert(0, sys.argv[1])
    from snakemake_interface_logger_plugins.common import LogEvent
    import progress, training_bar
    training_bar.EVERY_SECONDS, training_bar.QUIET_SECONDS = 0.05, 0.02
    log = Path(sys.argv[2])
    handler = progress.ProgressHandler()

    def tell(event, **fields):
        handler.emit(logging.makeLogRecord({"event": event, **fields}))

    def begin(number, fold):
        wildcards = {"network": "cxr", "threshold": "ge100", "fold": fold, "member": "0"}
        tell(LogEvent.JOB_INFO, jobid=number, rule_msg=f"trained fold {fold}", rule_name="train_network",
             wildcards=wildcards, log=[str(log)])

    tell(LogEvent.RUN_INFO, stats={"train_network": 2, "total": 3})
    begin(1, "0")
    time.sleep(0.2)
    log.write_text("12:00:00 train: 10, positive 5 at ge100\\n"
                   "12:00:01 epoch 2 of 10, loss 0.5, tuning loss 0.6, tuning AUC 0.7, 812 images/s, 40 s left\\n")
    time.sleep(0.4)
    tell(LogEvent.JOB_FINISHED, job_id=1)
    tell(LogEvent.PROGRESS, done=1, total=3)
    begin(2, "1")
    time.sleep(0.4)
    tell(LogEvent.JOB_ERROR, jobid=2, rule_name="train_network", log=[str(log)])
    time.sleep(0.3)
    tell(LogEvent.JOB_INFO, jobid=3, rule_name="train_network", rule_msg="")  # fields that are missing
    tell(LogEvent.PROGRESS, done=2, total=3)
    print("end", file=sys.stderr)
"""
LINES = [
    r" +1 of 3, 0:\d\d elapsed  trained fold 0",
    r"FAILED  train_network: see .*train\.log",
    r" +2 of 3, 0:\d\d elapsed  ",
    "end",
]


def command(folder: Path) -> list[str]:
    program = folder / "program.py"
    program.write_text(textwrap.dedent(PROGRAM), encoding="utf-8")
    return [sys.executable, str(program), str(REPOSITORY / "workflow"), str(folder / "train.log")]


def on_a_terminal(arguments: list[str], *, term: str = "xterm") -> str:
    """Everything that a program writes to a terminal of 120 columns."""
    leader, follower = pty.openpty()
    size = {"COLUMNS": "120", "LINES": "40", "TERM": term}
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    process = subprocess.Popen(
        arguments, stdin=follower, stdout=follower, stderr=follower, env={**os.environ, **size}, close_fds=True
    )
    os.close(follower)
    written = b""
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        ready, _, _ = select.select([leader], [], [], 0.2)
        if not ready:
            if process.poll() is not None:
                break
            continue
        try:
            chunk = os.read(leader, 65536)
        except OSError:  # Linux says so when the other end is closed
            break
        if not chunk:
            break
        written += chunk
    os.close(leader)
    assert process.wait(timeout=10) == 0, written.decode()
    return written.decode()


def as_shown(written: str) -> list[str]:
    """Lines of a terminal after carriage returns and erasures."""
    lines = []
    for line in written.replace("\r\n", "\n").split("\n"):
        shown = line.rpartition("\x1b[2K")[2]
        assert "\r" not in shown, repr(line)
        lines.append(shown)
    return [line for line in lines if line]


def test_a_terminal_has_a_bar_that_leaves_every_line_whole(tmp_path: Path) -> None:
    written = on_a_terminal(command(tmp_path))
    bars = re.findall(r"\r\x1b\[2K([^\r\n\x1b]+)", written)
    assert any(bar.startswith("training: 0 of 2 done | cxr ge100 fold 0: ") for bar in bars), written
    assert any("epoch 2/10, 812 images/s, 40 s left" in bar for bar in bars)
    assert any(bar.startswith("training: 1 of 2 done | about 40 s of training left") for bar in bars), bars
    assert max(len(bar) for bar in bars) < 120
    shown = as_shown(written)
    assert len(shown) == len(LINES), shown
    for line, expected in zip(shown, LINES, strict=True):
        assert re.fullmatch(expected, line), (line, expected)


@pytest.mark.parametrize("way", ["pipe", "dumb terminal"])
def test_elsewhere_there_are_plain_lines_alone(way: str, tmp_path: Path) -> None:
    if way == "pipe":
        done = subprocess.run(command(tmp_path), capture_output=True, text=True, check=True)
        assert done.stdout == ""
        written = done.stderr
    else:
        written = on_a_terminal(command(tmp_path), term="dumb").replace("\r\n", "\n")
    assert "\r" not in written
    assert "\x1b" not in written
    for line, expected in zip(written.splitlines(), LINES, strict=True):
        assert re.fullmatch(expected, line), (line, expected)
