"""The result files that the report reads, and look-ups in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from cacs_cxr.study import Study
from cacs_cxr.tables import read_json, read_written_table


@dataclass(frozen=True)
class Evidence:
    """Everything that the report's sentences draw on, as the stages wrote it."""

    study: Study
    configuration: Mapping[str, Any]
    analysis: pd.DataFrame
    flow: pd.DataFrame
    radiographs: pd.DataFrame
    discrimination: pd.DataFrame
    comparison: pd.DataFrame
    operating_points: pd.DataFrame
    confusion: pd.DataFrame
    site_comparison: pd.DataFrame
    operating_points_by_rule: pd.DataFrame
    agreement: pd.DataFrame
    calibration: pd.DataFrame
    decision_curve: pd.DataFrame
    net_benefit_comparison: pd.DataFrame
    precision: pd.DataFrame
    subgroups: pd.DataFrame
    subgroup_tests: pd.DataFrame
    within_strata: pd.DataFrame
    sensitivity: pd.DataFrame
    robustness: pd.DataFrame
    logrank: pd.DataFrame
    cox: pd.DataFrame
    concordance: pd.DataFrame
    incidence: pd.DataFrame

    def rows(self, table: str, **wanted: str) -> pd.DataFrame:
        """Rows of a table in which the named columns have the wanted values."""
        frame: pd.DataFrame = getattr(self, table)
        for column, value in wanted.items():
            frame = frame[frame[column].astype(str) == value]
        return frame

    def row(self, table: str, **wanted: str) -> Mapping[str, Any] | None:
        """The first such row, or None."""
        found = self.rows(table, **wanted)
        return None if found.empty else {str(key): value for key, value in found.iloc[0].items()}


def read_evidence(files: Mapping[str, Path]) -> Evidence:
    """Evidence from its files: study and configuration as JSON, all others as CSV or Parquet, by the field's name."""
    tables = {name: read_written_table(path) for name, path in files.items() if name not in {"study", "configuration"}}
    study, configuration = Study.read(files["study"]), read_json(files["configuration"])
    return Evidence(study=study, configuration=configuration, **tables)
