"""Tables of any delimiter, encoding and format read to the same text, with the rows of a spreadsheet."""

import csv
import datetime
import importlib.util
import io
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cacs_cxr.cohort.site_inputs import TableInput
from cacs_cxr.cohort.site_tables import read_site_table
from cacs_cxr.delimited_text import _delimiter, _records_of_any, records_of_text
from cacs_cxr.faults import InputError
from real_data import real_data

TEXT = "id;naïve name;when\n001;A, B;2019-03-31\n\n002;;2019-04-01\n"


def read(path: Path, **source: Any) -> pd.DataFrame:
    return read_site_table(TableInput(str(path), {}, **source))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_delimiters_and_encodings(tmp_path: Path, delimiter: str, encoding: str) -> None:
    path = tmp_path / "table.csv"
    first = '"A, B"' if delimiter == "," else "A, B"
    path.write_bytes(TEXT.replace("A, B", first).replace(";", delimiter).encode(encoding))
    table = read(path)
    assert list(table.columns) == ["id", "naïve name", "when"]
    assert table.index.tolist() == [2, 4]
    assert table.to_numpy().tolist() == [["001", "A, B", "2019-03-31"], ["002", "", "2019-04-01"]]


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16-be", "cp437"])
def test_umlauts_in_the_encoding_that_is_named(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes("id;Größe\n1;Käthe\n".encode(encoding))
    table = read(path, encoding=encoding)
    assert (list(table.columns), table.to_numpy().tolist()) == (["id", "Größe"], [["1", "Käthe"]])


def test_euro_signs_of_windows_are_told_from_latin(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes("id;Kosten in €\n1;ü\n".encode("cp1252"))
    assert list(read(path).columns) == ["id", "Kosten in €"]


CELLS = st.text(st.sampled_from('a1;,| \t"\nü'), max_size=4)


@settings(deadline=None)
@given(st.integers(2, 4).flatmap(lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=6)))
def test_the_fast_reader_and_the_exact_one_agree(rows: list[list[str]]) -> None:
    written = io.StringIO()
    csv.writer(written, delimiter=";", lineterminator="\n").writerows(
        [["k"] * len(rows[0]) if rows else ["k", "k"], *rows]
    )
    text = written.getvalue()
    exact = _records_of_any(csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text)))
    records = records_of_text(text)
    assert (records.header, records.ragged) == (exact.header, exact.ragged)
    pd.testing.assert_frame_equal(records.cells, exact.cells)


def test_many_ragged_rows_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("id,age\n" + "1,2\n" + "1,2,3\n" * 25)
    with pytest.raises(InputError) as caught:
        read(path)
    faults = caught.value.faults
    assert [fault.row for fault in faults] == [*range(3, 23), None]
    assert faults[-1].value == "5 more such rows, the last 27"


def test_windows_line_ends_quotes_and_white_space(tmp_path: Path) -> None:
    path = tmp_path / "table.txt"
    path.write_bytes(b'id , name\r\n"1"," two\r\nlines "\r\n 2 ,x\r\n,\r\n')
    assert read(path).to_numpy().tolist() == [["1", "two\r\nlines"], ["2", "x"]]


def test_decimal_commas_do_not_hide_the_semicolon(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("id;bmi;age\n1;22,5;50\n2;23,5;51\n3;24,5;52\n")
    assert list(read(path).columns) == ["id", "bmi", "age"]


def test_single_column(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("id\n1\n2\n")
    assert read(path)["id"].tolist() == ["1", "2"]


def test_parquet_gives_the_text_that_csv_would(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    content = {
        "id": [17.0, 18.0, None],
        "score": [0.5, 12.0, float("nan")],
        "day": [datetime.date(2019, 3, 31), None, datetime.date(2020, 1, 1)],
        "stamp": pd.to_datetime(["2019-03-31", "2019-03-31 10:20", None], format="ISO8601"),
    }
    pd.DataFrame(content).to_parquet(path)
    table = read(path)
    assert table.to_numpy().tolist() == [
        ["17", "0.5", "2019-03-31", "2019-03-31"],
        ["18", "12", "", "2019-03-31 10:20:00"],
        ["", "", "2020-01-01", ""],
    ]


def test_excel_without_openpyxl_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "table.xlsx"
    path.write_bytes(b"PK")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(InputError, match=r"Save the sheet as CSV \(UTF-8\), or install openpyxl"):
        read(path)


def test_excel(tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")
    path = tmp_path / "table.xlsx"
    rows = [[17, "F", datetime.datetime(2019, 3, 31), 22.5], [None] * 4, ["018", "M", None, 30]]
    pd.DataFrame(rows, columns=["id", "sex", "date", "bmi"], dtype=object).to_excel(path, index=False)
    table = read(path)
    assert table.index.tolist() == [2, 4]
    assert table.to_numpy().tolist() == [["17", "F", "2019-03-31", "22.5"], ["018", "M", "", "30"]]


def test_a_sheet_by_name_with_typed_cells(tmp_path: Path) -> None:
    path = tmp_path / "export.xlsx"
    with pd.ExcelWriter(path) as workbook:
        pd.DataFrame({"read me": ["see the other sheet"]}).to_excel(workbook, sheet_name="Notes", index=False)
        content = {
            "id": [7, 8],
            "day": [datetime.datetime(2019, 3, 31, 10, 20), datetime.date(2019, 4, 1)],
            "x": [0.5, True],
        }
        pd.DataFrame(content, dtype=object).to_excel(workbook, sheet_name="Größen", index=False)
    assert list(read(path).columns) == ["read me"]
    table = read(path, sheet="Größen")
    assert table.to_numpy().tolist() == [["7", "2019-03-31 10:20:00", "0.5"], ["8", "2019-04-01", "True"]]


def test_broken_excel_is_a_fault(tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")
    path = tmp_path / "table.xlsx"
    path.write_bytes(b"PK but no workbook")
    with pytest.raises(InputError, match="an Excel workbook"):
        read(path)


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "rows", "columns"),
    [
        ("framingham_teaching_long.csv", 11627, 39),
        ("whas500.csv", 500, 16),
        ("nlst_cac_ai_vs_manual.csv", None, 3),
    ],
)
def test_real_tables_are_read_as_pandas_reads_them(name: str, rows: int | None, columns: int) -> None:
    path = real_data("tables", name)
    table, other = read(path), pd.read_csv(path)
    assert table.shape == (rows or len(other), columns)
    assert table.index.tolist() == list(range(2, len(other) + 2))
    numbers = table.apply(pd.to_numeric)
    pd.testing.assert_frame_equal(
        numbers.reset_index(drop=True).astype(float), other.astype(float), check_names=False, check_exact=False
    )
