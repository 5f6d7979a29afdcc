"""Draw the cumulative incidence with competing events."""

from collections.abc import Mapping
from pathlib import Path

from cacs_cxr.figures.cumulative_incidence import cumulative_incidence_frame, draw_cumulative_incidence
from cacs_cxr.figures.style import write_figure
from cacs_cxr.job import figure_paths, logged
from cacs_cxr.study import Study
from cacs_cxr.tables import read_written_table


def main(*, incidence: Path, kaplan_meier: Path, study: Path, files: Mapping[str, Path]) -> None:
    """Write the figure and the CSV of what it draws."""
    definition = Study.read(study)
    drawn = cumulative_incidence_frame(read_written_table(incidence), read_written_table(kaplan_meier), definition)
    figure = draw_cumulative_incidence(drawn, definition)
    write_figure(figure, drawn, simulated=definition.simulated, files=files)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            incidence=Path(snakemake.input.incidence),
            kaplan_meier=Path(snakemake.input.kaplan_meier),
            study=Path(snakemake.input.study),
            files=figure_paths(snakemake.output),
        )
