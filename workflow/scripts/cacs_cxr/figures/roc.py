"""ROC curves: pooled over folds for every model, one thin curve a fold for the chest radiograph, and external sites."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cacs_cxr.figures.strokes import MODEL_STROKES, model_stroke
from cacs_cxr.figures.style import (
    DOUBLE_COLUMN,
    GREY,
    SMALL,
    new_figure,
    print_style,
    say,
)
from cacs_cxr.study import CXR, Study, model_label, ordered_models

POOLED = "pooled"
KEY = 15.0  # millimetres below a panel


def roc_frame(roc: pd.DataFrame, discrimination: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Corners of the curves drawn, each pooled curve with the AUC printed beside it.

    Args:
        roc: site, model, threshold, fold ("pooled" or a number), false_positive_rate, sensitivity.
        discrimination: site, model, threshold, n, n_positive, auc, auc_low, auc_high.
        study: gives the order of sites and thresholds.
    """
    fold = roc["fold"].astype(str)
    wanted = roc.assign(fold=fold)[(fold == POOLED) | ((roc["model"] == CXR) & (roc["site"] == study.development))]
    keys = ["site", "threshold", "model", "fold"]
    corners = [curve[corner(curve)] for _, curve in wanted.groupby(keys, sort=False)]
    kept = pd.concat(corners, ignore_index=True) if corners else wanted.iloc[:0]
    told = ["n", "n_positive", "auc", "auc_low", "auc_high"]
    areas = discrimination[["site", "model", "threshold", *told]].assign(fold=POOLED)
    joined = kept[[*keys, "false_positive_rate", "sensitivity"]].merge(areas, on=keys, how="left")
    return joined.reset_index(drop=True)


def corner(curve: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Which points of a curve are its ends or corners: the others lie on a straight line and need no drawing."""
    step = np.diff(curve[["false_positive_rate", "sensitivity"]].to_numpy(dtype=float), axis=0)
    turns = np.abs(step[:-1, 0] * step[1:, 1] - step[:-1, 1] * step[1:, 0]) > 1e-15
    ends = np.ones(min(len(curve), 1), dtype=bool)
    return np.concatenate([ends, turns, ends])[: len(curve)] if len(curve) > 1 else np.ones(len(curve), dtype=bool)


@print_style()
def draw_roc(drawn: pd.DataFrame, study: Study) -> Figure:
    """Draw a panel for every threshold (columns) and site (rows).

    Args:
        drawn: as `roc_frame` returns it.
        study: gives sites, thresholds and labels.
    """
    columns, rows = len(study.thresholds), len(study.sites)
    side = min(DOUBLE_COLUMN / max(columns, 2), 75.0)
    figure = new_figure(width=DOUBLE_COLUMN, height=rows * (side + 6 + KEY) + 4, simulated=study.simulated)
    panels = figure.subplots(rows, columns, squeeze=False)
    for row, site in enumerate(study.sites):
        how = "out-of-fold" if site.role == "development" else "external"
        place = site.name.capitalize() if site.name != "external" else "External site"
        for column, threshold in enumerate(study.thresholds):
            axes = panels[row, column]
            here = drawn[(drawn["site"] == site.name) & (drawn["threshold"] == threshold.name)]
            heading = f"{study.biomarker.short} {threshold.label}{patients_phrase(here)}\n{place}"
            axes.set_title(heading + (f", {how}" if how != site.name else ""), loc="left")
            curves = here.dropna(subset=["false_positive_rate", "sensitivity"])
            if curves.empty:
                say(axes, "Not estimable:\none class is absent\nor no predictions")
                continue
            draw_panel(axes, curves)
            axes.set_xlabel("1 − specificity")
            if column == 0:
                axes.set_ylabel("Sensitivity")
    return figure


def patients_phrase(rows: pd.DataFrame) -> str:
    """Patients and positives of a panel, or their range where models have been given different patients."""
    pooled = rows.dropna(subset=["n"]).drop_duplicates("model")
    if pooled.empty:
        return ""
    n, positive = (
        f"{int(pooled[name].min()):,}"
        + (f"–{int(pooled[name].max()):,}" if pooled[name].min() < pooled[name].max() else "")
        for name in ("n", "n_positive")
    )
    return f": n = {n}, {positive} positive"


def draw_panel(axes: Axes, curves: pd.DataFrame) -> None:
    """Draw the curves of one threshold at one site, with each model's area and its interval as the key below."""
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.6, dashes=(2, 2))
    folds = curves[curves["fold"] != POOLED]
    for _, curve in folds.groupby("fold", sort=False):
        axes.plot(
            curve["false_positive_rate"],
            curve["sensitivity"],
            color=MODEL_STROKES[CXR].colour,
            linewidth=0.35,
            alpha=0.4,
        )
    models = ordered_models(curves["model"])
    for model in models:
        curve = curves[(curves["fold"] == POOLED) & (curves["model"] == model)]
        if curve.empty:
            continue
        stroke = model_stroke(model, models)
        first = curve.iloc[0]
        interval = "" if pd.isna(first["auc_low"]) else f" ({first['auc_low']:.2f}–{first['auc_high']:.2f})"
        area = "" if pd.isna(first["auc"]) else f" {first['auc']:.2f}{interval}"
        axes.plot(
            curve["false_positive_rate"],
            curve["sensitivity"],
            color=stroke.colour,
            linestyle=stroke.dashes,
            linewidth=1.1,
            label=f"{model_label(model)}{area}",
        )
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1], aspect="equal")
    axes.legend(
        loc="upper left",
        bbox_to_anchor=(-0.02, -0.2),
        title="AUC (95 % CI)",
        title_fontsize=SMALL,
        alignment="left",
        fontsize=SMALL - 0.5,
        handlelength=1.7,
        handletextpad=0.5,
        borderaxespad=0.1,
        labelspacing=0.25,
    )
