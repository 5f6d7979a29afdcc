"""Tables as a hospital hands them over, read as text so that every fault can name its cell.

The row numbers are those of a spreadsheet: the header is row 1, and blank lines count.
"""

import codecs
import csv
import datetime
import importlib.util
import io
import math
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

import pandas as pd

from cacs_cxr.faults import Fault, InputError

DELIMITERS = (",", ";", "\t", "|")
TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
EXCEL_SUFFIXES = (".xlsx", ".xlsm")
SUFFIXES = (*TEXT_SUFFIXES, ".parquet", *EXCEL_SUFFIXES)
SAMPLE_ROWS = 50


def read_site_table(file: str) -> pd.DataFrame:
    """Read a table of a site as text, whatever its delimiter, encoding or format.

    Args:
        file: path of a delimited text file (comma, semicolon, tab or bar; UTF-8, UTF-16 with a byte order mark, else
            Latin-1), of a Parquet file, or of an Excel workbook, whose first sheet is read.

    Returns:
        Text without surrounding white space, one column a column of the file (names may repeat, as in the file), empty
        text where nothing stands; the index, named ``row``, is the row in a spreadsheet. Blank rows are left out.

    Raises:
        InputError: the file is missing, of another format, empty, or has rows with more or fewer cells than the header.
    """
    path = Path(file)
    suffix = path.suffix.lower()
    if not path.is_file():
        found = "a folder" if path.is_dir() else "no such file"
        raise InputError(
            [Fault(file, None, "", found, "a table", "Correct the path in `sites`, or put the file there.")]
        )
    if suffix in TEXT_SUFFIXES:
        return _from_records(file, _text_records(file))
    if suffix == ".parquet":
        return _from_records(file, _parquet_records(file))
    if suffix in EXCEL_SUFFIXES:
        return _from_records(file, _excel_records(file))
    raise InputError(
        [
            Fault(
                file, None, "", suffix or "no suffix", f"one of {', '.join(SUFFIXES)}", "Save the table as CSV (UTF-8)."
            )
        ]
    )


def cell_text(value: object) -> str:
    """Text of a cell of a typed table: whole numbers without decimals, dates as YYYY-MM-DD, missing values empty."""
    if value is None or value is pd.NaT or value is pd.NA:
        return ""
    if isinstance(value, float):
        if math.isnan(value):
            return ""
        return str(int(value)) if value.is_integer() else repr(float(value))
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ") if value.time() != datetime.time() else value.date().isoformat()
    return str(value).strip()


def _text_records(file: str) -> list[list[str]]:
    content = Path(file).read_bytes()
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = content.decode("utf-16", errors="replace")
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("latin-1")
    try:
        return [
            [cell.strip() for cell in row]
            for row in csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
        ]
    except csv.Error as error:
        raise InputError(
            [Fault(file, None, "", str(error), "a delimited text file", "Save the table as CSV (UTF-8).")]
        ) from None


def _delimiter(text: str) -> str:
    """Delimiter that splits the most of the first rows into as many cells as the header."""

    def regularity(delimiter: str) -> tuple[int, int]:
        sample = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        widths = [len(record) for record in islice(sample, SAMPLE_ROWS) if record]
        if not widths or widths[0] < 2:
            return 0, 0
        return widths.count(widths[0]), widths[0]

    return max(DELIMITERS, key=regularity)


def _parquet_records(file: str) -> Iterable[Sequence[str]]:
    try:
        frame = pd.read_parquet(file)
    except (OSError, ValueError) as error:
        raise InputError(
            [Fault(file, None, "", type(error).__name__, "a Parquet file", "Export the table again.")]
        ) from None
    return _typed_records([list(frame.columns), *frame.astype(object).to_numpy().tolist()])


def _excel_records(file: str) -> Iterable[Sequence[str]]:
    if importlib.util.find_spec("openpyxl") is None:
        remedy = "Save the sheet as CSV (UTF-8), or install openpyxl into the environment."
        raise InputError(
            [Fault(file, None, "", "an Excel workbook", "a format that this environment can read", remedy)]
        )
    try:
        frame = pd.read_excel(file, header=None, dtype=object, engine="openpyxl")
    except Exception as error:  # openpyxl raises whatever the broken part of a workbook happens to meet
        remedy = "Open it in a spreadsheet and save it again, or save the sheet as CSV (UTF-8)."
        raise InputError([Fault(file, None, "", type(error).__name__, "an Excel workbook", remedy)]) from None
    return _typed_records(frame.to_numpy().tolist())


def _typed_records(rows: Iterable[Iterable[object]]) -> list[list[str]]:
    return [[cell_text(value) for value in row] for row in rows]


def _from_records(file: str, records: Iterable[Sequence[str]]) -> pd.DataFrame:
    rows = list(records)
    if not rows or not any(rows[0]):
        expected = "the names of the columns in row 1"
        raise InputError([Fault(file, 1, "", "nothing", expected, "Write the header into the first row.")])
    header, width = list(rows[0]), len(rows[0])
    faults, cells, numbers = [], [], []
    for number, record in enumerate(rows[1:], start=2):
        if not any(record):
            continue
        if len(record) < width or any(record[width:]):
            expected = f"{width} cells, as the header has"
            remedy = "Quote cells that contain the delimiter, and end no row early."
            faults.append(Fault(file, number, "", f"{len(record)} cells", expected, remedy))
            continue
        cells.append(record[:width])
        numbers.append(number)
    if faults:
        raise InputError(faults)
    if not cells:
        raise InputError([Fault(file, None, "", "a header only", "at least one row", "Export the table again.")])
    return pd.DataFrame(cells, columns=pd.Index(header), index=pd.Index(numbers, name="row"), dtype=object)
