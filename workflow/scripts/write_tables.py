"""Tables for print, as CSV, as LaTeX and in one document for word processors, and the model cards."""

from collections.abc import Mapping
from pathlib import Path

from cacs_cxr.job import logged
from cacs_cxr.report.evidence import read_evidence
from cacs_cxr.report.model_cards import model_cards
from cacs_cxr.report.table_files import latex_table, tables_document
from cacs_cxr.report.words import printed_tables, table_captions
from cacs_cxr.tables import read_json, write_csv, write_text

OTHERS = ("versions",)


def main(
    *,
    evidence_files: Mapping[str, Path],
    versions: Path,
    tables: Mapping[str, Path],
    latex: Mapping[str, Path],
    document: Path,
    cards: Path,
) -> None:
    """Write every table and the model cards.

    Args:
        evidence_files: result files by the name that `cacs_cxr.report.evidence.Evidence` has for them.
        versions: JSON of the versions with which the study was made.
        tables: CSV to write by name.
        latex: LaTeX to write by name.
        document: HTML of all tables to write.
        cards: Markdown to write.
    """
    evidence = read_evidence(evidence_files)
    study, captions = evidence.study, table_captions(evidence)
    printed = printed_tables(evidence)
    mark = " Simulated patients: not evidence." if study.simulated else ""
    marked = {name: f"{caption}{mark}" for name, caption in captions.items()}
    for name, frame in printed.items():
        write_csv(frame.assign(simulated=study.simulated), tables[name])
        write_text(latex_table(frame, caption=marked.get(name, name), label=name), latex[name])
    write_text(tables_document(printed, marked, title=study.title), document)
    write_text(model_cards(evidence, versions=read_json(versions)), cards)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            evidence_files={name: Path(path) for name, path in snakemake.input.items() if name not in OTHERS},
            versions=Path(snakemake.input.versions),
            tables={Path(path).stem: Path(path) for path in snakemake.output.tables},
            latex={Path(path).stem: Path(path) for path in snakemake.output.latex},
            document=Path(snakemake.output.document),
            cards=Path(snakemake.output.cards),
        )
