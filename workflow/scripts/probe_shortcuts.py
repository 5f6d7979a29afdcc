"""How well the logits of the networks tell age, sex, vendor and site."""

from pathlib import Path

import pandas as pd

from cacs_cxr.evaluation.shortcut_probes import probe_shortcuts
from cacs_cxr.job import LOGGER, logged
from cacs_cxr.study import CXR, Study
from cacs_cxr.tables import write_csv


def main(*, cohort: Path, radiographs: Path, predictions: Path, study: Path, table: Path) -> None:
    """Write the probes of the networks of the radiograph alone."""
    definition = Study.read(study)
    vendors = pd.read_parquet(radiographs, columns=["row", "vendor"])
    patients = pd.read_parquet(cohort).merge(vendors, on="row", validate="many_to_one")
    probes = probe_shortcuts(pd.read_parquet(predictions), patients, definition, model=CXR)
    write_csv(probes.assign(simulated=definition.simulated), table)
    warnings = probes["reading"].str.startswith("warning")
    LOGGER.info("%d of %d probes of vendor and site warn", warnings.sum(), (probes["p_holm"].notna()).sum())


if __name__ == "__main__":
    with logged(snakemake):
        main(
            cohort=Path(snakemake.input.cohort),
            radiographs=Path(snakemake.input.radiographs),
            predictions=Path(snakemake.input.predictions),
            study=Path(snakemake.input.study),
            table=Path(snakemake.output.table),
        )
