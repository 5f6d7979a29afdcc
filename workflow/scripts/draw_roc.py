"""Draw the ROC curves of every site, threshold and model."""

from collections.abc import Mapping
from pathlib import Path

from cacs_cxr.figures.roc import draw_roc, roc_frame
from cacs_cxr.figures.style import write_figure
from cacs_cxr.job import figure_paths, logged
from cacs_cxr.study import Study
from cacs_cxr.tables import read_written_table


def main(*, roc: Path, discrimination: Path, study: Path, files: Mapping[str, Path]) -> None:
    """Write the figure and the CSV of what it draws."""
    definition = Study.read(study)
    drawn = roc_frame(read_written_table(roc), read_written_table(discrimination), definition)
    figure = draw_roc(drawn, definition)
    write_figure(figure, drawn, simulated=definition.simulated, files=files)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            roc=Path(snakemake.input.roc),
            discrimination=Path(snakemake.input.discrimination),
            study=Path(snakemake.input.study),
            files=figure_paths(snakemake.output),
        )
