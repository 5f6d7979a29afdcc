"""Tables of any delimiter, encoding and format read to the same text, with the rows of a spreadsheet."""

import datetime
import importlib.util
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cacs_cxr.cohort.site_inputs import TableInput
from cacs_cxr.cohort.site_tables import read_site_table
from cacs_cxr.faults import InputError

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


def test_broken_excel_is_a_fault(tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")
    path = tmp_path / "table.xlsx"
    path.write_bytes(b"PK but no workbook")
    with pytest.raises(InputError, match="an Excel workbook"):
        read(path)
