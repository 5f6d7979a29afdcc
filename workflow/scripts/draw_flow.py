"""Draw the flow diagram of radiographs and patients."""

from collections.abc import Mapping
from pathlib import Path

from cacs_cxr.figures.flow import draw_flow, flow_frame
from cacs_cxr.figures.style import write_figure
from cacs_cxr.job import figure_paths, logged
from cacs_cxr.study import Study
from cacs_cxr.tables import read_written_table


def main(*, flow: Path, study: Path, files: Mapping[str, Path], smallest_cell: int | None) -> None:
    """Write the figure and the CSV of what it draws, counts below `smallest_cell` hidden."""
    definition = Study.read(study)
    drawn = flow_frame(read_written_table(flow), definition, smallest=smallest_cell)
    figure = draw_flow(drawn, definition)
    write_figure(figure, drawn, simulated=definition.simulated, files=files)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            flow=Path(snakemake.input.flow),
            study=Path(snakemake.input.study),
            files=figure_paths(snakemake.output),
            smallest_cell=snakemake.params.smallest_cell,
        )
