"""Whether hazards are proportional: scaled Schoenfeld residuals of every category, and log(-log) survival curves."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from cacs_cxr.figures.kaplan_meier import GROUPINGS, kaplan_meier_frame
from cacs_cxr.figures.strokes import Stroke, category_strokes
from cacs_cxr.figures.style import (
    DOUBLE_COLUMN,
    GREY,
    SMALL,
    figure_that_says,
    new_figure,
    print_style,
    say,
    write_foot,
)
from cacs_cxr.study import Study
from cacs_cxr.terms import category_of

DAYS_PER_YEAR = 365.25
COLUMNS = [
    "site", "grouping", "category", "kind", "time_days", "transformed", "value", "low", "high", "coefficient", "p",
    "category_p",
]  # fmt: skip


def proportional_hazards_frame(
    residuals: pd.DataFrame, tests: pd.DataFrame, curves: pd.DataFrame, study: Study
) -> pd.DataFrame:
    """What the figure draws, `COLUMNS`.

    Kinds are ``residual`` and ``smooth`` of the adjusted model's categories, and ``loglog``: log(-log S) of the
    Kaplan-Meier curves as far as these are drawn.

    Args:
        residuals: as `cacs_cxr.prognosis.proportionality.residual_table` writes it; `p` is the test of one category.
        tests: as its `proportionality_table` writes it; `category_p` is the test of all categories together.
        curves: as the figure of Kaplan-Meier curves takes them.
        study: sites and categories.
    """
    shown = residuals.assign(category=residuals["term"].map(lambda term: category_of(str(term), study)))
    declared = tests[tests["violated"].notna() & (tests["adjustment"] == "adjusted") & (tests["term"] == "category")]
    together = {(row.site, row.grouping): row.p for row in declared.itertuples()}
    shown = shown.assign(
        category_p=[together.get(key, np.nan) for key in zip(shown["site"], shown["grouping"], strict=True)]
    )
    drawn = kaplan_meier_frame(curves, study)
    inner = drawn[(drawn["kind"] == "curve") & (drawn["survival"] > 0) & (drawn["survival"] < 1)]
    logs = inner[["site", "grouping", "category", "time_days"]].assign(
        kind="loglog", value=np.log(-np.log(inner["survival"].to_numpy(float)))
    )
    parts = [part.reindex(columns=COLUMNS) for part in (shown, logs) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=COLUMNS)


@print_style()
def draw_proportional_hazards(drawn: pd.DataFrame, study: Study, *, transform: str) -> Figure:
    """Draw a row for every site and grouping: a panel a category above the lowest, and the log(-log) curves.

    Args:
        drawn: as `proportional_hazards_frame` returns it.
        study: sites and categories.
        transform: of time, for the label of the axis.
    """
    keys = [
        (site, grouping)
        for site in study.sites
        for grouping in GROUPINGS
        if ((drawn["site"] == site.name) & (drawn["grouping"] == grouping)).any()
    ]
    if not keys:
        return figure_that_says(
            f"Not estimable: no model of {study.event.name} could be fitted.", simulated=study.simulated
        )
    above = study.categories[1:]
    figure = new_figure(width=DOUBLE_COLUMN, height=42 * len(keys) + 12, simulated=study.simulated, foot=8)
    panels = figure.subplots(len(keys), len(above) + 1, squeeze=False)
    strokes = dict(zip(study.categories, category_strokes(len(study.categories)), strict=True))
    labels = dict(zip(study.categories, study.category_labels, strict=True))
    for row, (site, grouping) in zip(panels, keys, strict=True):
        here = drawn[(drawn["site"] == site.name) & (drawn["grouping"] == grouping)]
        for axes, category in zip(row, above, strict=False):
            title = f"{labels[category]} against {study.category_labels[0]}"
            draw_residuals(axes, here[here["category"] == category], title=title)
        p = here["category_p"].dropna()
        words = "all categories: p not estimable" if p.empty else f"all categories: p {short_p(float(p.iloc[0]))}"
        row[0].set_title(f"{site.name.capitalize()}, {grouping}: {words}\n{row[0].get_title(loc='left')}", loc="left")
        row[0].set_ylabel("log hazard ratio β(t)")
        draw_loglog(row[-1], here[here["kind"] == "loglog"], study, strokes=strokes)
    for axes in panels[-1, :-1]:
        axes.set_xlabel("Years (scale: 1 − Kaplan–Meier)" if transform == "km" else f"Years (scale: {transform})")
    panels[-1, -1].set_xlabel("Years (logarithmic)")
    note = (
        "Points: scaled Schoenfeld residuals of the adjusted model; line: spline with 95 % band; dashed: log "
        "hazard ratio. p: score test (cox.zph)."
    )
    handles = [
        Line2D([], [], color=strokes[name].colour, linestyle=strokes[name].dashes, linewidth=1.2, label=labels[name])
        for name in study.categories
    ]
    write_foot(figure, note, simulated=study.simulated, handles=handles)
    return figure


def draw_residuals(axes: Axes, rows: pd.DataFrame, *, title: str) -> None:
    """Draw residuals, spline and coefficient of one category over transformed time, labelled in years."""
    points, line = rows[rows["kind"] == "residual"], rows[rows["kind"] == "smooth"]
    if points.empty:
        axes.set_title(title, loc="left", fontsize=SMALL)
        say(axes, "not estimable")
        return
    p = points["p"].iloc[0]
    axes.set_title(f"{title}: p {short_p(float(p))}", loc="left", fontsize=SMALL)
    axes.plot(points["transformed"], points["value"], linestyle="none", marker="o", markersize=1.4, color=GREY,
              alpha=float(np.clip(120 / len(points), 0.15, 0.6)))  # fmt: skip
    low, high = line["low"].to_numpy(float), line["high"].to_numpy(float)
    axes.fill_between(line["transformed"], low, high, color="#0072B2", alpha=0.18, linewidth=0)
    axes.plot(line["transformed"], line["value"], color="#0072B2", linewidth=1.1)
    axes.axhline(float(points["coefficient"].iloc[0]), color="#D55E00", linewidth=0.9, dashes=(4, 1.5))
    spread = np.nanpercentile(points["value"], [2, 98])
    bottom, top = min(spread[0], np.nanmin([*low, spread[0]])), max(spread[1], np.nanmax([*high, spread[1]]))
    axes.set_ylim(max(bottom, spread[0] - 2 * np.ptp(spread)), min(top, spread[1] + 2 * np.ptp(spread)))
    order = np.argsort(points["time_days"].to_numpy(float), kind="stable")
    days, places = points["time_days"].to_numpy(float)[order], points["transformed"].to_numpy(float)[order]
    ticks = np.interp(np.linspace(0.05, 0.95, 4), np.linspace(0, 1, days.size), days)
    at = np.interp(ticks, days, places)
    axes.set_xticks(at, [f"{tick / DAYS_PER_YEAR:.1f}" for tick in ticks])


def draw_loglog(axes: Axes, rows: pd.DataFrame, study: Study, *, strokes: dict[str, Stroke]) -> None:
    """Draw log(-log S) of every category over the logarithm of time."""
    axes.set_title("log(−log S)", loc="left", fontsize=SMALL)
    if rows.empty:
        say(axes, "not estimable")
        return
    axes.set_xscale("log")
    for category in study.categories:
        curve = rows[rows["category"] == category].sort_values("time_days", kind="stable")
        if curve.empty:
            continue
        stroke = strokes[category]
        years = curve["time_days"].to_numpy(float) / DAYS_PER_YEAR
        axes.step(years, curve["value"], where="post", color=stroke.colour, linestyle=stroke.dashes, linewidth=1.0)
    first, last = rows["time_days"].min() / DAYS_PER_YEAR, rows["time_days"].max() / DAYS_PER_YEAR
    ticks = [tick for tick in (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30) if first <= tick <= last]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xticks([], minor=True)


def short_p(p: float) -> str:
    """A p-value after the letter p: ``= .031``, ``< .001``."""
    if np.isnan(p):
        return "not estimable"
    return "< .001" if p < 0.001 else f"= {p:.3f}".replace("= 0.", "= .")
