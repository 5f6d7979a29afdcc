"""Draw scaled Schoenfeld residuals and log(-log) survival curves."""

from collections.abc import Mapping
from pathlib import Path

from cacs_cxr.figures.proportional_hazards import draw_proportional_hazards, proportional_hazards_frame
from cacs_cxr.figures.style import write_figure
from cacs_cxr.job import figure_paths, logged
from cacs_cxr.study import Study
from cacs_cxr.tables import read_written_table


def main(
    *,
    residuals: Path,
    tests: Path,
    kaplan_meier: Path,
    study: Path,
    transform: str,
    files: Mapping[str, Path],
) -> None:
    """Write the figure and the CSV of what it draws."""
    definition = Study.read(study)
    drawn = proportional_hazards_frame(
        read_written_table(residuals), read_written_table(tests), read_written_table(kaplan_meier), definition
    )
    figure = draw_proportional_hazards(drawn, definition, transform=transform)
    write_figure(figure, drawn, simulated=definition.simulated, files=files)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            residuals=Path(snakemake.input.residuals),
            tests=Path(snakemake.input.tests),
            kaplan_meier=Path(snakemake.input.kaplan_meier),
            study=Path(snakemake.input.study),
            transform=snakemake.params.transform,
            files=figure_paths(snakemake.output),
        )
