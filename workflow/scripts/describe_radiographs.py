"""Distributions of the radiographs' grey levels and sizes: results/images/distributions.csv."""

from pathlib import Path

import numpy as np
import pandas as pd

from cacs_cxr.imaging.distributions import radiograph_distributions
from cacs_cxr.job import logged
from cacs_cxr.tables import write_csv


def main(*, images: Path, radiographs: Path, seed: int, distributions: Path) -> None:
    """Write the histograms.

    Args:
        images: array of all radiographs.
        radiographs: table of the radiographs.
        seed: the study's.
    """
    pixels = np.load(images, mmap_mode="r", allow_pickle=False)
    write_csv(radiograph_distributions(pixels, pd.read_parquet(radiographs), seed=seed), distributions)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            images=Path(snakemake.input.images),
            radiographs=Path(snakemake.input.table),
            seed=snakemake.params.seed,
            distributions=Path(snakemake.output.distributions),
        )
