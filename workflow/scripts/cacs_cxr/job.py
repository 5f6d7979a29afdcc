"""The edge between a rule and the library: the log file of a job, and what it says first and last."""

import logging
import os
import platform
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cacs_cxr.faults import InputError

LOGGER = logging.getLogger("cacs_cxr")


class Interrupted(Exception):
    """A job has stopped because it was asked to, and goes on when it is started again."""


# Errors that another attempt need not meet: those of the system, of a GPU, and a notice to stop.
MAY_PASS = (OSError, MemoryError, RuntimeError, KeyboardInterrupt, Interrupted)


@contextmanager
def logged(snakemake: Any) -> Iterator[Callable[[str], None]]:
    """Send everything that a job prints, its libraries included, to the rule's log; errors to the terminal as well.

    Args:
        snakemake: the object that Snakemake hands to a script; its rule, wildcards and log are read, and the number of
            the attempt where the profile counts them.

    Yields:
        A function that shows a text on the terminal and in the log, for what a user has asked to see.
    """
    log = Path(str(snakemake.log[0]))
    log.parent.mkdir(parents=True, exist_ok=True)
    verdict = log.with_name(f"{log.name}.verdict")
    refuse_another_attempt(verdict, attempt=int(snakemake.resources.get("attempt", 1)))
    terminal = os.dup(2)
    with log.open("w", encoding="utf-8") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(message)s", force=True)
    logging.captureWarnings(True)

    def show(text: str) -> None:
        with os.fdopen(os.dup(terminal), "w", encoding="utf-8") as screen:
            screen.write(f"\n{text}")
        LOGGER.info("%s", text)

    start = time.monotonic()
    LOGGER.info("%s %s on Python %s", snakemake.rule, dict(snakemake.wildcards), platform.python_version())
    try:
        yield show
    except BaseException as error:
        text = str(error) if isinstance(error, InputError) else f"{type(error).__name__}: {error}"
        with os.fdopen(os.dup(terminal), "w", encoding="utf-8") as screen:
            screen.write(f"\n{snakemake.rule}: {text}\nThe whole story: {log}\n")
        traceback.print_exc()
        if not isinstance(error, MAY_PASS):
            verdict.write_text(f"{snakemake.rule}: {text}\nThe whole story: {log}\n", encoding="utf-8")
        raise SystemExit(1) from None
    else:
        LOGGER.info("done in %.1f s", time.monotonic() - start)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(terminal, 1)
        os.dup2(terminal, 2)
        os.close(terminal)


def refuse_another_attempt(verdict: Path, *, attempt: int) -> None:
    """End a job that is tried again although its last attempt ended with an error that it would meet again.

    Schedulers know exit codes at best, and Snakemake tries every failed job again: what can pass (a limit, a signal, a
    node, a disk) is worth it, a fault of the input is not.

    Args:
        verdict: file beside the log, which holds the error of the last attempt.
        attempt: number of the attempt; the first forgets what was found before.
    """
    if attempt == 1:
        verdict.unlink(missing_ok=True)
    elif verdict.exists():
        sys.stderr.write(f"\n{verdict.read_text(encoding='utf-8')}Not tried again: it would end in the same way.\n")
        raise SystemExit(1)


def figure_paths(outputs: Any, *, prefix: str = "") -> dict[str, Path]:
    """Paths of a figure by kind (pdf, svg, png, csv), of a rule that draws it, alone or among others told by a prefix.

    Args:
        outputs: the rule's outputs as Snakemake hands them to a script.
        prefix: as `figure_files` of workflow/rules/common.smk got it.
    """
    return {kind: Path(outputs[f"{prefix}{kind}"]) for kind in ("pdf", "svg", "png", "csv")}


def progress(total: int, *, noun: str, every_seconds: float = 5.0) -> Callable[[int], None]:
    """Reporter of a loop's progress: plain lines with rate and time left, at most one every few seconds.

    Args:
        total: how many steps there are.
        noun: what a step is, in the plural, e.g. ``"radiographs"``.
        every_seconds: least time between two lines; the last step always gives one.

    Returns:
        A function to call with the number of steps done so far.
    """
    start = last = time.monotonic()

    def report(done: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < every_seconds and done < total:
            return
        last = now
        rate = done / max(now - start, 1e-9)
        left = (total - done) / rate if rate else float("nan")
        LOGGER.info("%d of %d %s, %.1f/s, %.0f s left", done, total, noun, rate, left)

    return report
