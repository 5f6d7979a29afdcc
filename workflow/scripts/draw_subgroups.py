"""Draw the AUC in subgroups of patients of every site and threshold."""

from collections.abc import Mapping
from pathlib import Path

from cacs_cxr.figures.style import write_figure
from cacs_cxr.figures.subgroups import draw_subgroups, subgroup_frame
from cacs_cxr.job import figure_paths, logged
from cacs_cxr.study import Study
from cacs_cxr.tables import read_written_table


def main(
    *, subgroups: Path, subgroup_tests: Path, discrimination: Path, study: Path, files: Mapping[str, Path]
) -> None:
    """Write the figure and the CSV of what it draws."""
    definition = Study.read(study)
    drawn = subgroup_frame(
        read_written_table(subgroups),
        read_written_table(subgroup_tests),
        read_written_table(discrimination),
        definition,
    )
    figure = draw_subgroups(drawn, definition)
    write_figure(figure, drawn, simulated=definition.simulated, files=files)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            subgroups=Path(snakemake.input.subgroups),
            subgroup_tests=Path(snakemake.input.subgroup_tests),
            discrimination=Path(snakemake.input.discrimination),
            study=Path(snakemake.input.study),
            files=figure_paths(snakemake.output),
        )
