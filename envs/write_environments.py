"""Writes the conda environments of envs/ with the versions of the lock: python envs/write_environments.py.

It reads from the installed packages what each needs in turn, so it is run where the lock is installed.
"""

import re
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HERE = Path(__file__).resolve().parent
PLACE = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": "3.11.9",
    "python_version": "3.11",
    "sys_platform": "linux",
}

# What the scripts of an environment's rules import, or find by a name (a driver, a decoder, an engine of pandas).
DIRECT = {
    "snakemake": [
        "snakemake",
        "snakemake-executor-plugin-slurm",
        "snakemake-executor-plugin-slurm-jobstep",
        "snakemake-executor-plugin-cluster-generic",
        "pygments",
        "numpy",
        "jsonschema",
        "pyyaml",
    ],
    "stats": [
        "numpy",
        "pandas",
        "pyarrow",
        "scipy",
        "pydicom",
        "python-gdcm",
        "pylibjpeg-openjpeg",
        "pyjpegls",
        "pillow",
        "openpyxl",
        "pandera",
        "sqlalchemy",
        "pg8000",
        "matplotlib",
        "jinja2",
        "markupsafe",
    ],
    "torch": ["torch", "timm", "safetensors", "numpy", "pandas", "pyarrow", "scipy", "scikit-learn", "pillow"],
}

PURPOSES = {
    "snakemake": "Snakemake itself and what the Snakefile imports, where jobs have environments of their own.",
    "stats": "Everything but the networks: simulation, tables, imaging, statistics, figures and report.",
    "torch": "Jobs that run a network.",
}
USES = {
    "snakemake": "conda env create --name study --file envs/snakemake.yaml",
    "stats": "snakemake --sdm conda",
    "torch": "snakemake --sdm conda",
}


def locked_versions() -> dict[str, str]:
    """Version of each locked package for Python 3.11 on 64-bit Linux."""
    versions = {}
    for line in (HERE / "requirements.lock").read_text(encoding="utf-8").splitlines():
        if re.match(r"[a-z0-9]", line):
            pin = Requirement(line.removesuffix("\\"))
            if pin.marker is None or pin.marker.evaluate(PLACE):
                versions[canonicalize_name(pin.name)] = str(pin.specifier).removeprefix("==")
    return versions


def needed(names: list[str]) -> set[str]:
    """Packages that these need, directly or not, themselves included."""
    found: dict[str, set[str]] = {}
    waiting = [(canonicalize_name(name), frozenset[str]()) for name in names]
    while waiting:
        name, extras = waiting.pop()
        if name in found and extras <= found[name]:
            continue
        found[name] = found.get(name, set()) | extras
        for text in requires(name) or []:
            requirement = Requirement(text)
            wanted = [{**PLACE, "extra": extra} for extra in ("", *found[name])]
            if requirement.marker is None or any(requirement.marker.evaluate(place) for place in wanted):
                waiting.append((canonicalize_name(requirement.name), frozenset(requirement.extras)))
    return set(found)


def environment(name: str) -> str:
    """Text of an environment's file."""
    versions = locked_versions()
    direct = [canonicalize_name(package) for package in DIRECT[name]]
    pins = [f"      - {package}=={versions[package]}\n" for package in direct]
    rest = [f"      - {package}=={versions[package]}\n" for package in sorted(needed(direct) - set(direct))]
    return (
        f"# {PURPOSES[name]}\n# {USES[name]}\n"
        "# For 64-bit Linux. Made by envs/write_environments.py: all versions, also of what these need in turn, are\n"
        "# those of requirements.lock. Its hashes are not checked: Snakemake copies this file to where it could not\n"
        "# refer to the lock, and some dozens of hashes for each package would hide what is in it.\n"
        "channels:\n  - conda-forge\n  - nodefaults\ndependencies:\n  - python =3.11\n  - pip\n  - pip:\n"
        f"{''.join(pins)}      # what these need\n{''.join(rest)}"
    )


if __name__ == "__main__":
    for name in DIRECT:
        (HERE / f"{name}.yaml").write_text(environment(name), encoding="utf-8")
