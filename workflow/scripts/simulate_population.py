"""The tables of a simulated site as a hospital would hand them over, the list of its radiographs, and the truth."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cacs_cxr.job import LOGGER, logged
from cacs_cxr.simulation.calcium_places import calcium_places
from cacs_cxr.simulation.site import simulate_site
from cacs_cxr.tables import write_csv, write_json, write_parquet


def main(
    *,
    site: str,
    role: str,
    patients: int,
    seed: int,
    thresholds: Sequence[Mapping[str, Any]],
    patients_table: Path,
    scores_table: Path,
    outcomes_table: Path,
    radiographs: Path,
    truth: Path,
    parameters: Path,
    attainable: Path,
    calcium: Path,
) -> None:
    """Simulate a site and write its tables."""
    simulated = simulate_site(site=site, role=role, patients=patients, seed=seed, thresholds=thresholds)
    write_csv(simulated.patients, patients_table)
    write_csv(simulated.scores, scores_table)
    write_csv(simulated.outcomes, outcomes_table)
    write_parquet(simulated.radiographs, radiographs)
    write_parquet(simulated.truth, truth)
    write_json(simulated.parameters, parameters)
    write_csv(simulated.attainable, attainable)
    write_parquet(calcium_places(simulated.radiographs, site=site, seed=seed), calcium)
    LOGGER.info("%d patients with %d radiographs", len(simulated.patients), len(simulated.radiographs))


if __name__ == "__main__":
    with logged(snakemake):
        main(
            site=snakemake.wildcards.site,
            role=snakemake.params.role,
            patients=snakemake.params.patients,
            seed=snakemake.params.seed,
            thresholds=snakemake.params.thresholds,
            patients_table=Path(snakemake.output.patients),
            scores_table=Path(snakemake.output.scores),
            outcomes_table=Path(snakemake.output.outcomes),
            radiographs=Path(snakemake.output.radiographs),
            truth=Path(snakemake.output.truth),
            parameters=Path(snakemake.output.parameters),
            attainable=Path(snakemake.output.attainable),
            calcium=Path(snakemake.output.calcium),
        )
