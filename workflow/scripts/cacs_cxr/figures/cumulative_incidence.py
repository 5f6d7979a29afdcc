"""Cumulative incidence of the event with competing events, by actual and by predicted category, for every site."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from cacs_cxr.figures.kaplan_meier import GROUPINGS, LEAST_AT_RISK, LEAST_SHARE
from cacs_cxr.figures.strokes import Stroke, category_strokes
from cacs_cxr.figures.style import (
    DOUBLE_COLUMN,
    GREY,
    SMALL,
    figure_that_says,
    new_figure,
    print_style,
    say,
    spread,
    write_foot,
)
from cacs_cxr.study import Study

DAYS_PER_YEAR = 365.25
COLUMNS = [
    "site", "grouping", "category", "curve", "time_days", "years", "n_at_risk", "incidence", "low", "high",
]  # fmt: skip
EVENT, COMPETING, NAIVE = "event", "competing", "one minus Kaplan-Meier"


def cumulative_incidence_frame(incidence: pd.DataFrame, curves: pd.DataFrame, study: Study) -> pd.DataFrame:
    """The curves as far as they are drawn, `COLUMNS`; none at a site without competing events.

    Curves are ``event`` and ``competing`` (Aalen-Johansen) and ``one minus Kaplan-Meier``. They end where fewer than
    10 % of the patients of a category, or fewer than 20, remain at risk.

    Args:
        incidence: as `cacs_cxr.prognosis.cumulative_incidence.cumulative_incidence_table` writes it.
        curves: as `cacs_cxr.prognosis.kaplan_meier.kaplan_meier_table` writes it.
        study: sites and categories.
    """
    competing = incidence[(incidence["cause"] == COMPETING) & (incidence["n_events"] > 0)]
    sites = [site.name for site in study.sites if site.name in set(competing["site"])]
    naive = curves.assign(curve=NAIVE, incidence=1 - curves["survival"], low=np.nan, high=np.nan)
    both = [incidence.rename(columns={"cause": "curve"}), naive]
    parts = []
    for table in both:
        here = table[table["site"].isin(sites)].reindex(columns=COLUMNS)
        most = here.groupby(["site", "grouping", "category", "curve"])["n_at_risk"].transform("max")
        enough = here["n_at_risk"] >= np.maximum(LEAST_AT_RISK, LEAST_SHARE * most)
        if enough.any():
            parts.append(here[enough])
    if not parts:
        return pd.DataFrame(columns=COLUMNS)
    drawn = pd.concat(parts, ignore_index=True)
    return drawn.assign(years=drawn["time_days"] / DAYS_PER_YEAR)


@print_style()
def draw_cumulative_incidence(drawn: pd.DataFrame, study: Study) -> Figure:
    """Draw a row of two panels for every site with competing events.

    Args:
        drawn: as `cumulative_incidence_frame` returns it.
        study: sites, categories and the event.
    """
    sites = [site for site in study.sites if (drawn["site"] == site.name).any()]
    if not sites:
        return figure_that_says(
            "No competing event is recorded: one minus Kaplan–Meier is the cumulative incidence.",
            simulated=study.simulated,
        )
    figure = new_figure(width=DOUBLE_COLUMN, height=66 * len(sites) + 12, simulated=study.simulated, foot=8)
    panels = figure.subplots(len(sites), 2, squeeze=False, sharey="row")
    strokes = dict(zip(study.categories, category_strokes(len(study.categories)), strict=True))
    for row, site in zip(panels, sites, strict=True):
        for axes, grouping in zip(row, GROUPINGS, strict=True):
            here = drawn[(drawn["site"] == site.name) & (drawn["grouping"] == grouping)]
            how = ", out-of-fold" if site.role == "development" and grouping == "predicted" else ""
            axes.set_title(f"{site.name.capitalize()}: {grouping} {study.biomarker.short} category{how}", loc="left")
            axes.set_xlabel("Years")
            if here.empty:
                say(axes, "Not estimable: no patient with follow-up\nand a category of this kind.")
                continue
            draw_incidence(axes, here, study, strokes=strokes)
        row[0].set_ylabel(f"Cumulative incidence of {study.event.name}, %")
    handles = [
        Line2D([], [], color=GREY, linewidth=1.2, label="Aalen–Johansen, with 95 % band (log–log)"),
        Line2D([], [], color=GREY, linewidth=0.7, dashes=(1, 1.5), label="1 − Kaplan–Meier, competing events censored"),
    ]
    note = "Curves end where less than 10 %, or fewer than 20, of a category's patients remain at risk."
    write_foot(figure, note, simulated=study.simulated, handles=handles)
    return figure


def draw_incidence(axes: Axes, rows: pd.DataFrame, study: Study, *, strokes: dict[str, Stroke]) -> None:
    """Draw incidence and one minus Kaplan-Meier of every category, each named at its end."""
    ends = []
    for category, label in zip(study.categories, study.category_labels, strict=True):
        stroke = strokes[category]
        for kind in (EVENT, NAIVE):
            curve = rows[(rows["category"] == category) & (rows["curve"] == kind)]
            curve = curve.sort_values("years", kind="stable")
            if curve.empty:
                continue
            years, value = curve["years"].to_numpy(float), 100 * curve["incidence"].to_numpy(float)
            if kind == NAIVE:
                axes.step(years, value, where="post", color=stroke.colour, linewidth=0.7, dashes=(1, 1.5))
                continue
            low, high = 100 * curve["low"].to_numpy(float), 100 * curve["high"].to_numpy(float)
            axes.fill_between(years, low, high, step="post", color=stroke.colour, alpha=0.13, linewidth=0)
            axes.step(years, value, where="post", color=stroke.colour, linestyle=stroke.dashes, linewidth=1.1)
            ends.append((label, stroke.colour, years[-1], value[-1]))
    right = max((end[2] for end in ends), default=1.0)
    highest = max(100 * float(rows["incidence"].where(rows["curve"] != COMPETING).max()), 1.0)
    bottom, top = 0.0, max(axes.get_ylim()[1] if axes.has_data() else 0.0, 1.15 * highest)
    axes.set(xlim=(0, 1.02 * right), ylim=(bottom, min(top, 100)))
    places = spread([end[3] for end in ends], gap=0.07 * min(top, 100), low=bottom, high=min(top, 100))
    for (label, colour, year, value), place in zip(ends, places, strict=True):
        axes.plot([year, 1.035 * right], [value, place], color=GREY, linewidth=0.35, dashes=(2, 2), clip_on=False)
        axes.annotate(label, (1.035 * right, place), xytext=(1.5, 0), textcoords="offset points", color=colour,
                      va="center", fontweight="bold", fontsize=SMALL, annotation_clip=False)  # fmt: skip
