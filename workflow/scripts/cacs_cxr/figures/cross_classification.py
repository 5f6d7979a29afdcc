"""Actual against predicted categories: rate and number of events in each of their cells, for every site."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from cacs_cxr.figures.style import (
    DOUBLE_COLUMN,
    GREY,
    INK,
    SMALL,
    figure_that_says,
    ink_on,
    new_figure,
    print_style,
    site_heading,
    write_foot,
)
from cacs_cxr.study import Study

DARKEST = "#00457A"
ALL = "all"


@print_style()
def draw_cross_classification(drawn: pd.DataFrame, study: Study) -> Figure:
    """Draw a square of cells for every site, the margins apart, darker where the rate is higher.

    Args:
        drawn: as `cacs_cxr.prognosis.cross_classification.cell_table` writes it.
        study: gives sites, categories and the event.
    """
    sites = [site for site in study.sites if drawn.loc[drawn["site"] == site.name, "n"].sum() > 0]
    if not sites:
        return figure_that_says(
            "Not estimable: no patient has follow-up and both categories.", simulated=study.simulated
        )
    rows = -(-len(sites) // 2)
    height = rows * (11 * (len(study.categories) + 1) + 18) + 6
    figure = new_figure(width=DOUBLE_COLUMN, height=height, simulated=study.simulated, foot=4)
    panels = figure.subplots(rows, 2, squeeze=False).ravel()
    inner = drawn[(drawn["actual"] != ALL) & (drawn["predicted"] != ALL) & (drawn["n"] >= 20)]
    highest = float(np.nanmax([inner["rate_per_1000"].max(), drawn["rate_per_1000"].where(drawn["n"] >= 20).max(), 1]))
    for axes, site in zip(panels, sites, strict=False):
        draw_cells(axes, drawn[drawn["site"] == site.name], study, highest=highest)
        axes.set_title(site_heading(site), loc="left", fontweight="bold")
    for axes in panels[len(sites) :]:
        axes.set_axis_off()
    note = f"{study.event.name} per 1,000 person-years; below: events / patients. Dashed: fewer than 20 patients."
    write_foot(figure, note, simulated=study.simulated)
    return figure


def draw_cells(axes: Axes, rows: pd.DataFrame, study: Study, *, highest: float) -> None:
    """Draw the cells of one site; the margins stand half a cell apart."""
    names, labels = [*study.categories, ALL], [*study.category_labels, "all"]
    places = [*range(len(study.categories)), len(study.categories) + 0.25]
    found = {(str(row["actual"]), str(row["predicted"])): row for row in rows.to_dict("records")}
    for y, actual in zip(places, names, strict=True):
        for x, predicted in zip(places, names, strict=True):
            cell = found[actual, predicted]
            rate, few = float(cell["rate_per_1000"]), cell["n"] < 20
            share = 0.0 if few or not np.isfinite(rate) else min(rate / highest, 1.0)
            tint = np.array([1.0, 1.0, 1.0]) * (1 - 0.85 * share) + np.array(to_rgb(DARKEST)) * 0.85 * share
            axes.add_patch(
                Rectangle(
                    (x - 0.48, y - 0.48),
                    0.96,
                    0.96,
                    facecolor="white" if few else tuple(tint),
                    edgecolor=GREY if few else "white",
                    linewidth=0.5,
                    linestyle=(0, (3, 2)) if few else "solid",
                )
            )
            ink = INK if few else ink_on(tuple(tint))
            shown = "–" if not np.isfinite(rate) else f"{rate:.1f}"
            axes.text(x, y - 0.14, shown, ha="center", va="center", color=ink, fontweight="bold")
            counts = f"{int(cell['events']):,} / {int(cell['n']):,}"
            axes.text(x, y + 0.22, counts, ha="center", va="center", color=ink, fontsize=SMALL)
    axes.set(xlim=(-0.55, places[-1] + 0.55), ylim=(places[-1] + 0.55, -0.55))
    axes.set_xticks(places, labels)
    axes.set_yticks(places, labels)
    axes.tick_params(length=0)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.set(xlabel=f"Predicted {study.biomarker.short} category", ylabel=f"Actual {study.biomarker.short} category")
