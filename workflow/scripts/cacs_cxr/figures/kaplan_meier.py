"""Kaplan-Meier curves by actual and by predicted category, side by side, with numbers at risk below the ticks."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

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
RARE = 0.20
LEAST_SHARE = 0.10
LEAST_AT_RISK = 20
SHORTEST = 0.05
GROUPINGS = ("actual", "predicted")


def kaplan_meier_frame(curves: pd.DataFrame, study: Study) -> pd.DataFrame:
    """The curves as far as they are drawn, and the numbers at risk at the ticks of the time axis.

    Args:
        curves: site, grouping, category, time_days, n_at_risk, n_events, survival, low, high: a row at time 0 and at
            every time at which a patient has an event or leaves.
        study: gives the order of sites and categories.

    Returns:
        Columns site, grouping, category, kind (curve | at_risk), time_days, years, n_at_risk, n_events,
        cumulative_events, survival, low, high, axis (incidence | survival). A curve ends where fewer than 10 % of its
        patients, or fewer than 20, remain at risk; ``at_risk`` rows have the patients whose time is at least the tick,
        and the events until it, those of its day included.
    """
    parts = []
    for site in study.sites:
        here = curves[(curves["site"] == site.name) & curves["survival"].notna()]
        ticks = year_ticks(here)
        for grouping in GROUPINGS:
            for category in study.categories:
                chosen = (here["grouping"] == grouping) & (here["category"].astype(str) == category)
                rows = here[chosen].sort_values("time_days", kind="stable")
                if rows.empty:
                    continue
                enough = rows["n_at_risk"] >= max(LEAST_AT_RISK, LEAST_SHARE * rows["n_at_risk"].max())
                parts.append(rows[enough].assign(kind="curve"))
                times = rows["time_days"].to_numpy(dtype=float)
                at_risk = rows["n_at_risk"].to_numpy()
                counts = [at_risk[times >= day][0] if (times >= day).any() else 0 for day in ticks * DAYS_PER_YEAR]
                happened = np.cumsum(rows["n_events"].to_numpy())
                until = np.searchsorted(times, ticks * DAYS_PER_YEAR, side="right")
                events = np.concatenate([[0], happened])[until]
                parts.append(
                    pd.DataFrame(
                        {"time_days": ticks * DAYS_PER_YEAR, "n_at_risk": counts, "cumulative_events": events}
                    ).assign(site=site.name, grouping=grouping, category=category, kind="at_risk")
                )
    columns = ["site", "grouping", "category", "kind", "time_days", "years", "n_at_risk", "n_events"]
    columns.append("cumulative_events")
    if not parts:
        return pd.DataFrame(columns=[*columns, "survival", "low", "high", "axis"])
    drawn: pd.DataFrame = pd.concat(parts, ignore_index=True)
    drawn["years"] = drawn["time_days"] / DAYS_PER_YEAR
    drawn["axis"] = axis_shown(curves)
    typed: pd.DataFrame = drawn.astype({"n_events": "Int64", "cumulative_events": "Int64", "n_at_risk": "int64"})
    return typed[[*columns, "survival", "low", "high", "axis"]]


def year_ticks(curves: pd.DataFrame) -> np.ndarray:
    """Ticks in years from 0 to the last time, at most eight: the finest of a few round steps that allows it."""
    if curves.empty:
        return np.array([0.0])
    last = float(curves["time_days"].max()) / DAYS_PER_YEAR
    step = next((step for step in (0.25, 0.5, 1, 2, 5, 10) if last / step <= 7), 20)
    return np.arange(0, np.floor(last / step) + 1) * step


def axis_shown(curves: pd.DataFrame) -> Literal["incidence", "survival"]:
    """What the vertical axis shows: incidence where fewer than a fifth of patients have the event, else survival."""
    actual = curves[curves["grouping"] == "actual"]
    patients = actual.loc[actual["time_days"] == 0, "n_at_risk"].sum()
    return "incidence" if actual["n_events"].sum() < RARE * patients else "survival"


@print_style()
def draw_kaplan_meier(drawn: pd.DataFrame, logrank: pd.DataFrame, study: Study, *, competing_events: int) -> Figure:
    """Draw a row of two panels for every site.

    Args:
        drawn: as `kaplan_meier_frame` returns it.
        logrank: site, grouping, test (overall | trend | pairwise), p, note.
        study: gives sites, categories and the event.
        competing_events: patients with a competing event; they are censored, and the axis then says so.
    """
    sites = [site for site in study.sites if (drawn["site"] == site.name).any()]
    if not sites:
        return figure_that_says(
            f"Not estimable: no patient has follow-up for {study.event.name}.", simulated=study.simulated
        )
    shown: Literal["incidence", "survival"] = "survival" if drawn["axis"].iloc[0] == "survival" else "incidence"
    strokes = dict(zip(study.categories, category_strokes(len(study.categories)), strict=True))
    table = 3.3 * len(study.categories) + 6
    height = len(sites) * (58 + 2 * table) + 8
    figure = new_figure(width=DOUBLE_COLUMN, height=height, simulated=study.simulated, foot=4)
    grid = figure.add_gridspec(3 * len(sites), 2, height_ratios=[50, table - 4, table - 4] * len(sites))
    highest = 1 - np.nanmin(drawn["low"].fillna(drawn["survival"]), initial=1.0)
    bound = float(drawn["survival"].map(lambda value: 1 - value).max())
    top = min(1.0, max(1.25 * bound, min(highest, 1.6 * bound), 0.02))
    for row, site in enumerate(sites):
        here = drawn[drawn["site"] == site.name]
        ticks = np.sort(here.loc[here["kind"] == "at_risk", "years"].unique())
        latest = here.loc[here["kind"] == "curve", "years"].max()
        end = max(float(ticks.max()), 0.0 if pd.isna(latest) else float(latest)) * 1.02 or 1.0
        for column, grouping in enumerate(GROUPINGS):
            axes = figure.add_subplot(grid[3 * row, column])
            below, lowest = (figure.add_subplot(grid[3 * row + line, column], sharex=axes) for line in (1, 2))
            how = ", out-of-fold" if site.role == "development" and grouping == "predicted" else ""
            title = f"{site.name.capitalize()}: {grouping} {study.biomarker.short} category{how}"
            axes.set_title(title, loc="left")
            rows = here[here["grouping"] == grouping]
            if rows.empty:
                say(axes, "Not estimable: no patient with follow-up\nand a category of this kind.")
                below.set_axis_off()
                lowest.set_axis_off()
                continue
            axes.set(xlim=(0, end), ylim=(0, top) if shown == "incidence" else (min(0.0, 1 - top), 1.0))
            draw_curves(axes, rows, strokes, study, shown=shown)
            axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
            axes.set_xlabel("Years")
            if column == 0:
                axes.set_ylabel(axis_label(study, shown=shown, competing_events=competing_events))
            write_logrank(axes, logrank, site=site.name, grouping=grouping, shown=shown)
            at_risk = rows[rows["kind"] == "at_risk"]
            write_counts(below, at_risk, "n_at_risk", strokes, study, ticks=ticks, title="Number at risk")
            write_counts(lowest, at_risk, "cumulative_events", strokes, study, ticks=ticks, title="Cumulative events")
    absent = [site.name for site in study.sites if site not in sites]
    without = f" No patient with follow-up: {', '.join(absent)}." if absent else ""
    note = (
        f"Bands: 95 % CI (log-log). Curves end where less than {100 * LEAST_SHARE:g} %, or fewer than {LEAST_AT_RISK}, "
        f"of a group's patients remain at risk.{without}"
    )
    write_foot(figure, note, simulated=study.simulated)
    return figure


def axis_label(study: Study, *, shown: str, competing_events: int) -> str:
    """Label of the vertical axis: which quantity it is, by which estimator, and what became of competing events."""
    if shown == "survival":
        return f"Free of {study.event.name} (Kaplan–Meier), %"
    if competing_events:
        return f"{study.event.name}, 1 − Kaplan–Meier, %\n(competing deaths censored)"
    return f"Cumulative incidence of {study.event.name}\n(1 − Kaplan–Meier), %"


def draw_curves(
    axes: Axes, rows: pd.DataFrame, strokes: dict[str, Stroke], study: Study, *, shown: Literal["incidence", "survival"]
) -> None:
    """Draw the curve and band of every category and name each at its end; name those too small to draw."""
    ends: list[tuple[str, float, float]] = []
    small = []
    for category, label in zip(study.categories, study.category_labels, strict=True):
        group = rows[rows["category"] == category]
        curve = group[group["kind"] == "curve"]
        if len(group) and (curve.empty or curve["years"].max() < SHORTEST * axes.get_xlim()[1]):
            small.append(f"{label} (n = {group['n_at_risk'].max():,})")
            continue
        if group.empty:
            small.append(f"{label} (n = 0)")
            continue
        stroke = strokes[category]
        years = curve["years"].to_numpy(dtype=float)
        middle, low, high = (
            1 - curve[name].to_numpy(dtype=float) if shown == "incidence" else curve[name].to_numpy(dtype=float)
            for name in ("survival", "low", "high")
        )
        axes.fill_between(years, low, high, step="post", color=stroke.colour, alpha=0.13, linewidth=0)
        axes.step(years, middle, where="post", color=stroke.colour, linestyle=stroke.dashes, linewidth=1.1)
        ends.append((category, float(years[-1]), float(middle[-1])))
    bottom, top = axes.get_ylim()
    places = spread([end[2] for end in ends], gap=0.075 * (top - bottom), low=bottom, high=top)
    right = axes.get_xlim()[1]
    for (category, year, value), place in zip(ends, places, strict=True):
        colour = strokes[category].colour
        axes.plot([year, right * 1.015], [value, place], color=GREY, linewidth=0.35, dashes=(2, 2), clip_on=False)
        label = study.category_labels[study.categories.index(category)]
        axes.annotate(
            label,
            (right * 1.015, place),
            xytext=(1.5, 0),
            textcoords="offset points",
            color=colour,
            va="center",
            fontweight="bold",
            fontsize=SMALL,
            annotation_clip=False,
        )
    step = next(
        step for step in (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25) if (top - bottom) / step <= 6 or step == 0.25
    )
    values = np.arange(np.ceil(bottom / step - 1e-9), np.floor(top / step + 1e-9) + 1) * step
    axes.set_yticks(values, [f"{100 * value:g}" for value in np.round(values, 6) + 0.0])
    axes.set_ylim(bottom, top)
    if small:
        where = (0.02, 0.86, "top") if shown == "incidence" else (0.02, 0.16, "bottom")
        axes.text(
            where[0],
            where[1],
            "Too few patients to draw: " + ", ".join(small),
            transform=axes.transAxes,
            va=where[2],
            fontsize=SMALL,
            color=GREY,
        )


def write_logrank(axes: Axes, logrank: pd.DataFrame, *, site: str, grouping: str, shown: str) -> None:
    """Write the p-value of the overall log-rank test into the empty corner of a panel."""
    rows = logrank[(logrank["site"] == site) & (logrank["grouping"] == grouping) & (logrank["test"] == "overall")]
    p = float(rows["p"].iloc[0]) if len(rows) else float("nan")
    text = "log-rank test not estimable" if np.isnan(p) else f"log-rank p {'< .001' if p < 0.001 else f'= {p:.3f}'}"
    axes.text(
        0.02,
        0.97 if shown == "incidence" else 0.04,
        text.replace("= 0.", "= ."),
        transform=axes.transAxes,
        va="top" if shown == "incidence" else "bottom",
        fontsize=SMALL,
    )


def write_counts(
    axes: Axes,
    rows: pd.DataFrame,
    column: str,
    strokes: dict[str, Stroke],
    study: Study,
    *,
    ticks: Sequence[float] | np.ndarray,
    title: str,
) -> None:
    """Write counts under the ticks of the panel above, a line for every category."""
    axes.set(ylim=(len(study.categories) - 0.4, -0.6))
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.tick_params(length=0, labelbottom=False)
    axes.tick_params(axis="y", pad=14)
    axes.set_yticks(range(len(study.categories)), study.category_labels, fontsize=SMALL)
    axes.set_title(title, loc="left", fontsize=SMALL, pad=2)
    for place, category in enumerate(study.categories):
        axes.get_yticklabels()[place].set_color(strokes[category].colour)
        counts = rows[rows["category"] == category].set_index("years")[column]
        for tick in ticks:
            count = int(counts.get(tick, 0))
            axes.text(tick, place, f"{count:,}", ha="center", va="center", fontsize=SMALL)
