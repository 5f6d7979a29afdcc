"""Draw the forest of hazard ratios by actual and by predicted category."""

from pathlib import Path

from cacs_cxr.figures.cox import draw_cox
from cacs_cxr.figures.style import write_figure
from cacs_cxr.job import logged
from cacs_cxr.study import Study
from cacs_cxr.tables import read_written_table
from cacs_cxr.terms import printed_hazard_ratios


def main(*, cox: Path, study: Path, pdf: Path, png: Path, table: Path) -> None:
    """Write the figure and the CSV of what it draws."""
    definition = Study.read(study)
    drawn = printed_hazard_ratios(read_written_table(cox), definition)
    figure = draw_cox(drawn, definition)
    write_figure(figure, drawn, simulated=definition.simulated, pdf=pdf, png=png, table=table)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            cox=Path(snakemake.input.cox),
            study=Path(snakemake.input.study),
            pdf=Path(snakemake.output.pdf),
            png=Path(snakemake.output.png),
            table=Path(snakemake.output.csv),
        )
