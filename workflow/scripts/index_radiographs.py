"""Index of a site's radiographs: restricted/{site}/index.parquet, one row a file, from headers only."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cacs_cxr.imaging.header_index import index_files, index_table, list_files, log_index
from cacs_cxr.imaging.image_table import read_image_table
from cacs_cxr.imaging.overrides import apply_overrides, read_overrides
from cacs_cxr.job import logged
from cacs_cxr.pseudonyms import make_key, study_key
from cacs_cxr.tables import write_parquet


def main(
    *,
    radiographs: Mapping[str, Any],
    simulated: bool,
    seed: int,
    key_file: Path,
    index: Path,
    date_format: str | None = None,
) -> None:
    """Index the radiographs of a site.

    Args:
        radiographs: the site's mapping of this name in the configuration.
        seed: of the study, from which the key of simulated patients derives.
        key_file: secret of the pseudonyms of real patients; made here where it is missing.
        date_format: of the image table's dates, besides ISO.
    """
    folder = Path(radiographs["folder"])
    table = None
    if path := radiographs.get("table"):
        table = read_image_table(Path(path), columns=radiographs.get("columns") or {}, date_format=date_format)
    files = list_files(folder) if table is None else list(table["file"])
    overrides = None
    if path := radiographs.get("overrides"):
        overrides = read_overrides(Path(path), files=files)
    if not simulated:
        make_key(key_file)
    key = study_key(simulated=simulated, seed=seed, key_file=key_file)
    frame = index_files(folder, files, key=key) if table is None else index_table(folder, table, key=key)
    if overrides is not None:
        frame = apply_overrides(frame, overrides)
    log_index(frame)
    write_parquet(frame, index)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            radiographs=snakemake.params.radiographs,
            date_format=snakemake.params.date_format,
            simulated=snakemake.params.simulated,
            seed=snakemake.params.seed,
            key_file=Path(snakemake.params.key_file),
            index=Path(snakemake.output.index),
        )
