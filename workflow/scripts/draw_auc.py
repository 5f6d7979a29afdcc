"""Draw this study's AUCs beside the paper's and the best that a simulation allows."""

from collections.abc import Mapping
from pathlib import Path

from cacs_cxr.figures.auc import auc_frame, draw_auc
from cacs_cxr.figures.style import write_figure
from cacs_cxr.job import figure_paths, logged
from cacs_cxr.study import Study
from cacs_cxr.tables import read_written_table


def main(*, discrimination: Path, study: Path, files: Mapping[str, Path]) -> None:
    """Write the figure and the CSV of what it draws."""
    definition = Study.read(study)
    drawn = auc_frame(read_written_table(discrimination), definition)
    figure = draw_auc(drawn, definition)
    write_figure(figure, drawn, simulated=definition.simulated, files=files)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            discrimination=Path(snakemake.input.discrimination),
            study=Path(snakemake.input.study),
            files=figure_paths(snakemake.output),
        )
