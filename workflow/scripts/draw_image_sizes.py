"""Draw the sizes of the radiographs as they were received, by site."""

from collections.abc import Mapping
from pathlib import Path

from cacs_cxr.figures.image_sizes import draw_image_sizes, sizes_frame
from cacs_cxr.figures.style import write_figure
from cacs_cxr.job import figure_paths, logged
from cacs_cxr.study import Study
from cacs_cxr.tables import read_written_table


def main(*, distributions: Path, study: Path, files: Mapping[str, Path]) -> None:
    """Write the figure and the CSV of what it draws."""
    definition = Study.read(study)
    drawn = sizes_frame(read_written_table(distributions), definition)
    figure = draw_image_sizes(drawn, definition)
    write_figure(figure, drawn, simulated=definition.simulated, files=files)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            distributions=Path(snakemake.input.distributions),
            study=Path(snakemake.input.study),
            files=figure_paths(snakemake.output),
        )
