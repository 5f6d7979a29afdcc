"""Faults of many rows of one column at once."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.faults import Fault

ROWS_NAMED = 20


def row_faults(
    wrong: npt.NDArray[np.bool_],
    *,
    file: str,
    column: str,
    values: "pd.Series[Any] | None",
    expected: str,
    remedy: str,
) -> list[Fault]:
    """Faults of the marked rows: the first `ROWS_NAMED` by number, all others as a count.

    Args:
        wrong: marks of the rows of the file, in its order [n].
        file: the file as the user knows it.
        column: the column at fault.
        values: what the file holds there [n]; None where it must not be shown (identifiers) or there is nothing.
        expected: the rule that is broken.
        remedy: what to do about it.
    """
    rows = np.flatnonzero(wrong)
    faults = [
        Fault(file, int(row) + 2, column, "" if values is None else str(values.iloc[row]), expected, remedy)
        for row in rows[:ROWS_NAMED]
    ]
    if rows.size > ROWS_NAMED:
        found = f"the same in {rows.size - ROWS_NAMED} further rows"
        faults.append(Fault(file, None, column, found, expected, remedy))
    return faults
