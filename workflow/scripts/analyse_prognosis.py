"""Survival by actual and by predicted category: curves, rates, log-rank tests, Cox models and concordance."""

from collections.abc import Sequence
from pathlib import Path

from cacs_cxr.job import logged
from cacs_cxr.prognosis.hazard_ratios import concordance_table, cox_table, cox_test_table
from cacs_cxr.prognosis.incidence import incidence_table
from cacs_cxr.prognosis.kaplan_meier import kaplan_meier_table
from cacs_cxr.prognosis.logrank import logrank_table
from cacs_cxr.prognosis.study_groups import Missing, read_study_groups
from cacs_cxr.tables import write_results


def main(
    *,
    analysis: Path,
    predicted_categories: Path,
    study: Path,
    kaplan_meier: Path,
    logrank: Path,
    cox: Path,
    cox_tests: Path,
    concordance: Path,
    incidence: Path,
    model: str,
    horizons_years: Sequence[float],
    minimum_events_per_category: int,
    missing: Missing,
    imputations: int,
    seed: int,
) -> None:
    """Write the tables of the prognostic analysis.

    Args:
        missing: whether Cox models leave out patients with a missing factor, or impute it.
        imputations: number of completed data sets.
        seed: the study's.
    """
    read = read_study_groups(
        analysis=analysis,
        predicted_categories=predicted_categories,
        study=study,
        model=model,
        missing=missing,
        imputations=imputations,
        seed=seed,
    )
    definition, groups = read.study, read.groups
    written = {
        kaplan_meier: [kaplan_meier_table(group, definition) for group in groups],
        logrank: [logrank_table(group, definition) for group in groups],
        cox: [cox_table(group, definition, minimum_events=minimum_events_per_category) for group in groups],
        cox_tests: [cox_test_table(group, definition) for group in groups],
        concordance: [concordance_table(group, definition) for group in groups],
        incidence: [incidence_table(group, definition, horizons_years=horizons_years) for group in groups],
    }
    for path, frames in written.items():
        write_results(frames, path, simulated=definition.simulated)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            analysis=Path(snakemake.input.analysis),
            predicted_categories=Path(snakemake.input.predicted_categories),
            study=Path(snakemake.input.study),
            kaplan_meier=Path(snakemake.output.kaplan_meier),
            logrank=Path(snakemake.output.logrank),
            cox=Path(snakemake.output.cox),
            cox_tests=Path(snakemake.output.cox_tests),
            concordance=Path(snakemake.output.concordance),
            incidence=Path(snakemake.output.incidence),
            **snakemake.params.prognosis,
            seed=snakemake.params.seed,
        )
