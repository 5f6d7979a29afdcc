"""Check an archive of predictions and write from it what the stages below the waterline read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cacs_cxr.job import logged
from cacs_cxr.report.configuration import received_configuration
from cacs_cxr.report.received import received_tables
from cacs_cxr.report.received_radiographs import received_corrupted, received_radiographs
from cacs_cxr.report.unpacking import read_archive
from cacs_cxr.study import Study
from cacs_cxr.tables import write_csv, write_json, write_parquet


def main(
    *,
    archive: Path,
    analysis: Path,
    predictions: Path,
    flow: Path,
    study: Path,
    configuration: Path,
    radiographs: Path,
    distributions: Path,
    corrupted: Path,
    definition: Mapping[str, Any],
    settings: Mapping[str, Any],
) -> None:
    """Write analysis cohort, predictions, flow, study, configuration, and what is known of the radiographs.

    Predictions of corrupted radiographs have no rows where the archive brings none.

    Args:
        archive: folder or .tar.gz.
        definition: title, simulated, biomarker, thresholds, categories, factors and event, for archives without
            study.json.
        settings: the current configuration; its sections below the waterline are those in force.
    """
    members = read_archive(archive)
    received: tuple[Study, Any, Any, Any, dict[str, Any]] = received_tables(members, definition, archive=str(archive))
    described, patients, scores, steps, archived = received
    counts, histograms = received_radiographs(members, described, archive=str(archive))
    write_parquet(patients, analysis)
    write_parquet(scores, predictions)
    write_csv(steps, flow)
    write_json(described.plain(), study)
    write_json(received_configuration(archived, settings), configuration)
    write_csv(counts, radiographs)
    write_csv(histograms, distributions)
    write_parquet(received_corrupted(members, described, archive=str(archive)), corrupted)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            archive=Path(snakemake.input.archive),
            analysis=Path(snakemake.output.analysis),
            predictions=Path(snakemake.output.predictions),
            flow=Path(snakemake.output.flow),
            study=Path(snakemake.output.study),
            configuration=Path(snakemake.output.configuration),
            radiographs=Path(snakemake.output.radiographs),
            distributions=Path(snakemake.output.distributions),
            corrupted=Path(snakemake.output.corrupted),
            definition=snakemake.params.definition,
            settings=snakemake.params.settings,
        )
