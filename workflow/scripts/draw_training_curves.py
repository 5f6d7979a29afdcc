"""Draw the training curves of all networks, and tabulate how each was trained."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from cacs_cxr.figures.style import write_figure
from cacs_cxr.figures.training_curves import curves_frame, draw_training_curves, training_frame
from cacs_cxr.job import figure_paths, logged
from cacs_cxr.study import Study
from cacs_cxr.tables import read_json, write_csv


def main(*, metadata: Sequence[Path], study: Path, training: Path, files: Mapping[str, Path]) -> None:
    """Write the figure, the CSV of what it draws, and the table of the networks.

    Args:
        metadata: what each training wrote about its network.
        training: table of the networks.
    """
    definition = Study.read(study)
    networks = [read_json(path) for path in metadata]
    write_csv(training_frame(networks, definition).assign(simulated=definition.simulated), training)
    drawn = curves_frame(networks, definition)
    figure = draw_training_curves(drawn, definition)
    write_figure(figure, drawn, simulated=definition.simulated, files=files)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            metadata=[Path(file) for file in snakemake.input.metadata],
            study=Path(snakemake.input.study),
            training=Path(snakemake.output.training),
            files=figure_paths(snakemake.output),
        )
