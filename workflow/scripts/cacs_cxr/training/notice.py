"""Notice to stop: the signal that a scheduler sends some time before it kills a job."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cacs_cxr.job import Interrupted

SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGUSR1") if hasattr(signal, name))


class StoppedOnNotice(Interrupted):
    """The training has stopped on request, with a checkpoint from which it goes on."""


@contextmanager
def stop_notice() -> Iterator[Callable[[], bool]]:
    """Catch SIGTERM and SIGUSR1 inside the block.

    Yields:
        A function that tells whether one of them has come. Where signals cannot be caught, outside the main thread, it
        never does.
    """
    came = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield came.is_set
        return
    before = {number: signal.signal(number, lambda *_: came.set()) for number in SIGNALS}
    try:
        yield came.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
