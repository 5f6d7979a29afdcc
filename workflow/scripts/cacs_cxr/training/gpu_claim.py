"""Which of a machine's GPUs a job takes, so that jobs that run at the same time do not take the same one."""

import fcntl
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from cacs_cxr.job import LOGGER

_HELD: list[IO[str]] = []  # open files keep their locks until the process ends, however it ends


def claims_folder() -> Path:
    """Folder of this user's locks, made where it is missing."""
    folder = Path(tempfile.gettempdir(), f"cacs-cxr-gpus-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def claim_gpu(identities: Sequence[str], *, folder: Path) -> int:
    """Claim a GPU that no other job of this user has claimed, for as long as this process lives.

    Where all are claimed, which happens when more jobs are allowed at a time than there are GPUs, the first is shared
    and the log says so.

    Args:
        identities: of the GPUs that this process sees, each the same in every process, e.g. their UUIDs.
        folder: where the locks lie.

    Returns:
        Position of the claimed GPU.
    """
    for position, identity in enumerate(identities):
        lock = (folder / f"{identity}.lock").open("w", encoding="utf-8")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        _HELD.append(lock)
        return position
    LOGGER.warning("all %d GPUs are taken by other jobs; the first is shared", len(identities))
    return 0
