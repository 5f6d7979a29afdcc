"""What the networks look at: average maps by category, and the clearest case of each outcome with its map."""

from collections.abc import Mapping
from typing import NamedTuple

import matplotlib
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from cacs_cxr.figures.style import (
    DOUBLE_COLUMN,
    GREY,
    INK,
    MARK_STRIP,
    PALE,
    SMALL,
    new_figure,
    print_style,
    site_heading,
)
from cacs_cxr.figures.thumbnails import MOST_PIXELS, thumbnail
from cacs_cxr.small_cells import hidden_text, small
from cacs_cxr.study import Study

AVERAGE_RADIOGRAPH, AVERAGE_MAP, CASE = "average radiograph", "average map", "case"
OUTCOMES = ("true positive", "false positive", "false negative", "true negative")
COLOURS = matplotlib.colormaps["viridis"]
FULL, FAINT = 4.0, 1.0  # multiples of an even map: from the one on a map is opaque, below the other it is not seen
LABEL, GAP, WIDE_GAP, MARGIN = 19.0, 0.7, 4.0, 1.0
HEAD, CASE_TEXT, BAR = 11.0, 6.4, 11.0
Picture = npt.NDArray[np.float64]


class Panel(NamedTuple):
    """Grey levels 0 to 255 and a map in multiples of an even map, or None; NaN where there is no picture [s, s]."""

    levels: Picture
    values: Picture | None


def saliency_frame(panels: pd.DataFrame, study: Study) -> pd.DataFrame:
    """What is drawn: averages of the development and of the first external site, and the clearest cases.

    Args:
        panels: kind, site, threshold, category, n, outcome, place, label, probability, row, picture.
        study: gives the sites.
    """
    sites = [study.development, *study.external[:1]]
    kept = panels[panels["site"].isin(sites)].drop(columns="simulated", errors="ignore")
    kept = kept.astype(dict.fromkeys(["n", "place", "label", "row", "picture"], "Int64"))
    return kept.fillna({"threshold": "", "outcome": ""}).reset_index(drop=True)


def panel_pictures(
    drawn: pd.DataFrame, pictures: npt.NDArray[np.float32], images: npt.NDArray[np.uint8]
) -> dict[int, Panel]:
    """Grey levels and map of each row of `saliency_frame`, at most 120 pixels wide; NaN where there is no picture.

    Args:
        pictures: [m, S, S], NaN where there is none: grey levels of average radiographs, else maps.
        images: uint8 [N, S, S], all radiographs, of which only those drawn are read.
    """
    radiographs = drawn[drawn["kind"] == AVERAGE_RADIOGRAPH].set_index(["site", "category"])["picture"]
    found: dict[int, Panel] = {}
    for index, item in enumerate(drawn.to_dict("records")):
        own = _reduced(pictures[item["picture"]])
        if item["kind"] == AVERAGE_RADIOGRAPH:
            found[index] = Panel(own, None)
        elif item["kind"] == AVERAGE_MAP:
            found[index] = Panel(_reduced(pictures[radiographs[item["site"], item["category"]]]), own)
        else:
            levels = thumbnail(images[item["row"]], pixels=own.shape[0]).astype(float)
            found[index] = Panel(np.where(np.isnan(own), np.nan, levels), own)
    return found


def _reduced(picture: npt.NDArray[np.float32]) -> Picture:
    """A picture with open places at most 120 pixels wide."""
    pixels = min(picture.shape[-1], MOST_PIXELS)
    parts = [np.nan_to_num(picture), np.isfinite(picture).astype(np.float32)]
    values, known = (
        np.asarray(Image.fromarray(part).resize((pixels, pixels), Image.Resampling.BILINEAR), dtype=float)
        for part in parts
    )
    return np.where(known >= 0.5, values / np.maximum(known, 0.5), np.nan)


@print_style()
def draw_saliency(drawn: pd.DataFrame, pictures: Mapping[int, Panel], study: Study, *, smallest: int | None) -> Figure:
    """Draw averages above and cases below.

    Args:
        drawn: as `saliency_frame` returns it.
        pictures: of each of its rows, as `panel_pictures` gives them.
        study: gives sites, thresholds and categories.
        smallest: least count shown; None for all.
    """
    sites = [site for site in study.sites if site.name in set(drawn["site"])]
    averages = drawn[drawn["kind"] != CASE]
    sites = [site for site in sites if site.name in set(averages["site"])]
    columns = len(sites) * len(study.categories)
    side = (DOUBLE_COLUMN - 2 * MARGIN - LABEL - GAP * columns - WIDE_GAP * (len(sites) - 1)) / max(columns, 8)
    cases = drawn[drawn["kind"] == CASE]
    lines = [
        (threshold, place)
        for threshold in study.thresholds
        for place in sorted(set(cases.loc[cases["threshold"] == threshold.name, "place"].dropna()))
    ]
    pair = (DOUBLE_COLUMN - 2 * MARGIN - LABEL - WIDE_GAP * (len(OUTCOMES) - 1)) / len(OUTCOMES)
    small_side = (pair - GAP) / 2
    upper = HEAD + (len(study.thresholds) + 1) * (side + GAP)
    lower = HEAD + len(lines) * (small_side + CASE_TEXT)
    height = upper + lower + BAR + (MARK_STRIP if study.simulated else 0.0)
    figure = new_figure(width=DOUBLE_COLUMN, height=height, simulated=study.simulated)
    figure.set_layout_engine("none")
    page = figure.add_axes((0, 0, 1, 1))
    page.set(xlim=(0, DOUBLE_COLUMN), ylim=(0, height))
    page.set_axis_off()

    top = height - 1.0
    for number, site in enumerate(sites):
        start = MARGIN + LABEL + number * (len(study.categories) * (side + GAP) + WIDE_GAP)
        end = start + len(study.categories) * (side + GAP) - GAP
        how = "out-of-fold" if site.role == "development" else "mean of all folds' networks"
        page.text(start, top, f"{site_heading(site)}, {how}", fontweight="bold", va="top")
        page.plot([start, end], [top - 3.6] * 2, color=PALE, linewidth=0.6)
        for place, (category, label) in enumerate(zip(study.categories, study.category_labels, strict=True)):
            here = averages[(averages["site"] == site.name) & (averages["category"] == category)]
            left = start + place * (side + GAP)
            n = int(here["n"].max()) if len(here) else 0
            count = hidden_text(n, smallest=smallest) if small([n], smallest=smallest)[0] else f"{n:,}"
            page.text(left, top - 4.4, f"{study.biomarker.short} {label}\nn = {count}", fontsize=SMALL, va="top")
            rows = dict(zip(zip(here["kind"], here["threshold"], strict=True), here.index, strict=True))
            wanted = [(AVERAGE_RADIOGRAPH, ""), *((AVERAGE_MAP, threshold.name) for threshold in study.thresholds)]
            for line, key in enumerate(wanted):
                if key in rows:
                    picture = pictures[rows[key]]
                    _show(figure, picture, left=left, top=top - HEAD - line * (side + GAP), side=side, height=height)
    names = ["Average\nradiograph"]
    names += [f"Average map\n{study.biomarker.short} {threshold.label}" for threshold in study.thresholds]
    for line, name in enumerate(names):
        page.text(MARGIN, top - HEAD - (line + 0.5) * (side + GAP), name, va="center", linespacing=1.25)

    top -= upper
    page.text(MARGIN, top - 1.2, "Clearest\ncases,\nout-of-fold", fontweight="bold", va="top", linespacing=1.2)
    starts = {name: MARGIN + LABEL + place * (pair + WIDE_GAP) for place, name in enumerate(OUTCOMES)}
    for name, start in starts.items():
        page.text(start, top - 4.4, name.capitalize(), fontweight="bold", va="top")
        page.plot([start, start + pair], [top - 8.4] * 2, color=PALE, linewidth=0.6)
    top -= HEAD - 1.5
    for threshold, place in lines:
        page.text(
            MARGIN, top - small_side / 2, f"{study.biomarker.short}\n{threshold.label}", va="center", linespacing=1.25
        )
        for name, start in starts.items():
            cell = cases[
                (cases["threshold"] == threshold.name) & (cases["place"] == place) & (cases["outcome"] == name)
            ]
            if cell.empty:
                page.text(start, top - small_side / 2, "none", color=GREY, va="center")
                continue
            item = cell.iloc[0]
            levels, overlay = pictures[cell.index[0]]
            _show(figure, Panel(levels, None), left=start, top=top, side=small_side, height=height)
            _show(
                figure, Panel(levels, overlay), left=start + small_side + GAP, top=top, side=small_side, height=height
            )
            said = f"{_percent(item['probability'])}; {study.biomarker.short} {_label(study, item['category'])}"
            if overlay is not None and not np.nanmax(overlay) > 0:
                said += "; map is 0"
            page.text(start, top - small_side - 0.8, said, fontsize=SMALL, va="top")
        top -= small_side + CASE_TEXT
    _bar(figure, top=top, height=height)
    return figure


def _percent(probability: float) -> str:
    """A predicted probability in per cent, never rounded to 0 or 100."""
    if 0.01 <= probability <= 0.99:
        return f"{100 * probability:.0f} %"
    return "< 1 %" if probability < 0.5 else "> 99 %"


def _label(study: Study, category: str) -> str:
    return dict(zip(study.categories, study.category_labels, strict=True))[category]


def overlaid(levels: Picture, values: Picture | None) -> npt.NDArray[np.float64]:
    """Radiograph in grey with a map over it in colour [S, S, 4]; transparent where there is no picture.

    A map is transparent up to an even map's value and opaque from `FULL` times as much.
    """
    grey = np.nan_to_num(levels) / 255
    colours = np.dstack([grey] * 3)
    if values is not None:
        strength = np.clip((np.nan_to_num(values) - FAINT) / (FULL - FAINT), 0, 1)
        weight = 0.75 * np.sqrt(strength)[..., None]
        colours = (1 - weight) * colours + weight * COLOURS(strength)[..., :3]
    open_places = np.isnan(levels) if values is None else np.isnan(levels) | np.isnan(values)
    return np.dstack([colours, np.where(open_places, 0.0, 1.0)])


def _show(
    figure: Figure,
    picture: Panel,
    *,
    left: float,
    top: float,
    side: float,
    height: float,
) -> Axes:
    """Set a picture into a square of the figure, in millimetres, with a line where the map is half its greatest."""
    axes = figure.add_axes((left / DOUBLE_COLUMN, (top - side) / height, side / DOUBLE_COLUMN, side / height))
    levels, values = picture
    axes.imshow(overlaid(levels, values), interpolation="nearest", aspect="equal")
    if values is not None and np.nanmax(values) > np.nanmin(values):
        axes.contour(np.nan_to_num(values), levels=[0.5 * np.nanmax(values)], colors=["white"], linewidths=0.5)
    axes.set_axis_off()
    axes.add_patch(Rectangle((0, 0), 1, 1, transform=axes.transAxes, fill=False, color=PALE, linewidth=0.4))
    return axes


def _bar(figure: Figure, *, top: float, height: float) -> None:
    """Scale of the maps at the foot of the figure."""
    left, width, thick = MARGIN + LABEL, 40.0, 2.4
    axes = figure.add_axes((left / DOUBLE_COLUMN, (top - 3.2 - thick) / height, width / DOUBLE_COLUMN, thick / height))
    values = np.linspace(0, FULL + 0.5, 200)[None, :]
    axes.imshow(overlaid(np.full(values.shape, 110.0), values), aspect="auto", extent=(0, FULL + 0.5, 0, 1))
    axes.set(yticks=[], xticks=np.arange(0, FULL + 1))
    axes.set_xticklabels([f"{tick:.0f}" for tick in np.arange(0, FULL)] + [f"≥ {FULL:.0f}"])
    axes.tick_params(length=1.5, pad=1)
    for spine in axes.spines.values():
        spine.set_visible(False)
    figure.text(
        (left + width + 3) / DOUBLE_COLUMN,
        (top - 3.2 - thick / 2) / height,
        "Grad-CAM, in multiples of an even map (the mean over the picture is 1).\n"
        "White line: half of the greatest value. Padding is left white. Below cases: predicted probability;\n"
        "actual category.",
        va="center",
        fontsize=SMALL,
        color=INK,
        linespacing=1.3,
    )
