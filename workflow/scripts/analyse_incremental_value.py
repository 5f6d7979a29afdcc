"""What the predicted and the actual category add to clinical factors, and outcomes where the two disagree."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from cacs_cxr.child_processes import spread_over
from cacs_cxr.job import LOGGER, logged
from cacs_cxr.prognosis.continuous_prediction import continuous_table
from cacs_cxr.prognosis.cross_classification import cell_table, discordant_table
from cacs_cxr.prognosis.follow_up import DAYS_PER_YEAR
from cacs_cxr.prognosis.incremental_value import carried_table, comparison_table, model_table
from cacs_cxr.prognosis.risk_tables import benefit_table, calibration_table
from cacs_cxr.prognosis.site_models import SiteModels, site_models
from cacs_cxr.prognosis.study_groups import Missing, read_study_groups
from cacs_cxr.seeds import derive_seed
from cacs_cxr.tables import read_written_table, write_results

LEAST_THRESHOLD, STEP = 0.01, 0.005


def main(
    *,
    analysis: Path,
    predicted_categories: Path,
    predictions: Path,
    study: Path,
    tables: Mapping[str, Path],
    model: str,
    missing: Missing,
    imputations: int,
    minimum_events_per_category: int,
    assessment_years: float,
    bootstrap_replicates: int,
    highest_risk_threshold: float,
    seed: int,
    processes: int,
) -> None:
    """Write the tables of the incremental value.

    Args:
        tables: CSV to write: incremental_value, incremental_comparisons, information_carried, continuous_prediction,
            risk_calibration, risk_net_benefit, cross_classification, discordant.
        missing: whether Cox models leave out patients with a missing factor, or impute it.
        imputations: number of completed data sets.
        assessment_years: years until which risks are predicted and judged.
        bootstrap_replicates: samples for optimism and for the interval of the information carried.
        highest_risk_threshold: of the net benefit, a probability.
        seed: the study's.
        processes: among which the samples are divided; their number changes nothing.
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
    pairs = {pair.site: pair for pair in read.pairs(read_written_table(predictions))}
    ordered = [definition.development, *definition.external]
    made: dict[str, SiteModels] = {}
    with spread_over(processes) as spread:
        for site in ordered:
            LOGGER.info("%s: %d bootstrap samples of %d patients", site, bootstrap_replicates, pairs[site].time.size)
            made[site] = site_models(
                pairs[site],
                definition,
                horizon=assessment_years * DAYS_PER_YEAR,
                replicates=bootstrap_replicates,
                generator=np.random.default_rng(derive_seed(seed, "bootstrap", site)),
                development=made.get(definition.development),
                spread=spread,
            )
    sites = [made[site.name] for site in definition.sites]
    years, count = assessment_years, round((highest_risk_threshold - LEAST_THRESHOLD) / STEP) + 1
    thresholds = [round(LEAST_THRESHOLD + STEP * number, 6) for number in range(count)]
    written = {
        "incremental_value": [model_table(site, horizon_years=years) for site in sites],
        "incremental_comparisons": [comparison_table(site, horizon_years=years) for site in sites],
        "information_carried": [carried_table(site) for site in sites],
        "continuous_prediction": [continuous_table(site) for site in sites],
        "risk_calibration": [calibration_table(site, horizon_years=years) for site in sites],
        "risk_net_benefit": [benefit_table(site, horizon_years=years, thresholds=thresholds) for site in sites],
        "cross_classification": [
            cell_table(pairs[site.name], definition, horizon_years=years) for site in definition.sites
        ],
        "discordant": [
            discordant_table(pairs[site.name], definition, minimum_events=minimum_events_per_category)
            for site in definition.sites
        ],
    }
    for name, frames in written.items():
        write_results(frames, tables[name], simulated=definition.simulated)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            analysis=Path(snakemake.input.analysis),
            predicted_categories=Path(snakemake.input.predicted_categories),
            predictions=Path(snakemake.input.predictions),
            study=Path(snakemake.input.study),
            tables={name: Path(path) for name, path in snakemake.output.items()},
            **snakemake.params.prognosis,
            seed=snakemake.params.seed,
            processes=snakemake.threads,
        )
