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
    versions: Path,
    cards: Path,
    supplements: Sequence[Path],
    tables: Sequence[Path],
    archive: Path,
    sites: Sequence[Mapping[str, Any]],
) -> None:
    """Write the archive, or nothing where it would hold an identifier or a date.

    Args:
        configuration: JSON of the configuration's reported part.
        versions: JSON of the versions with which the study was made.
        cards: the model cards.
        tables: printed tables.
        supplements: tables by the file names of `SUPPLEMENTS`.
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
        supplements={path.name: read_written_table(path) for path in supplements},
        versions=read_json(versions),
        cards=cards.read_text(encoding="utf-8"),
        tables={path.name: path.read_bytes() for path in tables},
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
            versions=Path(snakemake.input.versions),
            cards=Path(snakemake.input.cards),
            supplements=[Path(path) for path in snakemake.input.supplements],
            tables=[Path(path) for path in snakemake.input.tables],
            archive=Path(snakemake.output.archive),
            sites=snakemake.params.sites,
        )
