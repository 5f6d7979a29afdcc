"""Example radiographs for print: a few of every category at every site, drawn at random."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure

from cacs_cxr.figures.style import DOUBLE_COLUMN, GREY, INK, MARK_STRIP, SMALL, print_style, site_heading
from cacs_cxr.figures.thumbnails import LARGEST_SIDE, Placed, drawn_at_random, new_sheet, paste
from cacs_cxr.study import Study

MOST_A_CATEGORY, LINES = 6, 2
MARGIN, GROUP_GAP, GAP, HEAD, SITE_STRIP, COUNT_STRIP, SITE_GAP = 1.0, 3.0, 0.5, 7.0, 5.0, 3.6, 3.0
COLUMNS = ["site", "category", "n", "line", "column", "row"]


def example_frame(cohort: pd.DataFrame, study: Study, *, seed: int) -> pd.DataFrame:
    """The radiographs that are shown and their places.

    Args:
        cohort: site, row (of the image array), category (0 is the lowest) of every analysed patient.
        study: gives sites and categories.
        seed: the study's.

    Returns:
        `COLUMNS`, a row a radiograph; a site without a patient in a category has none there. ``n`` is how many were
        analysed, ``line`` and ``column`` are the place in the cell, ``row`` the place in the image array.
    """
    rows: list[dict[str, Any]] = []
    for site in study.sites:
        for number, category in enumerate(study.categories):
            here = cohort.loc[(cohort["site"] == site.name) & (cohort["category"] == number), "row"]
            drawn = drawn_at_random(here, most=MOST_A_CATEGORY, seed=seed, place=("example", site.name, category))
            across = MOST_A_CATEGORY // LINES
            rows += [
                {
                    "site": site.name, "category": category, "n": len(here), "line": place // across,
                    "column": place % across, "row": row,
                }
                for place, row in enumerate(drawn)
            ]  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)


@print_style()
def draw_examples(drawn: pd.DataFrame, images: npt.NDArray[np.uint8], study: Study) -> Figure:
    """Draw the figure: sites in rows, categories in columns.

    Args:
        drawn: as `example_frame` returns it.
        images: uint8 [N, S, S], all radiographs.
        study: gives sites and categories.
    """
    across, groups = MOST_A_CATEGORY // LINES, len(study.categories)
    usable = DOUBLE_COLUMN - 2 * MARGIN - GROUP_GAP * (groups - 1) - GAP * groups * (across - 1)
    side = min(usable / (groups * across), LARGEST_SIDE)
    block = SITE_STRIP + COUNT_STRIP + LINES * (side + GAP)
    strip = MARK_STRIP if study.simulated else 0.0
    height = HEAD + len(study.sites) * (block + SITE_GAP) + strip
    figure, axes = new_sheet(height=height, simulated=study.simulated)
    width = across * (side + GAP) - GAP
    starts = [MARGIN + place * (width + GROUP_GAP) for place in range(groups)]
    for start, label in zip(starts, study.category_labels, strict=True):
        axes.text(start, height - 3.0, f"{study.biomarker.short} {label}", fontweight="bold", va="center")
        axes.plot([start, start + width], [height - 5.6] * 2, color=INK, linewidth=0.6)
    placed: list[Placed] = []
    top = height - HEAD
    for site in study.sites:
        axes.text(MARGIN, top - SITE_STRIP / 2, site_heading(site), fontweight="bold", va="center")
        for start, category in zip(starts, study.categories, strict=True):
            cell = drawn[(drawn["site"] == site.name) & (drawn["category"] == category)]
            number = f"n = {int(cell['n'].iloc[0]):,}" if len(cell) else "none"
            place = top - SITE_STRIP - COUNT_STRIP / 2
            axes.text(start, place, number, fontsize=SMALL, color=INK if len(cell) else GREY, va="center")
            for item in cell.to_dict("records"):
                left = start + item["column"] * (side + GAP)
                above = top - SITE_STRIP - COUNT_STRIP - item["line"] * (side + GAP)
                placed.append(Placed(int(item["row"]), left=left, top=above, side=side))
        top -= block + SITE_GAP
    paste(axes, images, placed)
    return figure
