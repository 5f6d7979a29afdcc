"""Whether a folder may become the virtual environment, or be removed: python envs/check_place.py setup|remove FOLDER.

`make setup` removes what is there, so that a VENV that names, say, a project's folder must be refused first.
"""

import shutil
import sys
from pathlib import Path

GIGABYTES = 8


def not_an_environment(folder: Path) -> str | None:
    """Why this folder must not be removed, if so."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())) or (folder / "pyvenv.cfg").is_file():
        return None
    return (
        f"Found {folder}, which is no virtual environment (it holds no pyvenv.cfg), expected one, an empty folder or "
        "none: it would be removed. Name another place: make setup VENV=/path/to/a/new/folder"
    )


def too_little_space(folder: Path) -> str | None:
    """Why the environment does not fit there, if so."""
    place = next(part for part in (folder.absolute(), *folder.absolute().parents) if part.exists())
    free = shutil.disk_usage(place).free / 1e9
    if free >= GIGABYTES:
        return None
    return (
        f"Found {free:.1f} GB free where {folder} would lie, expected at least {GIGABYTES}. Free some, or set VENV to "
        "a larger disk: make setup VENV=/path/to/environment"
    )


if __name__ == "__main__":
    task, place = sys.argv[1], Path(sys.argv[2])
    sys.exit(not_an_environment(place) or (too_little_space(place) if task == "setup" else None))
