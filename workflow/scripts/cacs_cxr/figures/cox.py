"""Forest of hazard ratios by actual and predicted category, unadjusted and adjusted, for every site."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator

from cacs_cxr.figures.strokes import Stroke
from cacs_cxr.figures.style import (
    DOUBLE_COLUMN,
    GREY,
    INK,
    PALE,
    SMALL,
    figure_that_says,
    new_figure,
    print_style,
    write_foot,
)
from cacs_cxr.study import Study
from cacs_cxr.terms import ADJUSTMENTS, GROUPINGS

STROKES = {"unadjusted": Stroke("#56B4E9", "solid", "o"), "adjusted": Stroke("#00457A", "solid", "s")}
NARROWEST, WIDEST = 0.05, 50.0


@print_style()
def draw_cox(drawn: pd.DataFrame, study: Study) -> Figure:
    """Draw a block for every site and grouping, one line a term, unadjusted above adjusted.

    Args:
        drawn: as `cacs_cxr.terms.printed_hazard_ratios` returns it.
        study: gives sites, categories and labels.
    """
    followed = drawn[drawn["n"] > 0]
    sites = [site for site in study.sites if (drawn["site"] == site.name).any() and len(followed)]
    if not sites:
        return figure_that_says(
            f"Not estimable: no patient has follow-up for {study.event.name}.", simulated=study.simulated
        )
    counts = [len(block_lines(drawn, site=site.name, study=study)) for site in sites]
    height = sum(4.6 * count + 14 for count in counts) + 9
    figure = new_figure(width=DOUBLE_COLUMN, height=height, simulated=study.simulated, foot=8.5)
    ratios = [count + 1.5 for count in counts]
    panels = figure.subplots(len(sites), 2, squeeze=False, height_ratios=ratios, width_ratios=[1, 1.25])
    limits = drawn[["low", "high"]].to_numpy(dtype=float)
    finite = limits[np.isfinite(limits) & (limits > 0)]
    low = max(NARROWEST, min(0.5, float(np.min(finite, initial=0.5))) / 1.15)
    high = min(WIDEST, max(2.0, float(np.max(finite, initial=2.0))) * 1.15)
    for (axes, numbers), site in zip(panels, sites, strict=True):
        draw_block(axes, numbers, drawn[drawn["site"] == site.name], site=site.name, study=study, low=low, high=high)
    panels[-1, 0].set_xlabel(f"Hazard ratio for {study.event.name} (logarithmic axis)")
    key = [
        Line2D([], [], color=STROKES[name].colour, marker=STROKES[name].marker, markersize=4, label=name.capitalize())
        for name in ADJUSTMENTS
    ]
    factors = ", ".join(factor.label.lower() for factor in study.factors)
    note = f"Adjusted for {factors}. Unadjusted and adjusted models use the same patients." if factors else ""
    if (sentence := missing_note(drawn)) and note:
        note = f"{note} {sentence}"
    write_foot(figure, note, simulated=study.simulated, handles=key)
    return figure


def missing_note(drawn: pd.DataFrame) -> str:
    """What the models did about missing factors, in how many patients of all sites; empty where nothing is missing."""
    actual = drawn[(drawn["grouping"] == GROUPINGS[0]) & (drawn["missing"] != "none")]
    n = int(actual.groupby("site")["n_missing"].max().sum())
    words = {"multiple_imputation": "Missing factors imputed", "complete_case": "Left out, a factor missing"}
    return f"{words[str(actual['missing'].iloc[0])]}: n = {n:,}." if n else ""


def block_lines(drawn: pd.DataFrame, *, site: str, study: Study) -> list[tuple[str, str, str]]:
    """Lines of a site's panel: (grouping, term, label); a heading and the reference category have no term."""
    lines = []
    for grouping in GROUPINGS:
        rows = drawn[(drawn["site"] == site) & (drawn["grouping"] == grouping)]
        if rows.empty:
            continue
        lines.append((grouping, "", f"{grouping.capitalize()} {study.biomarker.short} category"))
        if not np.isfinite(rows["hr"].to_numpy(dtype=float)).any():
            reasons = [str(note) for note in rows["note"] if isinstance(note, str) and note]
            reason = f": {reasons[0].removeprefix('not estimable').lstrip(': ')}" if reasons else ""
            lines.append((grouping, "", f"Not estimable{reason}"))
            continue
        terms = rows.drop_duplicates("term")
        references = set(terms["label"]) & set(study.category_labels)
        absent = [label for label in study.category_labels if label not in references]
        if absent:
            lines.append((grouping, "", f"{absent[0]} (reference)"))
        lines += [(grouping, str(row.term), str(row.label)) for row in terms.itertuples()]
    return lines


def draw_block(
    axes: Axes, numbers: Axes, rows: pd.DataFrame, *, site: str, study: Study, low: float, high: float
) -> None:
    """Draw the hazard ratios of one site, with the numbers beside them."""
    lines = block_lines(rows, site=site, study=study)
    axes.set_xscale("log")
    axes.set(xlim=(low, high), ylim=(len(lines) - 0.4, -1.5))
    axes.axvline(1, color=GREY, linewidth=0.6)
    steps = [step for step in (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50) if low <= step <= high]
    axes.xaxis.set_major_locator(FixedLocator(steps))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels([f"{step:g}" for step in steps])
    axes.tick_params(axis="x", labelbottom=True)
    axes.set_title(site.capitalize(), loc="left", fontweight="bold")
    axes.set_yticks(range(len(lines)), [label if term or "reference" in label else "" for _, term, label in lines])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    numbers.set_axis_off()
    numbers.set(xlim=(0, 1), ylim=axes.get_ylim())
    columns = {"unadjusted": 0.21, "adjusted": 0.63}
    numbers.text(0.0, -1.0, "Events / n", va="center", fontweight="bold", fontsize=SMALL)
    for adjustment, x in columns.items():
        heading = f"{adjustment.capitalize()} (95 % CI), p"
        numbers.text(x, -1.0, heading, va="center", fontweight="bold", fontsize=SMALL)
    for place, (grouping, term, label) in enumerate(lines):
        if not term:
            if label.startswith("Not estimable"):
                words = axes.text(low, place, f" {label}", va="center", fontsize=SMALL, color=GREY)
                words.set_in_layout(False)
            elif "(reference)" not in label:
                axes.axhspan(place - 0.5, place + 0.5, color=PALE, alpha=0.45, linewidth=0)
                group = rows[rows["grouping"] == grouping]
                axes.text(low, place, f" {label}", va="center", fontsize=SMALL, fontweight="bold")
                counts = f"{int(group['events'].max()):,} / {int(group['n'].max()):,}"
                numbers.text(0.0, place, counts, va="center", fontsize=SMALL, fontweight="bold")
            else:
                axes.plot([1], [place], marker="|", color=INK, markersize=5)
            continue
        own = rows[(rows["grouping"] == grouping) & (rows["term"] == term)].iloc[0]
        if pd.notna(own["term_n"]):
            own_counts = f"{int(own['term_events']):,} / {int(own['term_n']):,}"
            numbers.text(0.0, place, own_counts, va="center", fontsize=SMALL)
        for adjustment, x in columns.items():
            offset = -0.16 if adjustment == "unadjusted" else 0.16
            found = rows[(rows["grouping"] == grouping) & (rows["term"] == term) & (rows["adjustment"] == adjustment)]
            if found.empty:
                numbers.text(x, place, "–", va="center", fontsize=SMALL, color=GREY)
                continue
            row = found.iloc[0]
            numbers.text(x, place, written(row), va="center", fontsize=SMALL)
            if np.isfinite(row["hr"]):
                draw_ratio(axes, row, place=place + offset, stroke=STROKES[adjustment], low=low, high=high)


def draw_ratio(axes: Axes, row: pd.Series, *, place: float, stroke: Stroke, low: float, high: float) -> None:
    """Draw one hazard ratio with its interval; an arrow where the interval leaves the axis."""
    start, end = max(float(row["low"]), low), min(float(row["high"]), high)
    axes.plot([start, end], [place, place], color=stroke.colour, linewidth=1.1)
    for limit, edge, marker in ((row["low"], low, "<"), (row["high"], high, ">")):
        if (marker == "<" and limit < edge) or (marker == ">" and limit > edge):
            axes.plot([edge], [place], marker=marker, markersize=3, color=stroke.colour, clip_on=False)
    if low <= row["hr"] <= high:
        axes.plot([row["hr"]], [place], marker=stroke.marker, markersize=3.6, color=stroke.colour)


def written(row: pd.Series) -> str:
    """Hazard ratio with interval and p-value, or why there is none."""
    if not np.isfinite(row["hr"]):
        return "not estimable"
    p = "" if pd.isna(row["p"]) else (", <.001" if row["p"] < 0.001 else f", {row['p']:.3f}".replace("0.", ".", 1))
    return f"{row['hr']:.2f} ({row['low']:.2f}–{row['high']:.2f}){p}"
