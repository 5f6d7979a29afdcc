"""Hazards by category: whether they are proportional, what is reported where not, and categories of few events."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from cacs_cxr.job import logged
from cacs_cxr.prognosis.few_events import few_events_table
from cacs_cxr.prognosis.proportional_hazards import Transform
from cacs_cxr.prognosis.proportionality import proportionality_table, residual_table, violated
from cacs_cxr.prognosis.remedies import (
    MEAN_COLUMNS,
    PERIOD_COLUMNS,
    RESTRICTED_MEAN,
    TIME_SPLIT,
    mean_table,
    period_table,
)
from cacs_cxr.prognosis.study_groups import Missing, read_study_groups
from cacs_cxr.tables import write_results


def main(
    *,
    analysis: Path,
    predicted_categories: Path,
    study: Path,
    tables: Mapping[str, Path],
    model: str,
    missing: Missing,
    imputations: int,
    minimum_events_per_category: int,
    proportionality_transform: Transform,
    proportionality_alpha: float,
    remedy: str,
    split_years: float,
    assessment_years: float,
    seed: int,
) -> None:
    """Write the tables of the hazards.

    Args:
        tables: CSV to write: proportional_hazards, schoenfeld_residuals, hazard_periods, restricted_means, few_events.
        missing: whether Cox models leave out patients with a missing factor, or impute it.
        imputations: number of completed data sets.
        proportionality_transform: function of time by which proportionality is judged.
        proportionality_alpha: level of that judgement.
        remedy: what is reported where hazards are not proportional: time_split or restricted_mean.
        split_years: years that divide the periods of time_split.
        assessment_years: years until which restricted means are taken.
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
    definition, minimum = read.study, minimum_events_per_category
    tests = [
        proportionality_table(group, definition, declared=proportionality_transform, alpha=proportionality_alpha)
        for group in read.groups
    ]
    concerned = [group for group, table in zip(read.groups, tests, strict=True) if violated(table)]
    written = {
        "proportional_hazards": tests,
        "schoenfeld_residuals": [
            residual_table(group, definition, transform=proportionality_transform) for group in read.groups
        ],
        "hazard_periods": [
            period_table(group, definition, split_years=split_years, minimum_events=minimum)
            for group in concerned
            if remedy == TIME_SPLIT
        ]
        or [pd.DataFrame(columns=PERIOD_COLUMNS)],
        "restricted_means": [
            mean_table(group, definition, horizon_years=assessment_years)
            for group in concerned
            if remedy == RESTRICTED_MEAN
        ]
        or [pd.DataFrame(columns=MEAN_COLUMNS)],
        "few_events": [few_events_table(group, definition, minimum_events=minimum) for group in read.groups],
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
