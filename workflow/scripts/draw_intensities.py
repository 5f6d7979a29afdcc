"""Draw the grey levels of the radiographs by site and vendor, and how grey values were made."""

from collections.abc import Mapping
from pathlib import Path

from cacs_cxr.figures.intensities import draw_intensities, intensities_frame
from cacs_cxr.figures.style import write_figure
from cacs_cxr.job import figure_paths, logged
from cacs_cxr.study import Study
from cacs_cxr.tables import read_written_table


def main(*, distributions: Path, counts: Path, study: Path, files: Mapping[str, Path]) -> None:
    """Write the figure and the CSV of what it draws."""
    definition = Study.read(study)
    drawn = intensities_frame(read_written_table(distributions), read_written_table(counts), definition)
    figure = draw_intensities(drawn, definition)
    write_figure(figure, drawn, simulated=definition.simulated, files=files)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            distributions=Path(snakemake.input.distributions),
            counts=Path(snakemake.input.counts),
            study=Path(snakemake.input.study),
            files=figure_paths(snakemake.output),
        )
