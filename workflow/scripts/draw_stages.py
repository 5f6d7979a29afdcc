"""Draw the study's graph: stages, their rules and what each needs."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from cacs_cxr.figures.stages import draw_stages, stages_frame
from cacs_cxr.figures.style import write_figure
from cacs_cxr.job import figure_paths, logged
from cacs_cxr.study import Study


def main(*, stages: Path, study: Path, files: Mapping[str, Path]) -> None:
    """Write the figure and the CSV of what it draws."""
    definition = Study.read(study)
    drawn = stages_frame(pd.read_csv(stages, dtype={"after": str}))
    figure = draw_stages(drawn, simulated=definition.simulated)
    write_figure(figure, drawn, simulated=definition.simulated, files=files)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            stages=Path(snakemake.input.stages),
            study=Path(snakemake.input.study),
            files=figure_paths(snakemake.output),
        )
