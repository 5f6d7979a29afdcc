"""Running the study in a folder of its own, as a user does: the command line, its output and its exit code."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[1]


def snakemake(
    *arguments: str, directory: Path, overlay: Mapping[str, Any] | Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run snakemake on two cores in `directory`, with an overlay on the default configuration.

    Returns:
        The finished process; what it printed, standard output and error together, is in `stdout`.
    """
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(REPOSITORY / "Snakefile"), "--cores", "2"]
    command += ["--directory", str(directory)]
    if isinstance(overlay, Path):
        arguments = (*arguments, "--configfile", str(overlay))
    elif overlay is not None:
        file = directory / "overlay.yaml"
        file.write_text(yaml.safe_dump(dict(overlay), allow_unicode=True), encoding="utf-8")
        arguments = (*arguments, "--configfile", str(file))
    return subprocess.run(
        [*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, cwd=REPOSITORY
    )


def logs_of(directory: Path) -> str:
    """Every log of a study, for the message of a failed assertion."""
    files = sorted((directory / "logs").rglob("*.log"))
    return "\n".join(f"== {file.relative_to(directory)}\n{file.read_text(encoding='utf-8')[-2000:]}" for file in files)
