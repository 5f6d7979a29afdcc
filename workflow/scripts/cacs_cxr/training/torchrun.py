"""torchrun as a program of this study: one machine, no restart, no port, and one line where a process dies."""

import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FAILURE = "failure.json"


def write_failure(folder: Path, content: Mapping[str, Any]) -> bool:
    """Write down a failure, unless another process was first.

    Returns:
        Whether this one was the first.
    """
    own = folder / f"failure-{os.getpid()}.json"
    own.write_text(json.dumps(dict(content)), encoding="utf-8")
    try:
        (folder / FAILURE).hardlink_to(own)
    except FileExistsError:
        return False
    return True


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
    os.environ["LOGLEVEL"] = "CRITICAL"  # torchrun's own; each process tells what happens to it
    # Imported here, since it reads the level once, and whoever imports this module need not pay for it.
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
                name = signal.Signals(-failure.exitcode).name
                text = f"ended by {name}" + (", mostly for want of memory" if name == "SIGKILL" else "")
                # It came before whatever the others have written, which missed it.
                (folder / FAILURE).unlink(missing_ok=True)
                write_failure(folder, {"process": number, "kind": "killed", "text": text, "faults": []})
                break
        raise SystemExit(1) from None
    except SignalException as error:
        raise SystemExit(128 + error.sigval) from None


if __name__ == "__main__":
    main(Path(sys.argv[1]), module=sys.argv[2], count=int(sys.argv[3]))
