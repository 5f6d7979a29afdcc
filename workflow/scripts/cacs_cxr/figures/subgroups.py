"""Forest of the AUC in subgroups of patients, at every threshold, for each site."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from cacs_cxr.figures.strokes import group_stroke
from cacs_cxr.figures.style import (
    DOUBLE_COLUMN,
    GREY,
    PALE,
    SMALL,
    figure_that_says,
    new_figure,
    print_style,
    site_heading,
    write_foot,
)
from cacs_cxr.study import Study, headline_model, model_label

COLUMNS = [
    "site", "threshold", "model", "variable", "label", "group", "n", "n_positive", "auc", "auc_low", "auc_high",
    "p", "p_holm",
]  # fmt: skip
OVERALL = "all"
LINE, FOOT, HEAD = 4.3, 12.0, 12.0


def subgroup_frame(
    subgroups: pd.DataFrame, tests: pd.DataFrame, discrimination: pd.DataFrame, study: Study
) -> pd.DataFrame:
    """AUC of all patients and of every subgroup of one model, with the p-values of heterogeneity of its variable.

    Args:
        subgroups: subgroups.csv.
        tests: subgroup_tests.csv.
        discrimination: discrimination.csv, for all patients.
        study: gives the sites.
    """
    if subgroups.empty:
        return pd.DataFrame(columns=COLUMNS)
    model = headline_model(subgroups["model"])
    sites = [site.name for site in study.sites]
    everybody = discrimination[discrimination["model"] == model].assign(
        variable=OVERALL, label="All patients", group=""
    )
    areas = tests.loc[tests["measure"] == "AUC", ["site", "model", "threshold", "variable", "p", "p_holm"]]
    joined = subgroups[subgroups["model"] == model].merge(
        areas, on=["site", "model", "threshold", "variable"], how="left"
    )
    frame = pd.concat([everybody.reindex(columns=COLUMNS).astype(object), joined[COLUMNS].astype(object)])
    numbers = ["n", "n_positive", "auc", "auc_low", "auc_high", "p", "p_holm"]
    typed = frame.astype(dict.fromkeys(numbers, float))
    return typed[typed["site"].isin(sites)].reset_index(drop=True)


def lines_of(drawn: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Lines of the forest: variable, group and label; a heading has no group."""
    lines: list[tuple[str, str, str]] = [(OVERALL, "", "All patients")]
    rest = drawn[drawn["variable"] != OVERALL]
    for variable, part in rest.groupby("variable", sort=False):
        groups = list(dict.fromkeys(part["group"]))
        if len(groups) < 2:
            continue
        lines.append((str(variable), "", str(part["label"].iloc[0])))
        lines += [(str(variable), str(group), f"   {group}") for group in groups]
    return lines


@print_style()
def draw_subgroups(drawn: pd.DataFrame, study: Study) -> Figure:
    """Draw a panel for every threshold, a line a subgroup, sites beside one another.

    Args:
        drawn: as `subgroup_frame` returns it.
        study: gives sites, thresholds and labels.
    """
    if drawn.empty:
        return figure_that_says("Not estimable: there are no subgroups.", simulated=study.simulated)
    lines = lines_of(drawn)
    spacing = LINE if len(study.sites) < 3 else LINE * len(study.sites) / 2
    height = len(lines) * spacing + HEAD + FOOT
    figure = new_figure(width=DOUBLE_COLUMN, height=height, simulated=study.simulated, foot=8.5)
    panels = figure.subplots(1, len(study.thresholds), squeeze=False, sharey=True)[0]
    finite = drawn[["auc_low", "auc_high"]].to_numpy(float)
    low = float(np.clip(np.floor(np.nanmin(np.append(finite, 0.6)) * 10) / 10, 0.0, 0.5))
    for column, (axes, threshold) in enumerate(zip(panels, study.thresholds, strict=True)):
        here = drawn[drawn["threshold"] == threshold.name]
        axes.set_title(f"{study.biomarker.short} {threshold.label}", loc="left", fontweight="bold")
        axes.set(xlim=(low, 1.0), ylim=(len(lines) - 0.4, -0.6))
        for place, (variable, group, _) in enumerate(lines):
            if not group and variable != OVERALL:
                axes.axhspan(place - 0.5, place + 0.5, color=PALE, alpha=0.45, linewidth=0)
                write_tests(axes, here[here["variable"] == variable], study, place=place, low=low)
        draw_areas(axes, here, study, lines=lines, low=low)
        name_small(axes, here, study, lines=lines, low=low)
        axes.set_xlabel("AUC (95 % CI)")
        axes.tick_params(axis="y", length=0)
        if column:
            axes.spines["left"].set_visible(False)
    panels[0].set_yticks(range(len(lines)), [labelled(line, drawn, study) for line in lines])
    for tick, (variable, group, _) in zip(panels[0].get_yticklabels(), lines, strict=True):
        if not group and variable != OVERALL:
            tick.set_fontweight("bold")
    key = [
        Line2D(
            [],
            [],
            color=group_stroke(place).colour,
            marker=group_stroke(place).marker,
            markersize=3.6,
            label=site_heading(site),
        )
        for place, site in enumerate(study.sites)
    ]
    model = model_label(str(drawn["model"].iloc[0]))
    note = f"{model} model. n, and p of heterogeneity of the AUC (not adjusted): by site, in the order of the key."
    write_foot(figure, note, simulated=study.simulated, handles=key)
    return figure


def write_tests(axes: Axes, rows: pd.DataFrame, study: Study, *, place: int, low: float) -> None:
    """Write the p-values of a variable's heterogeneity on its heading, a site after the other."""
    found = []
    for site in study.sites:
        own = rows.loc[rows["site"] == site.name, "p"].dropna()
        found.append("–" if own.empty else "<.001" if own.iloc[0] < 0.001 else f"{own.iloc[0]:.3f}".removeprefix("0"))
    axes.text(low, place, f" p {'; '.join(found)}", va="center", fontsize=SMALL)


def draw_areas(axes: Axes, here: pd.DataFrame, study: Study, *, lines: list[tuple[str, str, str]], low: float) -> None:
    """Draw the AUC of every line and site; where there is none, write that the group is too small."""
    step = 0.3 if len(study.sites) > 1 else 0.0
    for number, site in enumerate(study.sites):
        offset = step * (number - (len(study.sites) - 1) / 2)
        stroke = group_stroke(number)
        own = here[here["site"] == site.name].set_index(["variable", "group"])
        whole = own.loc[[(OVERALL, "")]] if (OVERALL, "") in own.index else own.iloc[:0]
        if len(whole) and np.isfinite(whole["auc"].iloc[0]):
            axes.axvline(whole["auc"].iloc[0], color=stroke.colour, linewidth=0.5, linestyle=(0, (2, 2)))
        for place, (variable, group, _) in enumerate(lines):
            if (variable, group) not in own.index or (not group and variable != OVERALL):
                continue
            row = own.loc[[(variable, group)]].iloc[0]
            if np.isfinite(row["auc"]):
                axes.plot(
                    [max(row["auc_low"], low), row["auc_high"]],
                    [place + offset] * 2,
                    color=stroke.colour,
                    linewidth=0.9,
                )
                axes.plot([row["auc"]], [place + offset], marker=stroke.marker, markersize=3, color=stroke.colour)


def name_small(axes: Axes, here: pd.DataFrame, study: Study, *, lines: list[tuple[str, str, str]], low: float) -> None:
    """Write on each line that a group is too small for an AUC, after the signs of the sites if it is not so at all.

    At that end of the line which the intervals leave free.
    """
    step = 0.05 * (1.0 - low)
    for place, (variable, group, _) in enumerate(lines):
        own = here[(here["variable"] == variable) & (here["group"] == group)]
        small = set(own.loc[own["auc"].isna(), "site"])
        if not small:
            continue
        right = bool(1.0 - own["auc_high"].max() > own["auc_low"].min() - low)
        edge, inward = (1.0, -step) if right else (low, step)
        signs = [number for number, site in enumerate(study.sites) if site.name in small]
        signs = signs if len(signs) < len(study.sites) else []
        for count, number in enumerate(signs):
            stroke = group_stroke(number)
            axes.plot(
                [edge + (count + 0.5) * inward],
                [place],
                marker=stroke.marker,
                markersize=3,
                markerfacecolor="white",
                markeredgewidth=0.7,
                color=stroke.colour,
            )
        start = edge + (len(signs) + 0.2) * inward
        side = "right" if right else "left"
        axes.text(start, place, "too few", ha=side, va="center", fontsize=SMALL - 0.5, color=GREY)


def labelled(line: tuple[str, str, str], drawn: pd.DataFrame, study: Study) -> str:
    """Label of a line with the number of patients at each site; a heading has none."""
    variable, group, label = line
    if not group and variable != OVERALL:
        return label
    own = (
        drawn[(drawn["variable"] == variable) & (drawn["group"] == group)]
        .drop_duplicates("site")
        .set_index("site")["n"]
    )
    counts = [f"{int(own[site.name]):,}" if site.name in own.index else "0" for site in study.sites]
    return f"{label.strip()} ({'; '.join(counts)})"
