"""AUCs of this study with their intervals beside the numbers of the paper and the best that a simulation allows."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MultipleLocator

from cacs_cxr.figures.strokes import model_stroke
from cacs_cxr.figures.style import (
    DOUBLE_COLUMN,
    GREY,
    INK,
    PALE,
    SMALL,
    new_figure,
    print_style,
    say,
    write_foot,
)
from cacs_cxr.paper import published_auc
from cacs_cxr.study import Study, model_label, ordered_models


def auc_frame(discrimination: pd.DataFrame, study: Study) -> pd.DataFrame:
    """One row for every site, model and threshold: this study's AUC, the paper's and the attainable one.

    Args:
        discrimination: site, model, threshold, auc, auc_low, auc_high.
        study: gives order, and the attainable AUCs of a simulation.
    """
    found = {(row["site"], row["model"], row["threshold"]): row for row in discrimination.to_dict("records")}
    attainable = {
        (row["site"], row["model"], row["threshold"]): float(row["auc"])
        for row in study.attainable
        if row["auc"] is not None
    }
    rows = []
    for threshold in study.thresholds:
        for site in study.sites:
            for model in ordered_models(discrimination["model"]):
                key = (site.name, model, threshold.name)
                if key not in found:
                    continue
                paper = published_auc(study, site=site.name, model=model, threshold=threshold.name)
                rows.append(
                    {
                        "threshold": threshold.name,
                        "site": site.name,
                        "model": model,
                        **{name: float(found[key][name]) for name in ("auc", "auc_low", "auc_high")},
                        "paper_auc": paper.auc if paper else np.nan,
                        "paper_model_presumed": paper.presumed if paper else "",
                        "attainable_auc": attainable.get(key, np.nan),
                    }
                )
    columns = ["threshold", "site", "model", "auc", "auc_low", "auc_high"]
    return pd.DataFrame(rows, columns=[*columns, "paper_auc", "paper_model_presumed", "attainable_auc"])


LABEL: dict[str, Any] = {
    "fontsize": SMALL - 0.5,
    "bbox": {"facecolor": "white", "edgecolor": "none", "pad": 0.4, "alpha": 0.8},
}


@print_style()
def draw_auc(drawn: pd.DataFrame, study: Study) -> Figure:
    """Draw a dot with its interval for every site and model (rows) at every threshold (panels).

    Args:
        drawn: as `auc_frame` returns it.
        study: gives sites, thresholds and labels.
    """
    lines = [
        (site.name, model)
        for site in study.sites
        for model in ordered_models(drawn["model"])
        if ((drawn["site"] == site.name) & (drawn["model"] == model)).any()
    ]
    height = 7.5 * max(len(lines), 2) + 22
    figure = new_figure(width=DOUBLE_COLUMN, height=height, simulated=study.simulated, foot=5)
    panels = figure.subplots(1, len(study.thresholds), squeeze=False, sharey=True)[0]
    numbers = drawn[["auc", "auc_low", "auc_high", "paper_auc", "attainable_auc"]].to_numpy(dtype=float)
    low = float(np.floor(min(np.nanmin(numbers, initial=0.5), 0.5) * 20) / 20)
    high = float(np.ceil(max(np.nanmax(numbers, initial=0.85), 0.85) * 20) / 20)
    for column, threshold in enumerate(study.thresholds):
        axes = panels[column]
        here = drawn[drawn["threshold"] == threshold.name].to_dict("records")
        rows = {(str(row["site"]), str(row["model"])): row for row in here}
        axes.set_title(f"{study.biomarker.short} {threshold.label}", loc="left")
        if not lines:
            say(axes, "Not estimable:\nno predictions")
            continue
        draw_panel(axes, rows, lines)
        axes.set(xlim=(low - 0.01, min(high, 1.0) + 0.01), ylim=(len(lines) - 0.4, -0.6), xlabel="AUC (95 % CI)")
        axes.set_yticks(
            range(len(lines)), [f"{site.capitalize()}\n{model_label(model)}" for site, model in lines], fontsize=SMALL
        )
        axes.tick_params(axis="y", length=0)
        axes.xaxis.set_major_locator(MultipleLocator(0.1))
        for place in range(1, len(lines)):
            if lines[place][0] != lines[place - 1][0]:
                axes.axhline(place - 0.5, color=GREY, linewidth=0.5)
    key = [Line2D([], [], color=INK, marker="o", markersize=4, linewidth=1, label="This study, 95 % CI")]
    if drawn["paper_auc"].notna().any():
        presumed = drawn["paper_model_presumed"].eq(True).any()
        note = " (external: model presumed)" if presumed else ""
        key.append(
            Line2D(
                [],
                [],
                label=f"Hong et al. 2025, abstract, no CI known{note}",
                marker="D",
                markersize=4,
                markerfacecolor="white",
                color=INK,
                linewidth=0,
            )
        )
    if drawn["attainable_auc"].notna().any():
        key.append(
            Line2D(
                [],
                [],
                label="Attainable in the simulation",
                marker="|",
                markersize=9,
                markeredgewidth=1.4,
                color=INK,
                linewidth=0,
            )
        )
    write_foot(figure, "", simulated=study.simulated, handles=key)
    return figure


def draw_panel(axes: Axes, rows: Mapping[tuple[str, str], Mapping[Any, Any]], lines: list[tuple[str, str]]) -> None:
    """Draw one threshold: our dot and interval on the line, the paper's diamond below it, the attainable AUC across."""
    axes.axvline(0.5, color=PALE, linewidth=0.8)
    for place, (site, model) in enumerate(lines):
        stroke = model_stroke(model, [line[1] for line in lines])
        row = rows.get((site, model))
        if row is None or pd.isna(row["auc"]):
            axes.text(0.02, place, "not estimable", transform=axes.get_yaxis_transform(), color=GREY, va="center")
            continue
        if pd.notna(row["auc_low"]):
            axes.plot([row["auc_low"], row["auc_high"]], [place, place], color=stroke.colour, linewidth=1.2)
        axes.plot([row["auc"]], [place], marker=stroke.marker, markersize=4, color=stroke.colour)
        axes.text(row["auc"], place - 0.17, f"{row['auc']:.2f}", ha="center", va="bottom", **LABEL)
        if pd.notna(row["attainable_auc"]):
            axes.plot([row["attainable_auc"]], [place], marker="|", markersize=9, markeredgewidth=1.4, color=INK)
        if pd.notna(row["paper_auc"]):
            axes.plot(
                [row["paper_auc"]],
                [place + 0.3],
                marker="D",
                markersize=4,
                markerfacecolor="white",
                color=INK,
                linewidth=0,
            )
