"""Several processes for one job, started through torchrun: the job that they read, its notice to stop, its failure.

They share a folder that nobody else can read. In it lie the job as JSON, a lock that this process holds for as long as
they are to go on, and the failure of whichever process fails first. Nothing listens but on the loopback interface.
"""

import fcntl
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import IO, Any

from cacs_cxr.faults import Fault, InputError
from cacs_cxr.job import LOGGER
from cacs_cxr.training import torchrun
from cacs_cxr.training.notice import StoppedOnNotice, stop_notice
from cacs_cxr.training.processes import Processes, SeveralProcesses

JOB, GO_ON, MEETING = "job.json", "go-on.lock", "meeting"
GRACE_SECONDS = 40.0  # torchrun gives its processes 30


class ProcessFailed(RuntimeError):
    """One of several processes has failed, and with it the job."""


def run_processes(module: str, job: Mapping[str, Any], *, count: int, threads: int) -> None:
    """Run a module in several processes and wait for them; on notice they are told to stop, and may take their time.

    Args:
        module: its name; run as a program with the folder as its one argument, where `one_of_processes` awaits it.
        job: plain values for JSON.
        count: processes.
        threads: CPU threads of each.

    Raises:
        InputError: as one of the processes raised it.
        StoppedOnNotice: likewise, after a checkpoint.
        ProcessFailed: any other failure of one of them.
    """
    with tempfile.TemporaryDirectory(prefix="cacs-cxr-processes-") as name, stop_notice() as asked_to_stop:
        folder = Path(name)
        (folder / JOB).write_text(json.dumps(dict(job), allow_nan=False), encoding="utf-8")
        with (folder / GO_ON).open("w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            torchrun_process = subprocess.Popen(
                [sys.executable, "-m", torchrun.__name__, str(folder), module, str(count)],
                env=os.environ | _environment(threads=threads),
                stdin=subprocess.DEVNULL,
                # A signal to the whole group, as Ctrl-C, reaches this process alone, which passes it on in its way.
                start_new_session=True,
            )
            try:
                while torchrun_process.poll() is None:
                    if asked_to_stop():
                        fcntl.flock(lock, fcntl.LOCK_UN)
                    time.sleep(0.1)
            finally:
                _end(torchrun_process)
        _raise_failure(folder, code=torchrun_process.returncode)


def _environment(*, threads: int) -> dict[str, str]:
    library = str(Path(__file__).resolve().parents[2])
    loopback = "lo0" if "lo0" in (name for _, name in socket.if_nameindex()) else "lo"  # BSD and macOS, or Linux
    return {
        "PYTHONPATH": os.pathsep.join(filter(None, [library, os.environ.get("PYTHONPATH")])),
        "OMP_NUM_THREADS": str(threads),
        "GLOO_SOCKET_IFNAME": loopback,
        "NCCL_SOCKET_IFNAME": loopback,
        # torchrun would else share a store with its processes that listens on every address of the machine.
        "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1",
    }


def _end(torchrun_process: "subprocess.Popen[bytes]") -> None:
    if torchrun_process.poll() is not None:
        return
    torchrun_process.send_signal(signal.SIGTERM)  # it ends its processes first
    try:
        torchrun_process.wait(timeout=GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        torchrun_process.kill()
        torchrun_process.wait()


def _raise_failure(folder: Path, *, code: int) -> None:
    failure = torchrun.read_failure(folder)
    if failure is None:
        if code:
            raise ProcessFailed(f"torchrun ended with exit code {code}; the log tells why")
        return
    if failure["kind"] == InputError.__name__:
        raise InputError(Fault(**fault) for fault in failure["faults"])
    if failure["kind"] == StoppedOnNotice.__name__:
        raise StoppedOnNotice(failure["text"])
    LOGGER.error("process %d: %s", failure["process"], failure["story"] or failure["text"])
    raise ProcessFailed(f"process {failure['process']}: {failure['kind']}: {failure['text']}")


@contextmanager
def one_of_processes(folder: Path) -> Iterator[tuple[dict[str, Any], Processes]]:
    """Be one of the processes that `run_processes` started: its side of the folder.

    Only process 0 tells how it goes. Of failures only the first is told, by the process that started this one: what the
    others run into, once one has gone, is no news.

    Yields:
        The job, and the processes.
    """
    number, count = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    level = logging.INFO if number == 0 else logging.WARNING
    logging.basicConfig(stream=sys.stderr, level=level, format="%(asctime)s %(message)s", force=True)
    logging.captureWarnings(True)
    try:
        with (folder / GO_ON).open(encoding="utf-8") as lock:
            job: dict[str, Any] = json.loads((folder / JOB).read_text(encoding="utf-8"))
            processes = SeveralProcesses(
                number=number, count=count, meeting_file=folder / MEETING, told_to_stop=partial(_free, lock)
            )
            yield job, processes
            processes.leave()
    except BaseException as error:
        content = {
            "process": number,
            "kind": type(error).__name__,
            "text": str(error),
            "faults": [asdict(fault) for fault in error.faults] if isinstance(error, InputError) else [],
            "story": traceback.format_exc(),
        }
        torchrun.write_failure(folder, content)
        sys.stderr.flush()
        # At once: what torch does at the end of a program would wait for processes that wait for this one.
        os._exit(1)


def _free(lock: IO[str]) -> bool:
    """Whether nobody holds the lock: the process that started this one has let it go, or is gone, however it ended."""
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    fcntl.flock(lock, fcntl.LOCK_UN)
    return True
