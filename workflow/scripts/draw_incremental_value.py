"""Draw what the categories add to clinical factors."""

from collections.abc import Mapping
from pathlib import Path

from cacs_cxr.figures.incremental_value import draw_incremental_value, incremental_frame
from cacs_cxr.figures.style import write_figure
from cacs_cxr.job import figure_paths, logged
from cacs_cxr.study import Study
from cacs_cxr.tables import read_written_table


def main(*, models: Path, carried: Path, study: Path, horizon_years: float, files: Mapping[str, Path]) -> None:
    """Write the figure and the CSV of what it draws."""
    definition = Study.read(study)
    drawn = incremental_frame(read_written_table(models), read_written_table(carried), definition)
    figure = draw_incremental_value(drawn, definition, horizon_years=horizon_years)
    write_figure(figure, drawn, simulated=definition.simulated, files=files)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            models=Path(snakemake.input.models),
            carried=Path(snakemake.input.carried),
            study=Path(snakemake.input.study),
            horizon_years=snakemake.params.horizon_years,
            files=figure_paths(snakemake.output),
        )
