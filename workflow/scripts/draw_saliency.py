"""Draw what the networks look at: average maps by category, and the clearest cases."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from cacs_cxr.figures.saliency import draw_saliency, panel_pictures, saliency_frame
from cacs_cxr.figures.style import write_figure
from cacs_cxr.job import figure_paths, logged
from cacs_cxr.study import Study


def main(
    *,
    images: Path,
    panels: Path,
    pictures: Path,
    study: Path,
    smallest_cell: int | None,
    files: Mapping[str, Path],
) -> None:
    """Write the figure and the CSV of what it shows.

    Args:
        images: array of all radiographs, of which only those shown are read.
        panels: table of the pictures, an array of averages and maps.
    """
    definition = Study.read(study)
    drawn = saliency_frame(pd.read_csv(panels), definition)
    stored = np.load(images, mmap_mode="r", allow_pickle=False)
    shown = panel_pictures(drawn, np.load(pictures, allow_pickle=False), stored)
    figure = draw_saliency(drawn, shown, definition, smallest=smallest_cell)
    write_figure(figure, drawn, simulated=definition.simulated, files=files)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            images=Path(snakemake.input.images),
            panels=Path(snakemake.input.panels),
            pictures=Path(snakemake.input.pictures),
            study=Path(snakemake.input.study),
            smallest_cell=snakemake.params.smallest_cell,
            files=figure_paths(snakemake.output),
        )
