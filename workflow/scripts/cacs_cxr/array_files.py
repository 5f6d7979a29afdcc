"""Arrays as files, of pixels that need not fit into memory: where results lie, or on the node's own disk."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np


def create_array(path: Path, shape: tuple[int, ...]) -> np.memmap[tuple[int, ...], np.dtype[np.uint8]]:
    """New array file of zeros, in NumPy's format, as an array that writes to it; its place on the disk is reserved.

    Without that, writing to a full disk would end the process by a signal and without a word.

    Raises:
        OSError: the disk has too little room; says where, how much there is and how much is needed.
    """
    array = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
    try:
        with path.open("rb+") as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        free = shutil.disk_usage(path.parent).free
        raise OSError(
            error.errno,
            f"No space left on device: {path.parent} has {free / 1e6:.0f} MB free, "
            f"{path.stat().st_size / 1e6:.0f} MB are needed for {shape[0]} images. Free some; "
            "if it is the temporary folder, name another one: --default-resources tmpdir=/path",
        ) from None
    return array


@contextmanager
def scratch_array(shape: tuple[int, ...]) -> Iterator[np.memmap[tuple[int, ...], np.dtype[np.uint8]]]:
    """Array of zeros on the node's own disk, in the temporary folder that the job was given (TMPDIR); gone at the end.

    Raises:
        OSError: the disk has too little room.
    """
    with tempfile.TemporaryDirectory(prefix="cacs-cxr-") as folder:
        yield create_array(Path(folder, "array.npy"), shape)
