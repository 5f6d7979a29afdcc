"""Delimited text of any common encoding and delimiter, as cells of text with the rows of a spreadsheet.

The header is row 1, and blank rows count. All tables that are handed over as text are read here.
"""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import pandas as pd

DELIMITERS = (",", ";", "\t", "|")
SAMPLE_ROWS = 50
ROWS_AT_ONCE = 8192


@dataclass(frozen=True)
class Records:
    """The cells of a table of text, without surrounding white space.

    Attributes:
        header: cells of the first row; empty where the text is.
        cells: one column a cell of the header, numbered; the index holds the rows. Blank rows are left out.
        ragged: row and number of cells of every row with fewer or more filled cells than the header; not in `cells`.
    """

    header: tuple[str, ...]
    cells: pd.DataFrame
    ragged: tuple[tuple[int, int], ...] = ()


def decoded(content: bytes, *, encoding: str | None = None) -> str:
    """Text of a file: in the encoding given, else UTF-8 or UTF-16 by its mark, UTF-8, Windows-1252 or Latin-1.

    Raises:
        LookupError: no such encoding.
        UnicodeDecodeError: the text is not in the encoding given.
    """
    if encoding is not None:
        return content.decode(encoding).removeprefix("\ufeff")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", errors="replace")
    for candidate in ("utf-8-sig", "cp1252"):
        try:
            return content.decode(candidate)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def records_of_text(text: str) -> Records:
    """Records of delimited text; the delimiter is the one that splits it into the most regular rows.

    Raises:
        csv.Error: a cell of more than 131,072 characters.
    """
    delimiter = _delimiter(text)
    lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    if _is_plain(text, lines, delimiter=delimiter):
        frame = pd.read_csv(
            io.StringIO(text),
            sep=delimiter,
            header=None,
            dtype=object,
            na_filter=False,
            quoting=csv.QUOTE_NONE,
            skip_blank_lines=False,
        )
        columns = [list(map(str.strip, frame[name])) for name in frame.columns]
        return records_of_columns(
            [column[0] for column in columns],
            [column[1:] for column in columns],
            numbers=range(2, len(frame) + 1),
        )
    return _records_of_any(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def _is_plain(text: str, lines: Sequence[str], *, delimiter: str) -> bool:
    """Whether every line is a row with as many cells as the header, so that a fast reader cannot miscount."""
    if '"' in text or "\0" in text or max(map(len, lines)) > csv.field_size_limit():
        return False
    if text.replace("\r\n", "").find("\r") >= 0 or not all(lines):
        return False
    return len({line.count(delimiter) for line in lines}) == 1


def _records_of_any(reader: Iterator[list[str]]) -> Records:
    header = [cell.strip() for cell in next(reader, [])]
    width = len(header)
    columns: list[list[str]] = [[] for _ in header]
    numbers: list[int] = []
    ragged: list[tuple[int, int]] = []
    number = 1
    while rows := list(islice(reader, ROWS_AT_ONCE)):
        regular = []
        for row in rows:
            number += 1
            if len(row) == width:
                regular.append(row)
                numbers.append(number)
            elif any(cell.strip() for cell in row):
                if len(row) < width or any(cell.strip() for cell in row[width:]):
                    ragged.append((number, len(row)))
                else:
                    regular.append(row[:width])
                    numbers.append(number)
        for column, cells in zip(columns, zip(*regular, strict=True), strict=False):
            column.extend(map(str.strip, cells))
    return records_of_columns(header, columns, numbers=numbers, ragged=ragged)


def records_of_columns(
    header: Sequence[str],
    columns: Sequence[Sequence[str]],
    *,
    numbers: Sequence[int],
    ragged: Sequence[tuple[int, int]] = (),
) -> Records:
    """Records of columns of text that are stripped already; blank rows are left out.

    Args:
        numbers: row of each cell of a column in a spreadsheet.
    """
    frame = pd.DataFrame(dict(enumerate(columns)), index=pd.Index(list(numbers), name="row"), dtype=object)
    blank = (frame == "").all(axis=1) if len(columns) else pd.Series(True, index=frame.index)
    return Records(tuple(header), frame[~blank] if blank.any() else frame, tuple(ragged))


def _delimiter(text: str) -> str:
    """Delimiter that splits the most of the first rows into as many cells as the header."""

    def regularity(delimiter: str) -> tuple[int, int]:
        sample = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        widths = [len(record) for record in islice(sample, SAMPLE_ROWS) if record]
        if not widths or widths[0] < 2:
            return 0, 0
        return widths.count(widths[0]), widths[0]

    return max(DELIMITERS, key=regularity)
