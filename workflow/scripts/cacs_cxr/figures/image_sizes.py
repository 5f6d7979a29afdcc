"""Sizes of the radiographs as they were received: megapixels and aspect, by site."""

from collections.abc import Sequence
from math import ceil, floor, log10

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from cacs_cxr.figures.strokes import group_bar
from cacs_cxr.figures.style import DOUBLE_COLUMN, keep_clear, new_figure, print_style, say
from cacs_cxr.study import Study

MEGAPIXELS, ASPECT = "megapixels", "aspect"
COLUMNS = ["site", "quantity", "low", "high", "n", "share"]


def sizes_frame(distributions: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Bins of megapixels and aspect, in the study's order of sites.

    Args:
        distributions: site, quantity, low, high, n, share; rows of other quantities are left out.
        study: gives the order of the sites.
    """
    sites = [site.name for site in study.sites]
    known = distributions[distributions["quantity"].isin([MEGAPIXELS, ASPECT]) & distributions["site"].isin(sites)]
    order = {"quantity": [MEGAPIXELS, ASPECT], "site": sites}
    ordered = known.sort_values(
        ["quantity", "site", "low"],
        key=lambda values: values.map(order[str(values.name)].index) if values.name in order else values,
    )
    return ordered[COLUMNS].reset_index(drop=True)


@print_style()
def draw_image_sizes(drawn: pd.DataFrame, study: Study) -> Figure:
    """Draw two histograms, megapixels on a logarithmic axis and width by height, with bars a site.

    Args:
        drawn: as `sizes_frame` returns it.
        study: gives the order of the sites.
    """
    sites = [site.name for site in study.sites if (drawn["site"] == site.name).any()]
    if not sites:
        figure = new_figure(width=DOUBLE_COLUMN, height=30, simulated=study.simulated)
        say(figure.add_subplot(), "The sizes of the radiographs were not recorded.")
        return figure
    figure = new_figure(width=DOUBLE_COLUMN, height=54, simulated=study.simulated)
    sizes, aspects = figure.subplots(1, 2, sharey=True)
    sizes.set_xscale("log")
    # A study whose images have one size is not one bar as wide as the figure.
    megapixels, aspect = drawn[drawn["quantity"] == MEGAPIXELS], drawn[drawn["quantity"] == ASPECT]
    sizes.set_xlim(megapixels["low"].min() / 1.5, megapixels["high"].max() * 1.5)
    aspects.set_xlim(min(0.75, aspect["low"].min()) - 0.05, max(1.25, aspect["high"].max()) + 0.05)
    draw_bars(sizes, megapixels, sites)
    draw_bars(aspects, aspect, sites)
    steps = round_steps(*sizes.get_xlim())
    sizes.xaxis.set_major_locator(FixedLocator(steps))
    sizes.xaxis.set_minor_locator(NullLocator())
    sizes.set_xticklabels([f"{step:g}" for step in steps])
    sizes.set(xlabel="Megapixels (logarithmic axis)", ylabel="Radiographs of the site, %")
    aspects.set(xlabel="Width ÷ height")
    for axes, title in ((sizes, "Size of the original image"), (aspects, "Aspect of the original image")):
        axes.set_title(title, loc="left", fontweight="bold")
    keep_clear(sizes, top=100 * max(float(drawn["share"].max()), 0.1), entries=len(sites))
    aspects.legend(loc="upper center", ncols=2)
    return figure


def round_steps(low: float, high: float) -> list[float]:
    """Ticks of a logarithmic axis: 1, 2 and 5 times the powers of ten, with those between where there are few."""
    decades = range(floor(log10(low)), ceil(log10(high)) + 1)
    for factors in ((1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8)):
        steps = [float(f"{factor}e{decade}") for decade in decades for factor in factors]
        steps = [step for step in steps if low <= step <= high]
        if len(steps) > 3:
            break
    return steps


def draw_bars(axes: Axes, rows: pd.DataFrame, sites: Sequence[str]) -> None:
    """Draw a histogram as bars, those of the sites side by side within each bin."""
    for place, site in enumerate(sites):
        own = rows[rows["site"] == site]
        low, high = own["low"].to_numpy(), own["high"].to_numpy()
        # Within a bin the sites take equal parts of its width as drawn: of its logarithm on the logarithmic axis.
        starts, ends = (
            low * (high / low) ** part if axes.get_xscale() == "log" else low + (high - low) * part
            for part in (0.06 + 0.88 * place / len(sites), 0.06 + 0.88 * (place + 1) / len(sites))
        )
        label = f"{site.capitalize()} (n = {int(own['n'].iloc[0]):,})"
        axes.bar(starts, 100 * own["share"], width=ends - starts, align="edge", label=label, **group_bar(place))
