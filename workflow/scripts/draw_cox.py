"""Draw the forest of hazard ratios by actual and by predicted category."""

from collections.abc import Mapping
from pathlib import Path

from cacs_cxr.figures.cox import draw_cox
from cacs_cxr.figures.style import write_figure
from cacs_cxr.job import figure_paths, logged
from cacs_cxr.study import Study
from cacs_cxr.tables import read_written_table
from cacs_cxr.terms import printed_hazard_ratios


def main(*, cox: Path, study: Path, files: Mapping[str, Path]) -> None:
    """Write the figure and the CSV of what it draws."""
    definition = Study.read(study)
    drawn = printed_hazard_ratios(read_written_table(cox), definition)
    figure = draw_cox(drawn, definition)
    write_figure(figure, drawn, simulated=definition.simulated, files=files)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            cox=Path(snakemake.input.cox),
            study=Path(snakemake.input.study),
            files=figure_paths(snakemake.output),
        )
