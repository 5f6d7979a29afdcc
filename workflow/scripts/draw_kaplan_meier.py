"""Draw the Kaplan-Meier curves by actual and by predicted category."""

from collections.abc import Mapping
from pathlib import Path

from cacs_cxr.figures.kaplan_meier import draw_kaplan_meier, kaplan_meier_frame
from cacs_cxr.figures.style import write_figure
from cacs_cxr.job import figure_paths, logged
from cacs_cxr.study import Study
from cacs_cxr.tables import read_written_table

COMPETING = 2


def main(*, kaplan_meier: Path, logrank: Path, analysis: Path, study: Path, files: Mapping[str, Path]) -> None:
    """Write the figure and the CSV of what it draws."""
    definition = Study.read(study)
    drawn = kaplan_meier_frame(read_written_table(kaplan_meier), definition)
    competing = int((read_written_table(analysis)["event"] == COMPETING).sum())
    figure = draw_kaplan_meier(drawn, read_written_table(logrank), definition, competing_events=competing)
    write_figure(figure, drawn, simulated=definition.simulated, files=files)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            kaplan_meier=Path(snakemake.input.kaplan_meier),
            logrank=Path(snakemake.input.logrank),
            analysis=Path(snakemake.input.analysis),
            study=Path(snakemake.input.study),
            files=figure_paths(snakemake.output),
        )
