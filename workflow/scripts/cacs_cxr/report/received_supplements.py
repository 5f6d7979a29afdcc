"""What an archive may bring besides patients and predictions, checked; empty where it brings none."""

import json
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.faults import Fault, InputError
from cacs_cxr.report.archive import SCHEMA, VERSIONS
from cacs_cxr.report.archive_schema import FORMAT
from cacs_cxr.report.supplements import SUPPLEMENTS
from cacs_cxr.report.text_table import TextTable, column_faults, text_table
from cacs_cxr.study import Study

LONGEST_TEXT = 200
LONGEST_TEXTS = {"stages.csv": 5000}  # a rule may need many others
MOST_ROWS = 100_000
CORRECT = "Correct it, or take the file out of the archive."
DTYPES = {"text": "object", "count": "int64", "integer": "int64", "number": "float64", "decimal": "float64"}
RULES = {
    "count": "an integer of at least 0",
    "integer": "an integer",
    "number": "a number of at least 0",
    "decimal": "a number",
}
VERSION = re.compile(r"[\w.+!-]{1,60}")


def received_supplements(members: Mapping[str, bytes], study: Study, *, archive: str) -> dict[str, pd.DataFrame]:
    """Every table of `SUPPLEMENTS` by file name, with its columns and without rows where the archive lacks it.

    Args:
        members: files of the archive; older ones have none of them.
        study: gives the sites.
        archive: its name, for messages.

    Raises:
        InputError: unknown columns or sites, texts that are too long, numbers that are none.
    """
    return {name: checked(members, name, columns, study, archive=archive) for name, columns in SUPPLEMENTS.items()}


def received_versions(members: Mapping[str, bytes], *, archive: str) -> dict[str, str]:
    """Versions with which the study was made, by name; empty where the archive does not tell them.

    Raises:
        InputError: no JSON object of names and versions, or a format of archive that is newer than this software.
    """
    schema = parsed(members, SCHEMA, archive=archive)
    number = schema.get("format", FORMAT)
    if not isinstance(number, int) or number > FORMAT:
        remedy = "Read this archive with the version of the software that versions.json names, or a later one."
        raise InputError([Fault(f"{archive}: {SCHEMA}", None, "format", str(number), f"at most {FORMAT}", remedy)])
    versions = parsed(members, VERSIONS, archive=archive)
    for name, version in versions.items():
        if not (VERSION.fullmatch(name) and isinstance(version, str) and VERSION.fullmatch(version)):
            place = f"{archive}: {VERSIONS}"
            raise InputError([Fault(place, None, name[:60], str(version)[:60], "a version", CORRECT)])
    return versions


def parsed(members: Mapping[str, bytes], name: str, *, archive: str) -> dict[str, Any]:
    """A JSON object of an archive; empty where there is no such file."""
    try:
        content = json.loads(members.get(name, b"{}"))
    except ValueError as error:
        raise InputError([Fault(f"{archive}: {name}", None, "", str(error), "JSON", CORRECT)]) from error
    if not isinstance(content, dict):
        raise InputError([Fault(f"{archive}: {name}", None, "", "", "a JSON object", CORRECT)])
    return content


def checked(
    members: Mapping[str, bytes], name: str, columns: Mapping[str, str], study: Study, *, archive: str
) -> pd.DataFrame:
    """One table with its types.

    Args:
        name: of the file.
        columns: of each column its kind, as `SUPPLEMENTS` has it.
    """
    if name not in members:
        return pd.DataFrame({column: pd.Series(dtype=dtype(kind)) for column, kind in columns.items()})
    table = TextTable(text_table(members[name], file=name), file=f"{archive}: {name}")
    if faults := column_faults(table.frame, list(columns), file=table.file):
        raise InputError(faults)
    first = next(iter(columns))
    table.refuse(np.arange(len(table.frame)) >= MOST_ROWS, first, f"at most {MOST_ROWS:,} rows", CORRECT)
    if "site" in columns:
        sites = [site.name for site in study.sites]
        table.refuse(~table.frame["site"].isin(sites).to_numpy(), "site", f"one of {', '.join(sites)}", CORRECT)
    values: dict[str, npt.NDArray[np.float64] | pd.Series] = {}
    for column, kind in columns.items():
        if kind == "text":
            longest = LONGEST_TEXTS.get(name, LONGEST_TEXT)
            long = (table.frame[column].str.len() > longest).to_numpy(dtype=bool)
            table.refuse(long, column, f"a text of at most {longest} characters", CORRECT)
            values[column] = table.frame[column]
            continue
        plain = kind.removesuffix("?")
        number, empty = table.numbers(column), table.empty(column)
        wrong = np.isnan(number) & ~(empty & (kind != plain))
        if plain in ("count", "number"):
            wrong |= number < 0
        if plain in ("count", "integer"):
            wrong |= number != np.round(number)
        table.refuse(wrong, column, RULES[plain], CORRECT)
        values[column] = number
    if table.faults:
        raise InputError(table.faults)
    return pd.DataFrame(values).astype({column: dtype(kind) for column, kind in columns.items()})


def dtype(kind: str) -> str:
    """Type in memory of a kind of column."""
    return DTYPES.get(kind, "float64")
