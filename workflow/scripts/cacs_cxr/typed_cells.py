"""Typed cells (Parquet, Excel, databases) as the text that a CSV of the same table would hold.

One set of rules for columns then serves all sources.
"""

import datetime
import math
from collections.abc import Sequence
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


def cells_text(values: Sequence[object]) -> list[str]:
    """Text of the cells of a column, as `cell_text` writes each; columns of one type are written faster."""
    types = set(map(type, values)) - {type(None)}
    if types <= {str}:
        return [value.strip() if isinstance(value, str) else "" for value in values]
    if types <= {int}:
        return ["" if value is None else str(value) for value in values]
    if types <= {float}:
        # Measurements recur: each distinct one is written once.
        texts = {value: cell_text(value) for value in set(values)}
        return [texts[value] for value in values]
    return list(map(cell_text, values))


def column_text(values: "pd.Series[Any]") -> list[str]:
    """Text of a typed column of a data frame."""
    return cells_text(values.astype(object).tolist())


def records_of_frame(frame: pd.DataFrame) -> Records:
    """Records of a data frame whose columns have names: row 1 is the header."""
    columns = [column_text(frame.iloc[:, place]) for place in range(frame.shape[1])]
    header = [str(name).strip() for name in frame.columns]
    return records_of_columns(header, columns, numbers=range(2, len(frame) + 2))


def records_of_rows(header: Sequence[object], rows: Sequence[Sequence[object]]) -> Records:
    """Records of rows of typed cells, each as long as the header; columns with neither name nor cells are left out."""
    columns = list(map(cells_text, zip(*rows, strict=True))) if rows else [[] for _ in header]
    named = [(name, cells) for name, cells in zip(map(cell_text, header), columns, strict=True) if name or any(cells)]
    return records_of_columns(
        [name for name, _ in named], [cells for _, cells in named], numbers=range(2, len(rows) + 2)
    )
