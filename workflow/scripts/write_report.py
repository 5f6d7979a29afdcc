"""Write the report, one self-contained page, from the result files, the printed tables and the figures."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from cacs_cxr.job import logged
from cacs_cxr.report import words
from cacs_cxr.report.evidence import read_evidence
from cacs_cxr.report.page import read_tables, render_page
from cacs_cxr.study import Study
from cacs_cxr.tables import read_json, write_text

MARK = "Simulated patients: not evidence."
NOTHING = "Nothing to show in this study."
LISTS = ("tables", "figures", "pictures", "manifest")


def main(
    *,
    evidence_files: Mapping[str, Path],
    tables: Sequence[Path],
    figures: Sequence[Path],
    pictures: Sequence[Path],
    manifest: Path | None,
    report: Path,
    figure_captions: Sequence[Path],
    table_captions: Sequence[Path],
) -> None:
    """Write report.html, and the captions of figures and tables for Snakemake's own report.

    Args:
        evidence_files: result files by field of `cacs_cxr.report.evidence.Evidence`.
        tables: printed tables (CSV).
        figures: figures (PNG).
        pictures: figures that show radiographs (PNG); none where the radiographs are not here.
        manifest: JSON of versions, seeds, checksums and hardware; None where there is none.
        figure_captions: reStructuredText to write, ``figure_`` and the figure's name.
        table_captions: reStructuredText to write, ``table_`` and the table's name.
    """
    evidence = read_evidence(evidence_files)
    page = render_page(
        evidence,
        tables=read_tables(tables),
        figures={path.stem: path.read_bytes() for path in figures},
        pictures={path.stem: path.read_bytes() for path in pictures},
        provenance=read_json(manifest) if manifest is not None else {},
    )
    write_text(page, report)
    shown = words.figure_captions(evidence)
    figures_in_words = {name: f"{caption.text}\n\n{caption.alternative}" for name, caption in shown.items()}
    for path in figure_captions:
        write_text(rst(figures_in_words.get(path.stem.removeprefix("figure_"), NOTHING), evidence.study), path)
    headings = words.table_captions(evidence)
    for path in table_captions:
        write_text(rst(headings.get(path.stem.removeprefix("table_"), NOTHING), evidence.study), path)


def rst(text: str, study: Study) -> str:
    """A caption as reStructuredText and as a Jinja template: nothing in it is markup."""
    plain = re.sub(r"([\\*`|_<>{}])", r"\\\1", f"{text}\n\n{MARK if study.simulated else ''}".rstrip())
    return f"{{% raw %}}{plain}{{% endraw %}}\n"


if __name__ == "__main__":
    with logged(snakemake):
        main(
            evidence_files={name: Path(path) for name, path in snakemake.input.items() if name not in LISTS},
            tables=[Path(path) for path in snakemake.input.tables],
            figures=[Path(path) for path in snakemake.input.figures],
            pictures=[Path(path) for path in snakemake.input.pictures],
            manifest=Path(snakemake.input.manifest) if "manifest" in snakemake.input.keys() else None,  # noqa: SIM118
            report=Path(snakemake.output.report),
            figure_captions=[Path(path) for path in snakemake.output.figure_captions],
            table_captions=[Path(path) for path in snakemake.output.table_captions],
        )
