"""A finished study as the comparison of two needs it: from a folder of results or from an archive."""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from cacs_cxr.faults import Fault, InputError
from cacs_cxr.report.archive import CONFIGURATION, STUDY, TABLES
from cacs_cxr.report.received import received_tables
from cacs_cxr.report.received_supplements import parsed, received_versions
from cacs_cxr.report.unpacking import read_archive
from cacs_cxr.study import Study
from cacs_cxr.tables import read_json

FOLDER_FILES = {
    "study": "cohort/study.json",
    "configuration": "cohort/configuration.json",
    "analysis": "cohort/analysis.parquet",
    "predictions": "predictions/predictions.parquet",
}
NEITHER = "a folder of results, the folder of a study, or an archive (.tar.gz or folder)"
REMEDY = "Name results/ or results/archive.tar.gz of a finished study."


@dataclass(frozen=True)
class ComparedStudy:
    """One of two studies.

    Attributes:
        name: how the page calls it.
        kind: what it was read from: ``results`` or ``archive``.
        configuration: settings of the method; empty where an archive does not record them.
        analysis: patient, site, fold, biomarker, factors, followup_days, event.
        predictions: patient, site, model, threshold, label, probability.
        tables: printed tables by name, all cells text.
        versions: of Python and the libraries, by name.
        files: SHA-256 of every file by its path in the folder of results or in the archive.
    """

    name: str
    kind: Literal["results", "archive"]
    study: Study
    configuration: Mapping[str, Any]
    analysis: pd.DataFrame
    predictions: pd.DataFrame
    tables: Mapping[str, pd.DataFrame]
    versions: Mapping[str, str]
    files: Mapping[str, str]


def read_compared(path: Path, *, name: str) -> ComparedStudy:
    """A study from its folder of results, the folder above, or its archive.

    Raises:
        InputError: nothing of that kind at the path, files of a study that are missing, faults of an archive.
    """
    for folder in (path, path / "results"):
        if (folder / FOLDER_FILES["study"]).is_file():
            return _of_results(folder, name=name)
    if not path.exists():
        raise InputError([Fault(str(path), None, "", "", NEITHER, REMEDY)])
    if path.is_dir() and not any((path / f"analysis{suffix}").is_file() for suffix in (".csv", ".parquet")):
        raise InputError([Fault(str(path), None, "", "a folder of something else", NEITHER, REMEDY)])
    return _of_archive(path, name=name)


def _of_results(folder: Path, *, name: str) -> ComparedStudy:
    missing = [file for file in FOLDER_FILES.values() if not (folder / file).is_file()]
    if missing:
        remedy = "Finish the study, or name its archive."
        raise InputError(
            [Fault(str(folder / file), None, "", "", "a file of a finished study", remedy) for file in missing]
        )
    tables = {
        file.stem: pd.read_csv(file, dtype=str, keep_default_na=False)
        for file in sorted((folder / "tables").glob("*.csv"))
    }
    versions = folder / "cohort/versions.json"
    return ComparedStudy(
        name=name,
        kind="results",
        study=Study.read(folder / FOLDER_FILES["study"]),
        configuration=read_json(folder / FOLDER_FILES["configuration"]),
        analysis=pd.read_parquet(folder / FOLDER_FILES["analysis"]),
        predictions=pd.read_parquet(folder / FOLDER_FILES["predictions"]),
        tables=tables,
        versions={key: str(value) for key, value in read_json(versions).items()} if versions.is_file() else {},
        files={
            file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
            for file in sorted(folder.rglob("*"))
            if file.is_file() and file.suffix != ".npy"
        },
    )


def _of_archive(path: Path, *, name: str) -> ComparedStudy:
    members = read_archive(path)
    if STUDY not in members:
        place = f"{path}: {STUDY}"
        remedy = "Compare the results of the study that is rebuilt from this archive."
        raise InputError([Fault(place, None, "", "", "the definition of the study", remedy)])
    study, analysis, predictions, _, _ = received_tables(
        members, parsed(members, STUDY, archive=str(path)), archive=str(path)
    )
    return ComparedStudy(
        name=name,
        kind="archive",
        study=study,
        configuration=parsed(members, CONFIGURATION, archive=str(path)),
        analysis=analysis,
        predictions=predictions,
        tables=_printed(members),
        versions=received_versions(members, archive=str(path)),
        files={key: hashlib.sha256(content).hexdigest() for key, content in sorted(members.items())},
    )


def _printed(members: Mapping[str, bytes]) -> dict[str, pd.DataFrame]:
    return {
        Path(key).stem: pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False)
        for key, content in members.items()
        if key.startswith(f"{TABLES}/")
    }
