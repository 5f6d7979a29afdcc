"""One file for a reviewer: predictions, analysis cohort, definition and configuration, the same bytes every time."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from typing import Any

import pandas as pd

from cacs_cxr.image_columns import IMAGE_COLUMNS
from cacs_cxr.report.archive_schema import archive_schema
from cacs_cxr.report.supplements import SUPPLEMENTS, WORDS
from cacs_cxr.study import Study

ANALYSIS, PREDICTIONS, STUDY, FLOW = "analysis.csv", "predictions.csv", "study.json", "flow.csv"
CONFIGURATION, CHECKSUMS, README = "configuration.json", "checksums.txt", "README.txt"
TABLES = "tables"
VERSIONS, SCHEMA, CARDS, LICENCE = "versions.json", "schema.json", "model_cards.md", "LICENCE.txt"
PREDICTION_COLUMNS = ["patient", "site", "model", "threshold", "probability"]
FLOW_COLUMNS = ["site", "unit", "order", "kind", "label", "n"]
READ_ME = """\
{title}

{mark}This archive holds what is needed to rebuild every table, figure and the report of the study, without
images or networks:

    snakemake --cores all --config start_from=predictions archive=PATH_OF_THIS_FILE

analysis.csv        one row a patient: patient (pseudonym), site, fold (-1 outside cross-validation), {columns},
                    followup_days (integer days from time zero; empty where unknown),
                    event (0 none, 1 {event}, 2 competing), and where known vendor, view,
                    days_to_score (radiograph minus score) and flagged (by any flag of quality)
predictions.csv     patient, site, model, threshold, probability: out-of-fold at the development site
flow.csv            patients and radiographs at each exclusion
{supplements}
study.json          biomarker, thresholds, categories, clinical factors, event and sites
configuration.json  settings of the study's method
schema.json         format of this archive: every table's columns with kind, unit and meaning
versions.json       versions of Python and of the libraries with which the study was made
tables/             the printed tables of the study, to compare with those rebuilt
model_cards.md      what each model is, what it was made from and how it did
LICENCE.txt         what may be done with the software, the models and the data
checksums.txt       SHA-256 of each file, verified on reading

There is no name, identifier or date in it. Anyone's predictions in the same two tables are evaluated in the same way.
"""
LICENCE_NOTE = """\
Software: MIT licence, as its file LICENSE says; it comes without warranty.

Models: made for research with that software. They are not medical devices and not for clinical use.

Data: {data}
"""
SIMULATED_DATA = """\
every patient in this archive was drawn by a program. The tables may be used and shared without limits (CC0 1.0), as
long as nobody takes them for evidence."""
REAL_DATA = """\
rows of patients under pseudonyms, with integer days in place of dates. The data remain those of the sites that
collected them; whether and how they may be shared or used is what their ethics committees and data protection said.
Do not try to find out who anybody is."""


def archive_members(
    analysis: pd.DataFrame,
    predictions: pd.DataFrame,
    flow: pd.DataFrame,
    study: Study,
    configuration: Mapping[str, Any],
    *,
    supplements: Mapping[str, pd.DataFrame],
    versions: Mapping[str, str],
    cards: str,
    tables: Mapping[str, bytes],
) -> dict[str, bytes]:
    """Content of every file of the archive by its name.

    Args:
        analysis: patient, site, fold, the biomarker, the factors, followup_days, event, and those of `IMAGE_COLUMNS`
            that are known; other columns are left out.
        predictions: patient, site, model, threshold, probability; other columns are left out.
        flow: site, unit, order, kind, label, n.
        study: the definition of the study.
        configuration: as `reported_configuration` returns it.
        supplements: further tables by file name, with the columns of `SUPPLEMENTS`; empty ones are left out.
        versions: of Python and the libraries, by name.
        cards: the model cards (Markdown); empty for none.
        tables: printed tables (CSV) by file name, as the study made them; for readers, never read back.
    """
    factors = [factor.name for factor in study.factors]
    columns = ["patient", "site", "fold", study.biomarker.name, *factors, "followup_days", "event"]
    columns += [column for column in IMAGE_COLUMNS if column in analysis]
    brought = {name: frame for name, frame in supplements.items() if len(frame)}
    read_me = READ_ME.format(
        title=study.title,
        mark="Simulated patients: not evidence. " if study.simulated else "",
        columns=", ".join([study.biomarker.name, *factors]),
        event=study.event.name,
        supplements="\n".join(f"{name:<20}{WORDS[name]}" for name in brought),
    )
    members = {
        ANALYSIS: csv_bytes(analysis[columns]),
        PREDICTIONS: csv_bytes(predictions[PREDICTION_COLUMNS]),
        FLOW: csv_bytes(flow[FLOW_COLUMNS]),
        STUDY: json_bytes(study.plain()),
        CONFIGURATION: json_bytes(configuration),
        **{name: csv_bytes(frame[list(SUPPLEMENTS[name])]) for name, frame in brought.items()},
        VERSIONS: json_bytes(versions),
        SCHEMA: json_bytes(archive_schema(study, known=columns)),
        LICENCE: LICENCE_NOTE.format(data=SIMULATED_DATA if study.simulated else REAL_DATA).encode(),
        **({CARDS: cards.encode()} if cards else {}),
        README: read_me.encode(),
        **{f"{TABLES}/{name}": content for name, content in tables.items()},
    }
    return {**members, CHECKSUMS: checksum_lines(members).encode()}


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """A frame as CSV: shortest decimals that read back to the same float."""
    return str(frame.to_csv(index=False, lineterminator="\n")).encode()


def json_bytes(content: Mapping[str, Any]) -> bytes:
    """Plain values as indented JSON, in their order."""
    return (json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def checksum_lines(members: Mapping[str, bytes]) -> str:
    """SHA-256 of every file in the format of ``sha256sum``, by name."""
    return "".join(f"{hashlib.sha256(members[name]).hexdigest()}  {name}\n" for name in sorted(members))


def archive_bytes(members: Mapping[str, bytes]) -> bytes:
    """A .tar.gz of the members: names sorted, no owner, no time, so that equal content is equal bytes."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in sorted(members):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.mtime = len(members[name]), 0o644, 0
            archive.addfile(entry, io.BytesIO(members[name]))
    return gzip.compress(packed.getvalue(), compresslevel=9, mtime=0)
