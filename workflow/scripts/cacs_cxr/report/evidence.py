"""The result files that the report reads, and look-ups in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from cacs_cxr.study import Study
from cacs_cxr.tables import read_json, read_written_table

NO_TABLES = ("study", "configuration")


@dataclass(frozen=True)
class Evidence:
    """Everything that the report's sentences draw on, as the stages wrote it.

    Attributes:
        tables: result tables by the name that `EVIDENCE` in workflow/rules/report.smk gives them.
        pictures: names of the figures of radiographs on the page.
        left_out: names of those that exist and are not on the page.
    """

    study: Study
    configuration: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]
    pictures: tuple[str, ...] = field(default=())
    left_out: tuple[str, ...] = field(default=())

    def table(self, name: str) -> pd.DataFrame:
        """A result table."""
        return self.tables[name]

    def rows(self, table: str, **wanted: str) -> pd.DataFrame:
        """Rows of a table in which the named columns have the wanted values."""
        frame = self.tables[table]
        for column, value in wanted.items():
            frame = frame[frame[column].astype(str) == value]
        return frame

    def row(self, table: str, **wanted: str) -> Mapping[str, Any] | None:
        """The first such row, or None."""
        found = self.rows(table, **wanted)
        return None if found.empty else {str(key): value for key, value in found.iloc[0].items()}

    @property
    def followed(self) -> bool:
        """Whether anybody was followed for the event."""
        return bool(self.tables["analysis"]["event"].notna().any())

    @property
    def smallest_cell(self) -> int | None:
        """Smallest count that tables may show, or None where all are shown."""
        limit = self.configuration.get("deidentification", {}).get("smallest_cell")
        return None if limit is None else int(limit)


def read_evidence(files: Mapping[str, Path]) -> Evidence:
    """Evidence from its files: study and configuration as JSON, all others as CSV or Parquet, by the name they get."""
    tables = {name: read_written_table(path) for name, path in files.items() if name not in NO_TABLES}
    return Evidence(Study.read(files["study"]), read_json(files["configuration"]), tables)
