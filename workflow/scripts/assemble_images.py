"""All preprocessed radiographs: results/images/images.npy, images.parquet, and rejects.csv with the reasons."""

from collections.abc import Sequence
from pathlib import Path

from cacs_cxr.imaging import store
from cacs_cxr.job import logged
from cacs_cxr.tables import read_written_table, write_csv, write_parquet


def main(
    *,
    selection: Path,
    shard_images: Sequence[Path],
    shard_tables: Sequence[Path],
    reject_limit: float,
    images: Path,
    table: Path,
    rejects: Path,
) -> None:
    shards = [read_written_table(path) for path in shard_tables]
    frame = store.assemble_table(read_written_table(selection), shards)
    store.log_summary(frame)
    store.check_reject_limit(frame, limit=reject_limit, selection=str(selection))
    store.assemble_images(shard_images, [shard["row"].to_numpy() for shard in shards], images)
    write_parquet(frame, table)
    write_csv(store.count_rejects(frame), rejects)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            selection=Path(snakemake.input.selection),
            shard_images=[Path(path) for path in snakemake.input.shard_images],
            shard_tables=[Path(path) for path in snakemake.input.shard_tables],
            reject_limit=float(snakemake.params.reject_limit),
            images=Path(snakemake.output.images),
            table=Path(snakemake.output.table),
            rejects=Path(snakemake.output.rejects),
        )
