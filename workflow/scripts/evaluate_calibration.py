"""Calibration and clinical usefulness of the probabilities of every site, model and threshold."""

from collections.abc import Mapping
from pathlib import Path

from cacs_cxr.evaluation.calibration_table import calibration_curve_table, calibration_table, distribution_table
from cacs_cxr.evaluation.net_benefit import decision_curve_table, net_benefit_differences, threshold_range
from cacs_cxr.evaluation.precision_table import precision_table
from cacs_cxr.evaluation.predictions_table import checked_predictions
from cacs_cxr.job import logged
from cacs_cxr.study import Study
from cacs_cxr.tables import read_written_table, write_csv


def main(
    *,
    analysis: Path,
    predictions: Path,
    study: Path,
    calibration: Path,
    calibration_curve: Path,
    probability_distribution: Path,
    decision_curve: Path,
    net_benefit_comparison: Path,
    precision: Path,
    decision: Mapping[str, float],
    bootstrap: int,
    widths: Mapping[str, float],
    threshold_probability: float,
    seed: int,
) -> None:
    """Write the tables of the evaluation that rest on the probabilities themselves.

    Args:
        decision: low, high and step of the threshold probabilities.
        bootstrap: samples behind the bands of the decision curves.
        widths: of the 95 % intervals that an external validation should have: oe, slope, auc, net_benefit.
        threshold_probability: of the net benefit whose precision is planned.
        seed: the study's seed.
    """
    definition = Study.read(study)
    table = checked_predictions(
        read_written_table(analysis),
        read_written_table(predictions),
        definition,
        analysis_file=analysis.name,
        predictions_file=predictions.name,
    )
    thresholds = threshold_range(**decision)
    written = {
        calibration: calibration_table(table, definition),
        calibration_curve: calibration_curve_table(table, definition),
        probability_distribution: distribution_table(table),
        decision_curve: decision_curve_table(table, thresholds, replicates=bootstrap, seed=seed),
        net_benefit_comparison: net_benefit_differences(table, definition, thresholds),
        precision: precision_table(table, definition, widths=widths, threshold_probability=threshold_probability),
    }
    for path, frame in written.items():
        write_csv(frame.assign(simulated=definition.simulated), path)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            **{name: Path(path) for name, path in snakemake.input.items()},
            **{name: Path(path) for name, path in snakemake.output.items()},
            decision=snakemake.params.decision,
            bootstrap=snakemake.params.bootstrap,
            widths=snakemake.params.widths,
            threshold_probability=snakemake.params.threshold_probability,
            seed=snakemake.params.seed,
        )
