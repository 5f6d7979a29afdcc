"""A new study: a commented configuration and empty tables to fill, in a folder of its own."""

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from jinja2 import Environment, PackageLoader, StrictUndefined

from cacs_cxr.faults import Fault, InputError
from cacs_cxr.tables import write_text

CONFIGURATION = "study.yaml"
TABLES: Mapping[str, Sequence[str]] = {
    "patients.csv": ("patient_id", "age", "sex", "bmi"),
    "scores.csv": ("patient_id", "ct_date", "agatston"),
    "outcomes.csv": ("patient_id", "date", "event"),
}
"""Tables of a site and their columns, as the configuration names them."""
RADIOGRAPHS = "radiographs"
TEMPLATE = "new_study.yaml.jinja"
_NAME = re.compile(r"[a-z][a-z0-9_]*")  # as the schema wants names of sites


def study_configuration(
    *, heading: str, command: str, folder: str, sites: Sequence[str], dates: Literal["iso", "days"]
) -> str:
    """Commented overlay on config.yaml for a study on real patients.

    Args:
        heading: first line, what the file is.
        command: arguments of Snakemake that run the study.
        folder: what stands before the sites' names in paths, with its slash; empty for paths from the study's folder.
        sites: names, the development site first.
    """
    environment = Environment(loader=PackageLoader("cacs_cxr", "."), undefined=StrictUndefined, autoescape=False)
    template = environment.get_template(TEMPLATE)
    return template.render(heading=heading, command=command, folder=folder, sites=sites, dates=dates) + "\n"


def write_study(folder: Path, *, sites: Sequence[str], dates: Literal["iso", "days"]) -> list[Path]:
    """Write the configuration, and for each site tables that hold a header only and a folder for the radiographs.

    Nothing is overwritten.

    Args:
        folder: the study's folder, made where it does not exist.
        sites: names, the development site first.

    Returns:
        What was written, in its order.

    Raises:
        InputError: a name that is none, or twice; files that exist already, all of them.
        OSError: the folder cannot be written to.
    """
    files = {folder / CONFIGURATION: _configuration(folder, sites=sites, dates=dates)}
    for site in sites:
        files |= {folder / site / name: ",".join(columns) + "\n" for name, columns in TABLES.items()}
    faults = [
        Fault("--sites", None, "", name, "lower-case letters, digits and _, beginning with a letter", "Rename it.")
        for name in sites
        if not _NAME.fullmatch(name)
    ]
    if len(set(sites)) < len(sites):
        faults.append(Fault("--sites", None, "", "a name twice", "a name of its own for every site", "Rename one."))
    if not str(folder).isprintable():
        faults.append(
            Fault("FOLDER", None, "", "a line break or the like", "a name of visible characters", "Rename it.")
        )
    faults += [
        Fault(str(path), None, "", "a file that exists", "a new file", "Choose another folder, or move the file away.")
        for path in files
        if path.exists()
    ]
    if faults:
        raise InputError(faults)
    for path, content in files.items():
        write_text(content, path)
    for site in sites:
        (folder / site / RADIOGRAPHS).mkdir(exist_ok=True)
    return list(files)


def run_command(folder: Path) -> str:
    """Arguments with which Snakemake runs the study of a folder."""
    study, configuration = (shlex.quote(str(path)) for path in (folder, folder / CONFIGURATION))
    return f"--directory {study} --configfile {configuration} --cores all"


def _configuration(folder: Path, *, sites: Sequence[str], dates: Literal["iso", "days"]) -> str:
    heading = "A study on your own patients. Fill the tables, put in the radiographs, and run in the repository:"
    return study_configuration(heading=heading, command=run_command(folder), folder="", sites=sites, dates=dates)
