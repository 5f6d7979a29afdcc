"""Tables of an archive as text: read from CSV or Parquet, and the faults found in them."""

import io

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from cacs_cxr.faults import Fault, InputError
from cacs_cxr.row_faults import row_faults

NAMES = ("patient", "site", "model", "threshold", "label")
NO_VALUE = ("NA", "N/A", "NaN", "nan", "null", "none", ".")


class TextTable:
    """A received table as text, with the faults found in it so far."""

    def __init__(self, frame: pd.DataFrame, *, file: str) -> None:
        self.frame, self.file = frame, file
        self.faults: list[Fault] = []

    def refuse(self, wrong: npt.NDArray[np.bool_], column: str, expected: str, remedy: str) -> None:
        """Note a fault for every marked row; identifiers are not shown."""
        shown = None if column == "patient" else self.frame[column]
        self.faults += row_faults(wrong, file=self.file, column=column, values=shown, expected=expected, remedy=remedy)

    def empty(self, column: str) -> npt.NDArray[np.bool_]:
        """Which cells of a column are empty."""
        return np.asarray(self.frame[column] == "", dtype=bool)

    def numbers(self, column: str) -> npt.NDArray[np.float64]:
        """A column as numbers, NaN where it is empty or holds none; infinities count as none."""
        # float() reads back the digits exactly; pandas' fast parser may miss the last bit.
        values = np.array([as_number(text) for text in self.frame[column]], dtype=np.float64)
        return np.where(np.isfinite(values), values, np.nan)


def as_number(text: str) -> float:
    """A number as Python reads it, NaN for any other text."""
    try:
        return float(text) if "_" not in text else np.nan
    except ValueError:
        return np.nan


def text_table(content: bytes, *, file: str) -> pd.DataFrame:
    """A table with every cell as text, empty where it has no value (such as R's NA).

    Args:
        content: of a .csv (UTF-8, comma-separated, one header) or .parquet file.
        file: its name, for messages; the suffix tells the format.

    Raises:
        InputError: the content is not a table of that format.
    """
    try:
        if file.endswith(".parquet"):
            frame = pd.read_parquet(io.BytesIO(content))
            frame = pd.DataFrame({str(name): frame[name].map(as_text) for name in frame.columns}, dtype=object)
        else:
            frame = pd.read_csv(
                io.BytesIO(content), dtype=str, keep_default_na=False, encoding="utf-8-sig", skip_blank_lines=False
            )
    except (ValueError, pa.ArrowException, UnicodeDecodeError) as error:
        remedy = "Write it as UTF-8, separated by commas, with one header row, or as Parquet."
        raise InputError([Fault(file, None, "", str(error)[:200], "a table", remedy)]) from error
    for column in frame.columns.difference(list(NAMES)):
        frame[column] = frame[column].mask(frame[column].isin(NO_VALUE), "")
    return frame


def as_text(value: object) -> str:
    """One cell of a Parquet table as a CSV would hold it."""
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)


def column_faults(frame: pd.DataFrame, expected: list[str], *, file: str) -> list[Fault]:
    """Faults of columns that are missing, unknown or there twice."""
    known = ", ".join(expected)
    faults = [
        Fault(file, 1, name, "", "this column to be present", "Add it; followup_days and event may be empty.")
        for name in expected
        if name not in frame.columns
    ]
    return faults + [
        Fault(file, 1, str(name), "", f"only the columns {known}", "Remove it, or correct its name.")
        for name in frame.columns
        if name not in expected
    ]
