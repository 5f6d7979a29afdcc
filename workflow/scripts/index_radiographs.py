"""Index of a site's radiographs: restricted/{site}/index.parquet, one row a file, from headers only."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cacs_cxr.imaging.header_index import index_folder, index_table, log_index
from cacs_cxr.imaging.image_table import read_image_table
from cacs_cxr.job import logged
from cacs_cxr.tables import write_parquet


def main(*, radiographs: Mapping[str, Any], index: Path) -> None:
    folder = Path(radiographs["folder"])
    if table := radiographs.get("table"):
        frame = index_table(folder, read_image_table(Path(table), columns=radiographs.get("columns") or {}))
    else:
        frame = index_folder(folder)
    log_index(frame)
    write_parquet(frame, index)


if __name__ == "__main__":
    with logged(snakemake):
        main(radiographs=snakemake.params.radiographs, index=Path(snakemake.output.index))
