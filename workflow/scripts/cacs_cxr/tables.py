"""Files that the study writes: tables, JSON and arrays, always whole or not at all."""

import io
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Temporary path beside `path` to write to; renamed to `path` on success and removed on any error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(descriptor)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a tidy CSV: UTF-8, shortest decimals that read back to the same float, missing values empty."""
    with whole_file(path) as temporary:
        frame.to_csv(temporary, index=False, lineterminator="\n")


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a Parquet table without its index."""
    with whole_file(path) as temporary:
        frame.to_parquet(temporary, index=False)


def write_json(content: Mapping[str, Any], path: Path) -> None:
    """Write indented JSON (UTF-8); not-a-number is refused, so that every reader can parse it."""
    with whole_file(path) as temporary:
        temporary.write_text(
            json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8"
        )


def write_text(content: str, path: Path) -> None:
    """Write text as UTF-8."""
    with whole_file(path) as temporary:
        temporary.write_text(content, encoding="utf-8")


def write_bytes(content: bytes, path: Path) -> None:
    """Write bytes."""
    with whole_file(path) as temporary:
        temporary.write_bytes(content)


def write_array(array: npt.NDArray[Any], path: Path) -> None:
    """Write an array in NumPy's format, without pickle."""
    with whole_file(path) as temporary, io.FileIO(temporary, "wb") as file:
        np.lib.format.write_array(file, array, allow_pickle=False)


def write_results(frames: Sequence[pd.DataFrame], path: Path, *, simulated: bool) -> None:
    """Write tables of the same columns below one another, and in a last column whether the patients are simulated.

    Where all are empty the columns are those of the first one.
    """
    filled = [frame for frame in frames if not frame.empty] or list(frames[:1])
    write_csv(pd.concat(filled, ignore_index=True).assign(simulated=simulated), path)


def read_written_table(path: Path) -> pd.DataFrame:
    """Read a table that this study (or an archive of one) wrote: Parquet or CSV by suffix; identifiers stay text."""
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    return pd.read_csv(path, dtype={"patient": str, "site": str, "threshold": str}, float_precision="round_trip")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object that this study wrote."""
    return dict(json.loads(path.read_text(encoding="utf-8")))
