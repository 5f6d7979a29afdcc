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
    """Claim a free GPU, or share the first with another job where all are claimed, and say so in the log.

    That happens when more jobs are allowed at a time than there are GPUs.

    Args and result: as of `claim_free_gpu`.
    """
    position = claim_free_gpu(identities, folder=folder)
    if position is None:
        LOGGER.warning("all %d GPUs are taken by other jobs; the first is shared", len(identities))
        return 0
    return position


def claim_free_gpu(identities: Sequence[str], *, folder: Path) -> int | None:
    """Claim a GPU that no other process of this user has claimed, for as long as this process lives.

    Args:
        identities: of the GPUs that this process sees, each the same in every process, e.g. their UUIDs.
        folder: where the locks lie.

    Returns:
        Position of the claimed GPU, or None where all are claimed.
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
    return None
