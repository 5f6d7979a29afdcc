"""Calibration: flexible curves with their bands, and below them the probabilities of patients of either class."""

from typing import Any

import numpy as np
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

CURVE, TENTH, CLASS = "curve", "tenth", "class"
AS_PREDICTED, POOLED = "as predicted", "pooled"
COLUMNS = [
    "site", "threshold", "model", "kind", "label", "predicted", "observed", "low", "high", "n", "slope", "citl", "oe",
    "patients", "positive",
]  # fmt: skip


def calibration_frame(
    curves: pd.DataFrame, measures: pd.DataFrame, distribution: pd.DataFrame, study: Study
) -> pd.DataFrame:
    """What is drawn: curves of all models; tenths, probabilities by class and measures of the model shown in full.

    Args:
        curves: calibration_curve.csv.
        measures: calibration.csv.
        distribution: probability_distribution.csv.
        study: gives the sites and thresholds.

    Returns:
        `COLUMNS`; kind is curve, tenth or class. Of a class, label is 0 or 1, low and high are a bin's, n its patients.
    """
    if curves.empty:
        return pd.DataFrame(columns=COLUMNS)
    shown = headline_model(curves["model"])
    predicted = curves[curves["probabilities"] == AS_PREDICTED]
    kept = predicted[(predicted["kind"] == CURVE) | (predicted["model"] == shown)]
    classes = distribution[distribution["model"] == shown].assign(kind=CLASS)
    pooled = measures[(measures["fold"].astype(str) == POOLED) & (measures["probabilities"] == AS_PREDICTED)]
    frame = pd.concat([kept, classes], ignore_index=True)
    numbers = pooled[["site", "model", "threshold", "slope", "citl", "oe"]].assign(
        patients=pooled["n"], positive=pooled["n_positive"]
    )
    joined = frame.merge(numbers, on=["site", "model", "threshold"], how="left").reindex(columns=COLUMNS)
    sites = [site.name for site in study.sites]
    return joined[joined["site"].isin(sites)].reset_index(drop=True)


@print_style()
def draw_calibration(drawn: pd.DataFrame, study: Study) -> Figure:
    """Draw a panel for every threshold (columns) and site (rows), each with the probabilities of both classes below.

    Args:
        drawn: as `calibration_frame` returns it.
        study: gives sites, thresholds and labels.
    """
    columns, rows = len(study.thresholds), len(study.sites)
    side = min(DOUBLE_COLUMN / max(columns, 2), 75.0)
    height = rows * (side * 1.28 + 9) + 10
    figure = new_figure(width=DOUBLE_COLUMN, height=height, simulated=study.simulated, foot=8.5)
    if drawn.empty:
        say(figure.add_subplot(), "Not estimable: there are no predictions.")
        return figure
    panels = figure.subplots(2 * rows, columns, squeeze=False, height_ratios=[1, 0.3] * rows)
    for row, site in enumerate(study.sites):
        for column, threshold in enumerate(study.thresholds):
            upper, lower = panels[2 * row, column], panels[2 * row + 1, column]
            upper.set_title(f"{study.biomarker.short} {threshold.label}\n{site_heading(site)}", loc="left")
            here = drawn[(drawn["site"] == site.name) & (drawn["threshold"] == threshold.name)]
            if here.empty:
                say(upper, "Not estimable:\nno predictions")
                lower.set_axis_off()
                continue
            draw_curves(upper, here, models=drawn["model"])
            draw_classes(lower, here[here["kind"] == CLASS])
            if column == 0:
                upper.set_ylabel("Observed share")
                lower.set_ylabel("Patients, %")
            if row == rows - 1:
                lower.set_xlabel("Predicted probability")
    models = ordered_models(drawn["model"])
    key = [
        Line2D(
            [], [], color=model_stroke(model, models).colour, linestyle=model_stroke(model, models).dashes,
            label=model_label(model),
        )
        for model in models
    ]  # fmt: skip
    shown = model_label(headline_model(models))
    note = f"{shown}: band, tenths (95 % CI), numbers and bars. Bars: above the threshold upward, others downward."
    write_foot(figure, note, simulated=study.simulated, handles=key)
    return figure


def draw_curves(axes: Axes, here: pd.DataFrame, *, models: "pd.Series[str]") -> None:
    """Draw the curves of one panel, with the band, tenths and measures of the model shown in full."""
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.6, dashes=(2, 2))
    ordered = ordered_models(models)
    shown = headline_model(ordered)
    for model in ordered:
        curve = here[(here["model"] == model) & (here["kind"] == CURVE)]
        if curve.empty:
            continue
        stroke = model_stroke(model, ordered)
        if model == shown:
            axes.fill_between(
                curve["predicted"], curve["low"], curve["high"], color=stroke.colour, alpha=0.18, linewidth=0
            )
        axes.plot(curve["predicted"], curve["observed"], color=stroke.colour, linestyle=stroke.dashes, linewidth=1.1)
    tenths = here[here["kind"] == TENTH]
    colour = model_stroke(shown, ordered).colour
    axes.vlines(tenths["predicted"], tenths["low"], tenths["high"], colors=colour, linewidth=0.6)
    axes.plot(tenths["predicted"], tenths["observed"], "o", color=colour, markersize=2.2)
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.02, 1.02), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
    axes.set_xticklabels([])
    own = here[here["model"] == shown]
    if len(own) and own[["slope", "citl", "oe"]].notna().any(axis=None):
        row = own.iloc[0]
        numbers = [("Slope", row["slope"]), ("In the large", row["citl"]), ("O:E", row["oe"])]
        lines = [f"{name} {value:.2f}".replace("-", "−") for name, value in numbers if np.isfinite(value)]
        box = {"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.8}
        place: dict[str, Any] = {"transform": axes.transAxes, "fontsize": SMALL, "color": INK, "bbox": box}
        axes.text(0.02, 0.98, "\n".join(lines), ha="left", va="top", **place)
        counts = f"n = {int(row['patients']):,}\npositive {int(row['positive']):,}"
        axes.text(0.98, 0.02, counts, ha="right", va="bottom", **place)


def draw_classes(axes: Axes, bins: pd.DataFrame) -> None:
    """Draw the share of each class in every bin of the probability: who passes the threshold upward, others down."""
    greatest = 0.0
    for label, sign, colour in ((1, 1, INK), (0, -1, GREY)):
        part = bins[bins["label"] == label]
        if part.empty:
            continue
        share = 100.0 * part["n"] / part["n"].sum()
        greatest = max(greatest, float(share.max()))
        width = part["high"] - part["low"]
        axes.bar(part["low"], sign * share, width=width, align="edge", color=colour, linewidth=0)
    top = max(10.0, np.ceil(greatest / 10.0) * 10.0)
    axes.axhline(0, color=INK, linewidth=0.5)
    axes.set(xlim=(-0.01, 1.01), ylim=(-top, top), xticks=[0, 0.5, 1], yticks=[-top, 0, top])
    axes.set_yticklabels([f"{top:.0f}", "0", f"{top:.0f}"])
