"""Typed cells (Parquet, Excel, databases) as the text that a CSV of the same table would hold.

One set of rules for columns then serves all sources.
"""

import datetime
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from cacs_cxr.delimited_text import Records, records_of_columns


def cell_text(value: object) -> str:
    """Text of a typed cell: whole numbers without decimals, dates as YYYY-MM-DD, missing values empty."""
    if isinstance(value, str):
        return value.strip()
    if value is None or value is pd.NaT or value is pd.NA:
        return ""
    if isinstance(value, np.floating):
        value = float(str(value))
    if isinstance(value, float):
        if math.isnan(value):
            return ""
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ") if value.time() != datetime.time() else value.date().isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", errors="replace").strip()
    return str(value).strip()


def column_text(values: "pd.Series[Any]") -> list[str]:
    """Text of a typed column, as `cell_text` writes each cell."""
    if pd.api.types.is_integer_dtype(values.dtype) and not values.isna().any():
        return list(map(str, values.tolist()))
    return list(map(cell_text, values.astype(object)))


def records_of_frame(frame: pd.DataFrame) -> Records:
    """Records of a data frame whose columns have names: row 1 is the header."""
    columns = [column_text(frame.iloc[:, place]) for place in range(frame.shape[1])]
    header = [str(name).strip() for name in frame.columns]
    return records_of_columns(header, columns, numbers=range(2, len(frame) + 2))


def records_of_rows(rows: Iterable[Sequence[object]]) -> Records:
    """Records of rows of typed cells, the header first; all of the same length."""
    texts = [list(map(cell_text, cells)) for cells in zip(*rows, strict=True)]
    count = len(texts[0]) if texts else 0
    if count == 0:
        return records_of_columns([], [], numbers=[])
    filled = [column for column in texts if any(column)]
    header, body = [column[0] for column in filled], [column[1:] for column in filled]
    return records_of_columns(header, body, numbers=range(2, count + 1))
