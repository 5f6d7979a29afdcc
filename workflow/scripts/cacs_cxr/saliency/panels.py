"""Pictures to be drawn: average radiographs and maps of the categories, and the maps of the clearest cases."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.saliency.geometry import Marks

Pictures = npt.NDArray[np.floating[Any]]
AVERAGE_RADIOGRAPH, AVERAGE_MAP, CASE = "average radiograph", "average map", "case"
COLUMNS = [
    "kind", "site", "threshold", "category", "n", "outcome", "place", "label", "probability", "row", "picture",
]  # fmt: skip
COVERED = 0.5  # of the radiographs must have a pixel in their picture, or it is left open


def average(pictures: Sequence[Pictures], masks: Sequence[Marks]) -> npt.NDArray[np.float32]:
    """Mean of pictures [S, S] over those whose mask covers a pixel; NaN where fewer than half of them do."""
    weights = np.sum(masks, axis=0)
    total = np.sum([np.where(mask, picture, 0.0) for picture, mask in zip(pictures, masks, strict=True)], axis=0)
    mean = total / np.maximum(weights, 1)
    return np.where(weights >= COVERED * len(masks), mean, np.nan).astype(np.float32)


def picture_panels(
    explained: pd.DataFrame, radiographs: Sequence[Pictures], densities: Sequence[Pictures], masks: Sequence[Marks]
) -> tuple[pd.DataFrame, npt.NDArray[np.float32]]:
    """Averages by site and category, of the radiographs and of the maps of each threshold; and the clearest cases.

    Args:
        explained: as `patients.explained_patients` gives it, k rows, of which only the sampled count in averages.
        radiographs, densities, masks: of each row: levels, map in multiples of an even map, pixels of the picture.

    Returns:
        `COLUMNS`: kind (average radiograph, average map or case), threshold ("" for average radiographs), n of an
        average (a map of 0 throughout counts as such), outcome, place, label, probability and row (of images.npy) of a
        case, picture (place in the array); and the pictures [m, S, S], NaN where there is none: grey levels of average
        radiographs, else maps in multiples of an even map.
    """
    rows: list[dict[str, Any]] = []
    pictures: list[npt.NDArray[np.float32]] = []

    def add(kind: str, part: pd.DataFrame, drawn: Sequence[Pictures], **told: Any) -> None:
        rows.append({"kind": kind, **told, "picture": len(pictures)})
        pictures.append(average([drawn[place] for place in part.index], [masks[place] for place in part.index]))

    sampled = explained[explained["sampled"]]
    first = sampled[sampled["threshold"] == sampled["threshold"].iloc[0]] if len(sampled) else sampled
    for (site, category), part in first.groupby(["site", "category"], sort=False):
        add(AVERAGE_RADIOGRAPH, part, radiographs, site=site, threshold="", category=category, n=len(part))
    for (site, threshold, category), part in sampled.groupby(["site", "threshold", "category"], sort=False):
        add(AVERAGE_MAP, part, densities, site=site, threshold=threshold, category=category, n=len(part))
    for index in explained.index[explained["outcome"] != ""]:
        told = {name: explained.loc[index, name] for name in COLUMNS if name in explained}
        add(CASE, explained.loc[[index]], densities, **told)
    return pd.DataFrame(rows, columns=COLUMNS).astype({"n": "Int64"}), np.stack(pictures)
