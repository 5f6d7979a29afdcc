"""Image tables: which files are radiographs, of whom, when and in which view, where headers do not tell."""

import csv
import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from cacs_cxr.date_text import iso_text, shape
from cacs_cxr.delimited_text import Records, decoded, records_of_text
from cacs_cxr.faults import Fault, InputError
from cacs_cxr.typed_cells import records_of_frame

LISTED, SHOWN = 20, 30  # rows of a kind that are listed, and characters shown of a date
REQUIRED, OPTIONAL = ("file", "patient"), ("date", "view")
_WHOLE_NUMBER = re.compile(r"^(-?\d+)\.0*$")


def read_image_table(path: Path, *, columns: Mapping[str, str], date_format: str | None = None) -> pd.DataFrame:
    """Read an image table: delimited text in any common encoding, or Parquet by suffix.

    Args:
        columns: names in the table of `file` and `patient`, and where it has them of `date` and `view`.
        date_format: form of dates besides ISO (see `date_text.is_date_format`); None for those that the site's `dates`
            name.

    Returns:
        Text columns file, patient, date, view, one row a file; empty where the table has nothing.

    Raises:
        InputError: with every fault: no such table, unknown columns, rows with more or fewer cells than the header, an
            empty or repeated file, a date in neither form where one is given.
    """
    if not path.is_file():
        raise InputError([Fault(str(path), None, "", "no such file", "an image table", "Mend `radiographs: table`.")])
    records = _records(path)
    header = list(records.header)
    listed = ", ".join(header)
    faults = [
        Fault(str(path), 1, name, "", f"a column of this name among: {listed}", f"Mend `radiographs: columns: {role}`.")
        for role, name in columns.items()
        if name not in header
    ]
    faults += [
        Fault(str(path), None, "", "", f"a column for '{role}'", f"Name it under `radiographs: columns: {role}`.")
        for role in REQUIRED
        if role not in columns
    ]
    faults += [
        Fault(str(path), row, "", f"{cells} cells", f"{len(header)}, as the header has", "Quote cells with delimiters.")
        for row, cells in records.ragged[:LISTED]
    ]
    if faults:
        raise InputError(faults)
    frame = pd.DataFrame(
        {
            role: records.cells[header.index(columns[role])] if role in columns else ""
            for role in (*REQUIRED, *OPTIONAL)
        },
        index=records.cells.index,
        dtype=object,
    )
    frame["date"] = frame["date"].str.replace(_WHOLE_NUMBER, r"\1", regex=True)
    faults = _row_faults(frame, path=path, column=columns["file"])
    if date_format is not None and "date" in columns:
        faults += _date_faults(frame["date"], path=path, column=columns["date"], date_format=date_format)
        frame["date"] = iso_text(frame["date"], date_format=date_format)
    if faults:
        raise InputError(faults)
    return frame.reset_index(drop=True)


def _records(path: Path) -> Records:
    try:
        if path.suffix == ".parquet":
            return records_of_frame(pd.read_parquet(path))
        return records_of_text(decoded(path.read_bytes()))
    except (ValueError, csv.Error) as error:  # pandas' and Arrow's own are of the first kind, and quote what they found
        expected = "a Parquet file, or delimited text with a header"
        fault = Fault(str(path), None, "", type(error).__name__, expected, "Save the table as CSV (UTF-8).")
        raise InputError([fault]) from None


def _date_faults(dates: "pd.Series[str]", *, path: Path, column: str, date_format: str) -> list[Fault]:
    iso = iso_text(dates, date_format=date_format).str.fullmatch(r"\d{4}-\d{2}-\d{2}")
    shown = shape(dates[(dates != "") & ~iso], length=SHOWN)
    expected = f"a date as YYYY-MM-DD or {date_format} (shown: 9 for a digit, A for a letter)"
    remedy = "Correct it, or the site's `date_format`; years have four digits."
    return [Fault(str(path), int(row), column, text, expected, remedy) for row, text in shown.items()][:LISTED]  # type: ignore[call-overload]


def _row_faults(frame: pd.DataFrame, *, path: Path, column: str) -> list[Fault]:
    """Faults of rows; the index holds their numbers in a spreadsheet."""
    empty = frame.index[frame["file"] == ""]
    repeated = frame.index[frame["file"].duplicated() & (frame["file"] != "")]
    return [
        *(Fault(str(path), int(row), column, "nothing", "a file", "Name the file or remove the row.") for row in empty),
        *(
            Fault(str(path), int(row), column, "a file named before", "one row a file", "Remove one.")
            for row in repeated
        ),
    ]
