"""Checksums of a study's results: what two runs of it must share."""

import hashlib
from pathlib import Path

RESULTS = (
    "results/cohort/*.csv",
    "results/cohort/*.parquet",
    "results/images/*.npy",
    "results/images/*.csv",
    "results/images/*.p[dn][fg]",
    "results/models/*/*/*/*/weights.safetensors",
    "results/predictions/*",
    "results/evaluation/*",
    "results/prognosis/*",
    "results/tables/*",
    "results/figures/*",
    "results/saliency/*",
)


def checksums(folder: Path, *patterns: str) -> dict[str, str]:
    """SHA-256 of the files of a study, by name."""
    files = sorted(file for pattern in patterns for file in folder.glob(pattern))
    assert files
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
