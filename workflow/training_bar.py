"""A line at the foot of a terminal that follows the trainings under way, from the last lines of their logs.

It is drawn by Snakemake's main process and reads logs only, so a training neither waits for it nor knows of it. Where
standard error is no terminal there is none, and whatever goes wrong with it ends the line and nothing else.
"""

import os
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

EVERY_SECONDS = 1.0
QUIET_SECONDS = 0.3  # after somebody else has written, so that a message of several parts stays whole
LAST_BYTES = 4096
ERASE = "\r\x1b[2K"
EPOCH = re.compile(r"epoch (\d+) of (\d+),.*?([\d.]+) images/s, ([\d.]+) s left")


@dataclass(frozen=True)
class Training:
    """A training under way: what it is called, its log, and when it began (seconds of the epoch of the clock)."""

    name: str
    log: Path
    begun: float


def shows_bar(stream: TextIO) -> bool:
    """Whether a stream is a terminal on which a line can be redrawn."""
    return stream.isatty() and os.environ.get("TERM", "") not in ("", "dumb")


def how_far(training: Training) -> tuple[str, float | None]:
    """How far a training is, in words, and the seconds that it says are left; None before its first epoch ends."""
    try:
        with training.log.open("rb") as file:
            # The log of an earlier run lies there until the job has begun.
            if os.fstat(file.fileno()).st_mtime < training.begun - 1:
                return "starting", None
            file.seek(max(os.fstat(file.fileno()).st_size - LAST_BYTES, 0))
            lines = file.read().decode("utf-8", errors="replace").splitlines()
    except OSError:
        return "starting", None
    for line in reversed(lines):
        if found := EPOCH.search(line):
            epoch, epochs, rate, left = found.groups()
            if epoch == epochs:
                return "predicting", 0.0
            return f"epoch {epoch}/{epochs}, {float(rate):.0f} images/s, {float(left):.0f} s left", float(left)
    return "epoch 1" if lines else "starting", None


def clock(seconds: float) -> str:
    """A duration as a person says it: 40 s, 12 min, 3 h 05 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"


class TrainingBar:
    """The line, redrawn every second while trainings run."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.RLock()
        self._running: dict[int, Training] = {}
        self._durations: list[float] = []
        self._total = 0
        self._drawn = False
        self._quiet_until = 0.0
        self._thread: threading.Thread | None = None

    def expect(self, total: int) -> None:
        """Tell how many trainings there are in all."""
        self._total = total

    def begin(self, job: int, wildcards: Mapping[str, str], log: Path) -> None:
        """A training begins."""
        name = " ".join(wildcards.get(key, "") for key in ("network", "threshold")).strip()
        name += f" fold {wildcards.get('fold', '')}"
        if wildcards.get("member", "0") != "0":
            name += f" member {wildcards['member']}"
        with self._lock:
            self._running[job] = Training(name, log, time.time())
            if self._thread is None:
                self._thread = threading.Thread(target=self._redraw, daemon=True, name="training bar")
                self._thread.start()

    def end(self, job: int, *, succeeded: bool) -> None:
        """A job ends, whether or not it was a training."""
        with self._lock:
            training = self._running.pop(job, None)
            if training and succeeded:
                self._durations.append(time.time() - training.begun)

    def write(self, line: str) -> None:
        """Write a line of somebody else's in place of the bar."""
        with self._lock:
            self.make_way()
            self._stream.write(line + "\n")
            self._stream.flush()

    def make_way(self) -> None:
        """Erase the bar, for something that is written next."""
        with self._lock:
            self._quiet_until = time.monotonic() + QUIET_SECONDS
            if self._drawn:
                self._stream.write(ERASE)
                self._stream.flush()
                self._drawn = False

    def text(self) -> str:
        """What the bar says now."""
        with self._lock:
            running, done, total = list(self._running.values()), len(self._durations), self._total
        states = [(training.name, *how_far(training)) for training in running]
        parts = [f"training: {done} of {total} done" if total else "training"]
        parts += [f"{name}: {state}" for name, state, _ in states]
        if done and total and running:
            # Those not begun take as long as those done did on average, so many at a time as run now.
            waiting = max(total - done - len(running), 0) * sum(self._durations) / done / len(running)
            mean = sum(self._durations) / done
            now = time.time()
            under_way = max(
                max(mean - (now - training.begun), 0.0) if left is None else left
                for training, (_, _, left) in zip(running, states, strict=True)
            )
            parts.append(f"about {clock(waiting + under_way)} of training left")
        # What is left stands second, since a narrow terminal cuts the end.
        return " | ".join([parts[0], *parts[-1:], *parts[1:-1]] if len(parts) > len(states) + 1 else parts)

    def _redraw(self) -> None:
        try:
            while True:
                time.sleep(EVERY_SECONDS)
                text = self.text()
                with self._lock:
                    if not self._running:
                        if self._drawn:
                            self.make_way()
                        continue
                    if time.monotonic() < self._quiet_until:
                        continue
                    width = os.get_terminal_size(self._stream.fileno()).columns
                    self._stream.write(ERASE + text[: max(width - 1, 0)])
                    self._stream.flush()
                    self._drawn = True
        except (OSError, ValueError):  # the terminal is gone, or the stream closed
            self._drawn = False
