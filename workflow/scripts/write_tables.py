"""Tables for print: patients, radiographs, performance, prognosis, the paper's numbers, and the assumptions."""

from collections.abc import Mapping
from pathlib import Path

from cacs_cxr.job import logged
from cacs_cxr.report.assumptions import assumptions
from cacs_cxr.report.configuration import setting
from cacs_cxr.report.evaluation_tables import evaluation_tables
from cacs_cxr.report.evidence import read_evidence
from cacs_cxr.report.missing_values import missing_values
from cacs_cxr.report.paper_tables import paper_comparison
from cacs_cxr.report.performance_tables import auc_text, comparison_text, operating_text
from cacs_cxr.report.prognosis_tables import concordance_text, cox_text, incidence_text
from cacs_cxr.report.radiographs import radiographs_text
from cacs_cxr.report.table1 import table1
from cacs_cxr.tables import write_csv
from cacs_cxr.terms import printed_hazard_ratios


def main(*, evidence_files: Mapping[str, Path], tables: Mapping[str, Path]) -> None:
    """Write every table.

    Args:
        evidence_files: result files by field of `cacs_cxr.report.evidence.Evidence`.
        tables: CSV to write by name.
    """
    evidence = read_evidence(evidence_files)
    study = evidence.study
    smallest = setting(evidence.configuration, "deidentification.smallest_cell")
    made = {
        "table1": table1(evidence.analysis, study, smallest=smallest),
        "missing": missing_values(evidence.analysis, study, evidence.configuration),
        "radiographs": radiographs_text(evidence.radiographs, study),
        "auc": auc_text(evidence.discrimination, study),
        "comparisons": comparison_text(evidence.comparison, study),
        "operating_points": operating_text(evidence.operating_points, study),
        **evaluation_tables(evidence),
        "incidence": incidence_text(evidence.incidence, study, smallest=smallest),
        "cox": cox_text(printed_hazard_ratios(evidence.cox, study), smallest=smallest),
        "concordance": concordance_text(evidence.concordance),
        "paper_comparison": paper_comparison(evidence.discrimination, evidence.analysis, study),
        "assumptions": assumptions(evidence.configuration, study),
    }
    for name, frame in made.items():
        write_csv(frame.assign(simulated=study.simulated), tables[name])


if __name__ == "__main__":
    with logged(snakemake):
        main(
            evidence_files={name: Path(path) for name, path in snakemake.input.items()},
            tables={name: Path(path) for name, path in snakemake.output.items()},
        )
