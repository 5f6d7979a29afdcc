"""Predict the patients of all external sites with the frozen networks of one kind and threshold, one after another."""

from pathlib import Path
from typing import Any

import pandas as pd

from cacs_cxr.job import logged
from cacs_cxr.study import ALL_THRESHOLDS, Factor, Threshold
from cacs_cxr.tables import write_parquet
from cacs_cxr.training.external import predict_sites


def main(
    *,
    images: Path,
    cohort: Path,
    weights: list[Path],
    metadata: list[Path],
    logits: Path,
    sites: list[str],
    definition: dict[str, Any],
    threshold: str,
    training: dict[str, Any],
) -> None:
    """Read the patients of the external sites, predict them with every network, and write the logits."""
    patients = pd.read_parquet(cohort)
    predicted = predict_sites(
        images,
        patients[patients["site"].isin(sites)],
        biomarker=definition["biomarker"]["name"],
        thresholds=[
            Threshold(**item) for item in definition["thresholds"] if threshold in (item["name"], ALL_THRESHOLDS)
        ],
        factors=[Factor.from_plain(item) for item in definition["factors"]],
        networks=list(zip(weights, metadata, strict=True)),
        device=training["device"],
        threads=int(training["threads"]),
        image_memory_gb=training["image_memory_gb"],
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
            definition=snakemake.params.definition,
            threshold=snakemake.wildcards.threshold,
            training=dict(snakemake.params.training),
        )
