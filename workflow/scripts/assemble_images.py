"""All preprocessed radiographs: results/images/images.npy, images.parquet, and the counts of all and of rejects."""

from collections.abc import Callable, Sequence
from pathlib import Path

from cacs_cxr.imaging import store
from cacs_cxr.imaging.counts import count_radiographs, screen_summary
from cacs_cxr.imaging.duplicates import count_duplicates, duplicate_lines
from cacs_cxr.imaging.quality import FLAG_LABELS
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
    counts: Path,
    show: Callable[[str], None],
) -> None:
    """Write the array, its table, the rejects and the counts, unless a site has too many rejects.

    Args:
        show: called with the summary for the terminal, before the rejects can stop the study.
    """
    shards = [read_written_table(path) for path in shard_tables]
    frame = store.assemble_table(read_written_table(selection), shards, shard_images)
    counted = count_radiographs(frame, flags=FLAG_LABELS)
    show(screen_summary(counted) + duplicate_lines(count_duplicates(frame)))
    store.check_reject_limit(frame, limit=reject_limit, selection=str(selection))
    store.assemble_images(shard_images, [shard["row"].to_numpy() for shard in shards], images)
    write_parquet(frame, table)
    write_csv(store.count_rejects(frame), rejects)
    write_csv(counted, counts)


if __name__ == "__main__":
    with logged(snakemake) as show:
        main(
            selection=Path(snakemake.input.selection),
            shard_images=[Path(path) for path in snakemake.input.shard_images],
            shard_tables=[Path(path) for path in snakemake.input.shard_tables],
            reject_limit=float(snakemake.params.reject_limit),
            images=Path(snakemake.output.images),
            table=Path(snakemake.output.table),
            rejects=Path(snakemake.output.rejects),
            counts=Path(snakemake.output.counts),
            show=show,
        )
