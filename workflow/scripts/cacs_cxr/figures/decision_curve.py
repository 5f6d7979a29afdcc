"""Decision curves: net benefit of every model beside treating all and treating none."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from cacs_cxr.figures.strokes import model_stroke
from cacs_cxr.figures.style import (
    DOUBLE_COLUMN,
    GREY,
    INK,
    SMALL,
    new_figure,
    print_style,
    say,
    site_heading,
    write_foot,
)
from cacs_cxr.study import Study, headline_model, model_label, ordered_models

ALL, NONE = "treat all", "treat none"
COLUMNS = ["site", "threshold", "strategy", "threshold_probability", "net_benefit", "low", "high", "n", "n_positive"]


def decision_frame(decision_curve: pd.DataFrame, study: Study) -> pd.DataFrame:
    """What is drawn: the curves, and the band of the model shown in full.

    Args:
        decision_curve: decision_curve.csv.
        study: gives the sites.
    """
    sites = [site.name for site in study.sites]
    return decision_curve.loc[decision_curve["site"].isin(sites), COLUMNS].reset_index(drop=True)


def models_of(drawn: pd.DataFrame) -> list[str]:
    """Models among the strategies, in their order."""
    return ordered_models(name for name in drawn["strategy"].unique() if name not in (ALL, NONE))


@print_style()
def draw_decision_curve(drawn: pd.DataFrame, study: Study) -> Figure:
    """Draw a panel for every threshold (columns) and site (rows).

    Args:
        drawn: as `decision_frame` returns it.
        study: gives sites, thresholds and labels.
    """
    columns, rows = len(study.thresholds), len(study.sites)
    height = rows * 56 + 12
    figure = new_figure(width=DOUBLE_COLUMN, height=height, simulated=study.simulated, foot=8.5)
    models = models_of(drawn)
    if not models:
        say(figure.add_subplot(), "Not estimable: there are no predictions.")
        return figure
    panels = figure.subplots(rows, columns, squeeze=False)
    for row, site in enumerate(study.sites):
        for column, threshold in enumerate(study.thresholds):
            axes = panels[row, column]
            axes.set_title(f"{study.biomarker.short} {threshold.label}\n{site_heading(site)}", loc="left")
            here = drawn[(drawn["site"] == site.name) & (drawn["threshold"] == threshold.name)]
            if here.empty:
                say(axes, "Not estimable:\nno predictions")
                continue
            draw_panel(axes, here, models=models)
            if row == rows - 1:
                axes.set_xlabel("Threshold probability")
            if column == 0:
                axes.set_ylabel("Net benefit")
    key = [
        Line2D(
            [], [], color=model_stroke(model, models).colour, linestyle=model_stroke(model, models).dashes,
            label=model_label(model),
        )
        for model in models
    ]  # fmt: skip
    key += [
        Line2D([], [], color=INK, linewidth=0.9, label="Treat all"),
        Line2D([], [], color=GREY, linewidth=0.9, linestyle=(0, (2, 2)), label="Treat none"),
    ]
    note = (
        f"Band: 95 % by bootstrap, {model_label(headline_model(models)).lower()} model. Treating: a scan for calcium."
    )
    if study.biomarker.name != "cacs":
        note = note.partition(" Treating")[0]
    write_foot(figure, note, simulated=study.simulated, handles=key)
    return figure


def draw_panel(axes: Axes, here: pd.DataFrame, *, models: list[str]) -> None:
    """Draw the curves of one threshold at one site."""
    curves = {name: part.sort_values("threshold_probability") for name, part in here.groupby("strategy")}
    first = here.iloc[0]
    axes.axhline(0, color=GREY, linewidth=0.9, linestyle=(0, (2, 2)))
    if ALL in curves:
        axes.plot(curves[ALL]["threshold_probability"], curves[ALL]["net_benefit"], color=INK, linewidth=0.9)
    shown = headline_model(models)
    for model in models:
        if model not in curves:
            continue
        curve, stroke = curves[model], model_stroke(model, models)
        if model == shown:
            axes.fill_between(
                curve["threshold_probability"],
                curve["low"],
                curve["high"],
                color=stroke.colour,
                alpha=0.18,
                linewidth=0,
            )
        axes.plot(
            curve["threshold_probability"],
            curve["net_benefit"],
            color=stroke.colour,
            linestyle=stroke.dashes,
            linewidth=1.1,
        )
    share = float(first["n_positive"] / first["n"])
    top = max(share, 0.02)
    axes.set_ylim(-0.25 * top, 1.08 * top)
    axes.set_xlim(0, float(here["threshold_probability"].max()))
    counts = f"n = {int(first['n']):,}, positive {int(first['n_positive']):,}"
    axes.text(0.98, 0.98, counts, transform=axes.transAxes, ha="right", va="top", fontsize=SMALL)
