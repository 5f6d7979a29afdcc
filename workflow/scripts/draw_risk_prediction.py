"""Draw calibration and net benefit of the predicted risks."""

from collections.abc import Mapping
from pathlib import Path

from cacs_cxr.figures.risk_prediction import draw_risk_prediction, risk_frame
from cacs_cxr.figures.style import write_figure
from cacs_cxr.job import figure_paths, logged
from cacs_cxr.study import Study
from cacs_cxr.tables import read_written_table


def main(*, calibration: Path, benefit: Path, study: Path, horizon_years: float, files: Mapping[str, Path]) -> None:
    """Write the figure and the CSV of what it draws."""
    definition = Study.read(study)
    drawn = risk_frame(read_written_table(calibration), read_written_table(benefit), definition)
    figure = draw_risk_prediction(drawn, definition, horizon_years=horizon_years)
    write_figure(figure, drawn, simulated=definition.simulated, files=files)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            calibration=Path(snakemake.input.calibration),
            benefit=Path(snakemake.input.benefit),
            study=Path(snakemake.input.study),
            horizon_years=snakemake.params.horizon_years,
            files=figure_paths(snakemake.output),
        )
