"""Radiographs of one shard as 8-bit squares: results/images/shards/shard-{shard}.npy and .parquet."""

from pathlib import Path

from cacs_cxr.array_files import scratch_array
from cacs_cxr.imaging.radiograph import Border
from cacs_cxr.imaging.store import preprocess_shard, shard_rows
from cacs_cxr.job import logged
from cacs_cxr.tables import read_written_table, write_array, write_parquet


def main(*, selection: Path, shard: int, size: int, border: Border, images: Path, table: Path) -> None:
    rows = shard_rows(read_written_table(selection), shard)
    with scratch_array((len(rows), size, size)) as pixels:
        frame = preprocess_shard(rows, pixels, border=border)
        write_array(pixels, images)
    write_parquet(frame, table)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            selection=Path(snakemake.input.selection),
            shard=int(snakemake.params.shard),
            size=int(snakemake.params.size),
            border=snakemake.params.border,
            images=Path(snakemake.output.images),
            table=Path(snakemake.output.table),
        )
