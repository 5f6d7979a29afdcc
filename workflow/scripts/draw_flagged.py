"""Draw the sheet of the radiographs that pixel statistics flagged."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from cacs_cxr.figures.flagged import draw_flagged, flagged_frame
from cacs_cxr.figures.style import write_sheet
from cacs_cxr.job import figure_paths, logged
from cacs_cxr.study import Study
from cacs_cxr.tables import read_written_table


def main(*, images: Path, radiographs: Path, counts: Path, study: Path, seed: int, files: Mapping[str, Path]) -> None:
    """Write the sheet and the CSV of what it shows.

    Args:
        images: array of all radiographs, of which only those shown are read.
        radiographs: table of the radiographs.
        counts: of the radiographs; names the flags.
        seed: the study's.
    """
    definition = Study.read(study)
    drawn = flagged_frame(pd.read_parquet(radiographs), read_written_table(counts), definition, seed=seed)
    pixels = np.load(images, mmap_mode="r", allow_pickle=False)
    figure = draw_flagged(drawn, pixels, definition)
    write_sheet(figure, drawn, simulated=definition.simulated, files=files)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            images=Path(snakemake.input.images),
            radiographs=Path(snakemake.input.table),
            counts=Path(snakemake.input.counts),
            study=Path(snakemake.input.study),
            seed=snakemake.params.seed,
            files=figure_paths(snakemake.output),
        )
