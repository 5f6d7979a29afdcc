"""Counts and distributions of the radiographs that an archive may bring, checked; empty where it brings none."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.faults import InputError
from cacs_cxr.image_columns import CORRUPTED_COLUMNS
from cacs_cxr.report.archive import (
    CORRUPTED,
    DISTRIBUTION_COLUMNS,
    DISTRIBUTIONS,
    RADIOGRAPH_COLUMNS,
    RADIOGRAPHS,
)
from cacs_cxr.report.text_table import TextTable, column_faults, text_table
from cacs_cxr.study import Study

LONGEST_TEXT = 200
MOST_ROWS = 100_000
CORRECT = "Correct it, or take the file out of the archive."


def received_radiographs(
    members: Mapping[str, bytes], study: Study, *, archive: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The counts and the distributions of the radiographs, each with its columns and without rows where absent.

    Args:
        members: files of the archive; older ones have neither.
        study: gives the sites.
        archive: its name, for messages.

    Raises:
        InputError: unknown columns or sites, texts that are too long, numbers that are none.
    """
    counts = checked(members, RADIOGRAPHS, RADIOGRAPH_COLUMNS, study, archive=archive)
    distributions = checked(members, DISTRIBUTIONS, DISTRIBUTION_COLUMNS, study, archive=archive)
    return counts, distributions


def received_corrupted(members: Mapping[str, bytes], study: Study, *, archive: str) -> pd.DataFrame:
    """Predictions of corrupted radiographs with their types, without rows where the archive brings none.

    Whose they are is checked where they are evaluated.

    Raises:
        InputError: unknown columns, texts that are too long, numbers that are none.
    """
    return checked(members, CORRUPTED, CORRUPTED_COLUMNS, study, archive=archive)


def checked(
    members: Mapping[str, bytes], name: str, columns: Mapping[str, str], study: Study, *, archive: str
) -> pd.DataFrame:
    """One of the two tables with its types.

    Args:
        name: of the file.
        columns: of each column its kind: ``text``, ``count``, ``number`` or ``number?`` (may be empty).
    """
    if name not in members:
        return pd.DataFrame({column: pd.Series(dtype=DTYPES[kind]) for column, kind in columns.items()})
    table = TextTable(text_table(members[name], file=name), file=f"{archive}: {name}")
    if faults := column_faults(table.frame, list(columns), file=table.file):
        raise InputError(faults)
    if "site" in columns:
        sites = [site.name for site in study.sites]
        table.refuse(~table.frame["site"].isin(sites).to_numpy(), "site", f"one of {', '.join(sites)}", CORRECT)
        table.refuse(np.arange(len(table.frame)) >= MOST_ROWS, "site", f"at most {MOST_ROWS:,} rows", CORRECT)
    values: dict[str, npt.NDArray[np.float64] | pd.Series] = {}
    for column, kind in columns.items():
        if kind == "text":
            long = (table.frame[column].str.len() > LONGEST_TEXT).to_numpy(dtype=bool)
            table.refuse(long, column, f"a text of at most {LONGEST_TEXT} characters", CORRECT)
            values[column] = table.frame[column]
            continue
        number, empty = table.numbers(column), table.empty(column)
        wrong = np.isnan(number) & ~(empty & (kind == "number?")) | (number < 0)
        if kind == "count":
            wrong |= number != np.round(number)
        rule = "an integer of at least 0" if kind == "count" else "a number of at least 0"
        table.refuse(wrong, column, rule, CORRECT)
        values[column] = number
    if table.faults:
        raise InputError(table.faults)
    return pd.DataFrame(values).astype({column: DTYPES[kind] for column, kind in columns.items()})


DTYPES = {"text": "object", "count": "int64", "number": "float64", "number?": "float64"}
