"""Training curves: losses and tuning AUC of every network by epoch, with the epoch that was kept."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from cacs_cxr.figures.strokes import Stroke, model_stroke
from cacs_cxr.figures.style import DOUBLE_COLUMN, GREY, new_figure, print_style, say, write_foot
from cacs_cxr.study import ALL_THRESHOLDS, Study, model_label, ordered_models

QUANTITIES = {"loss": "Training loss, nats", "tuning_loss": "Tuning loss, nats", "tuning_auc": "Tuning AUC"}
CURVE = ["network", "threshold", "fold", "member"]
TRAINING = [
    *CURVE, "epochs", "best_epoch", "tuning_auc", "tuning_loss", "images_per_second", "seconds",
    "peak_gpu_memory_bytes", "device", "resumed",
]  # fmt: skip


def training_frame(networks: Sequence[Mapping[str, Any]], study: Study) -> pd.DataFrame:
    """One row a network: `TRAINING`; tuning AUC and loss are those of the epoch that was kept.

    Args:
        networks: what the trainings wrote about their networks.
        study: gives the order of the thresholds.
    """
    rows = []
    for told in networks:
        kept = next(epoch for epoch in told["history"] if epoch["epoch"] == told["best_epoch"])
        rows.append(
            {
                **_curve_of(told),
                "epochs": len(told["history"]),
                "best_epoch": told["best_epoch"],
                "tuning_auc": kept["tuning_auc"],
                "tuning_loss": kept["tuning_loss"],
                "images_per_second": told["images_per_second"],
                "seconds": told["seconds"]["total"],
                **{name: told[name] for name in ("peak_gpu_memory_bytes", "device", "resumed")},
            }
        )
    return _ordered(pd.DataFrame(rows, columns=TRAINING), study)


def curves_frame(networks: Sequence[Mapping[str, Any]], study: Study) -> pd.DataFrame:
    """One row a network and epoch: `CURVE`, epoch, loss, tuning_loss, tuning_auc and kept (whether it was kept)."""
    rows = [
        {
            **_curve_of(told),
            "epoch": epoch["epoch"],
            **{name: epoch[name] for name in QUANTITIES},
            "kept": epoch["epoch"] == told["best_epoch"],
        }
        for told in networks
        for epoch in told["history"]
    ]
    frame = pd.DataFrame(rows, columns=[*CURVE, "epoch", *QUANTITIES, "kept"])
    return _ordered(frame.astype({"tuning_auc": float}), study)


def _curve_of(told: Mapping[str, Any]) -> dict[str, Any]:
    thresholds = told["thresholds"]
    threshold = thresholds[0] if len(thresholds) == 1 else ALL_THRESHOLDS
    return {"network": told["network"], "threshold": threshold, "fold": told["fold"], "member": told["member"]}


def _ordered(frame: pd.DataFrame, study: Study) -> pd.DataFrame:
    thresholds = [*(threshold.name for threshold in study.thresholds), ALL_THRESHOLDS]
    orders = {"network": ordered_models(frame["network"]).index, "threshold": thresholds.index}
    keys = frame[["fold", "member"]].assign(**{name: frame[name].map(place) for name, place in orders.items()})
    return frame.loc[keys.sort_values(CURVE, kind="stable").index].reset_index(drop=True)


@print_style()
def draw_training_curves(drawn: pd.DataFrame, study: Study) -> Figure:
    """Draw a column for every threshold and a row for every quantity: thin lines of single networks, thick means.

    Args:
        drawn: as `curves_frame` returns it.
        study: gives labels.
    """
    labels = {threshold.name: f"{study.biomarker.short} {threshold.label}" for threshold in study.thresholds}
    labels[ALL_THRESHOLDS] = "All thresholds, mean"
    columns = [name for name in labels if name in set(drawn["threshold"])]
    kinds = ordered_models(drawn["network"])
    figure = new_figure(width=DOUBLE_COLUMN, height=125, simulated=study.simulated, foot=8)
    panels = figure.subplots(len(QUANTITIES), len(columns), squeeze=False, sharex=True)
    for column, threshold in enumerate(columns):
        here = drawn[drawn["threshold"] == threshold]
        number = here.drop_duplicates(CURVE).groupby("network")["fold"].size()
        panels[0, column].set_title(f"{labels[threshold]}\n{_numbers(number)}", loc="left")
        panels[-1, column].set_xlabel("Epoch")
        for axes, quantity in zip(panels[:, column], QUANTITIES, strict=True):
            for kind in kinds:
                draw_lines(axes, here[here["network"] == kind], quantity, model_stroke(kind, kinds))
            axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
            axes.margins(y=0.12)
            if not here[quantity].notna().any():
                say(axes, "Not estimable:\none class alone")
    areas = drawn["tuning_auc"].dropna()
    for axes in panels[-1] if len(areas) else []:
        axes.set_ylim(min(0.45, areas.min() - 0.03), max(0.75, areas.max() + 0.03))
        axes.axhline(0.5, color=GREY, linewidth=0.6, dashes=(2, 2), zorder=0)
    for axes, label in zip(panels[:, 0], QUANTITIES.values(), strict=True):
        axes.set_ylabel(label)
    figure.align_ylabels(panels[:, 0])
    strokes = [model_stroke(kind, kinds) for kind in kinds]
    handles = [
        Line2D([], [], color=stroke.colour, linestyle=stroke.dashes, label=f"{model_label(kind)}, mean of networks")
        for kind, stroke in zip(kinds, strokes, strict=True)
    ]
    handles.append(Line2D([], [], color=strokes[0].colour, linewidth=0.5, alpha=0.5, label="one network"))
    handles.append(Line2D([], [], color=strokes[0].colour, linestyle="", marker=".", label="epoch kept"))
    note = "The epoch kept has the least tuning loss after calibration, which is not the loss shown."
    write_foot(figure, note, simulated=study.simulated, handles=handles)
    return figure


def draw_lines(axes: Axes, curves: pd.DataFrame, quantity: str, stroke: Stroke) -> None:
    """Draw one kind of network in a panel: every network, its kept epoch, and the mean."""
    for _, curve in curves.groupby(CURVE, sort=False):
        axes.plot(curve["epoch"], curve[quantity], color=stroke.colour, linewidth=0.4, alpha=0.45)
        kept = curve[curve["kept"]]
        axes.plot(kept["epoch"], kept[quantity], color=stroke.colour, marker=".", markersize=3.5, linestyle="")
    mean = curves.groupby("epoch")[quantity].mean()
    axes.plot(mean.index, mean, color=stroke.colour, linestyle=stroke.dashes, linewidth=1.4)


def _numbers(networks: "pd.Series[int]") -> str:
    counts = sorted(set(networks))
    if len(counts) == 1:
        each = " of each kind" if len(networks) > 1 else ""
        return f"{counts[0]} network{'s' if counts[0] > 1 else ''}{each}"
    return ", ".join(f"{number} {model_label(str(kind)).lower()}" for kind, number in networks.items())
