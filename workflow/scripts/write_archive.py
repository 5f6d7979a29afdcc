"""Pack predictions, analysis cohort and definition into the one file from which a reviewer rebuilds the study."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cacs_cxr.cohort.source_identifiers import source_files, source_identifiers
from cacs_cxr.job import logged
from cacs_cxr.report.archive import archive_bytes, archive_members
from cacs_cxr.report.deidentified import RESTRICTED, Known, check_deidentified
from cacs_cxr.study import Study
from cacs_cxr.tables import read_json, read_written_table, write_bytes


def main(
    *,
    analysis: Path,
    predictions: Path,
    flow: Path,
    study: Path,
    configuration: Path,
    radiographs: Path,
    distributions: Path,
    archive: Path,
    sites: Sequence[Mapping[str, Any]],
    corrupted: Path | None = None,
) -> None:
    """Write the archive, or nothing where it would hold an identifier or a date.

    Args:
        configuration: JSON of the configuration's reported part.
        radiographs: counts of the radiographs.
        distributions: histograms of the radiographs.
        corrupted: predictions of corrupted radiographs; None where the study makes none.
        archive: path of the .tar.gz to write.
        sites: the configuration's list; empty for a study that started from predictions.
    """
    definition = Study.read(study)
    members = archive_members(
        read_written_table(analysis),
        read_written_table(predictions),
        read_written_table(flow),
        definition,
        read_json(configuration),
        radiographs=read_written_table(radiographs),
        distributions=read_written_table(distributions),
        corrupted=None if corrupted is None else read_written_table(corrupted),
    )
    known = Known("received")
    if sites:
        known = Known("pseudonyms", source_identifiers(sites), [*RESTRICTED, *source_files(sites)])
    check_deidentified(members, definition, known=known)
    write_bytes(archive_bytes(members), archive)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            analysis=Path(snakemake.input.analysis),
            predictions=Path(snakemake.input.predictions),
            flow=Path(snakemake.input.flow),
            study=Path(snakemake.input.study),
            configuration=Path(snakemake.input.configuration),
            radiographs=Path(snakemake.input.radiographs),
            distributions=Path(snakemake.input.distributions),
            corrupted=Path(snakemake.input.corrupted[0]) if snakemake.input.corrupted else None,
            archive=Path(snakemake.output.archive),
            sites=snakemake.params.sites,
        )
