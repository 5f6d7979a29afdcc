"""Write the report, one self-contained page, from the result files, the printed tables and the figures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from cacs_cxr.job import logged
from cacs_cxr.report.evidence import read_evidence
from cacs_cxr.report.page import read_tables, render_page
from cacs_cxr.tables import read_json, read_written_table, write_text

LISTS = ("tables", "figures", "sheets", "manifest", "network_figures", "network_tables")


def main(
    *,
    evidence_files: Mapping[str, Path],
    tables: Sequence[Path],
    figures: Sequence[Path],
    sheets: Sequence[Path],
    manifest: Path | None,
    report: Path,
    network_figures: Sequence[Path] = (),
    network_tables: Mapping[str, Path] = MappingProxyType({}),
) -> None:
    """Write report.html.

    Args:
        evidence_files: result files by field of `cacs_cxr.report.evidence.Evidence`.
        tables: printed tables (CSV).
        figures: figures (PNG).
        sheets: contact sheets (PNG); none where the radiographs are not here.
        network_figures: figures of the networks (PNG); none where these are not here.
        network_tables: tables of what the networks look at, by name; likewise.
        manifest: JSON of versions, seeds, checksums and hardware; None where there is none.
    """
    page = render_page(
        read_evidence(evidence_files),
        tables=read_tables(tables),
        figures={path.stem: path.read_bytes() for path in (*figures, *network_figures)},
        sheets={path.stem: path.read_bytes() for path in sheets},
        provenance=read_json(manifest) if manifest is not None else {},
        network_evidence={name: read_written_table(path) for name, path in network_tables.items()},
    )
    write_text(page, report)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            evidence_files={name: Path(path) for name, path in snakemake.input.items() if name not in LISTS},
            tables=[Path(path) for path in snakemake.input.tables],
            figures=[Path(path) for path in snakemake.input.figures],
            sheets=[Path(path) for path in snakemake.input.sheets],
            network_figures=[Path(path) for path in snakemake.input.network_figures],
            network_tables=dict(
                zip(snakemake.params.network_tables, map(Path, snakemake.input.network_tables), strict=True)
            ),
            manifest=Path(snakemake.input.manifest) if "manifest" in snakemake.input.keys() else None,  # noqa: SIM118
            report=Path(snakemake.output.report),
        )
