"""Tables as a hospital hands them over, read as text so that every fault can name its cell.

The row numbers are those of a spreadsheet: the header is row 1, and blank lines count. Of a query they are those of its
result.
"""

import csv
import importlib.util
import zipfile
from pathlib import Path

import pandas as pd

from cacs_cxr.cohort.site_inputs import TableInput
from cacs_cxr.delimited_text import Records, decoded, records_of_text
from cacs_cxr.faults import Fault, InputError
from cacs_cxr.typed_cells import records_of_frame, records_of_rows

TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
EXCEL_SUFFIXES = (".xlsx", ".xlsm")
SUFFIXES = (*TEXT_SUFFIXES, ".parquet", *EXCEL_SUFFIXES)
GREATEST_BYTES = 4 << 30  # of a table, in a workbook once it is unpacked
RAGGED_LISTED = 20


def read_site_table(table: TableInput) -> pd.DataFrame:
    """Read a table of a site as text, whatever its source, delimiter, encoding or format.

    Args:
        table: delimited text (comma, semicolon, tab or bar; UTF-8, UTF-16 with a byte order mark, Windows-1252 or
            Latin-1, or the encoding given), Parquet, a sheet of an Excel workbook, or a query.

    Returns:
        Text without surrounding white space, one column a column of the table (names may repeat, as in the file), empty
        text where nothing stands; the index, named ``row``, is the row in a spreadsheet. Blank rows are left out.

    Raises:
        InputError: not one source, or one that is half described; the file is missing, of another format, empty, or has
            rows with more or fewer cells than the header;
            as `database.read_query` does.
    """
    if faults := _faults_of_source(table):
        raise InputError(faults)
    if table.file:
        return _checked(table.file, _records_of_file(table))
    # SQLAlchemy is not small: who hands over files does not wait for it.
    from cacs_cxr.cohort.database import read_query

    return _checked(table.place, read_query(place=table.place, address=table.database, query=table.query))


def _faults_of_source(table: TableInput) -> list[Fault]:
    place = f"configuration, {table.name}"
    if bool(table.file) == bool(table.database):
        found = "both" if table.file else "neither"
        return [Fault(place, None, "file", found, "either a `file` or a `database`", "Keep the one that counts.")]
    if bool(table.database) != bool(table.query):
        remedy = "Name a `database` and a `query` together; a `file` needs neither."
        return [Fault(place, None, "query", table.query and "a query", "a query beside a database", remedy)]
    if table.database and (table.sheet or table.encoding):
        key = "sheet" if table.sheet else "encoding"
        return [Fault(place, None, key, "a value", f"no {key} beside a database", f"Remove `{key}`.")]
    return []


def _records_of_file(table: TableInput) -> Records:
    file, path = table.file, Path(table.file)
    suffix = path.suffix.lower()
    if not path.is_file():
        found = "a folder" if path.is_dir() else "no such file"
        raise InputError(
            [Fault(file, None, "", found, "a table", "Correct the path in `sites`, or put the file there.")]
        )
    if suffix not in SUFFIXES:
        expected = f"one of {', '.join(SUFFIXES)}"
        raise InputError([Fault(file, None, "", suffix or "no suffix", expected, "Save the table as CSV (UTF-8).")])
    if table.sheet is not None and suffix not in EXCEL_SUFFIXES:
        remedy = "Remove `sheet`, or name the workbook."
        raise InputError([Fault(file, None, "", suffix, "an Excel workbook, since a `sheet` is named", remedy)])
    if path.stat().st_size > GREATEST_BYTES:
        raise _too_large(file)
    if suffix in TEXT_SUFFIXES:
        return _records_of_text(file, encoding=table.encoding)
    return _records_of_parquet(file) if suffix == ".parquet" else _records_of_sheet(file, sheet=table.sheet)


def _too_large(file: str) -> InputError:
    remedy = "Leave out columns and rows that the study does not need."
    return InputError([Fault(file, None, "", "more", f"at most {GREATEST_BYTES >> 30} GiB", remedy)])


def _records_of_text(file: str, *, encoding: str | None) -> Records:
    expected, remedy = "a delimited text file", "Save the table as CSV (UTF-8)."
    try:
        return records_of_text(decoded(Path(file).read_bytes(), encoding=encoding))
    except LookupError:
        found, expected = "an encoding that does not exist", "an encoding such as utf-8, cp1252 or latin-1"
        remedy = "Correct `encoding`, or remove it: UTF-8, UTF-16 and Windows-1252 are found out."
    except UnicodeDecodeError:
        found, expected = "bytes that are none of it", f"text in the encoding {encoding}"
        remedy = "Correct `encoding`, or remove it: UTF-8, UTF-16 and Windows-1252 are found out."
    except csv.Error as error:
        found = str(error)
    raise InputError([Fault(file, None, "", found, expected, remedy)])


def _records_of_parquet(file: str) -> Records:
    try:
        frame = pd.read_parquet(file)
    except (OSError, ValueError) as error:
        raise InputError(
            [Fault(file, None, "", type(error).__name__, "a Parquet file", "Export the table again.")]
        ) from None
    return records_of_frame(frame)


def _records_of_sheet(file: str, *, sheet: str | None) -> Records:
    if importlib.util.find_spec("openpyxl") is None:
        remedy = "Save the sheet as CSV (UTF-8), or install openpyxl into the environment."
        raise InputError(
            [Fault(file, None, "", "an Excel workbook", "a format that this environment can read", remedy)]
        )
    try:
        with zipfile.ZipFile(file) as parts:
            if sum(part.file_size for part in parts.infolist()) > GREATEST_BYTES:
                raise _too_large(file)
        with pd.ExcelFile(file, engine="openpyxl") as workbook:
            names = [str(name) for name in workbook.sheet_names]
            if sheet is not None and sheet not in names:
                expected = f"a sheet named '{sheet}'; there are {', '.join(map(repr, names))}"
                raise InputError([Fault(file, None, "", "no such sheet", expected, "Correct `sheet`, or remove it.")])
            frame = workbook.parse(names[0] if sheet is None else sheet, header=None, dtype=object)
    except InputError:
        raise
    except Exception as error:  # openpyxl raises whatever the broken part of a workbook happens to meet
        remedy = "Open it in a spreadsheet and save it again, or save the sheet as CSV (UTF-8)."
        raise InputError([Fault(file, None, "", type(error).__name__, "an Excel workbook", remedy)]) from None
    header, *rows = frame.itertuples(index=False, name=None) if len(frame) else [()]
    return records_of_rows(header, rows)


def _checked(place: str, records: Records) -> pd.DataFrame:
    if not any(records.header):
        expected = "the names of the columns in row 1"
        raise InputError([Fault(place, 1, "", "nothing", expected, "Write the header into the first row.")])
    expected = f"{len(records.header)} cells, as the header has"
    remedy = "Quote cells that contain the delimiter, and end no row early."
    faults = [
        Fault(place, row, "", f"{cells} cells", expected, remedy) for row, cells in records.ragged[:RAGGED_LISTED]
    ]
    if (more := len(records.ragged) - RAGGED_LISTED) > 0:
        found = f"{more} more such rows, the last {records.ragged[-1][0]}"
        faults.append(Fault(place, None, "", found, expected, remedy))
    if faults:
        raise InputError(faults)
    if records.cells.empty:
        raise InputError([Fault(place, None, "", "a header only", "at least one row", "Export the table again.")])
    return records.cells.set_axis(pd.Index(records.header), axis=1)
