"""Draw events by actual and predicted category."""

from collections.abc import Mapping
from pathlib import Path

from cacs_cxr.figures.cross_classification import draw_cross_classification
from cacs_cxr.figures.style import write_figure
from cacs_cxr.job import figure_paths, logged
from cacs_cxr.study import Study
from cacs_cxr.tables import read_written_table


def main(*, cells: Path, study: Path, files: Mapping[str, Path]) -> None:
    """Write the figure and the CSV of what it draws."""
    definition = Study.read(study)
    drawn = read_written_table(cells)
    figure = draw_cross_classification(drawn, definition)
    write_figure(figure, drawn, simulated=definition.simulated, files=files)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            cells=Path(snakemake.input.cells),
            study=Path(snakemake.input.study),
            files=figure_paths(snakemake.output),
        )
