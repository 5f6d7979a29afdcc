"""Real radiographs and tables and R's answers: optional material beside the repository, for tests marked `real`."""

import os
from pathlib import Path

import pytest

DEFAULT = Path(__file__).resolve().parents[2] / "shared" / "data"


def real_data(*parts: str) -> Path:
    """Path of real material; the test is skipped, with a message, where it is absent."""
    path = Path(os.environ.get("CACS_CXR_REAL_DATA", DEFAULT)).joinpath(*parts)
    if not path.exists():
        pytest.skip(f"{'/'.join(parts)} is absent; CACS_CXR_REAL_DATA names the folder of real data")
    return path


def reference(*parts: str) -> Path:
    """Path of a file of R's answers, in the folder `reference` beside the real data; else the test is skipped."""
    path = Path(os.environ.get("CACS_CXR_REAL_DATA", DEFAULT)).parent.joinpath("reference", *parts)
    if not path.exists():
        pytest.skip(f"reference/{'/'.join(parts)} is absent; CACS_CXR_REAL_DATA names the folder beside it")
    return path
