"""One file for a reviewer: predictions, analysis cohort, definition and configuration, the same bytes every time."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from typing import Any

import pandas as pd

from cacs_cxr.image_columns import CORRUPTED_COLUMNS, IMAGE_COLUMNS
from cacs_cxr.study import Study

ANALYSIS, PREDICTIONS, STUDY, FLOW = "analysis.csv", "predictions.csv", "study.json", "flow.csv"
CONFIGURATION, CHECKSUMS, README = "configuration.json", "checksums.txt", "README.txt"
RADIOGRAPHS, DISTRIBUTIONS = "radiographs.csv", "distributions.csv"
CORRUPTED = "corrupted_predictions.csv"
PREDICTION_COLUMNS = ["patient", "site", "model", "threshold", "probability"]
FLOW_COLUMNS = ["site", "unit", "order", "kind", "label", "n"]
RADIOGRAPH_COLUMNS = {
    "site": "text", "part": "text", "item": "text", "label": "text", "n": "count", "of": "count",
    "value": "number?", "note": "text",
}  # fmt: skip
DISTRIBUTION_COLUMNS = {
    "site": "text", "vendor": "text", "quantity": "text", "low": "number", "high": "number", "n": "count",
    "share": "number", "share_p10": "number?", "share_p90": "number?",
}  # fmt: skip

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
radiographs.csv     how many radiographs were read, refused, corrected, repeated and flagged
distributions.csv   histograms of their grey levels and sizes; the archive holds no radiograph
corrupted_predictions.csv
                    where made: predictions of corrupted radiographs of some development patients
study.json          biomarker, thresholds, categories, clinical factors, event and sites
configuration.json  settings of the study's method
checksums.txt       SHA-256 of each file, verified on reading

There is no name, identifier or date in it. Anyone's predictions in the same two tables are evaluated in the same way.
"""


def archive_members(
    analysis: pd.DataFrame,
    predictions: pd.DataFrame,
    flow: pd.DataFrame,
    study: Study,
    configuration: Mapping[str, Any],
    *,
    radiographs: pd.DataFrame,
    distributions: pd.DataFrame,
    corrupted: pd.DataFrame | None = None,
) -> dict[str, bytes]:
    """Content of every file of the archive by its name.

    Args:
        analysis: patient, site, fold, the biomarker, the factors, followup_days, event, and those of `IMAGE_COLUMNS`
            that are known; other columns are left out.
        predictions: patient, site, model, threshold, probability; other columns are left out.
        flow: site, unit, order, kind, label, n.
        study: the definition of the study.
        configuration: as `reported_configuration` returns it.
        radiographs: counts of the radiographs, with `RADIOGRAPH_COLUMNS`.
        distributions: histograms of the radiographs, with `DISTRIBUTION_COLUMNS`.
        corrupted: predictions of corrupted radiographs, with `CORRUPTED_COLUMNS`; None or empty where there are none.
    """
    factors = [factor.name for factor in study.factors]
    columns = ["patient", "site", "fold", study.biomarker.name, *factors, "followup_days", "event"]
    columns += [column for column in IMAGE_COLUMNS if column in analysis]
    read_me = READ_ME.format(
        title=study.title,
        mark="Simulated patients: not evidence. " if study.simulated else "",
        columns=", ".join([study.biomarker.name, *factors]),
        event=study.event.name,
    )
    members = {
        ANALYSIS: csv_bytes(analysis[columns]),
        PREDICTIONS: csv_bytes(predictions[PREDICTION_COLUMNS]),
        FLOW: csv_bytes(flow[FLOW_COLUMNS]),
        STUDY: json_bytes(study.plain()),
        CONFIGURATION: json_bytes(configuration),
        RADIOGRAPHS: csv_bytes(radiographs[list(RADIOGRAPH_COLUMNS)]),
        DISTRIBUTIONS: csv_bytes(distributions[list(DISTRIBUTION_COLUMNS)]),
        README: read_me.encode(),
    }
    if corrupted is not None and len(corrupted):
        members[CORRUPTED] = csv_bytes(corrupted[list(CORRUPTED_COLUMNS)])
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
