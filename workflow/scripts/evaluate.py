"""Discrimination, comparison of models, operating points and predicted categories of every site."""

from pathlib import Path

from cacs_cxr.evaluation.auc_table import auc_table
from cacs_cxr.evaluation.categories import category_table, confusion_table
from cacs_cxr.evaluation.comparison import comparison_table
from cacs_cxr.evaluation.operating_points import Rule, cutoff_table, operating_point_table, with_cutoffs
from cacs_cxr.evaluation.predictions_table import checked_predictions, missing_parts
from cacs_cxr.evaluation.roc import roc_table
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
    roc: Path,
    operating_points: Path,
    cutoffs: Path,
    predicted_categories: Path,
    confusion: Path,
    cutoff_rule: Rule,
) -> None:
    """Write the tables of the evaluation."""
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
    written = {
        discrimination: auc_table(table),
        auc_comparison: comparison_table(table, definition),
        roc: roc_table(table),
        operating_points: operating_point_table(classified, rule=cutoff_rule),
        cutoffs: chosen,
        confusion: confusion_table(categories, definition),
    }
    for path, frame in written.items():
        write_csv(frame.assign(simulated=definition.simulated), path)
    write_parquet(categories, predicted_categories)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            analysis=Path(snakemake.input.analysis),
            predictions=Path(snakemake.input.predictions),
            study=Path(snakemake.input.study),
            discrimination=Path(snakemake.output.discrimination),
            auc_comparison=Path(snakemake.output.auc_comparison),
            roc=Path(snakemake.output.roc),
            operating_points=Path(snakemake.output.operating_points),
            cutoffs=Path(snakemake.output.cutoffs),
            predicted_categories=Path(snakemake.output.predicted_categories),
            confusion=Path(snakemake.output.confusion),
            cutoff_rule=snakemake.params.cutoff_rule,
        )
