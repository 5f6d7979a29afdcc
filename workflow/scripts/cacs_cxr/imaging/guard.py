"""Work on untrusted files in a process of its own: a hanging or crashing decoder costs one file, not the job."""

import multiprocessing
import os
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True)
class Lost:
    """Work that gave no result: ``timeout`` or ``decoder-crash``."""

    reason: str


def _serve(connection: Connection, work: Callable[..., Any]) -> None:
    # OpenJPEG starts a thread per core otherwise, and every worker would.
    os.environ.setdefault("OPJ_NUM_THREADS", "1")
    connection.send("ready")
    while True:
        try:
            arguments = connection.recv()
        except EOFError:
            return
        try:
            answer = (True, work(**arguments))
        except Exception:
            answer = (False, traceback.format_exc())
        connection.send(answer)


def _start(work: Callable[..., Any]) -> tuple[Connection, BaseProcess]:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, work), daemon=True)
    process.start()
    there.close()
    here.recv()  # the time limit of the first call does not pay for the imports
    return here, process


def guarded(work: Callable[..., Result], calls: Iterable[dict[str, Any]], *, seconds: float) -> Iterator[Result | Lost]:
    """Results of calls made one after the other in a worker process, in their order.

    Args:
        work: function of a module; arguments and results must be picklable.
        calls: keyword arguments of each call.
        seconds: limit of one call; the worker is stopped beyond it and a new one takes the next call.

    Raises:
        RuntimeError: an exception of `work` itself, with its traceback.
    """
    connection, process = _start(work)
    try:
        for arguments in calls:
            try:
                connection.send(arguments)
                answer = connection.recv() if connection.poll(seconds) else None
                lost = Lost("timeout")
            except (EOFError, BrokenPipeError, ConnectionResetError):
                answer, lost = None, Lost("decoder-crash")
            if answer is None:
                _stop(connection, process)
                connection, process = _start(work)
                yield lost
                continue
            succeeded, result = answer
            if not succeeded:
                raise RuntimeError(f"the worker failed:\n{result}")
            yield result
    finally:
        _stop(connection, process)


def _stop(connection: Connection, process: BaseProcess) -> None:
    connection.close()
    process.kill()
    process.join()
