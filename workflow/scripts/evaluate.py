"""Discrimination, comparison of models and sites, operating points, and agreement of the categories."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from cacs_cxr.evaluation.agreement import agreement_table
from cacs_cxr.evaluation.auc_table import auc_table
from cacs_cxr.evaluation.categories import category_table, confusion_table
from cacs_cxr.evaluation.comparison import comparison_table
from cacs_cxr.evaluation.operating_points import (
    Rule,
    Target,
    cutoff_table,
    declared_rules,
    operating_point_table,
    with_cutoffs,
)
from cacs_cxr.evaluation.predictions_table import checked_predictions, missing_parts
from cacs_cxr.evaluation.predictive_values import mcnemar_table, predictive_value_table
from cacs_cxr.evaluation.roc import roc_table
from cacs_cxr.evaluation.site_comparison import site_comparison_table
from cacs_cxr.job import LOGGER, logged
from cacs_cxr.study import Study
from cacs_cxr.tables import read_written_table, write_csv, write_parquet


def main(
    *,
    analysis: Path,
    predictions: Path,
    study: Path,
    discrimination: Path,
    auc_comparison: Path,
    site_comparison: Path,
    roc: Path,
    operating_points: Path,
    operating_points_by_rule: Path,
    operating_point_comparison: Path,
    predictive_values: Path,
    cutoffs: Path,
    predicted_categories: Path,
    confusion: Path,
    agreement: Path,
    cutoff_rule: Rule,
    rules: Mapping[str, Sequence[float]],
    prevalences: Sequence[float],
) -> None:
    """Write the tables of the evaluation that rest on ranks and cut-offs.

    Args:
        cutoff_rule: how the cut-offs of the predicted categories are chosen.
        rules: further rules that are evaluated: values of sensitivity, specificity and probability.
        prevalences: for which predictive values are given, beside those of the cohort.
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
    for sentence in missing_parts(table, patients, definition):
        LOGGER.warning("%s", sentence)
    chosen = cutoff_table(table, definition, rule=cutoff_rule)
    classified = with_cutoffs(table, chosen, definition)
    categories = category_table(classified, patients, definition)
    by_rule = pd.concat([_points(table, definition, rule) for rule in declared_rules(rules)], ignore_index=True)
    written: dict[Path, Any] = {
        discrimination: auc_table(table),
        auc_comparison: comparison_table(table, definition),
        site_comparison: site_comparison_table(table, definition),
        roc: roc_table(table),
        operating_points: operating_point_table(classified, rule=cutoff_rule),
        operating_points_by_rule: by_rule,
        operating_point_comparison: mcnemar_table(classified, definition, rule=cutoff_rule),
        predictive_values: predictive_value_table(by_rule, prevalences=prevalences),
        cutoffs: chosen,
        confusion: confusion_table(categories, definition),
        agreement: agreement_table(categories, table, definition),
    }
    for path, frame in written.items():
        write_csv(frame.assign(simulated=definition.simulated), path)
    write_parquet(categories, predicted_categories)


def _points(table: pd.DataFrame, study: Study, rule: Rule | Target) -> pd.DataFrame:
    """Operating points of a rule at its own frozen cut-offs."""
    return operating_point_table(with_cutoffs(table, cutoff_table(table, study, rule=rule), study), rule=rule)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            **{name: Path(path) for name, path in snakemake.input.items()},
            **{name: Path(path) for name, path in snakemake.output.items()},
            cutoff_rule=snakemake.params.cutoff_rule,
            rules=snakemake.params.rules,
            prevalences=snakemake.params.prevalences,
        )
