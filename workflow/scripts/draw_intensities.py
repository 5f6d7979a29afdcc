"""Draw the grey levels of the radiographs by site and vendor, and how grey values were made."""

from pathlib import Path

from cacs_cxr.figures.intensities import draw_intensities, intensities_frame
from cacs_cxr.figures.style import write_figure
from cacs_cxr.job import logged
from cacs_cxr.study import Study
from cacs_cxr.tables import read_written_table


def main(*, distributions: Path, counts: Path, study: Path, pdf: Path, png: Path, table: Path) -> None:
    """Write the figure and the CSV of what it draws."""
    definition = Study.read(study)
    drawn = intensities_frame(read_written_table(distributions), read_written_table(counts), definition)
    figure = draw_intensities(drawn, definition)
    write_figure(figure, drawn, simulated=definition.simulated, pdf=pdf, png=png, table=table)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            distributions=Path(snakemake.input.distributions),
            counts=Path(snakemake.input.counts),
            study=Path(snakemake.input.study),
            pdf=Path(snakemake.output.pdf),
            png=Path(snakemake.output.png),
            table=Path(snakemake.output.csv),
        )
