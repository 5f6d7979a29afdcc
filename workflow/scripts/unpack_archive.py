"""Check an archive of predictions and write from it what the stages below the waterline read."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from cacs_cxr.job import logged
from cacs_cxr.report.configuration import received_configuration
from cacs_cxr.report.received import received_tables
from cacs_cxr.report.received_supplements import received_supplements, received_versions
from cacs_cxr.report.supplements import RESULTS, SUPPLEMENTS
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
    versions: Path,
    supplements: Sequence[Path],
    stages: Sequence[Mapping[str, Any]],
    definition: Mapping[str, Any],
    settings: Mapping[str, Any],
) -> None:
    """Write analysis cohort, predictions, flow, study, configuration, versions, and what else the archive tells.

    Args:
        archive: folder or .tar.gz.
        supplements: tables to write, by the file names of `SUPPLEMENTS`; without rows where the archive lacks them.
        stages: rules of this workflow, for archives that do not tell how their study ran.
        definition: title, simulated, biomarker, thresholds, categories, factors and event, for archives without
            study.json.
        settings: the current configuration; its sections below the waterline are those in force.
    """
    members = read_archive(archive)
    received: tuple[Study, Any, Any, Any, dict[str, Any]] = received_tables(members, definition, archive=str(archive))
    described, patients, scores, steps, archived = received
    brought = received_supplements(members, described, archive=str(archive))
    if brought["stages.csv"].empty:
        brought["stages.csv"] = pd.DataFrame(stages, columns=list(SUPPLEMENTS["stages.csv"]))
    write_parquet(patients, analysis)
    write_parquet(scores, predictions)
    write_csv(steps, flow)
    write_json(described.plain(), study)
    write_json(received_configuration(archived, settings), configuration)
    write_json(received_versions(members, archive=str(archive)), versions)
    for path in supplements:
        table = brought[path.name]
        said = {"simulated": described.simulated} if path.name in RESULTS else {}
        write_csv(table.assign(**said), path)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            archive=Path(snakemake.input.archive),
            analysis=Path(snakemake.output.analysis),
            predictions=Path(snakemake.output.predictions),
            flow=Path(snakemake.output.flow),
            study=Path(snakemake.output.study),
            configuration=Path(snakemake.output.configuration),
            versions=Path(snakemake.output.versions),
            supplements=[Path(path) for path in snakemake.output.supplements],
            stages=snakemake.params.stages,
            definition=snakemake.params.definition,
            settings=snakemake.params.settings,
        )
