"""A part of a simulated site's radiographs, drawn and written as DICOM files with meaningless names."""

from pathlib import Path

import pandas as pd

from cacs_cxr.job import logged
from cacs_cxr.simulation.site import write_radiographs


def main(*, radiographs: Path, folder: Path, site: str, shard: int, shards: int, size: int, seed: int) -> None:
    """Draw the radiographs of one shard into its folder."""
    table = pd.read_parquet(radiographs)
    write_radiographs(table, folder, site=site, shard=shard, shards=shards, size=size, seed=seed)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            radiographs=Path(snakemake.input.radiographs),
            folder=Path(snakemake.output.folder),
            site=snakemake.wildcards.site,
            shard=int(snakemake.wildcards.shard),
            shards=snakemake.params.shards,
            size=snakemake.params.size,
            seed=snakemake.params.seed,
        )
