"""torchrun as a program of this study: one machine, no restart, no port, and one line where a process dies."""

import json
import logging
import os
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

FAILURE = "failure.json"
SOON_SECONDS = 20.0


def write_failure(folder: Path, content: Mapping[str, Any]) -> None:
    """Write down a failure, unless another process was first."""
    own = folder / f"failure-{content['process']}-{os.getpid()}.json"
    own.write_text(json.dumps(dict(content)), encoding="utf-8")
    with suppress(FileExistsError):
        (folder / FAILURE).hardlink_to(own)


def read_failure(folder: Path) -> dict[str, Any] | None:
    """The first failure, or None."""
    file = folder / FAILURE
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


def main(folder: Path, *, module: str, count: int) -> None:
    """Run a module in several processes; when one of them fails, the others are ended.

    Args:
        folder: which the processes share; given to each as its one argument.
        module: its name.
        count: processes.
    """
    # A scheduler may send its notice to every process of a job. The processes catch it; torchrun would die of it.
    if hasattr(signal, "SIGUSR1"):
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    logging.disable(logging.CRITICAL)  # each process tells what happens to it, and `main` what it cannot tell
    # Imported here, since whoever imports this module for the functions above need not pay for it.
    from torch.distributed import run
    from torch.distributed.elastic.multiprocessing import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    try:
        # --standalone would open a store that listens on every address of the machine, and unpickle what lies in it.
        run.main(
            [
                "--nnodes=1",
                f"--nproc-per-node={count}",
                "--max-restarts=0",
                "--rdzv-backend=c10d",
                "--rdzv-conf=store_type=file",
                f"--rdzv-endpoint={folder / 'rendezvous'}",
                f"--rdzv-id={folder.name}",
                f"--log-dir={folder / 'torchrun'}",
                "--module",
                module,
                str(folder),
            ]
        )
    except ChildFailedError as error:
        for number, failure in error.failures.items():
            if failure.exitcode < 0:
                _tell_signal(folder, signal.Signals(-failure.exitcode), number=number)
        raise SystemExit(1) from None
    except SignalException as error:
        raise SystemExit(128 + error.sigval) from None


def _tell_signal(folder: Path, ended_by: signal.Signals, *, number: int) -> None:
    told = folder / FAILURE
    # torchrun itself ends the others with SIGTERM, and 30 s later with SIGKILL. A process that died of another signal,
    # or sooner, was the first to go, and what another has written meanwhile is that it missed it.
    if ended_by != signal.SIGTERM and told.exists() and time.time() - told.stat().st_mtime < SOON_SECONDS:
        told.unlink()
    text = f"ended by {ended_by.name}" + (", mostly for want of memory" if ended_by.name == "SIGKILL" else "")
    write_failure(folder, {"process": number, "kind": "killed", "text": text, "story": ""})


if __name__ == "__main__":
    main(Path(sys.argv[1]), module=sys.argv[2], count=int(sys.argv[3]))
