"""Draw the contact sheet of a site: analysed radiographs by vendor and category."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from cacs_cxr.figures.contact_sheet import contact_frame, draw_contact_sheet
from cacs_cxr.figures.style import write_sheet
from cacs_cxr.job import figure_paths, logged
from cacs_cxr.study import Study


def main(
    *,
    images: Path,
    radiographs: Path,
    cohort: Path,
    study: Path,
    site: str,
    seed: int,
    files: Mapping[str, Path],
) -> None:
    """Write the sheet and the CSV of what it shows.

    Args:
        images: array of all radiographs, of which only those shown are read.
        radiographs: table of the radiographs.
        cohort: table of the analysed patients with their category.
        seed: the study's.
    """
    definition = Study.read(study)
    patients = pd.read_parquet(cohort, columns=["site", "row", "category"])
    vendors = pd.read_parquet(radiographs, columns=["row", "vendor"])
    drawn = contact_frame(patients, vendors, definition, site=site, seed=seed)
    pixels = np.load(images, mmap_mode="r", allow_pickle=False)
    figure = draw_contact_sheet(drawn, pixels, definition, site=site)
    write_sheet(figure, drawn, simulated=definition.simulated, files=files)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            images=Path(snakemake.input.images),
            radiographs=Path(snakemake.input.table),
            cohort=Path(snakemake.input.cohort),
            study=Path(snakemake.input.study),
            site=snakemake.params.site,
            seed=snakemake.params.seed,
            files=figure_paths(snakemake.output),
        )
