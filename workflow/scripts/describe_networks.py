"""Write how every network was trained, a row each, from the metadata beside its weights."""

from collections.abc import Sequence
from pathlib import Path

from cacs_cxr.job import logged
from cacs_cxr.report.networks import network_rows
from cacs_cxr.tables import read_json, write_csv


def main(*, metadata: Sequence[Path], table: Path) -> None:
    """Write the table.

    Args:
        metadata: metadata.json of every network.
        table: CSV to write.
    """
    write_csv(network_rows([read_json(path) for path in metadata]), table)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            metadata=[Path(path) for path in snakemake.input.metadata],
            table=Path(snakemake.output.networks),
        )
