"""Tables for print: patients, radiographs, performance, prognosis, the paper's numbers, and the assumptions."""

from collections.abc import Mapping
from pathlib import Path

from cacs_cxr.job import logged
from cacs_cxr.report.evidence import read_evidence
from cacs_cxr.report.words import printed_tables
from cacs_cxr.tables import write_csv


def main(*, evidence_files: Mapping[str, Path], tables: Mapping[str, Path]) -> None:
    """Write every table.

    Args:
        evidence_files: result files by field of `cacs_cxr.report.evidence.Evidence`.
        tables: CSV to write by name.
    """
    evidence = read_evidence(evidence_files)
    for name, frame in printed_tables(evidence).items():
        write_csv(frame.assign(simulated=evidence.study.simulated), tables[name])


if __name__ == "__main__":
    with logged(snakemake):
        main(
            evidence_files={name: Path(path) for name, path in snakemake.input.items()},
            tables={name: Path(path) for name, path in snakemake.output.items()},
        )
