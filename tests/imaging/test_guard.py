import os
import sys
import time

import numpy as np
import pytest

from cacs_cxr.imaging.guard import Lost, guarded

GIGABYTE = 1 << 30
SPOILT: list[int] = []


def respond(*, number: int) -> int:
    """Work for a guarded process: twice the number, unless it is one that hangs, dies, raises or takes memory."""
    if number == 3:
        time.sleep(60)
    if number == 4:
        os.abort()
    if number == 5:
        raise ValueError(f"{number:04}")
    if number == 7:
        SPOILT.append(number)
    if number == 8 and SPOILT:
        os.abort()
    if number == 9:
        os.write(1, b"Doe^Jane")
        os.write(2, b"Doe^Jane")
    if number == 10:
        np.ones(GIGABYTE, dtype=np.uint8)
    if number == 11:
        os.kill(os.getpid(), 9)
    return 2 * number


def answers(*numbers: int) -> list[int | Lost]:
    return list(guarded(respond, [{"number": n} for n in numbers], seconds=1.5, memory_bytes=GIGABYTE // 2))


def test_a_hanging_or_dying_worker_costs_one_call() -> None:
    assert answers(1, 3, 2, 4, 6) == [2, Lost("timeout"), 4, Lost("decoder-crash"), 12]


def test_a_worker_killed_by_the_system_ran_out_of_memory() -> None:
    assert answers(11, 1) == [Lost("out-of-memory"), 2]


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux only")
def test_a_greedy_call_costs_one_call() -> None:
    assert answers(1, 10, 2) == [2, Lost("out-of-memory"), 4]


def test_a_call_that_dies_of_an_earlier_one_is_made_again() -> None:
    assert answers(7, 8, 8, 1) == [14, 16, 16, 2]


def test_an_exception_of_the_work_itself_is_raised_without_its_message() -> None:
    with pytest.raises(RuntimeError, match=r"in respond(.|\n)*ValueError") as caught:
        answers(5)
    assert "0005" not in str(caught.value)


def test_what_a_worker_prints_is_dropped(capfd: pytest.CaptureFixture[str]) -> None:
    assert answers(9) == [18]
    assert "".join(capfd.readouterr()) == ""
