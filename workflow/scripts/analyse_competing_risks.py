"""Competing events by category: cumulative incidence, cause-specific and subdistribution hazards."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from cacs_cxr.job import logged
from cacs_cxr.prognosis.competing_risks import competing_hazards, incidence_at_horizons
from cacs_cxr.prognosis.cumulative_incidence import cumulative_incidence_table
from cacs_cxr.prognosis.study_groups import Missing, read_study_groups
from cacs_cxr.tables import write_results


def main(
    *,
    analysis: Path,
    predicted_categories: Path,
    study: Path,
    tables: Mapping[str, Path],
    model: str,
    horizons_years: Sequence[float],
    missing: Missing,
    imputations: int,
    minimum_events_per_category: int,
    seed: int,
) -> None:
    """Write the tables of the competing risks.

    Args:
        tables: CSV to write: cumulative_incidence, competing_incidence, competing_hazards.
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
    definition = read.study
    written = {
        "cumulative_incidence": [cumulative_incidence_table(group, definition) for group in read.groups],
        "competing_incidence": [
            incidence_at_horizons(group, definition, horizons_years=horizons_years) for group in read.groups
        ],
        "competing_hazards": [
            competing_hazards(group, definition, minimum_events=minimum_events_per_category) for group in read.groups
        ],
    }
    for name, frames in written.items():
        write_results(frames, tables[name], simulated=definition.simulated)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            analysis=Path(snakemake.input.analysis),
            predicted_categories=Path(snakemake.input.predicted_categories),
            study=Path(snakemake.input.study),
            tables={name: Path(path) for name, path in snakemake.output.items()},
            **snakemake.params.prognosis,
            seed=snakemake.params.seed,
        )
