"""Distributions of grey levels within the radiographs, and of the sizes of the original images, by site and vendor."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.seeds import derive_seed

GREY_LEVEL, MEGAPIXELS, ASPECT = QUANTITIES = ("grey level", "megapixels", "aspect")
ALL_VENDORS, NO_VENDOR = "all", "not named"
COLUMNS = ["site", "vendor", "quantity", "low", "high", "n", "share", "share_p10", "share_p90"]
GREY_BINS = 64
MOST_IMAGES = 1000
LEAST_IMAGES = 5  # the mean of fewer is noise, and close to one patient's radiograph
PIXELS_A_SIDE = 128
ASPECT_STEP = 0.05


def named_vendors(table: pd.DataFrame) -> "pd.Series[str]":
    """Vendor of each radiograph, ``not named`` where its header names none."""
    vendors = table["vendor"].fillna("").astype(str)
    return vendors.where(vendors != "", NO_VENDOR)


def grey_shares(levels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Share of a radiograph's pixels in each of `GREY_BINS` equal bins of the levels 0 to 255.

    The black margins that fill the square are left out: outer rows and columns that are black from end to end. An image
    that is black throughout counts as it is.

    Args:
        levels: [S, S]; of large images every k-th pixel of every k-th row is counted, at least 128 a side.
    """
    step = max(1, min(levels.shape) // PIXELS_A_SIDE)
    thinned = levels[::step, ::step]
    rows, columns = np.flatnonzero(thinned.any(axis=1)), np.flatnonzero(thinned.any(axis=0))
    if rows.size:
        thinned = thinned[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    numbers = np.bincount(thinned.ravel() // (256 // GREY_BINS), minlength=GREY_BINS)
    return np.asarray(numbers / thinned.size, dtype=np.float64)


def radiograph_distributions(images: npt.NDArray[np.uint8], table: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Tidy histograms of the radiographs that could be read.

    Args:
        images: [N, S, S].
        table: row (of `images`), site, vendor, readable, width, height (pixels of the original).
        seed: the study's; of a group with more than `MOST_IMAGES` radiographs so many are drawn for the grey levels.

    Returns:
        `COLUMNS`, a row a bin from ``low`` to below ``high``. Grey levels (0 to 256), by site and by vendor of a site
        with at least `LEAST_IMAGES` radiographs: ``share`` is the mean over radiographs of the share of their pixels,
        with the 10th and 90th percentile over radiographs. Megapixels (bins of a quarter of an octave) and aspect
        (width by height), by site: ``share`` is that of the radiographs. ``n`` is how many radiographs were measured.
    """
    read = table[table["readable"].astype(bool)]
    read = read.assign(vendor=named_vendors(read), megapixels=read["width"] * read["height"] / 1e6)
    read = read.assign(aspect=read["width"] / read["height"])
    frames = [pd.DataFrame(columns=COLUMNS)]
    frames += list(_grey_levels(images, read, seed=seed))
    if len(read):
        least, greatest = np.floor(4 * np.log2(read["megapixels"].agg(["min", "max"])))
        frames += _sizes(read, MEGAPIXELS, edges=2.0 ** (np.arange(least, greatest + 2) / 4))
        least, greatest = np.floor(read["aspect"].agg(["min", "max"]) / ASPECT_STEP + 1e-9)
        frames += _sizes(read, ASPECT, edges=np.round(np.arange(least, greatest + 2) * ASPECT_STEP, 6))
    filled = [frame for frame in frames if len(frame)] or frames[:1]
    return pd.concat(filled, ignore_index=True)[COLUMNS]


def _grey_levels(images: npt.NDArray[np.uint8], read: pd.DataFrame, *, seed: int) -> Iterator[pd.DataFrame]:
    edges = np.linspace(0, 256, GREY_BINS + 1)
    for site, here in read.groupby("site", sort=False):
        numbers = here["vendor"].value_counts()
        for vendor in (ALL_VENDORS, *sorted(numbers[numbers >= LEAST_IMAGES].index)):
            rows = here.loc[(here["vendor"] == vendor) | (vendor == ALL_VENDORS), "row"].to_numpy()
            generator = np.random.default_rng(derive_seed(seed, "distributions", str(site), vendor))
            drawn = generator.choice(np.sort(rows), size=min(len(rows), MOST_IMAGES), replace=False)
            shares = np.stack([grey_shares(images[row]) for row in np.sort(drawn)])
            low, high = np.quantile(shares, [0.1, 0.9], axis=0)
            yield pd.DataFrame(
                {
                    "site": site,
                    "vendor": vendor,
                    "quantity": GREY_LEVEL,
                    "low": edges[:-1],
                    "high": edges[1:],
                    "n": len(drawn),
                    "share": shares.mean(axis=0),
                    "share_p10": low,
                    "share_p90": high,
                }
            )


def _sizes(read: pd.DataFrame, quantity: str, *, edges: npt.NDArray[np.float64]) -> Iterator[pd.DataFrame]:
    for site, here in read.groupby("site", sort=False):
        numbers, _ = np.histogram(here[quantity], bins=edges)
        yield pd.DataFrame(
            {
                "site": site,
                "vendor": ALL_VENDORS,
                "quantity": quantity,
                "low": edges[:-1],
                "high": edges[1:],
                "n": len(here),
                "share": numbers / len(here),
                "share_p10": np.nan,
                "share_p90": np.nan,
            }
        )
