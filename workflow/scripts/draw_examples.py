"""Draw example radiographs of every category at every site."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from cacs_cxr.figures.example_radiographs import draw_examples, example_frame
from cacs_cxr.figures.style import write_sheet
from cacs_cxr.job import figure_paths, logged
from cacs_cxr.study import Study


def main(*, images: Path, cohort: Path, study: Path, seed: int, files: Mapping[str, Path]) -> None:
    """Write the figure and the CSV of what it shows.

    Args:
        images: array of all radiographs, of which only those shown are read.
        cohort: table of the analysed patients with their category.
        seed: the study's.
    """
    definition = Study.read(study)
    drawn = example_frame(pd.read_parquet(cohort, columns=["site", "row", "category"]), definition, seed=seed)
    pixels = np.load(images, mmap_mode="r", allow_pickle=False)
    figure = draw_examples(drawn, pixels, definition)
    write_sheet(figure, drawn, simulated=definition.simulated, files=files)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            images=Path(snakemake.input.images),
            cohort=Path(snakemake.input.cohort),
            study=Path(snakemake.input.study),
            seed=snakemake.params.seed,
            files=figure_paths(snakemake.output),
        )
