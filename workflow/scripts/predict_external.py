"""Predict the patients of all external sites with the frozen networks of one threshold, one network after another."""

from pathlib import Path
from typing import Any

import pandas as pd

from cacs_cxr.job import logged
from cacs_cxr.study import Threshold
from cacs_cxr.tables import write_parquet
from cacs_cxr.training.external import predict_sites
from cacs_cxr.training.parts import as_part


def main(
    *,
    images: Path,
    cohort: Path,
    weights: list[Path],
    metadata: list[Path],
    logits: Path,
    sites: list[str],
    biomarker: str,
    thresholds: list[dict[str, Any]],
    threshold: str,
    training: dict[str, Any],
) -> None:
    """Read the patients of the external sites, predict them with every network, and write the logits."""
    chosen = next(Threshold(**item) for item in thresholds if item["name"] == threshold)
    patients = pd.read_parquet(cohort)
    patients = patients[patients["site"].isin(sites)]
    predicted = predict_sites(
        images,
        patients,
        as_part(patients, biomarker=biomarker, threshold=chosen),
        networks=list(zip(weights, metadata, strict=True)),
        device=training["device"],
        threads=int(training["threads"]),
    )
    write_parquet(predicted, logits)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            images=Path(snakemake.input.images),
            cohort=Path(snakemake.input.cohort),
            weights=[Path(file) for file in snakemake.input.weights],
            metadata=[Path(file) for file in snakemake.input.metadata],
            logits=Path(snakemake.output[0]),
            sites=snakemake.params.sites,
            biomarker=snakemake.params.biomarker,
            thresholds=snakemake.params.thresholds,
            threshold=snakemake.wildcards.threshold,
            training=dict(snakemake.params.training),
        )
