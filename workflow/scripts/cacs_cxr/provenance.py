"""Where a result comes from: versions, code, configuration, input checksums, git state, hardware and wall times."""

import hashlib
import os
import platform
import re
import subprocess
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from cacs_cxr.accelerators import nvidia_gpus

PACKAGES = (
    "snakemake", "torch", "torchvision", "timm", "safetensors", "numpy", "pandas", "pyarrow", "scipy", "scikit-learn",
    "statsmodels", "lifelines", "pandera", "sqlalchemy", "pg8000", "openpyxl",
    "pydicom", "python-gdcm", "pylibjpeg-openjpeg", "pyjpegls", "pillow", "matplotlib",
)  # fmt: skip


DONE = re.compile(r"done in ([\d.]+) s$", re.MULTILINE)


def package_versions() -> dict[str, str | None]:
    """Version of each package that a number can depend on; None where it is not installed."""
    found: dict[str, str | None] = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found


def installed_versions() -> dict[str, str]:
    """Versions of Python, of this software and of the packages that are installed, by name."""
    packages = {name: number for name, number in package_versions().items() if number is not None}
    try:
        own = {"cacs-cxr": version("cacs-cxr")}
    except PackageNotFoundError:
        own = {}
    return {"python": platform.python_version(), **own, **packages}


def file_checksum(path: Path) -> str:
    """SHA-256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def input_record(path: Path) -> dict[str, Any]:
    """What identifies an input: bytes and SHA-256 of a file, or number of files and bytes of a folder.

    The pixels of a folder's radiographs are covered by the checksum of the image array made from them.
    """
    if path.is_dir():
        sizes = [file.stat().st_size for file in path.rglob("*") if file.is_file()]
        return {"files": len(sizes), "bytes": sum(sizes)}
    return {"bytes": path.stat().st_size, "sha256": file_checksum(path)}


def git_state(repository: Path) -> dict[str, Any]:
    """Commit of the code and whether tracked files differ from it; None for both outside a git checkout."""

    def git(*arguments: str) -> str | None:
        try:
            done = subprocess.run(
                ["git", "-C", str(repository), *arguments], capture_output=True, text=True, check=True, timeout=30
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout.strip()

    commit = git("rev-parse", "HEAD")
    changes = git("status", "--porcelain", "--untracked-files=no")
    return {"commit": commit, "modified": None if commit is None or changes is None else bool(changes)}


def hardware() -> dict[str, Any]:
    """Processor, cores, memory and NVIDIA GPUs of this machine; never its name."""
    processor = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        models = [
            line.split(":", 1)[1].strip() for line in information.read_text().splitlines() if "model name" in line
        ]
        processor = models[0] if models else processor
    try:
        memory = round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (ValueError, OSError):
        memory = None
    return {
        "processor": processor,
        "cores": os.cpu_count(),
        "memory_gib": memory,
        "gpus": nvidia_gpus(),
        "system": platform.platform(),
    }


def wall_times(logs: Path, *, stages: Mapping[str, str]) -> dict[str, dict[str, dict[str, float]]]:
    """Jobs and wall seconds of each stage and of each rule, as the jobs wrote them at the end of their logs.

    Args:
        logs: folder with a log, or a folder of logs, for each rule.
        stages: stage of each rule; jobs of other rules are counted by rule alone.
    """
    by_stage: dict[str, list[float]] = {stage: [] for stage in dict.fromkeys(stages.values())}
    by_rule: dict[str, list[float]] = {}
    for path in sorted(logs.rglob("*.log")):
        rule = path.relative_to(logs).parts[0].removesuffix(".log")
        found = DONE.findall(path.read_text(encoding="utf-8", errors="replace"))
        if found:
            seconds = float(found[-1])
            by_rule.setdefault(rule, []).append(seconds)
            if rule in stages:
                by_stage[stages[rule]].append(seconds)
    return {
        name: {
            key: {"jobs": len(seconds), "seconds": round(sum(seconds), 1)} for key, seconds in times.items() if seconds
        }
        for name, times in (("wall_time_by_stage", by_stage), ("wall_time_by_rule", by_rule))
    }


def manifest(
    *,
    config: Mapping[str, Any],
    inputs: Iterable[Path],
    repository: Path,
    logs: Path,
    stages: Mapping[str, str],
    made_with: Mapping[str, str],
    outputs: Iterable[Path],
) -> dict[str, Any]:
    """Everything that tells how the results came about, as plain values for results/manifest.json.

    Args:
        config: the configuration of the study.
        inputs: tables and folders that the sites handed over, or the archive.
        repository: folder of the code.
        logs: folder of the rules' logs.
        stages: stage of each rule.
        made_with: versions with which the models were made, which an archive may have brought.
        outputs: result files whose checksums are kept.
    """
    return {
        "simulated": config["simulated"],
        "seed": config["seed"],
        "python": platform.python_version(),
        "packages": package_versions(),
        "git": git_state(repository),
        "hardware": hardware(),
        "inputs": {str(path): input_record(path) for path in inputs},
        "outputs": {str(path): file_checksum(path) for path in outputs},
        "made_with": dict(made_with),
        **wall_times(logs, stages=stages),
        "configuration": dict(config),
    }
