"""Subgroups, strata of the clinical factors, sensitivity analyses, and robustness to corrupted radiographs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from cacs_cxr.evaluation.operating_points import Rule, cutoff_table, with_cutoffs
from cacs_cxr.evaluation.patient_groups import patient_groups
from cacs_cxr.evaluation.predictions_table import checked_predictions
from cacs_cxr.evaluation.robustness import COLUMNS, checked_corrupted, robustness_table
from cacs_cxr.evaluation.sensitivity import sensitivity_table
from cacs_cxr.evaluation.subgroups import subgroup_tables, within_strata_table
from cacs_cxr.job import LOGGER, logged
from cacs_cxr.study import Study
from cacs_cxr.tables import read_written_table, write_csv


def main(
    *,
    analysis: Path,
    predictions: Path,
    study: Path,
    corrupted: Path,
    subgroups: Path,
    subgroup_tests: Path,
    within_strata: Path,
    sensitivity: Path,
    robustness: Path,
    cutoff_rule: Rule,
    bands: Mapping[str, Sequence[float]],
    least: int,
    analyses: Sequence[Mapping[str, Any]],
) -> None:
    """Write the tables of the evaluation among some of the patients, or on other radiographs of theirs.

    Args:
        corrupted: predictions of corrupted radiographs; without rows where there are none.
        cutoff_rule: how the frozen cut-offs are chosen.
        bands: lower limits of the bands of continuous variables.
        least: patients of each class that a subgroup must have.
        analyses: sensitivity analyses with name, label and keep.
    """
    definition = Study.read(study)
    patients = read_written_table(analysis)
    table = checked_predictions(
        patients,
        read_written_table(predictions),
        definition,
        analysis_file=analysis.name,
        predictions_file=predictions.name,
    )
    classified = with_cutoffs(table, cutoff_table(table, definition, rule=cutoff_rule), definition)
    groups, labels, lacking = patient_groups(patients, definition, bands=bands)
    for sentence in lacking:
        LOGGER.warning("subgroups: %s", sentence)
    found, tests = subgroup_tables(classified, groups, labels, definition, bands=bands, least=least)
    shaken = pd.DataFrame(columns=COLUMNS)
    if len(predicted := read_written_table(corrupted)):
        shaken = robustness_table(checked_corrupted(predicted, patients, definition), definition)
    written = {
        subgroups: found,
        subgroup_tests: tests,
        within_strata: within_strata_table(table, groups, definition),
        sensitivity: sensitivity_table(classified, patients, definition, analyses=analyses),
        robustness: shaken,
    }
    for path, frame in written.items():
        write_csv(frame.assign(simulated=definition.simulated), path)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            **{name: Path(path) for name, path in snakemake.input.items()},
            **{name: Path(path) for name, path in snakemake.output.items()},
            cutoff_rule=snakemake.params.cutoff_rule,
            bands=snakemake.params.bands,
            least=snakemake.params.least,
            analyses=snakemake.params.analyses,
        )
