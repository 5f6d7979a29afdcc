"""Draw the decision curves of every site, threshold and model."""

from collections.abc import Mapping
from pathlib import Path

from cacs_cxr.figures.decision_curve import decision_frame, draw_decision_curve
from cacs_cxr.figures.style import write_figure
from cacs_cxr.job import figure_paths, logged
from cacs_cxr.study import Study
from cacs_cxr.tables import read_written_table


def main(*, decision_curve: Path, study: Path, files: Mapping[str, Path]) -> None:
    """Write the figure and the CSV of what it draws."""
    definition = Study.read(study)
    drawn = decision_frame(read_written_table(decision_curve), definition)
    figure = draw_decision_curve(drawn, definition)
    write_figure(figure, drawn, simulated=definition.simulated, files=files)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            decision_curve=Path(snakemake.input.decision_curve),
            study=Path(snakemake.input.study),
            files=figure_paths(snakemake.output),
        )
