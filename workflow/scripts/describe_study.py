"""Write what everything below the waterline reads instead of the configuration: the study and its analysis cohort."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from cacs_cxr.cohort.analysed import analysis_table
from cacs_cxr.cohort.folds import check_folds
from cacs_cxr.imaging.quality import FLAGS
from cacs_cxr.job import logged
from cacs_cxr.provenance import installed_versions
from cacs_cxr.report.configuration import reported_configuration
from cacs_cxr.study import Study
from cacs_cxr.tables import read_written_table, write_json, write_parquet

ATTAINABLE = ("site", "model", "threshold", "auc")


def main(
    *,
    cohort_file: Path,
    folds_file: Path,
    images_file: Path,
    attainable_files: Sequence[Path],
    study_file: Path,
    analysis_file: Path,
    configuration_file: Path,
    versions_file: Path,
    definition: Mapping[str, Any],
    sites: Sequence[Mapping[str, Any]],
    settings: Mapping[str, Any],
) -> None:
    """Write study.json, analysis.parquet, configuration.json and versions.json.

    Args:
        attainable_files: best AUCs that each simulated site allows; empty for real data.
        definition: title, simulated, biomarker, thresholds, categories, factors and event of the configuration.
        sites: name and role of each site.
        settings: the configuration, of which the part that describes the method is kept.
    """
    attainable = [read_written_table(path)[list(ATTAINABLE)].to_dict(orient="records") for path in attainable_files]
    described = Study.from_plain(
        {**definition, "sites": sites, "attainable": [row for rows in attainable for row in rows]}
    )
    cohort, folds = pd.read_parquet(cohort_file), read_written_table(folds_file)
    check_folds(folds, list(cohort.loc[cohort["site"] == described.development, "patient"]))
    analysis = analysis_table(
        cohort,
        folds,
        pd.read_parquet(images_file, columns=["row", "vendor", "view", *FLAGS]),
        sites=described.sites,
        biomarker=described.biomarker,
        factors=described.factors,
        flags=FLAGS,
    )
    write_json(described.plain(), study_file)
    write_parquet(analysis, analysis_file)
    write_json(reported_configuration(settings), configuration_file)
    write_json(installed_versions(), versions_file)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            cohort_file=Path(snakemake.input.cohort),
            folds_file=Path(snakemake.input.folds),
            images_file=Path(snakemake.input.images),
            attainable_files=[Path(path) for path in snakemake.input.attainable],
            study_file=Path(snakemake.output.study),
            analysis_file=Path(snakemake.output.analysis),
            configuration_file=Path(snakemake.output.configuration),
            versions_file=Path(snakemake.output.versions),
            definition=snakemake.params.definition,
            sites=snakemake.params.sites,
            settings=snakemake.params.settings,
        )
