"""Tables of the maps: measures of every patient, their means, and the check with randomised weights."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.saliency.geometry import Marks
from cacs_cxr.saliency.measures import (
    area_share,
    energy_share,
    mean_of,
    points_at,
    rank_correlation,
    ratio_of_means,
    scaled,
    share_of,
)
from cacs_cxr.saliency.regions import CALCIUM, CORNERS, OUTSIDE, PICTURE, RIM, THORAX

ALL = "all"
POINTING = "points at calcium"
SHARES = {
    OUTSIDE: PICTURE,
    RIM: PICTURE,
    CORNERS: PICTURE,
    CALCIUM: THORAX,
    "coronary": THORAX,
    "arch": THORAX,
}
"""Parts whose share of the energy is measured, and the region that it is a share of."""
MEASURES = (*SHARES, POINTING)
OF_SHORTCUTS = (OUTSIDE, RIM, CORNERS)
GROUP = ["site", "threshold", "category", "measure"]
RESULTS = ["n", "n_without_map", "mean", "low", "high", "even", "ratio", "ratio_low", "ratio_high", "reading"]


def measures_of_map(values: npt.NDArray[np.float64], regions: Mapping[str, Marks]) -> list[dict[str, Any]]:
    """What is measured of one map, each with what an even map has: rows with measure, value and even."""
    rows = [
        {
            "measure": part,
            "value": energy_share(values, regions[part], of=regions[of]),
            "even": area_share(regions[part], of=regions[of]),
        }
        for part, of in SHARES.items()
        if part in regions
    ]
    if CALCIUM in regions:
        at = regions[CALCIUM] & regions[THORAX]
        even = area_share(at, of=regions[THORAX])
        rows.append({"measure": POINTING, "value": points_at(values, at, of=regions[THORAX]), "even": even})
    return rows


def summarise(measures: pd.DataFrame, *, categories: Sequence[str]) -> pd.DataFrame:
    """Means over patients by site, threshold and category, and over all categories as they were sampled.

    Args:
        measures: site, threshold, category (name), measure, value (NaN: no map), even.

    Returns:
        site, threshold, category (last: all), measure, n, n_without_map, mean, low, high, even (mean), ratio (of the
        means), ratio_low, ratio_high, reading (of all categories together).
    """
    rows = []
    parts = [(name, measures[measures["category"] == name]) for name in categories]
    for category, part in [*parts, (ALL, measures)]:
        for (site, threshold, measure), group in part.groupby(["site", "threshold", "measure"], sort=False):
            of_hits = measure == POINTING
            found = share_of(group["value"]) if of_hits else mean_of(group["value"])
            met = group["value"].notna()
            even = float(group.loc[met, "even"].mean()) if met.any() else np.nan
            ratio = scaled(found, by=even) if of_hits else ratio_of_means(group["value"], group["even"])
            rows.append(
                {
                    **dict(zip(GROUP, (site, threshold, category, measure), strict=True)),
                    "n": found.n,
                    "n_without_map": int((~met).sum()),
                    "mean": found.mean,
                    "low": max(found.low, 0.0) if found.n > 1 else np.nan,
                    "high": min(found.high, 1.0) if found.n > 1 else np.nan,
                    "even": even,
                    "ratio": ratio.mean,
                    "ratio_low": ratio.low,
                    "ratio_high": ratio.high,
                    "reading": reading(str(measure), ratio.low, ratio.high) if category == ALL else "",
                }
            )
    table = pd.DataFrame(rows, columns=[*GROUP, *RESULTS])
    orders = {
        "site": dict.fromkeys(measures["site"]),
        "threshold": dict.fromkeys(measures["threshold"]),
        "measure": MEASURES,
        "category": [*categories, ALL],
    }
    for column, order in orders.items():
        table[column] = pd.Categorical(table[column], list(order), ordered=True)
    return table.sort_values(list(orders), ignore_index=True).astype(dict.fromkeys(orders, str))


def reading(measure: str, low: float, high: float) -> str:
    """What the ratio to an even map says, by its interval."""
    if np.isnan(low):
        return "not estimable"
    if low > 1:
        return "more than an even map" + (": a possible shortcut" if measure in OF_SHORTCUTS else "")
    return "less than an even map" if high < 1 else "no other than an even map"


def agreement(
    trained: npt.NDArray[np.floating[Any]],
    others: Mapping[str, npt.NDArray[np.floating[Any]]],
    cells: Sequence[Marks],
) -> pd.DataFrame:
    """Rank correlation of every map with its counterparts, over the cells that lie in the picture.

    Args:
        trained: maps [n, h, w].
        others: their counterparts [n, h, w] by name.
        cells: of each map [h, w].

    Returns:
        place (0 to n - 1), comparison, cells, correlation (NaN where a map is even).
    """
    rows = [
        {
            "place": place,
            "comparison": name,
            "cells": int(marks.sum()),
            "correlation": rank_correlation(trained[place][marks], maps[place][marks]),
        }
        for name, maps in others.items()
        for place, marks in enumerate(cells)
    ]
    return pd.DataFrame(rows, columns=["place", "comparison", "cells", "correlation"])


def summarise_agreement(correlations: pd.DataFrame, *, randomised: str, reference: str) -> pd.DataFrame:
    """Distribution of the rank correlations by threshold and comparison, with what it says of the maps.

    Args:
        correlations: threshold, comparison, correlation.
        randomised: the comparison with networks of random weights, which the reading is about.
        reference: the comparison with another trained network, the agreement that is possible at best.
    """
    rows = []
    for (threshold, comparison), group in correlations.groupby(["threshold", "comparison"], sort=False):
        found = mean_of(group["correlation"])
        values = group["correlation"].dropna()
        quantiles = values.quantile([0.1, 0.5, 0.9]).to_list() if len(values) else [np.nan] * 3
        rows.append(
            {
                "threshold": threshold,
                "comparison": comparison,
                "n": found.n,
                "n_without_map": int(group["correlation"].isna().sum()),
                "mean": found.mean,
                "low": found.low,
                "high": found.high,
                **dict(zip(("p10", "median", "p90"), quantiles, strict=True)),
            }
        )
    table = pd.DataFrame(rows)
    known = table.set_index(["threshold", "comparison"])
    readings = {
        threshold: sanity_reading(
            randomised_high=float(known.loc[(threshold, randomised), "high"]),
            reference_low=float(known.loc[(threshold, reference), "low"]),
        )
        for threshold in table["threshold"].unique()
    }
    return table.assign(reading=[readings[name] for name in table["threshold"]])


def sanity_reading(*, randomised_high: float, reference_low: float) -> str:
    """What the comparison with random weights says of the maps of a threshold.

    Args:
        randomised_high: upper limit of the mean correlation with maps of random weights.
        reference_low: lower limit of that with maps of another trained network.
    """
    if np.isnan(randomised_high) or np.isnan(reference_low):
        return "not estimable"
    if reference_low <= 0:
        return "not passed: two trained networks do not agree on where they look"
    if randomised_high < reference_low:
        return "passed: the maps depend on what was learnt"
    return "not passed: maps of random weights agree as much as those of another trained network"
