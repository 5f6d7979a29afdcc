"""What the categories add to clinical factors: concordance and AUC of every model, and the information carried."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cacs_cxr.figures.strokes import Stroke
from cacs_cxr.figures.style import (
    DOUBLE_COLUMN,
    GREY,
    INK,
    SMALL,
    figure_that_says,
    new_figure,
    print_style,
    site_heading,
    write_foot,
)
from cacs_cxr.study import Study

MODELS: Sequence[tuple[str, str]] = (
    ("clinical", "Clinical factors"),
    ("clinical + predicted", "+ predicted category"),
    ("clinical + expected category", "+ predicted risk"),
    ("clinical + actual", "+ actual category"),
    ("clinical + both", "+ both categories"),
)
MODEL_STROKES: Mapping[str, Stroke] = {
    "clinical": Stroke("#6b6b6b", (0, (1.2, 1.2)), "s"),
    "clinical + predicted": Stroke("#0072B2", "solid", "o"),
    "clinical + expected category": Stroke("#56B4E9", (0, (5, 1.2, 1.2, 1.2)), "v"),
    "clinical + actual": Stroke("#D55E00", (0, (4, 1.5)), "D"),
    "clinical + both": Stroke("#000000", (0, (7, 2)), "^"),
}
CARRIED: Sequence[tuple[str, str, str]] = (
    ("unadjusted", "category", "Category alone"),
    ("unadjusted", "expected category", "Risk alone"),
    ("adjusted", "category", "Category, adjusted"),
    ("adjusted", "expected category", "Risk, adjusted"),
)
COLUMNS = [
    "site", "panel", "fitted_at", "item", "label", "value", "low", "high", "n", "events", "note",
]  # fmt: skip
PANELS = ("c", "auc", "carried")


def incremental_frame(models: pd.DataFrame, carried: pd.DataFrame, study: Study) -> pd.DataFrame:
    """What the figure draws, `COLUMNS`.

    Panels are ``c`` (Harrell's C, that of models fitted at the site less the bootstrap's optimism, interval moved
    alike), ``auc`` (time-dependent AUC) and ``carried`` (ratio of likelihood ratio chi-squared statistics).

    Args:
        models: as `cacs_cxr.prognosis.incremental_value.model_table` writes it.
        carried: as its `carried_table` writes it.
        study: gives the sites.
    """
    rows = []
    for site in study.sites:
        for row in models[models["site"] == site.name].to_dict("records"):
            label = dict(MODELS)[row["model"]]
            known = {
                "site": site.name, "fitted_at": row["fitted_at"], "item": row["model"], "label": label,
                "n": row["n"], "events": row["events"], "note": row["note"],
            }  # fmt: skip
            shift = row["c_optimism"] if np.isfinite(row["c_optimism"]) else 0.0
            rows.append({**known, "panel": "c", **{k: row[f"c{s}"] - shift for k, s in _ENDS}})
            rows.append({**known, "panel": "auc", **{k: row[f"auc{s}"] for k, s in _ENDS}})
        here = carried[carried["site"] == site.name]
        for adjustment, prediction, label in CARRIED:
            found = here[(here["adjustment"] == adjustment) & (here["prediction"] == prediction)]
            for row in found.to_dict("records"):
                rows.append(
                    {
                        "site": site.name,
                        "panel": "carried",
                        "fitted_at": "site",
                        "item": f"{adjustment} {prediction}",
                        "label": label,
                        "value": row["ratio"],
                        "low": row["low"],
                        "high": row["high"],
                        "n": row["n"],
                        "events": row["events"],
                        "note": row["note"],
                    }
                )
    return pd.DataFrame(rows, columns=COLUMNS)


_ENDS = (("value", ""), ("low", "_low"), ("high", "_high"))


@print_style()
def draw_incremental_value(drawn: pd.DataFrame, study: Study, *, horizon_years: float) -> Figure:
    """Draw a row of three panels for every site.

    Args:
        drawn: as `incremental_frame` returns it.
        study: gives sites and the event.
        horizon_years: of the AUC.
    """
    sites = [site for site in study.sites if (drawn.loc[drawn["site"] == site.name, "value"].notna()).any()]
    if not sites:
        return figure_that_says(
            f"Not estimable: no model of {study.event.name} could be fitted.", simulated=study.simulated
        )
    figure = new_figure(width=DOUBLE_COLUMN, height=44 * len(sites) + 12, simulated=study.simulated, foot=8)
    panels = figure.subplots(len(sites), 3, squeeze=False, width_ratios=[1, 0.72, 0.9])
    for row, site in zip(panels, sites, strict=True):
        here = drawn[drawn["site"] == site.name]
        n, events = int(here["n"].max()), int(here["events"].max())
        draw_models(row[0], here[here["panel"] == "c"], xlabel="Harrell's C", named=True)
        row[0].set_title(f"{site_heading(site)}: {events:,} events, n = {n:,}", loc="left", fontweight="bold")
        draw_models(row[1], here[here["panel"] == "auc"], xlabel=f"AUC at {horizon_years:g} years", named=False)
        draw_carried(row[2], here[here["panel"] == "carried"])
    note = (
        "Bars: 95 % CI. C of models fitted at the site is less the optimism of the bootstrap; hollow: models of the "
        "development site, unchanged.\nInformation carried: likelihood ratio χ² of the prediction over that of the "
        "actual category, bootstrap interval."
    )
    write_foot(figure, note, simulated=study.simulated)
    return figure


def draw_models(axes: Axes, rows: pd.DataFrame, *, xlabel: str, named: bool) -> None:
    """Draw a line a model, those fitted at the site filled, those of the development site hollow below them."""
    axes.set(ylim=(len(MODELS) - 0.4, -0.6), xlabel=xlabel)
    for place, (name, _) in enumerate(MODELS):
        for fitted_at, offset in (("site", 0.0), ("development", 0.28)):
            found = rows[(rows["item"] == name) & (rows["fitted_at"] == fitted_at)]
            if found.empty or not np.isfinite(found["value"].iloc[0]):
                if fitted_at == "site":
                    axes.text(0.5, place, "not estimable", transform=axes.get_yaxis_transform(), ha="center",
                              va="center", fontsize=SMALL, color=GREY)  # fmt: skip
                continue
            row, stroke = found.iloc[0], MODEL_STROKES[name]
            axes.plot([row["low"], row["high"]], [place + offset] * 2, color=stroke.colour, linewidth=1.1)
            face = stroke.colour if fitted_at == "site" else "white"
            axes.plot([row["value"]], [place + offset], marker=stroke.marker, markersize=4, color=stroke.colour,
                      markerfacecolor=face, linestyle="none")  # fmt: skip
    clinical = rows[(rows["item"] == "clinical") & (rows["fitted_at"] == "site")]["value"]
    if len(clinical) and np.isfinite(clinical.iloc[0]):
        axes.axvline(float(clinical.iloc[0]), color=GREY, linewidth=0.5, dashes=(2, 2), zorder=0)
    axes.set_yticks(range(len(MODELS)), [label for _, label in MODELS] if named else [""] * len(MODELS))
    axes.tick_params(axis="y", length=0)
    axes.locator_params(axis="x", nbins=5)


def draw_carried(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw the share of the actual category's information that the prediction carries, with 1 marked."""
    axes.set(ylim=(len(CARRIED) - 0.4, -0.6), xlabel="Information carried (actual = 1)")
    limits = rows[["value", "high"]].to_numpy(float)
    finite = limits[np.isfinite(limits)]
    right = min(max(1.2, 1.05 * float(np.max(finite, initial=1.0))), 2.5)
    axes.set_xlim(0, right)
    axes.axvline(1, color=GREY, linewidth=0.6)
    for place, (adjustment, prediction, _) in enumerate(CARRIED):
        found = rows[rows["item"] == f"{adjustment} {prediction}"]
        if found.empty or not np.isfinite(found["value"].iloc[0]):
            axes.text(0.04 * right, place, "not estimable", va="center", fontsize=SMALL, color=GREY)
            continue
        row = found.iloc[0]
        if np.isfinite(row["low"]):
            axes.plot([row["low"], min(row["high"], right)], [place, place], color=INK, linewidth=1.1)
        if row["high"] > right:
            axes.plot([right], [place], marker=">", markersize=3, color=INK, clip_on=False)
        axes.plot([min(row["value"], right)], [place], marker="o", markersize=4, color=INK)
    axes.set_yticks(range(len(CARRIED)), [label for _, _, label in CARRIED])
    axes.tick_params(axis="y", length=0)
