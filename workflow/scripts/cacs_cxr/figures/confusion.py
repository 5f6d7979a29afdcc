"""Predicted against actual category: a square of counts for every model and site."""

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cacs_cxr.figures.style import (
    DOUBLE_COLUMN,
    SMALL,
    figure_that_says,
    ink_on,
    new_figure,
    print_style,
    say,
    site_heading,
    write_foot,
)
from cacs_cxr.study import Study, model_label, ordered_models

COLUMNS = ["site", "model", "actual", "predicted", "n", "share", "kappa_quadratic"]
MOST_MODELS = 3
GREYS = colormaps["Greys"]


def confusion_frame(confusion: pd.DataFrame, agreement: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Counts of every cell, with its share of the actual category and the quadratic kappa of the square.

    Args:
        confusion: confusion.csv.
        agreement: agreement.csv.
        study: gives the sites.
    """
    sites = [site.name for site in study.sites]
    cells = confusion[confusion["site"].isin(sites)].copy()
    totals = cells.groupby(["site", "model", "actual"])["n"].transform("sum")
    cells["share"] = np.where(totals > 0, cells["n"] / totals.where(totals > 0, 1), np.nan)
    quadratic = agreement.loc[agreement["statistic"] == "kappa quadratic", ["site", "model", "value"]]
    joined = cells.merge(quadratic.rename(columns={"value": "kappa_quadratic"}), on=["site", "model"], how="left")
    return joined[COLUMNS].reset_index(drop=True)


@print_style()
def draw_confusion(drawn: pd.DataFrame, study: Study) -> Figure:
    """Draw a square for every model (columns) and site (rows); grey is the share of an actual category.

    Args:
        drawn: as `confusion_frame` returns it.
        study: gives sites and categories.
    """
    models = ordered_models(drawn["model"])[:MOST_MODELS] if len(drawn) else []
    if not models:
        words = "Not estimable: no model has both predictions and a cut-off at every threshold."
        return figure_that_says(words, simulated=study.simulated)
    rows = len(study.sites)
    side = DOUBLE_COLUMN / max(len(models), MOST_MODELS)
    figure = new_figure(width=DOUBLE_COLUMN, height=rows * (side + 10) + 6, simulated=study.simulated, foot=4.5)
    panels = figure.subplots(rows, max(len(models), MOST_MODELS), squeeze=False)
    for row, site in enumerate(study.sites):
        for column in range(panels.shape[1]):
            axes = panels[row, column]
            if column >= len(models):
                axes.set_axis_off()
                continue
            here = drawn[(drawn["site"] == site.name) & (drawn["model"] == models[column])]
            title = f"{model_label(models[column])} model\n{site_heading(site)}"
            if here.empty:
                axes.set_title(title, loc="left")
                say(axes, "Not estimable:\nno predictions at\nall thresholds")
                continue
            agreed = here["kappa_quadratic"].iloc[0]
            weighed = "" if pd.isna(agreed) else f", κ {agreed:.2f}".replace("-", "−")
            axes.set_title(f"{title}\nn = {int(here['n'].sum()):,}{weighed}", loc="left")
            draw_square(axes, here, study)
            if column == 0:
                axes.set_ylabel("Actual category")
            if row == rows - 1:
                axes.set_xlabel("Predicted category")
    note = "Patients, and in % of their actual category (grey). κ: quadratic weights."
    write_foot(figure, note, simulated=study.simulated)
    return figure


def draw_square(axes: Axes, here: pd.DataFrame, study: Study) -> None:
    """Draw the cells of one square with their numbers, the actual categories from top to bottom."""
    names = list(study.categories)
    cells = here.assign(actual=here["actual"].astype(str), predicted=here["predicted"].astype(str))
    counts, shares = (
        cells.pivot_table(index="actual", columns="predicted", values=value, aggfunc="first")
        .reindex(index=names, columns=names)
        .to_numpy(float)
        for value in ("n", "share")
    )
    axes.imshow(np.nan_to_num(shares), cmap=GREYS, vmin=0, vmax=1)
    for row in range(len(names)):
        for column in range(len(names)):
            count, share = int(counts[row, column]), float(shares[row, column])
            small = count > 0 and share < 0.005
            percent = "" if np.isnan(share) else "\n<1 %" if small else f"\n{100 * share:.0f} %"
            colour = ink_on(tuple(GREYS(0.0 if np.isnan(share) else share)[:3]))
            axes.text(column, row, f"{count:,}{percent}", ha="center", va="center", fontsize=SMALL, color=colour)
    axes.set_xticks(range(len(names)), study.category_labels)
    axes.set_yticks(range(len(names)), study.category_labels)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(True)
