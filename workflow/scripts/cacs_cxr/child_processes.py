"""Processes that a job starts: libraries with one thread each, and calls of one function spread over several."""

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Protocol, TypeVar

Call = TypeVar("Call")
Result = TypeVar("Result")
# These start a thread per core otherwise, each with its own memory, and every process would.
_SINGLE_THREADED = {f"{library}_NUM_THREADS": "1" for library in ("OPJ", "OMP", "OPENBLAS", "MKL")}


class Spread(Protocol):
    """A `map`: results of a function for each call, in their order."""

    def __call__(self, work: Callable[[Call], Result], calls: Iterable[Call], /) -> Iterator[Result]:
        """Make the calls."""


@contextmanager
def spread_over(processes: int) -> Iterator[Spread]:
    """A `map` over so many fresh processes; with one process the calls are made in this one.

    The function must belong to a module, and calls and results must be picklable. An exception of a call is raised
    here; a process that is killed ends the map with a RuntimeError.
    """
    if processes == 1:
        yield map
        return
    with (
        single_threaded(),
        ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool,
    ):
        yield pool.map


@contextmanager
def single_threaded() -> Iterator[None]:
    """Libraries of processes that are started meanwhile use one thread: they read it when they are loaded."""
    before = {name: os.environ.get(name) for name in _SINGLE_THREADED}
    os.environ.update(_SINGLE_THREADED)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
