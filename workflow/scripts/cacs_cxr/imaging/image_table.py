"""Image tables: which files are radiographs, of whom, when and in which view, where headers do not tell."""

import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from cacs_cxr.faults import Fault, InputError

REQUIRED, OPTIONAL = ("file", "patient"), ("date", "view")
_WHOLE_NUMBER = re.compile(r"(-?\d+)\.0*")


def read_image_table(path: Path, *, columns: Mapping[str, str]) -> pd.DataFrame:
    """Read an image table (CSV, or Parquet by suffix).

    Args:
        columns: names in the table of `file` and `patient`, and where it has them of `date` and `view`.

    Returns:
        Text columns file, patient, date, view, one row a file; empty where the table has nothing.

    Raises:
        InputError: with every fault: no such table, unknown columns, an empty or repeated file.
    """
    if not path.is_file():
        raise InputError([Fault(str(path), None, "", "no such file", "an image table", "Mend `radiographs: table`.")])
    try:
        if path.suffix == ".parquet":
            table = pd.read_parquet(path).astype("string").fillna("").astype(str)
        else:
            table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except ValueError as error:  # pandas' and Arrow's own are all of this kind, and quote what they found
        expected = "a Parquet file, or a CSV in UTF-8 with a header and commas"
        fault = Fault(str(path), None, "", type(error).__name__, expected, "Save the table so.")
        raise InputError([fault]) from None
    listed = ", ".join(map(str, table.columns))
    faults = [
        Fault(str(path), 1, name, "", f"a column of this name among: {listed}", f"Mend `radiographs: columns: {role}`.")
        for role, name in columns.items()
        if name not in table.columns
    ]
    faults += [
        Fault(str(path), None, "", "", f"a column for '{role}'", f"Name it under `radiographs: columns: {role}`.")
        for role in REQUIRED
        if role not in columns
    ]
    if faults:
        raise InputError(faults)
    frame = pd.DataFrame(
        {
            role: table[columns[role]].str.strip() if role in columns else pd.Series("", index=table.index)
            for role in (*REQUIRED, *OPTIONAL)
        }
    )
    frame["date"] = frame["date"].str.replace(_WHOLE_NUMBER, r"\1", regex=True)
    if faults := _row_faults(frame, path=path, column=columns["file"]):
        raise InputError(faults)
    return frame


def _row_faults(frame: pd.DataFrame, *, path: Path, column: str) -> list[Fault]:
    """Faults of rows; row 1 of a table is its header."""
    empty = frame.index[frame["file"] == ""]
    repeated = frame.index[frame["file"].duplicated() & (frame["file"] != "")]
    return [
        *(Fault(str(path), row + 2, column, "nothing", "a file", "Name the file or remove the row.") for row in empty),
        *(
            Fault(str(path), row + 2, column, "a file named before", "one row a file", "Remove one.")
            for row in repeated
        ),
    ]
