"""Draw the calibration of every site, threshold and model."""

from collections.abc import Mapping
from pathlib import Path

from cacs_cxr.figures.calibration import calibration_frame, draw_calibration
from cacs_cxr.figures.style import write_figure
from cacs_cxr.job import figure_paths, logged
from cacs_cxr.study import Study
from cacs_cxr.tables import read_written_table


def main(
    *,
    calibration_curve: Path,
    calibration: Path,
    probability_distribution: Path,
    study: Path,
    files: Mapping[str, Path],
) -> None:
    """Write the figure and the CSV of what it draws."""
    definition = Study.read(study)
    drawn = calibration_frame(
        read_written_table(calibration_curve),
        read_written_table(calibration),
        read_written_table(probability_distribution),
        definition,
    )
    figure = draw_calibration(drawn, definition)
    write_figure(figure, drawn, simulated=definition.simulated, files=files)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            calibration_curve=Path(snakemake.input.calibration_curve),
            calibration=Path(snakemake.input.calibration),
            probability_distribution=Path(snakemake.input.probability_distribution),
            study=Path(snakemake.input.study),
            files=figure_paths(snakemake.output),
        )
