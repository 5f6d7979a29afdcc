"""Flow diagram: how many patients and radiographs each step of each site left out, in the manner of CONSORT."""

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from cacs_cxr.figures.style import (
    DOUBLE_COLUMN,
    HEADING,
    INK,
    SINGLE_COLUMN,
    SMALL,
    new_figure,
    print_style,
    site_heading,
)
from cacs_cxr.small_cells import hidden_flow, hidden_text
from cacs_cxr.study import Study

COLUMN = 44.0  # millimetres of one chain of boxes; four of them and the gaps fill a double column
INDENT = 5.0
GUTTER = 1.5
LINE = 2.9
PADDING = 1.3
GAP = 3.2
HEAD = 10.0
CHARACTER = 1.32  # mean width of a character at the size used, in millimetres
UNITS = ("radiographs", "patients")


@dataclass(frozen=True)
class Box:
    """A box of the diagram: its lines, and whether it lists what was left out."""

    lines: Sequence[str]
    kind: Literal["kept", "excluded"]

    @property
    def height(self) -> float:
        """Height in millimetres."""
        return LINE * len(self.lines) + 2 * PADDING


def flow_frame(flow: pd.DataFrame, study: Study, *, smallest: int | None = None) -> pd.DataFrame:
    """Rows of the diagram in the order in which they are drawn.

    Args:
        flow: site, unit (patients | radiographs), order, kind (start | excluded | remaining), label, n.
        study: gives the order of the sites.
        smallest: least count shown; hidden ones become text such as "< 5". None shows all.
    """
    sites = [site.name for site in study.sites]
    known = flow[flow["site"].isin(sites) & flow["unit"].isin(UNITS)]
    places = known.assign(
        site_place=known["site"].map(sites.index).astype(int), unit_place=known["unit"].map(UNITS.index).astype(int)
    )
    ordered = places.sort_values(["site_place", "unit_place", "order"], kind="stable")
    drawn = ordered[["site", "unit", "order", "kind", "label", "n"]].reset_index(drop=True)
    if smallest is None:
        return drawn
    marks = hidden_flow(drawn, smallest=smallest)
    texts = [hidden_text(n, smallest=smallest) if hide else int(n) for n, hide in zip(drawn["n"], marks, strict=True)]
    return drawn.assign(n=pd.Series(texts, dtype=object))


def chain(rows: pd.DataFrame, *, width: float) -> list[Box]:
    """Boxes of one unit at one site: what was kept, and between two of these one box of what was left out.

    Args:
        rows: rows of one site and unit in their order.
        width: millimetres of a box of what was kept.
    """
    boxes: list[Box] = []
    left_out: list[tuple[str, int | str]] = []
    for row in rows.itertuples():
        if row.kind == "excluded":
            left_out.append((str(row.label), counted(row.n)))
            continue
        if left_out:
            boxes.append(excluded_box(left_out, width=width - INDENT))
            left_out = []
        boxes.append(Box(wrapped(f"{row.label} ({number(counted(row.n))})", width=width), "kept"))
    if left_out:
        boxes.append(excluded_box(left_out, width=width - INDENT))
    return boxes


def counted(n: object) -> int | str:
    """A number of the flow: an integer, or the text of a hidden count."""
    text = str(n)
    return int(text) if text.isdecimal() else text


def number(n: int | str) -> str:
    """A number in brackets: "n = 1,234", or for a hidden count "n < 5"."""
    return f"n = {n:,}" if isinstance(n, int) else f"n {n}"


def excluded_box(left_out: Sequence[tuple[str, int | str]], *, width: float) -> Box:
    """Box that lists reasons with their numbers, the sum first; reasons that left nobody out are counted together.

    There is no sum where a number is hidden.
    """
    met = [(label, n) for label, n in left_out if n != 0]
    known = [n for _, n in met if isinstance(n, int)]
    lines = [f"Excluded ({number(sum(known))})" if len(known) == len(met) else "Excluded"]
    for label, n in met:
        lines += wrapped(f"{label} ({number(n)})", width=width, hanging="  ")
    if unmet := len(left_out) - len(met):
        noun = "reason" if unmet == 1 else "reasons"
        lines += wrapped(f"{unmet} {'other ' if met else ''}{noun} met by none", width=width, hanging="  ")
    return Box(lines, "excluded")


def wrapped(text: str, *, width: float, hanging: str = "") -> list[str]:
    """Text in lines that fit a box of a width in millimetres; "(n = 12)" is never broken."""
    # A no-break space keeps the count in one piece: textwrap breaks at ASCII white space only.
    held = re.sub(r"\(n ([=<≥]) ", "(n\xa0\\1\xa0", text)
    characters = int((width - 2 * PADDING) / CHARACTER)
    return textwrap.wrap(held, characters, subsequent_indent=hanging, break_long_words=False) or [""]


@print_style()
def draw_flow(drawn: pd.DataFrame, study: Study) -> Figure:
    """Draw the flow diagram: two sites side by side, radiographs and patients of each in a chain of boxes.

    Args:
        drawn: as `flow_frame` returns it.
        study: gives sites, their parts and whether they are simulated.
    """
    sites = [site for site in study.sites if (drawn["site"] == site.name).any()]
    if not sites:
        figure = new_figure(width=SINGLE_COLUMN, height=30, simulated=study.simulated)
        axes = figure.add_subplot()
        axes.set_axis_off()
        axes.text(0.5, 0.5, "The flow of patients was not recorded.", ha="center", va="center")
        return figure
    chains = {
        (site.name, unit): chain(rows, width=COLUMN - 2 * GUTTER)
        for site in sites
        for unit in UNITS
        if len(rows := drawn[(drawn["site"] == site.name) & (drawn["unit"] == unit)])
    }
    pairs = [sites[start : start + 2] for start in range(0, len(sites), 2)]
    heights = [max(chain_height(boxes) for (name, _), boxes in chains.items() if name in names(pair)) for pair in pairs]
    width = DOUBLE_COLUMN if len(sites) > 1 else SINGLE_COLUMN
    height = sum(heights) + (HEAD + 4) * len(pairs) + (5 if study.simulated else 1)
    figure = new_figure(width=width, height=height, simulated=study.simulated)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.set_axis_off()
    top = height - 1
    for pair, tallest in zip(pairs, heights, strict=True):
        for place, site in enumerate(pair):
            left = place * (width / len(pair)) + 1
            axes.text(left + GUTTER, top - 1.5, site_heading(site), fontsize=HEADING, fontweight="bold", va="top")
            units = [unit for unit in UNITS if (site.name, unit) in chains]
            for column, unit in enumerate(units):
                start = left + column * COLUMN
                axes.text(start + GUTTER, top - 6, unit.capitalize(), fontsize=SMALL, fontweight="bold", va="top")
                draw_chain(axes, chains[site.name, unit], left=start + GUTTER, top=top - HEAD)
        top -= tallest + HEAD + 4
    return figure


def names(sites: Sequence[object]) -> list[str]:
    """Names of sites."""
    return [str(getattr(site, "name", "")) for site in sites]


def chain_height(boxes: Sequence[Box]) -> float:
    """Height of a chain in millimetres."""
    return sum(box.height for box in boxes) + GAP * (len(boxes) - 1)


def draw_chain(axes: Axes, boxes: Sequence[Box], *, left: float, top: float) -> None:
    """Draw boxes below one another; what was left out is indented and hangs on an arrow from the line of the chain."""
    width = COLUMN - 2 * GUTTER
    spine = left + INDENT / 2
    arrow = {"arrowstyle": "-|>,head_length=0.25,head_width=0.12", "linewidth": 0.6, "color": INK}
    last_kept: float | None = None
    for box in boxes:
        bottom = top - box.height
        inset = 0.0 if box.kind == "kept" else INDENT
        if box.kind == "kept":
            if last_kept is not None:
                axes.annotate("", (spine, top), (spine, last_kept), arrowprops={**arrow, "shrinkA": 0, "shrinkB": 0})
            last_kept = bottom
        elif last_kept is not None:
            middle = (top + bottom) / 2
            axes.plot([spine, spine], [last_kept, middle], color=INK, linewidth=0.6)
            axes.annotate(
                "", (left + INDENT, middle), (spine, middle), arrowprops={**arrow, "shrinkA": 0, "shrinkB": 0}
            )
        axes.add_patch(
            FancyBboxPatch(
                (left + inset, bottom),
                width - inset,
                box.height,
                boxstyle="round,pad=0,rounding_size=0.6",
                linewidth=0.6,
                edgecolor=INK,
                facecolor="white" if box.kind == "kept" else "#f2f2f2",
            )
        )
        for number, line in enumerate(box.lines):
            axes.text(
                left + inset + PADDING, top - PADDING - LINE * number - 0.2, line, fontsize=SMALL, va="top", ha="left"
            )
        top = bottom - GAP
