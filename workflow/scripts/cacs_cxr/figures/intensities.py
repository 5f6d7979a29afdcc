"""Grey levels of the radiographs by site and vendor, and the transformations that made them."""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cacs_cxr.figures.strokes import group_bar, group_stroke
from cacs_cxr.figures.style import (
    DOUBLE_COLUMN,
    SMALL,
    keep_clear,
    new_figure,
    print_style,
    say,
    site_heading,
    write_foot,
)
from cacs_cxr.study import Study

GREY_LEVEL, ALL_VENDORS = "grey level", "all"
MOST_VENDORS, MOST_PATHS = 5, 10
LEAST_LINES = 6  # fewer paths do not get thicker bars
OTHER_PATHS = "others"
COLUMNS = ["kind", "site", "vendor", "low", "high", "path", "n", "of", "share", "share_p10", "share_p90"]


def intensities_frame(distributions: pd.DataFrame, counts: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Rows of the figure, in two kinds.

    Args:
        distributions: site, vendor, quantity, low, high, n, share, share_p10, share_p90.
        counts: site, part, item, label, n, of; of these the part ``intensity``.
        study: gives the order of the sites.

    Returns:
        `COLUMNS`: of kind ``grey levels`` the bins of each site and of its most frequent vendors, of kind ``paths`` the
        share of each path of intensity among a site's radiographs, rare ones together.
    """
    sites = [site.name for site in study.sites]
    levels = distributions[(distributions["quantity"] == GREY_LEVEL) & distributions["site"].isin(sites)]
    kept = []
    for site in sites:
        here = levels[levels["site"] == site]
        numbers = here[here["vendor"] != ALL_VENDORS].groupby("vendor")["n"].first()
        vendors = list(numbers.sort_index().sort_values(ascending=False, kind="stable").index[:MOST_VENDORS])
        kept += [here[here["vendor"] == vendor] for vendor in (ALL_VENDORS, *vendors)]
    paths = counts[(counts["part"] == "intensity") & counts["site"].isin(sites)]
    order = paths.groupby("label")["n"].sum().sort_index().sort_values(ascending=False, kind="stable").index
    frequent = list(order if len(order) <= MOST_PATHS else order[: MOST_PATHS - 1])
    paths = paths.assign(path=paths["label"].where(paths["label"].isin(frequent), OTHER_PATHS))
    summed = paths.groupby(["site", "path"], sort=False).agg(n=("n", "sum"), of=("of", "first")).reset_index()
    summed = summed.assign(kind="paths", share=summed["n"] / summed["of"])
    places = [*frequent, OTHER_PATHS]
    summed = summed.sort_values(
        ["path", "site"], key=lambda values: values.map((places if values.name == "path" else sites).index)
    )
    frames = [part.assign(kind="grey levels") for part in kept if len(part)]
    frames += [summed] if len(summed) else []
    return pd.concat(frames, ignore_index=True).reindex(columns=COLUMNS) if frames else pd.DataFrame(columns=COLUMNS)


@print_style()
def draw_intensities(drawn: pd.DataFrame, study: Study) -> Figure:
    """Draw the sites' mean grey levels with their spread, below them each site's vendors, and the paths of intensity.

    Args:
        drawn: as `intensities_frame` returns it.
        study: gives the order of the sites.
    """
    levels, paths = drawn[drawn["kind"] == "grey levels"], drawn[drawn["kind"] == "paths"]
    sites = [site for site in study.sites if (levels["site"] == site.name).any()]
    if not sites:
        figure = new_figure(width=DOUBLE_COLUMN, height=30, simulated=study.simulated)
        say(figure.add_subplot(), "The grey levels of the radiographs were not recorded.")
        return figure
    names = list(dict.fromkeys(paths["path"]))
    columns = min(len(sites), 3)
    lines = -(-len(sites) // columns)
    heights = [max(12 + len(names) * (1.1 + 2.2 * len(sites)), 52), 46 * lines]
    figure = new_figure(width=DOUBLE_COLUMN, height=sum(heights) + 6, simulated=study.simulated, foot=4.5)
    upper, lower = figure.subfigures(2, 1, height_ratios=heights, squeeze=False)[:, 0]
    overlay, shares = upper.subplots(1, 2, width_ratios=[1.15, 1])
    draw_sites(overlay, levels[levels["vendor"] == ALL_VENDORS], [site.name for site in sites])
    draw_paths(shares, paths, names, [site.name for site in study.sites])
    panels = lower.subplots(lines, columns, squeeze=False, sharey=True).ravel()
    single = levels[levels["vendor"] != ALL_VENDORS].assign(share_p90=0.0)
    vendors = single.groupby("vendor")["n"].sum().sort_index().sort_values(ascending=False, kind="stable").index
    places = {str(vendor): len(sites) + place for place, vendor in enumerate(vendors)}
    for place, axes in enumerate(panels):
        if place >= len(sites):
            axes.set_axis_off()
            continue
        draw_vendors(axes, single[single["site"] == sites[place].name], places)
        axes.set_title(f"{site_heading(sites[place])}, by vendor", loc="left", fontweight="bold")
    if len(single):
        most = int(single.groupby("site")["vendor"].nunique().max())
        keep_clear(panels[0], top=shown_top(single), entries=most)
        panels[0].set_ylabel("Share of pixels, %")
    note = "Line: mean over radiographs; band: 10th to 90th percentile over radiographs. Black margins are left out."
    write_foot(figure, note, simulated=study.simulated)
    return figure


def draw_sites(axes: Axes, levels: pd.DataFrame, sites: Sequence[str]) -> None:
    """Draw the mean histogram of every site with the band of its radiographs."""
    for place, site in enumerate(sites):
        stroke, rows = group_stroke(place), levels[levels["site"] == site]
        middle = (rows["low"] + rows["high"]) / 2
        axes.fill_between(
            middle, 100 * rows["share_p10"], 100 * rows["share_p90"], color=stroke.colour, alpha=0.15, linewidth=0
        )
        label = f"{site.capitalize()} (n = {int(rows['n'].iloc[0]):,})"
        axes.plot(middle, 100 * rows["share"], color=stroke.colour, linestyle=stroke.dashes, label=label)
    axes.set(xlim=(0, 256), xlabel="Grey level (0 black, 255 white)", ylabel="Share of pixels, %")
    axes.set_xticks([0, 64, 128, 192, 255])
    axes.set_title("Grey levels by site", loc="left", fontweight="bold")
    keep_clear(axes, top=shown_top(levels), entries=len(sites))
    axes.legend(loc="upper center", handlelength=2.8, ncols=2)


def shown_top(levels: pd.DataFrame) -> float:
    """Highest point in per cent between the outermost bins, where saturated pixels pile up beyond any scale."""
    inner = levels[(levels["low"] > 0) & (levels["high"] < 256)]
    return max(1.0, 100 * float(inner[["share", "share_p90"]].max().max()))


def draw_paths(axes: Axes, paths: pd.DataFrame, names: Sequence[str], sites: Sequence[str]) -> None:
    """Draw the share of every path of intensity, a bar a site."""
    axes.set_title("How grey values were made", loc="left", fontweight="bold")
    if not names:
        say(axes, "Not recorded")
        return
    height = 0.8 / len(sites)
    for place, site in enumerate(sites):
        own = paths[paths["site"] == site].set_index("path")
        if own.empty:
            continue
        for line, name in enumerate(names):
            n = int(own["n"].get(name, 0))
            share = 100 * n / int(own["of"].iloc[0])
            middle = line - 0.4 + height * (place + 0.5)
            axes.barh(middle, share, height=0.86 * height, **group_bar(place))
            axes.text(share + 1, middle, f"{share:.1f}" if n else "0", va="center", fontsize=SMALL - 1)
    axes.set(ylim=(max(len(names), LEAST_LINES) - 0.5, -0.5), xlabel="Radiographs of the site, %")
    axes.set_xlim(0, min(108.0, 12 + 105 * float(paths["share"].max())))
    axes.set_yticks(range(len(names)), list(names))
    axes.tick_params(axis="y", length=0)


def draw_vendors(axes: Axes, levels: pd.DataFrame, places: Mapping[str, int]) -> None:
    """Draw the mean histogram of every vendor of a site; a vendor has the same line at every site."""
    if levels.empty:
        say(axes, "Too few radiographs of each vendor")
        return
    for vendor in dict.fromkeys(levels["vendor"]):
        rows, stroke = levels[levels["vendor"] == vendor], group_stroke(places[vendor])
        axes.plot(
            (rows["low"] + rows["high"]) / 2,
            100 * rows["share"],
            color=stroke.colour,
            linestyle=stroke.dashes,
            linewidth=1.0,
            label=f"{vendor[:1].upper()}{vendor[1:]} (n = {int(rows['n'].iloc[0]):,})",
        )
    axes.set(xlim=(0, 256), xlabel="Grey level")
    axes.set_xticks([0, 64, 128, 192, 255])
    axes.legend(loc="upper center", handlelength=2.8, ncols=2)
