"""Predicted risks at a horizon: calibration by tenths of the prediction, and net benefit, for every site."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from cacs_cxr.figures.incremental_value import MODEL_STROKES
from cacs_cxr.figures.style import (
    DOUBLE_COLUMN,
    GREY,
    figure_that_says,
    new_figure,
    print_style,
    site_heading,
    write_foot,
)
from cacs_cxr.study import Study

SHOWN = {
    "clinical": "Clinical factors",
    "clinical + predicted": "+ predicted category",
    "clinical + actual": "+ actual category",
}
COLUMNS = ["site", "panel", "fitted_at", "model", "x", "y", "low", "high", "n"]


def risk_frame(calibration: pd.DataFrame, benefit: pd.DataFrame, study: Study) -> pd.DataFrame:
    """What the figure draws, `COLUMNS`: at the development site its own models, elsewhere those of development.

    Panels are ``calibration`` (x mean predicted, y observed) and ``benefit`` (x threshold, y net benefit; model
    ``treat all`` is that of treating everybody).
    """
    parts = []
    for site in study.sites:
        own = calibration[(calibration["site"] == site.name) & calibration["model"].isin(SHOWN)]
        chosen = "development" if (own["fitted_at"] == "development").any() else "site"
        own = own[own["fitted_at"] == chosen]
        parts.append(own.rename(columns={"mean_predicted": "x", "observed": "y"}).assign(panel="calibration"))
        here = benefit[(benefit["site"] == site.name) & (benefit["fitted_at"] == chosen)]
        here = here[here["model"].isin(SHOWN)].rename(columns={"threshold": "x", "net_benefit": "y"})
        parts.append(here.assign(panel="benefit"))
        everybody = here.drop_duplicates("x")
        parts.append(everybody.assign(panel="benefit", model="treat all", y=everybody["treat_all"]))
    filled = [part.reindex(columns=COLUMNS) for part in parts if len(part)]
    if not filled:
        return pd.DataFrame(columns=COLUMNS)
    return pd.concat(filled, ignore_index=True).astype(dict.fromkeys(("x", "y", "low", "high"), float))


@print_style()
def draw_risk_prediction(drawn: pd.DataFrame, study: Study, *, horizon_years: float) -> Figure:
    """Draw calibration and net benefit of every site side by side.

    Args:
        drawn: as `risk_frame` returns it.
        study: gives sites and the event.
        horizon_years: of the risks.
    """
    sites = [site for site in study.sites if (drawn["site"] == site.name).any()]
    if not sites:
        words = f"Not estimable: nobody is followed for {horizon_years:g} years, or no model could be fitted."
        return figure_that_says(words, simulated=study.simulated)
    figure = new_figure(width=DOUBLE_COLUMN, height=62 * len(sites) + 12, simulated=study.simulated, foot=8)
    panels = figure.subplots(len(sites), 2, squeeze=False)
    for (left, right), site in zip(panels, sites, strict=True):
        here = drawn[drawn["site"] == site.name]
        how = "own models" if (here["fitted_at"] == "site").all() else "development models"
        left.set_title(f"{site_heading(site)}: calibration, {how}", loc="left")
        right.set_title(f"{site_heading(site)}: net benefit", loc="left")
        draw_calibration(left, here[here["panel"] == "calibration"], study, horizon_years=horizon_years)
        draw_benefit(right, here[here["panel"] == "benefit"], horizon_years=horizon_years)
    handles = [
        Line2D([], [], color=MODEL_STROKES[name].colour, linestyle=MODEL_STROKES[name].dashes,
               marker=MODEL_STROKES[name].marker, markersize=4, label=label)
        for name, label in SHOWN.items()
    ]  # fmt: skip
    handles.append(Line2D([], [], color=GREY, linewidth=0.8, label="Treat all"))
    note = (
        "Calibration: tenths of the predicted risk, observed 1 − Kaplan–Meier, 95 % CI. Net benefit: not corrected for "
        "optimism; 0: treat nobody."
    )
    write_foot(figure, note, simulated=study.simulated, handles=handles)
    return figure


def draw_calibration(axes: Axes, rows: pd.DataFrame, study: Study, *, horizon_years: float) -> None:
    """Draw observed against predicted risk of every model's tenths, in per cent."""
    highest = np.nanmax([rows["x"].max(), rows["y"].max(), 0.02])
    top = 100 * min(float(np.nanmax([1.1 * highest, min(rows["high"].max(), 1.6 * highest)])), 1.0)
    axes.set(xlim=(0, top), ylim=(0, top))
    axes.plot([0, top], [0, top], color=GREY, linewidth=0.6, dashes=(3, 2))
    for shift, name in zip((-1, 0, 1), SHOWN, strict=True):
        part, stroke = rows[rows["model"] == name], MODEL_STROKES[name]
        x = 100 * part["x"].to_numpy(float) + shift * 0.004 * top
        axes.vlines(x, 100 * part["low"], 100 * part["high"], color=stroke.colour, linewidth=0.5, alpha=0.6)
        axes.plot(x, 100 * part["y"], color=stroke.colour, linestyle=stroke.dashes, marker=stroke.marker, markersize=3,
                  linewidth=0.8)  # fmt: skip
    axes.set(xlabel=f"Predicted {horizon_years:g}-year risk of {study.event.name}, %", ylabel="Observed risk, %")


def draw_benefit(axes: Axes, rows: pd.DataFrame, *, horizon_years: float) -> None:
    """Draw net benefit per 1,000 patients over the threshold; far below 0 the line of treating everybody leaves."""
    models = rows[rows["model"] != "treat all"]
    top = 1000 * float(np.nanmax([models["y"].max(), 0.001]))
    axes.axhline(0, color=GREY, linewidth=0.6)
    everybody = rows[rows["model"] == "treat all"]
    axes.plot(100 * everybody["x"], 1000 * everybody["y"], color=GREY, linewidth=0.8)
    for name in SHOWN:
        part, stroke = rows[rows["model"] == name], MODEL_STROKES[name]
        axes.plot(100 * part["x"], 1000 * part["y"], color=stroke.colour, linestyle=stroke.dashes, linewidth=1.0)
    lowest = 1000 * float(np.nanmin([models["y"].min(), 0.0]))
    axes.set_ylim(min(-0.25 * top, max(1.1 * lowest, -0.6 * top)), 1.15 * top)
    axes.set(xlabel=f"Threshold of the {horizon_years:g}-year risk, %", ylabel="Net benefit per 1,000 patients")
