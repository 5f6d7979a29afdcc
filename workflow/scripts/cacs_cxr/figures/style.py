"""One style for every figure: print widths, sizes of text, the mark of simulated patients, and the writers."""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from PIL import Image

from cacs_cxr.study import Site
from cacs_cxr.tables import whole_file, write_csv

SINGLE_COLUMN = 89.0
DOUBLE_COLUMN = 183.0
MILLIMETRES_PER_INCH = 25.4
RESOLUTION = 300
SHEET_RESOLUTION, SHEET_LEVELS = 200, 64
TEXT, SMALL, HEADING = 7.0, 6.5, 8.0
INK, GREY, PALE = "#1a1a1a", "#6b6b6b", "#d9d9d9"
MARK_STRIP = 4.5
SIMULATED_MARK = "Simulated patients: not evidence"

STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": TEXT,
    "axes.titlesize": TEXT,
    "axes.labelsize": TEXT,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "figure.titlesize": HEADING,
    "axes.linewidth": 0.6,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 1.2,
    "hatch.linewidth": 0.6,
    "legend.frameon": False,
    "pdf.fonttype": 42,
    "pdf.compression": 6,
    "figure.dpi": 100,
    "savefig.dpi": RESOLUTION,
    "path.simplify": True,
    "svg.hashsalt": "cacs-cxr",
}


def site_heading(site: Site) -> str:
    """Heading of what belongs to a site: its name, and its part in the study where the name does not tell it."""
    return site.name.capitalize() if site.name == site.role else f"{site.name} ({site.role} site)"


@contextmanager
def print_style() -> Iterator[None]:
    """Matplotlib settings of the study's figures, in force while a figure is drawn and written."""
    with matplotlib.rc_context(STYLE):
        yield


def new_figure(*, width: float, height: float, simulated: bool, foot: float = 0.0) -> Figure:
    """Empty figure with strips kept free at its foot: for the mark of simulated patients, and above it for a key.

    Args:
        width: millimetres, one of the two print widths.
        height: millimetres.
        simulated: whether the figure shows simulated patients, which it then says in the lower strip.
        foot: height of the strip for a key or a note, in millimetres.
    """
    figure = Figure(figsize=(width / MILLIMETRES_PER_INCH, height / MILLIMETRES_PER_INCH))
    FigureCanvasAgg(figure)
    strip = ((MARK_STRIP if simulated else 0.0) + foot) / height
    figure.set_layout_engine("constrained", rect=(0, strip, 1, 1 - strip), w_pad=0.03, h_pad=0.03)
    if simulated:
        mark = figure.text(
            1.0 / width, 1.2 / height, SIMULATED_MARK, ha="left", va="bottom", fontsize=SMALL, style="italic"
        )
        mark.set_color(GREY)
        mark.set_in_layout(False)
    return figure


def write_foot(figure: Figure, note: str, *, simulated: bool, handles: Sequence[Line2D] = ()) -> None:
    """Write a note and a key into the strip that `new_figure` kept free.

    Args:
        figure: as `new_figure` made it, with a foot of 4 mm for one line, 8 mm for a key above the note.
        note: one line, or empty.
        simulated: whether the mark of simulated patients stands below.
        handles: entries of the key.
    """
    height = figure.get_figheight() * MILLIMETRES_PER_INCH
    width = figure.get_figwidth() * MILLIMETRES_PER_INCH
    line = (MARK_STRIP if simulated else 0.0) + 0.8
    if note:
        figure.text(1.0 / width, line / height, note, ha="left", va="bottom", fontsize=SMALL).set_in_layout(False)
        line += 3.6
    if handles:
        key = figure.legend(
            handles=list(handles),
            loc="lower left",
            bbox_to_anchor=(1.0 / width, line / height),
            borderaxespad=0,
            borderpad=0,
            ncols=len(handles),
            handletextpad=0.5,
            columnspacing=2,
        )
        key.set_in_layout(False)


def say(axes: Axes, text: str) -> None:
    """Put words where a panel has nothing to draw, without axis or ticks."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=GREY, wrap=True)


def figure_that_says(text: str, *, simulated: bool) -> Figure:
    """A low figure of the greater print width with words alone, where a study has nothing to draw."""
    figure = new_figure(width=DOUBLE_COLUMN, height=40, simulated=simulated)
    say(figure.add_subplot(), text)
    return figure


def ink_on(colour: tuple[float, ...]) -> str:
    """White or the ink of all letters, whichever stands out more on a ground (red, green, blue in [0, 1]).

    By the contrast of relative luminances (WCAG 2.2).
    """

    def luminance(rgb: tuple[float, ...]) -> float:
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in rgb]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05

    ground = luminance(colour)
    return "white" if 1.05 / ground > ground / luminance(to_rgb(INK)) else INK


def keep_clear(axes: Axes, *, top: float, entries: int) -> None:
    """Set the vertical axis so that a key of so many entries, two a line, stands above the curves."""
    axes.set_ylim(0, top * (1.08 + 0.14 * -(-entries // 2)))


def spread(places: npt.ArrayLike, *, gap: float, low: float, high: float) -> npt.NDArray[np.float64]:
    """Places of labels on a line, moved as little as needed so that neighbours are at least `gap` apart.

    Args:
        places: wanted places, in any order.
        gap: least distance between two labels; made smaller where they would not fit between `low` and `high`.
        low: least place allowed.
        high: greatest place allowed.
    """
    wanted = np.asarray(places, dtype=float)
    if wanted.size == 0:
        return wanted
    gap = min(gap, (high - low) / max(wanted.size - 1, 1))
    order = np.argsort(wanted, kind="stable")
    steps = gap * np.arange(wanted.size)
    shifted = np.clip(wanted[order], low, high) - steps
    # Isotonic regression by pooling neighbours: the smallest total squared move that keeps the order.
    blocks: list[tuple[float, int]] = []
    for value in shifted:
        block = (float(value), 1)
        while blocks and blocks[-1][0] > block[0]:
            before = blocks.pop()
            size = before[1] + block[1]
            block = ((before[0] * before[1] + block[0] * block[1]) / size, size)
        blocks.append(block)
    fitted = np.concatenate([np.full(size, value) for value, size in blocks])
    placed = np.clip(fitted, low, high - steps[-1]) + steps
    result = np.empty(wanted.size, dtype=np.float64)
    result[order] = placed
    return result


def texts(figure: Figure) -> list[str]:
    """Every text of a figure, axes included."""
    found = [text.get_text() for text in figure.texts]
    found += [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    for axes in figure.axes:
        found += [text.get_text() for text in axes.texts]
        found += [axes.get_title(), axes.get_title(loc="left")]
        if not axes.axison:
            continue
        found += [axes.get_xlabel(), axes.get_ylabel()]
        found += [label.get_text() for label in (*axes.get_xticklabels(), *axes.get_yticklabels())]
        if (legend := axes.get_legend()) is not None:
            found += [text.get_text() for text in legend.get_texts()]
    return [text for text in found if text]


@print_style()
def write_figure(figure: Figure, drawn: pd.DataFrame, *, simulated: bool, files: Mapping[str, Path]) -> None:
    """Write a figure as PDF, SVG and PNG and what it draws as CSV; the same figure gives the same bytes.

    Args:
        figure: as `new_figure` made it.
        drawn: tidy frame of what is drawn; a last column `simulated` is added.
        simulated: whether the patients are simulated.
        files: paths by kind: ``pdf`` (fonts embedded), ``svg`` (letters as outlines, so that it looks the same
            everywhere), ``png`` (300 dots per inch) and ``csv``.
    """
    with whole_file(files["png"]) as temporary:
        figure.savefig(temporary, format="png", dpi=RESOLUTION, metadata={"Software": None})
    _write_vectors_and_table(figure, drawn, simulated=simulated, files=files)


@print_style()
def write_sheet(figure: Figure, drawn: pd.DataFrame, *, simulated: bool, files: Mapping[str, Path]) -> None:
    """Write a grey figure full of images as `write_figure` does, small: 64 grey levels at 200 dots per inch."""
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=SHEET_RESOLUTION, pil_kwargs={"compress_level": 0})
    step = 256 // SHEET_LEVELS
    # White stays white and black stays black: the levels kept are spread over the whole range.
    levels = [round(level // step * 255 / (SHEET_LEVELS - 1)) for level in range(256)]
    grey = Image.open(picture).convert("L").point(levels)
    with whole_file(files["png"]) as temporary:
        grey.save(temporary, format="png", optimize=True, dpi=(SHEET_RESOLUTION, SHEET_RESOLUTION))
    with matplotlib.rc_context({"savefig.dpi": SHEET_RESOLUTION}):
        _write_vectors_and_table(figure, drawn, simulated=simulated, files=files)


def _write_vectors_and_table(
    figure: Figure, drawn: pd.DataFrame, *, simulated: bool, files: Mapping[str, Path]
) -> None:
    # The raster has laid the figure out; to do it again for each format takes time and moves things a little. With the
    # engine "none" Matplotlib would still draw everything twice.
    figure.set_layout_engine(None)
    with whole_file(files["pdf"]) as temporary:
        figure.savefig(temporary, format="pdf", metadata={"CreationDate": None, "Creator": None, "Producer": None})
    with whole_file(files["svg"]) as temporary:
        drawing = io.StringIO()
        figure.savefig(drawing, format="svg", metadata={"Date": None, "Creator": None})
        temporary.write_text(with_numbered_clips(drawing.getvalue()), encoding="utf-8")
    write_csv(drawn.assign(simulated=simulated), files["csv"])


def with_numbered_clips(svg: str) -> str:
    """An SVG whose clip paths are named by their order: some of Matplotlib's names come from addresses in memory."""
    names = {name: f"clip{number}" for number, name in enumerate(re.findall(r'<clipPath id="([^"]+)"', svg), start=1)}
    return re.sub(
        r'(<clipPath id="|clip-path="url\(#)([^")]+)', lambda found: found[1] + names.get(found[2], found[2]), svg
    )
