"""Where the networks' logits come from: maps of sampled and of chosen radiographs, and what is measured of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cacs_cxr.imaging.chest_place import chest_place
from cacs_cxr.job import LOGGER, logged
from cacs_cxr.saliency.calcium import flecks_by_row
from cacs_cxr.saliency.geometry import Marks, Rectangle, enlarged, inside, picture_rectangle, reduced
from cacs_cxr.saliency.measures import density
from cacs_cxr.saliency.panels import picture_panels
from cacs_cxr.saliency.patients import explained_patients
from cacs_cxr.saliency.regions import PICTURE, regions_of
from cacs_cxr.saliency.tables import agreement, measures_of_map, summarise, summarise_agreement
from cacs_cxr.study import Study
from cacs_cxr.tables import read_written_table, write_array, write_csv
from cacs_cxr.training.device import prepare_device
from cacs_cxr.training.explanation import (
    OTHER_FOLD,
    RANDOMISED,
    Files,
    explain_table,
    explain_table_otherwise,
)
from cacs_cxr.training.weights import read_metadata


def main(
    *,
    images: Path,
    radiographs: Path,
    cohort: Path,
    folds: Path,
    predictions: Path,
    predicted_categories: Path,
    study: Path,
    weights: Sequence[Path],
    metadata: Sequence[Path],
    selection: Path | None,
    calcium: Mapping[str, Path],
    settings: Mapping[str, Any],
    seed: int,
    device: str,
    threads: int,
    outputs: Mapping[str, Path],
) -> None:
    """Explain, measure, compare with randomised weights, and write maps, averages and tables.

    Args:
        weights, metadata: of every fold and member of the networks of the radiograph alone.
        selection: with the file of each radiograph; None unless the study is simulated.
        calcium: of each simulated site, where calcium was placed.
        settings: the configuration's `saliency` section.
        outputs: maps and pictures (arrays), and explained, measures, summary, sanity, sanity_patients, panels (CSV).
    """
    definition = Study.read(study)
    explained = explained_patients(
        pd.read_parquet(cohort),
        read_written_table(folds),
        pd.read_parquet(predictions),
        pd.read_parquet(predicted_categories),
        definition,
        per_category=settings["patients"],
        shown=settings["shown"],
        seed=seed,
    )
    place = prepare_device(device, threads=threads)
    networks = files_by_fold(weights, metadata)
    found = explain_table(images, explained, networks, cells=settings["cells"], device=place)
    write_array(found.maps, outputs["maps"])

    read = pd.read_parquet(radiographs).set_index("row")
    flecks = {}
    if definition.simulated and selection is not None:
        chosen = pd.read_parquet(selection)
        read = read.join(chosen.set_index("row")[["rotate", "mirror"]])
        flecks = flecks_by_row(chosen, {site: pd.read_parquet(file) for site, file in calcium.items()})
    rows = explained["row"].drop_duplicates().to_numpy()
    stored = np.load(images, mmap_mode="r", allow_pickle=False)
    pixels = {row: reduced(stored[row]) for row in rows}
    located: dict[int, tuple[Rectangle, dict[str, Marks]]] = {}
    for row, levels in pixels.items():
        told = {str(name): value for name, value in read.loc[row].items()}
        whole = picture_rectangle(told, levels)
        thorax = chest_place(levels[int(whole.top) : int(whole.bottom), int(whole.left) : int(whole.right)])
        located[row] = regions_of(levels, told, thorax=thorax, flecks=flecks.get(int(row)))

    size = next(iter(pixels.values())).shape[-1]
    grids = [enlarged(grid, size=size).astype(np.float32) for grid in found.maps]
    rectangles, regions = zip(*(located[row] for row in explained["row"]), strict=True)
    densities = [density(grid, picture=marks[PICTURE]) for grid, marks in zip(grids, regions, strict=True)]
    measures = pd.DataFrame(
        [
            {**named, **measure}
            for named, grid, marks in zip(
                explained[["site", "patient", "threshold", "category", "sampled"]].to_dict("records"),
                grids,
                regions,
                strict=True,
            )
            for measure in measures_of_map(grid, marks)
        ]
    )
    summary = summarise(measures[measures["sampled"]], categories=definition.categories)

    compared = compared_rows(explained, definition, most=settings["compared"])
    others = explain_table_otherwise(images, compared, networks, cells=settings["cells"], seed=seed, device=place)
    side = found.maps.shape[-1]
    cells = [
        inside(Rectangle(*(edge * side / size for edge in rectangles[number])), size=side)
        for number in compared["number"]
    ]
    correlations = agreement(found.maps[compared["number"]], others, cells)
    named = compared.loc[correlations["place"], ["threshold", "site", "patient"]].reset_index(drop=True)
    correlations = pd.concat([named, correlations.drop(columns="place")], axis=1)
    sanity = summarise_agreement(correlations, randomised=RANDOMISED, reference=OTHER_FOLD)

    levels = [pixels[row] for row in explained["row"]]
    panels, pictures = picture_panels(explained, levels, densities, [marks[PICTURE] for marks in regions])
    write_array(pictures, outputs["pictures"])
    edges = pd.DataFrame(rectangles, columns=[f"picture_{edge}" for edge in Rectangle._fields]) / size
    tables = {
        "explained": explained.assign(logit=found.logits, stage=found.stage).join(edges),
        "measures": measures,
        "summary": summary,
        "sanity_patients": correlations,
        "sanity": sanity,
        "panels": panels,
    }
    for name, table in tables.items():
        write_csv(table.assign(simulated=definition.simulated), outputs[name])
    for told in sanity.drop_duplicates("threshold").to_dict("records"):
        LOGGER.info("%s: check with randomised weights %s", told["threshold"], told["reading"])


def files_by_fold(weights: Sequence[Path], metadata: Sequence[Path]) -> dict[tuple[str, int], list[Files]]:
    """Files of the networks by threshold and fold, as their metadata tell them."""
    found: dict[tuple[str, int], list[Files]] = {}
    for files in zip(weights, metadata, strict=True):
        told = read_metadata(files[1])
        found.setdefault((told["thresholds"][0], told["fold"]), []).append(files)
    return found


def compared_rows(explained: pd.DataFrame, study: Study, *, most: int) -> pd.DataFrame:
    """Rows of sampled development patients, so many of each threshold, spread over the categories.

    Returns:
        Their columns, and number: their place in `explained`.
    """
    own = explained[explained["sampled"] & (explained["site"] == study.development)].copy()
    own["number"] = own.index
    own["turn"] = own.groupby(["threshold", "category"]).cumcount()
    kept = own.sort_values(["threshold", "turn", "number"]).groupby("threshold", sort=False).head(most)
    return kept.sort_values("number").reset_index(drop=True)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            images=Path(snakemake.input.images),
            radiographs=Path(snakemake.input.radiographs),
            cohort=Path(snakemake.input.cohort),
            folds=Path(snakemake.input.folds),
            predictions=Path(snakemake.input.predictions),
            predicted_categories=Path(snakemake.input.predicted_categories),
            study=Path(snakemake.input.study),
            weights=[Path(file) for file in snakemake.input.weights],
            metadata=[Path(file) for file in snakemake.input.metadata],
            selection=Path(snakemake.input.selection[0]) if snakemake.input.selection else None,
            calcium=dict(zip(snakemake.params.sites, map(Path, snakemake.input.calcium), strict=False)),
            settings=dict(snakemake.params.saliency),
            seed=snakemake.params.seed,
            device=snakemake.params.device,
            threads=snakemake.threads,
            outputs={name: Path(file) for name, file in snakemake.output.items()},
        )
