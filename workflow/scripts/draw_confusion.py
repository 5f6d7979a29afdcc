"""Draw predicted against actual categories of every site and model."""

from collections.abc import Mapping
from pathlib import Path

from cacs_cxr.figures.confusion import confusion_frame, draw_confusion
from cacs_cxr.figures.style import write_figure
from cacs_cxr.job import figure_paths, logged
from cacs_cxr.study import Study
from cacs_cxr.tables import read_written_table


def main(*, confusion: Path, agreement: Path, study: Path, files: Mapping[str, Path]) -> None:
    """Write the figure and the CSV of what it draws."""
    definition = Study.read(study)
    drawn = confusion_frame(read_written_table(confusion), read_written_table(agreement), definition)
    figure = draw_confusion(drawn, definition)
    write_figure(figure, drawn, simulated=definition.simulated, files=files)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            confusion=Path(snakemake.input.confusion),
            agreement=Path(snakemake.input.agreement),
            study=Path(snakemake.input.study),
            files=figure_paths(snakemake.output),
        )
