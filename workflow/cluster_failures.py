"""Why a job on a cluster ended, from what its scheduler and its output say, and what to do about it."""

import re
from collections.abc import Sequence
from pathlib import Path

LAST_BYTES = 20_000  # of a log: limits and signals are told of at its end

MORE_MEMORY = (
    "its memory limit stopped it. Each further attempt asks for more; for more from the start: "
    "--set-resources {rule}:mem_mb=MEGABYTES, or set-resources in the profile"
)
MORE_TIME = (
    "its time limit stopped it. Each further attempt asks for more, and a training goes on from its checkpoint; "
    "for more from the start: --set-resources {rule}:runtime=MINUTES, or set-resources in the profile"
)
FULL_DISK = (
    "a disk is full. The log says which file; if it lies in the temporary folder, name a larger one: "
    "--default-resources tmpdir=/path/on/the/node, or default-resources in the profile"
)
REASONS = (
    (r"OUT_OF_MEMORY|oom[-_ ]?kill|[Ee]xceeded (?:job )?memory limit|TERM_MEMLIMIT", MORE_MEMORY),
    (r"TIMEOUT|DUE TO TIME LIMIT|walltime .* exceeded|TERM_RUNLIMIT", MORE_TIME),
    (r"No space left on device|Disk quota exceeded", FULL_DISK),
    (r"NODE_FAIL|BOOT_FAIL|DUE TO NODE FAILURE", "its node failed; another attempt may go to another node"),
    (r"PREEMPTED|DUE TO PREEMPTION", "it had to make way for another job; a training goes on from its checkpoint"),
    (r"CANCELLED|TERM_OWNER", "it was cancelled; a training goes on from its checkpoint when it is started again"),
)


def explain(rule: str, message: str | None, logs: Sequence[Path]) -> str | None:
    """One sentence on why a job ended and what to do; None where nothing tells.

    Args:
        message: what the executor said, e.g. "SLURM-job '7' failed, SLURM status is: 'TIMEOUT'".
        logs: output of the job; files that are absent are passed over.
    """
    text = "\n".join([message or "", *(end_of(file) for file in logs if file.is_file())])
    return next((reason.format(rule=rule) for pattern, reason in REASONS if re.search(pattern, text)), None)


def end_of(log: Path) -> str:
    """The last part of a log, however long it is."""
    with log.open("rb") as file:
        file.seek(max(log.stat().st_size - LAST_BYTES, 0))
        return file.read().decode(errors="replace")


def existing(logs: Sequence[str]) -> list[Path]:
    """A job's logs, in the place where they are: output of an array's tasks lies a folder higher than told."""
    found = []
    for name in logs:
        file = Path(name)
        higher = file.parent.parent / file.name
        found.append(higher if not file.exists() and higher.is_file() else file)
    return found
