"""The environments: locked with hashes, the same versions for conda, each with what its rules import; the images."""

import ast
import re
import runpy
import shutil
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from cacs_cxr.code_digest import SCRIPTS, files_behind
from study_runs import REPOSITORY

ENVIRONMENTS = REPOSITORY / "envs"
LOCK = (ENVIRONMENTS / "requirements.lock").read_text(encoding="utf-8")
WRITER = runpy.run_path(str(ENVIRONMENTS / "write_environments.py"))
PLACE = runpy.run_path(str(ENVIRONMENTS / "check_place.py"))

LOCAL = {file.stem for file in (REPOSITORY / "workflow").glob("*.py")}  # modules beside the rules, not in the library

# Packages that no import names: what makes them needed, as it stands in the code.
BY_NAME = {
    "pyarrow": r"(read|to)_parquet\(",
    "openpyxl": r"read_excel\(|ExcelFile\(",
    "pg8000": r"create_engine\(",
}


def test_every_pin_has_a_hash_and_none_a_place() -> None:
    blocks = re.split(r"\n(?=[a-z])", LOCK.strip())
    assert len(blocks) > 100
    for block in blocks:
        assert re.match(r"[a-z0-9-]+==", block), block[:60]
        assert "--hash=sha256:" in block, block[:60]
    assert "://" not in LOCK
    assert "--index" not in LOCK


def test_direct_requirements_are_locked() -> None:
    for line in (ENVIRONMENTS / "requirements.in").read_text(encoding="utf-8").splitlines():
        name = re.match(r"[A-Za-z0-9-]+", line)
        if name:
            assert re.search(rf"^{name[0].lower()}==", LOCK, re.MULTILINE), name[0]


# --- conda


@pytest.mark.parametrize("name", WRITER["DIRECT"])
def test_conda_environments_are_those_of_the_lock(name: str) -> None:
    """Also what is needed in turn, so that two builds in two years hold the same."""
    text = (ENVIRONMENTS / f"{name}.yaml").read_text(encoding="utf-8")
    assert text == WRITER["environment"](name), "run: python envs/write_environments.py"
    pinned = yaml.safe_load(text)
    python, pip, pins = pinned["dependencies"]
    assert (python, pip) == ("python =3.11", "pip")
    assert all(re.fullmatch(r"[a-z0-9-]+==[^=*<> ]+", pin) for pin in pins["pip"])
    here = {canonicalize_name(Requirement(pin).name) for pin in pins["pip"]}
    assert here == WRITER["needed"](WRITER["DIRECT"][name])


def rules_with_scripts() -> dict[str, tuple[str, str]]:
    """Script and environment of each rule that has a script."""
    found = {}
    for file in sorted((REPOSITORY / "workflow" / "rules").glob("*.smk")):
        for name, block in re.findall(
            r"^ *rule (\w+):\n(.*?)(?=^ *rule |\Z)", file.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
        ):
            script = re.search(r"scripts/(\w+\.py)", block)
            if script:
                environment = re.search(r'conda:\n\s+"../../envs/(\w+)\.yaml"', block)
                found[name] = (script[1], environment[1] if environment else "none")
    return found


def imported(file: Path) -> set[str]:
    """Top-level modules that a file imports, at its head or in a function, but not for types only."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    modules = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert not node.level, f"{file}: a relative import, which the digest of the code does not follow"
            modules.add(node.module.split(".")[0])
    return modules - set(sys.stdlib_module_names) - {"cacs_cxr", *LOCAL}


def packages_of(*files: Path) -> set[str]:
    """Packages that files and the modules of this library that they import, directly or not, need."""
    reached = {file for first in files for file in files_behind(first) if file.suffix == ".py"}
    distributions = packages_distributions()
    found = set()
    for file in reached:
        for module in imported(file):
            assert module in distributions, f"{file} imports {module}, which no installed package brings"
            found |= {canonicalize_name(name) for name in distributions[module]}
        text = file.read_text(encoding="utf-8")
        found |= {package for package, sign in BY_NAME.items() if re.search(sign, text)}
    return found


def test_every_script_has_an_environment() -> None:
    rules = rules_with_scripts()
    scripts = {file.name for file in SCRIPTS.glob("*.py")}
    assert {script for script, _ in rules.values()} == scripts
    assert {environment for _, environment in rules.values()} == {"stats", "torch"}


@pytest.mark.parametrize("name", ["stats", "torch"])
def test_environments_hold_what_their_scripts_import_and_no_more(name: str) -> None:
    """Snakemake appends its own packages to a script's path, so that a missing one would show only elsewhere."""
    scripts = [SCRIPTS / script for script, environment in rules_with_scripts().values() if environment == name]
    assert packages_of(*scripts) == set(WRITER["DIRECT"][name])


def test_snakefile_needs_only_the_environment_of_snakemake() -> None:
    """Where jobs have environments of their own, Snakemake's has no pandas to spare."""
    common = (REPOSITORY / "workflow" / "rules" / "common.smk").read_text(encoding="utf-8")
    modules = re.findall(r"^from (cacs_cxr[\w.]*) import", common, re.MULTILINE)
    assert len(modules) > 5
    files = [SCRIPTS.joinpath(*module.split(".")).with_suffix(".py") for module in modules]
    files += (REPOSITORY / "workflow").glob("*.py")
    used = packages_of(*files, SCRIPTS / "cacs_cxr" / "__init__.py")
    assert used <= WRITER["needed"](WRITER["DIRECT"]["snakemake"])
    assert {"numpy", "jsonschema", "pyyaml"} <= used


# --- The virtual environment


def test_setup_removes_nothing_but_an_environment(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    refusal = PLACE["not_an_environment"]
    assert refusal(project) is None
    assert refusal(tmp_path / "absent") is None
    (project / "data.csv").touch()
    assert "no virtual environment" in refusal(project)
    (project / "pyvenv.cfg").touch()
    assert refusal(project) is None
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    removals = re.findall(r'(.*)\n\t@?rm -rf "\$\(VENV\)"', makefile)
    assert len(removals) == makefile.count("rm -rf") == 2
    assert all("envs/check_place.py" in line for line in removals)


def test_setup_looks_at_the_disk_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not at that of the repository: on clusters the one is a home folder with a quota, the other is not."""
    asked = []

    def usage(place: Path) -> SimpleNamespace:
        asked.append(place)
        return SimpleNamespace(free=7.9e9)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    assert "Found 7.9 GB free" in PLACE["too_little_space"](tmp_path / "new" / "environment")
    assert asked == [tmp_path]


# --- Images


def dockerfile() -> list[tuple[str, str]]:
    """Instructions of the Dockerfile with their arguments."""
    text = (ENVIRONMENTS / "Dockerfile").read_text(encoding="utf-8")
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in text.splitlines() if line.strip()]


def definition() -> tuple[dict[str, str], dict[str, str]]:
    """Header and sections of the Apptainer definition."""
    text = re.sub(r"^\s*#.*\n", "", (ENVIRONMENTS / "container.def").read_text(encoding="utf-8"), flags=re.MULTILINE)
    head, *parts = re.split(r"^%", text, flags=re.MULTILINE)
    header = dict(re.findall(r"^(\w+): (\S+)$", head, re.MULTILINE))
    return header, {part.split("\n", 1)[0]: part.split("\n", 1)[1] for part in parts}


def test_images_start_from_the_same_python() -> None:
    header, _ = definition()
    bases = [arguments for instruction, arguments in dockerfile() if instruction == "FROM"]
    assert header["Bootstrap"] == "docker"
    assert bases == [header["From"]]
    version = re.fullmatch(r"python:(\d+)\.(\d+)\.(\d+)-slim-bookworm", bases[0])
    assert version, "expected a tag that names the patch version, not one that moves"
    assert (int(version[1]), int(version[2])) == tuple(map(int, WRITER["PLACE"]["python_version"].split(".")))


def test_images_hold_the_lock_with_its_hashes_and_no_code() -> None:
    _, sections = definition()
    run = " ".join(arguments for instruction, arguments in dockerfile() if instruction == "RUN")
    copied = [arguments.split() for instruction, arguments in dockerfile() if instruction in ("COPY", "ADD")]
    assert copied == [["requirements.lock", "/opt/requirements.lock"]]
    assert sections["files"].split() == ["envs/requirements.lock", "/opt/requirements.lock"]
    for commands in (run, sections["post"]):
        installs = re.findall(r"pip install ([^\n&]*)", commands)
        assert len(installs) == 1
        assert "--require-hashes --requirement /opt/requirements.lock" in installs[0]
        assert not re.search(
            r"curl|wget|https?:|sudo|chmod|--trusted-host|--index|password|token", commands, re.IGNORECASE
        )
        assert set(re.findall(r"apt-get install --yes --no-install-recommends (.*?)(?: *&&|\n)", commands)) == {"git"}


def test_images_run_without_root_and_without_packages_of_a_home_folder() -> None:
    instructions = dockerfile()
    assert [arguments for instruction, arguments in instructions if instruction == "USER"] == ["study"]
    assert [instruction for instruction, _ in instructions].index("USER") > max(
        place for place, (instruction, _) in enumerate(instructions) if instruction in ("RUN", "COPY")
    )
    variables = " ".join(arguments for instruction, arguments in instructions if instruction == "ENV")
    assert "PYTHONNOUSERSITE=1" in variables
    assert "PYTHONNOUSERSITE=1" in definition()[1]["environment"]


def test_shell_of_the_definition_is_valid() -> None:
    for name in ("post", "environment", "test", "runscript"):
        checked = subprocess.run(["sh", "-n"], input=definition()[1][name], text=True, check=False)
        assert checked.returncode == 0, name


def test_snakefile_names_the_image_that_the_definition_builds() -> None:
    image = re.search(r"apptainer build (\S+) envs/container.def", (ENVIRONMENTS / "container.def").read_text())
    assert image
    assert f'container: f"{{workflow.basedir}}/{image[1]}"' in (REPOSITORY / "Snakefile").read_text()
