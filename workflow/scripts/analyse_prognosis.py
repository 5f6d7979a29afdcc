"""Survival by actual and by predicted category: curves, rates, log-rank tests, Cox models and concordance."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pandas as pd

from cacs_cxr.job import LOGGER, logged
from cacs_cxr.prognosis.follow_up import checked_follow_up, grouped_follow_ups, prognostic_model
from cacs_cxr.prognosis.hazard_ratios import concordance_table, cox_table, cox_test_table
from cacs_cxr.prognosis.imputation import imputed_factors
from cacs_cxr.prognosis.incidence import incidence_table
from cacs_cxr.prognosis.kaplan_meier import kaplan_meier_table
from cacs_cxr.prognosis.logrank import logrank_table
from cacs_cxr.study import Study
from cacs_cxr.tables import read_written_table, write_csv


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
    missing: Literal["complete_case", "multiple_imputation"],
    imputations: int,
    seed: int,
) -> None:
    """Write the tables of the prognostic analysis.

    Args:
        missing: whether Cox models leave out patients with a missing factor, or impute it.
        imputations: number of completed data sets.
        seed: the study's.
    """
    definition = Study.read(study)
    checked = checked_follow_up(read_written_table(analysis), definition, file=analysis.name)
    categories = read_written_table(predicted_categories)
    chosen, remark = prognostic_model(categories, wanted=model)
    if remark:
        LOGGER.warning("prognosis: %s", remark)
    imputed = (
        imputed_factors(checked, categories, definition, model=chosen, imputations=imputations, seed=seed)
        if missing == "multiple_imputation"
        else {}
    )
    groups = grouped_follow_ups(checked, categories, definition, model=chosen, remark=remark, imputed=imputed)
    for group in groups:
        LOGGER.info("%s by %s category: %d patients with follow-up", group.site, group.grouping, group.time.size)
    written = {
        kaplan_meier: [kaplan_meier_table(group, definition) for group in groups],
        logrank: [logrank_table(group, definition) for group in groups],
        cox: [cox_table(group, definition, minimum_events=minimum_events_per_category) for group in groups],
        cox_tests: [cox_test_table(group, definition) for group in groups],
        concordance: [concordance_table(group, definition) for group in groups],
        incidence: [incidence_table(group, definition, horizons_years=horizons_years) for group in groups],
    }
    for path, frames in written.items():
        filled = [frame for frame in frames if not frame.empty] or frames[:1]
        write_csv(pd.concat(filled, ignore_index=True).assign(simulated=definition.simulated), path)


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
