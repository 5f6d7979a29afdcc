"""Examples of `mutations` read in a guarded process, and what came of each."""

import re
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt
from mutations import Example, originals

from cacs_cxr.imaging.guard import MEMORY, Lost, guarded
from cacs_cxr.imaging.header_row import read_rows
from cacs_cxr.imaging.radiograph import read_radiograph
from cacs_cxr.imaging.refusals import REMEDIES

SECONDS = 10.0
_SIZE = 16
_STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class _Reading:
    header: str
    reason: str
    digest: str
    levels: npt.NDArray[np.uint8]
    peak_bytes: int
    seconds: float


@dataclass(frozen=True)
class Result:
    """What came of a file.

    Attributes:
        verdict: ``read``, a reason of refusal or loss, or ``exception`` with its type.
        right: whether a good file was read, by header and pixels, to what it holds; true for a damaged file.
        peak_bytes: resident memory by which the process grew at its peak; 0 where it died or is not told.
    """

    example: Example
    verdict: str
    right: bool
    peak_bytes: int
    seconds: float


def read_both(*, path: Path) -> _Reading | str:
    """The file read by its header and by its pixels; the type of an exception where one escapes."""
    _forget_peak()
    begin, before = time.perf_counter(), _peak()
    try:
        (row,) = read_rows(str(path.parent), [{"file": path.name, "patient": "1", "date": "", "view": "PA"}])
        radiograph = read_radiograph(path, size=_SIZE)
    except MemoryError:
        raise
    except Exception as error:
        return type(error).__name__
    seconds, peak = time.perf_counter() - begin, _peak() - before
    return _Reading(row["reason"], radiograph.reason, radiograph.pixel_sha256, radiograph.levels, peak, seconds)


def read_examples(examples: Iterable[Example], folder: Path) -> Iterator[Result]:
    """Result of every example, each written to a file of its own name for its reading."""
    references: dict[str, _Reading] = {}
    given = [Example(name, "", content) for name, content in originals().items()]
    for example, answer, seconds in _answers(chain(given, examples), folder):
        if len(references) < len(given):
            assert isinstance(answer, _Reading)
            assert answer.reason == answer.header == ""
            references[example.origin] = answer
            continue
        if not isinstance(answer, _Reading):
            verdict = answer.reason if isinstance(answer, Lost) else f"exception {answer}"
            yield Result(example, verdict, bool(example.mutation), 0, seconds)
            continue
        reference = references[example.origin]
        alike = (answer.header, answer.reason, answer.digest) == ("", "", reference.digest)
        right = bool(example.mutation) or (alike and np.array_equal(answer.levels, reference.levels))
        assert {answer.reason, answer.header} <= {"", *REMEDIES}
        yield Result(example, answer.reason or "read", right, answer.peak_bytes, answer.seconds)


def _answers(examples: Iterable[Example], folder: Path) -> Iterator[tuple[Example, _Reading | str | Lost, float]]:
    path, waiting = folder / "file", deque[Example]()

    def calls() -> Iterator[dict[str, Path]]:
        for example in examples:
            waiting.append(example)
            path.write_bytes(example.content)
            yield {"path": path}

    begin = time.perf_counter()
    for answer in guarded(read_both, calls(), seconds=SECONDS, memory_bytes=MEMORY):
        yield waiting.popleft(), answer, time.perf_counter() - begin
        begin = time.perf_counter()


def _forget_peak() -> None:
    if _STATUS.exists():
        Path("/proc/self/clear_refs").write_text("5")


def _peak() -> int:
    """Greatest resident memory of this process in bytes since it was forgotten."""
    found = re.search(r"VmHWM:\s+(\d+)", _STATUS.read_text()) if _STATUS.exists() else None
    return int(found[1]) * 1024 if found else 0
