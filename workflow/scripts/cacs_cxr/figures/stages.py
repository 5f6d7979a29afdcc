"""The study's graph as a diagram: a box for each stage and step, with its rules, from the tables to the report."""

import itertools
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, PathPatch
from matplotlib.path import Path

from cacs_cxr.figures.style import DOUBLE_COLUMN, GREY, INK, MARK_STRIP, SMALL, new_figure, print_style
from cacs_cxr.stages import steps

LINE, PADDING, ROW_GAP, GAP = 2.8, 1.1, 5.0, 2.0  # millimetres
LETTER = 1.26  # mean width of a letter in millimetres
WIDEST = 26  # letters in a line of a box
# Stages that follow one another share a lane, so that arrows run down or to the right.
LANES = {
    "simulation": 0, "archive": 0, "imaging": 0, "cohort": 1, "training": 2, "evaluation": 2, "prognosis": 2,
    "figures": 3, "report": 4,
}  # fmt: skip
CENTRES = (19.0, 57.0, 94.0, 131.5, 167.0)
# Lightness falls from stage to stage in turns, so that neighbours differ in grey print too.
FILLS = ("#f7f7f7", "#dbe9f6", "#fdebd0", "#e3f1de", "#efe3f3", "#d5ece9", "#f9dfdf", "#e8e8e8", "#fff6c9")


@dataclass
class Box:
    """Rules of one stage in one step, and where they are drawn (millimetres from the upper left)."""

    stage: str
    step: int
    rules: list[str]
    lines: list[str]
    left: float = 0.0
    top: float = 0.0

    @property
    def width(self) -> float:
        """Millimetres."""
        return max(len(line) for line in [self.stage, *self.lines]) * LETTER + 2 * PADDING + 1.0

    @property
    def height(self) -> float:
        """Millimetres."""
        return (len(self.lines) + 1) * LINE + 2 * PADDING

    @property
    def centre(self) -> float:
        """Millimetres from the left."""
        return self.left + self.width / 2


def stages_frame(rows: pd.DataFrame) -> pd.DataFrame:
    """The rules as they are drawn: stage, rule, jobs, after and step.

    Args:
        rows: as `cacs_cxr.stages.stage_rows` returns them.
    """
    plain = rows.fillna({"after": ""})
    found = steps([{"rule": row["rule"], "after": row["after"]} for row in plain.to_dict("records")])
    return plain.assign(step=plain["rule"].map(found).astype(int))


@print_style()
def draw_stages(drawn: pd.DataFrame, *, simulated: bool) -> Figure:
    """Draw the diagram.

    Args:
        drawn: as `stages_frame` returns it.
        simulated: whether the patients are simulated.
    """
    boxes = boxes_of(drawn)
    arrows = arrows_of(drawn, boxes)
    placed = [[box for box in boxes if box.step == step] for step in sorted({box.step for box in boxes})]
    top = 1.0
    for row in placed:
        place_row(row, top=top)
        top += max(box.height for box in row) + ROW_GAP
    height = top - ROW_GAP + 1.0 + (MARK_STRIP if simulated else 0.0)
    figure = new_figure(width=DOUBLE_COLUMN, height=height, simulated=simulated)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, DOUBLE_COLUMN), ylim=(height, 0))
    axes.set_axis_off()
    order = list(dict.fromkeys(box.stage for box in boxes))
    for before, after in arrows:
        draw_arrow(axes, before, after)
    for box in boxes:
        draw_box(axes, box, fill=FILLS[order.index(box.stage) % len(FILLS)])
    return figure


def boxes_of(drawn: pd.DataFrame) -> list[Box]:
    """A box for every stage in every step."""
    boxes = []
    for (step, stage), rows in drawn.groupby(["step", "stage"], sort=True):
        names = [
            row["rule"].replace("_", " ") + (f" × {row['jobs']}" if row["jobs"] > 1 else "")
            for row in rows.to_dict("records")
        ]
        lines = names if len(names) < 3 else textwrap.wrap(", ".join(shortened(names)), WIDEST)
        boxes.append(Box(str(stage), int(str(step)), list(rows["rule"]), lines))
    return boxes


def shortened(names: Sequence[str]) -> list[str]:
    """Names of which the first word is said once where all share it: draw flow, roc, auc."""
    first = {name.partition(" ")[0] for name in names}
    return [names[0], *(name.partition(" ")[2] for name in names[1:])] if len(first) == 1 else list(names)


def arrows_of(drawn: pd.DataFrame, boxes: Sequence[Box]) -> list[tuple[Box, Box]]:
    """Pairs of boxes of which the second needs the first; those that follow from others are left out."""
    home = {rule: box for box in boxes for rule in box.rules}
    pairs = {
        (boxes.index(home[before]), boxes.index(home[row["rule"]]))
        for row in drawn.to_dict("records")
        for before in row["after"].split()
        if before in home
    }
    reach = {number: {after for before, after in pairs if before == number} for number in range(len(boxes))}

    def behind(number: int) -> set[int]:
        return reach[number].union(*(behind(after) for after in reach[number]))

    kept = [
        (before, after)
        for before, after in sorted(pairs)
        if not any(after in behind(other) for other in reach[before] if other != after)
    ]
    return [(boxes[before], boxes[after]) for before, after in kept]


def place_row(row: Sequence[Box], *, top: float) -> None:
    """Place the boxes of a step, each in the lane of its stage, those of one lane side by side, within the page."""
    for lane in sorted({LANES.get(box.stage, 0) for box in row}):
        boxes = [box for box in row if LANES.get(box.stage, 0) == lane]
        total = sum(box.width for box in boxes) + GAP * (len(boxes) - 1)
        left = CENTRES[lane] - total / 2
        left = min(max(left, 1.0), DOUBLE_COLUMN - 1.0 - total)
        for box in boxes:
            box.left, box.top = left, top
            left += box.width + GAP
    ordered = sorted(row, key=lambda box: box.left)
    for before, box in itertools.pairwise(ordered):
        box.left = max(box.left, before.left + before.width + GAP)
    right = DOUBLE_COLUMN - 1.0
    for box in reversed(ordered):
        box.left = min(box.left, right - box.width)
        right = box.left - GAP


def draw_box(axes: Axes, box: Box, *, fill: str) -> None:
    """Draw a box with its stage in bold and its rules."""
    shape = FancyBboxPatch(
        (box.left, box.top), box.width, box.height, boxstyle="round,pad=0,rounding_size=1",
        facecolor=fill, edgecolor=INK, linewidth=0.6, zorder=2,
    )  # fmt: skip
    axes.add_patch(shape)
    place = box.top + PADDING + LINE / 2
    for number, line in enumerate([box.stage.capitalize(), *box.lines]):
        weight = "normal" if number else "bold"
        axes.text(box.left + PADDING, place, line, fontsize=SMALL, fontweight=weight, va="center", ha="left", zorder=3)
        place += LINE


def draw_arrow(axes: Axes, before: Box, after: Box) -> None:
    """Draw a curve from the foot of a box to the head of another."""
    start, end = (before.centre, before.top + before.height), (after.centre, after.top - 0.3)
    bend = (end[1] - start[1]) / 2
    curve = Path(
        [start, (start[0], start[1] + bend), (end[0], end[1] - bend), end],
        [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4],
    )
    axes.add_patch(PathPatch(curve, facecolor="none", edgecolor=GREY, linewidth=0.7, zorder=1))
    head = [(end[0] - 0.8, end[1] - 1.6), (end[0] + 0.8, end[1] - 1.6), (end[0], end[1])]
    axes.fill(*zip(*head, strict=True), color=GREY, linewidth=0, zorder=1)
