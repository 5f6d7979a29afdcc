"""The override table: what somebody who has looked at a radiograph knows better than its tags.

One row a correction: file, element, value and reason. Elements are the view, the photometric interpretation, a turn, a
mirror image, and whether the file is used at all. Nothing of the table but its counts is logged, and no fault quotes a
file's name or a reason.
"""

import csv
import difflib
import re
from collections.abc import Collection, Mapping
from pathlib import Path, PurePosixPath

import pandas as pd

from cacs_cxr.delimited_text import decoded, records_of_text
from cacs_cxr.faults import Fault, InputError
from cacs_cxr.imaging.view import AP, LATERAL, OTHER, PA
from cacs_cxr.job import LOGGER

COLUMNS = ("file", "element", "value", "reason")
VALUES: Mapping[str, tuple[str, ...]] = {
    "view": (PA, AP, LATERAL, OTHER),
    "photometric": ("MONOCHROME1", "MONOCHROME2"),
    "rotate": ("90", "180", "270"),
    "mirror": ("yes",),
    "use": ("no",),
}
"""Values of each element; `rotate` is in degrees clockwise, and a turn goes before the mirroring."""
EXCLUDED = "excluded-by-override"


def read_overrides(path: Path, *, files: Collection[str]) -> pd.DataFrame:
    """Read and check an override table: CSV (comma, semicolon, tab or bar) in UTF-8; further columns are not read.

    Args:
        files: paths that the index will hold; a row may write one with backslashes or a leading ``./``.

    Returns:
        file (as in `files`), element, value (as in `VALUES`), in the table's order.

    Raises:
        InputError: with every fault: no such table, not UTF-8, missing columns, an empty or unknown file, element or
            value, no reason, an element of a file given twice.
    """
    records, faults = _records(path)
    known, rows = frozenset(files), []
    first: dict[tuple[str, str], int] = {}
    for number, record in records:
        file, found = _file(record["file"], known=known, path=path, row=number)
        faults += found
        element, found = _term(record["element"], tuple(VALUES), column="element", path=path, row=number)
        faults += found
        if element:
            value, found = _term(record["value"], VALUES[element], column="value", path=path, row=number)
            faults += found
            rows.append((file, element, value))
        if not record["reason"]:
            remedy = "Write why the tags are wrong: whoever reads the table next has to trust it."
            faults.append(Fault(str(path), number, "reason", "an empty cell", "a reason", remedy))
        if file and element and (earlier := first.setdefault((file, element), number)) != number:
            found_text = f"what row {earlier} says already of this file and element"
            expected = "one row for an element of a file"
            faults.append(Fault(str(path), number, "element", found_text, expected, "Remove one."))
    if faults:
        raise InputError(faults)
    return pd.DataFrame(rows, columns=["file", "element", "value"], dtype=object)


def _records(path: Path) -> tuple[list[tuple[int, dict[str, str]]], list[Fault]]:
    """Rows of the table with their numbers in a spreadsheet, and the faults that keep it from being read."""
    try:
        records = records_of_text(decoded(path.read_bytes(), encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError):
        return [], [Fault(str(path), None, "", "no such file", "an override table", "Mend `radiographs: overrides`.")]
    except (UnicodeDecodeError, csv.Error):
        remedy = "Save the table as CSV (UTF-8)."
        return [], [Fault(str(path), None, "", "another encoding or format", "CSV in UTF-8", remedy)]
    names = list(records.header)
    remedy = f"Begin the table with the line {','.join(COLUMNS)}."
    faults = [
        Fault(str(path), 1, column, f"{names.count(column)} of them", "one column of this name", remedy)
        for column in COLUMNS
        if names.count(column) != 1
    ]
    if faults:
        return [], faults
    remedy = "Quote cells that contain the delimiter, and end no row early."
    faults = [
        Fault(str(path), number, "", f"{cells} cells", f"{len(names)}, as the header has", remedy)
        for number, cells in records.ragged
    ]
    rows = zip(records.cells.index.tolist(), records.cells.to_numpy().tolist(), strict=True)
    return [(number, dict(zip(names, row, strict=True))) for number, row in rows], faults


def _file(cell: str, *, known: frozenset[str], path: Path, row: int) -> tuple[str, list[Fault]]:
    for written in (cell, str(PurePosixPath(cell.replace("\\", "/")))):
        if written in known:
            return written, []
    found = "a file that is not there" if cell else "an empty cell"
    expected = "a file of the site's folder (of the image table, where there is one), relative to the folder"
    return "", [Fault(str(path), row, "file", found, expected, "Correct the path, or remove the row.")]


def _term(cell: str, terms: tuple[str, ...], *, column: str, path: Path, row: int) -> tuple[str, list[Fault]]:
    """Term that a cell means, in any case; a cell that resembles none of them is not shown: it may hold anything."""
    folded = {term.casefold(): term for term in terms}
    if term := folded.get(cell.casefold()):
        return term, []
    resembles = difflib.get_close_matches(cell.casefold(), folded, n=1, cutoff=0.6) or re.fullmatch(r"-?\d{1,3}", cell)
    found = cell if resembles else "another text" if cell else "an empty cell"
    expected = f"one of {', '.join(terms)}" if len(terms) > 1 else terms[0]
    return "", [Fault(str(path), row, column, found, expected, "Correct it, or remove the row.")]


def apply_overrides(index: pd.DataFrame, overrides: pd.DataFrame) -> pd.DataFrame:
    """The index as the override table corrects it; `overridden` names the elements of each file.

    Args:
        index: as `header_index.index_files` returns it.
        overrides: as `read_overrides` returns it, of the same files.
    """
    corrected = index.copy()
    corrected.attrs = dict(index.attrs)
    places = pd.Series(index.index, index=index["file"])
    names: dict[int, list[str]] = {}
    for element in VALUES:
        part = overrides[overrides["element"] == element]
        if part.empty:
            continue
        rows, values = places[part["file"]].to_numpy(), part["value"].to_numpy()
        if element == "view":
            corrected.loc[rows, "view"] = values
            corrected.loc[rows, ["view_source", "view_element"]] = ["override", ""]
        elif element == "photometric":
            corrected.loc[rows, "photometric_override"] = values
        elif element == "rotate":
            corrected.loc[rows, "rotate"] = values.astype("int64")
        elif element == "mirror":
            corrected.loc[rows, "mirror"] = True
        else:
            corrected.loc[rows, "readable"] = False
            corrected.loc[rows, "reason"] = EXCLUDED
        for row in rows:
            names.setdefault(row, []).append(element)
        LOGGER.info("%6d corrected by the override table: %s", len(part), element)
    corrected.loc[list(names), "overridden"] = [",".join(elements) for elements in names.values()]
    return corrected
