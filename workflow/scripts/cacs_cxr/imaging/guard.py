"""Work on untrusted files in a process of its own: a hanging, crashing or greedy decoder costs one file, not the job.

Three processes take part. The job starts a nursery, a fresh Python that imports the work once. The nursery forks a
worker, which makes the calls; when a call kills it, the nursery forks the next one within milliseconds, without
importing anything again.
"""

import multiprocessing
import os
import pickle
import signal
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

from cacs_cxr.child_processes import single_threaded

Result = TypeVar("Result")
MEMORY = 2 << 30
"""Bytes of address space that suffice for every radiograph admitted.

Of 100 million pixels of 16 bits, the most admitted, lossless JPEG takes 1.1 GiB (1.5 if they are noise), deflated and
JPEG 2000 files 0.7, PNG and JPEG files 0.9, uncompressed ones 0.2. A mix of real radiographs of 0.1 to 8 million pixels
takes 0.1 in one worker.
"""
_NO_MEMORY = 77  # exit status of a worker whose call raised MemoryError
_ADDRESS_SPACE = Path("/proc/self/statm")


@dataclass(frozen=True)
class Lost:
    """Work that gave no result: ``timeout``, ``decoder-crash`` or ``out-of-memory``."""

    reason: str


@dataclass(frozen=True)
class _Failed:
    """Work that raised an exception of its own."""

    description: str


@dataclass(frozen=True)
class _Worker:
    connection: Connection
    process: int


def guarded(
    work: Callable[..., Result], calls: Iterable[dict[str, Any]], *, seconds: float, memory_bytes: int = MEMORY
) -> Iterator[Result | Lost]:
    """Results of calls made one after the other in a worker process, in their order.

    A worker that dies or runs out of memory after it has served other calls may do so because of one of those, so the
    call is made once more in a fresh worker. What libraries print in a worker is dropped: it may quote a file.

    Args:
        work: function of a module; arguments and results must be picklable.
        calls: keyword arguments of each call.
        seconds: limit of one call.
        memory_bytes: address space that a worker may take beyond what it has at its start. Only Linux offers a limit
            that holds; on other systems (macOS) a call takes what it takes.

    Raises:
        RuntimeError: an exception of `work` itself, with its type and place; its message might quote a file.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    nursery = context.Process(target=_run_nursery, args=(there, work, seconds, memory_bytes), daemon=True)
    with single_threaded():
        nursery.start()
    there.close()
    try:
        for arguments in calls:
            try:
                here.send(arguments)
                answer = here.recv()
            except (EOFError, BrokenPipeError, ConnectionResetError):
                raise RuntimeError("the process that guards the work ended; was it killed?") from None
            if isinstance(answer, _Failed):
                raise RuntimeError(f"the worker failed:\n{answer.description}")
            yield answer
    finally:
        here.close()
        nursery.kill()
        nursery.join()


def _run_nursery(connection: Connection, work: Callable[..., Any], seconds: float, memory_bytes: int) -> None:
    """Serve calls by a worker, and replace it when it dies; ends when the other side hangs up."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    worker, served = None, 0
    while True:
        try:
            call = connection.recv_bytes()
        except EOFError:
            return
        answer: bytes | Lost = Lost("decoder-crash")
        for _ in range(2):
            if worker is None:
                worker, served = _fork_worker(connection, work, seconds, memory_bytes), 0
            answer = _ask(worker, call)
            if isinstance(answer, bytes):
                served += 1
                break
            worker = None
            if served == 0 or answer.reason == "timeout":
                break
        connection.send_bytes(answer if isinstance(answer, bytes) else pickle.dumps(answer))


def _fork_worker(parent: Connection, work: Callable[..., Any], seconds: float, memory_bytes: int) -> _Worker:
    here, there = multiprocessing.Pipe()
    with warnings.catch_warnings():
        # Python warns where a library has started a thread; none of those that are imported needs it in the worker.
        warnings.simplefilter("ignore", DeprecationWarning)
        process = os.fork()
    if process:
        there.close()
        return _Worker(here, process)
    here.close()
    parent.close()
    try:
        _serve(there, work, seconds=seconds, memory_bytes=memory_bytes)
    except MemoryError:
        os._exit(_NO_MEMORY)
    except BaseException:
        os._exit(1)
    os._exit(0)


def _ask(worker: _Worker, call: bytes) -> bytes | Lost:
    try:
        worker.connection.send_bytes(call)
        return worker.connection.recv_bytes()
    except (EOFError, OSError):
        worker.connection.close()
        _, status = os.waitpid(worker.process, 0)
        return Lost(_reason(status))


def _reason(status: int) -> str:
    """Why a worker ended: SIGALRM is the time limit, and SIGKILL that of the system's memory."""
    died_by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if died_by == signal.SIGALRM:
        return "timeout"
    if died_by == signal.SIGKILL or (os.WIFEXITED(status) and os.WEXITSTATUS(status) == _NO_MEMORY):
        return "out-of-memory"
    return "decoder-crash"


def _serve(connection: Connection, work: Callable[..., Any], *, seconds: float, memory_bytes: int) -> None:
    """Make the calls that arrive; the kernel ends the process when one takes too long, whatever code it is in."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    _limit_memory(memory_bytes)
    while True:
        try:
            arguments = connection.recv()
        except EOFError:
            return
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            answer = work(**arguments)
        except MemoryError:
            raise
        except Exception as error:
            answer = _Failed("".join([*traceback.format_tb(error.__traceback__), type(error).__name__]))
        signal.setitimer(signal.ITIMER_REAL, 0)
        connection.send(answer)


def _limit_memory(memory_bytes: int) -> None:
    if not _ADDRESS_SPACE.exists():
        return
    import resource

    taken = int(_ADDRESS_SPACE.read_text().split()[0]) * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = taken + memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))
