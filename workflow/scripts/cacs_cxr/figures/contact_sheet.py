"""Contact sheet of a site: a sample of the analysed radiographs by vendor (rows) and category (columns)."""

import textwrap
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure

from cacs_cxr.figures.style import DOUBLE_COLUMN, GREY, HEADING, INK, MARK_STRIP, SMALL, print_style, site_heading
from cacs_cxr.figures.thumbnails import LARGEST_SIDE, NO_VENDOR, Placed, drawn_at_random, new_sheet, paste
from cacs_cxr.study import Study

FURTHER = "further vendors"
ACROSS = 12  # radiographs in a line, shared out among the categories
MOST_LINES = 12  # more would not fit a page
MOST_LINES_A_VENDOR = 3
LABEL, GROUP_GAP, GAP, MARGIN = 21.0, 2.6, 0.4, 1.0
HEAD, COUNT_STRIP, ROW_GAP = 12.5, 3.4, 2.2
COLUMNS = ["site", "vendor", "category", "n", "line", "column", "row"]


def across(study: Study) -> int:
    """Radiographs of one category in a line."""
    return max(1, ACROSS // len(study.categories))


def vendor_groups(vendors: "pd.Series[str]") -> "pd.Series[str]":
    """Vendors as the sheet groups them: the rarest ones together where there are more than the sheet has lines."""
    named = vendors.fillna("").astype(str).replace("", NO_VENDOR)
    numbers = named.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    kept = list(numbers.index if len(numbers) <= MOST_LINES else numbers.index[: MOST_LINES - 1])
    return named.where(named.isin(kept), FURTHER)


def contact_frame(cohort: pd.DataFrame, table: pd.DataFrame, study: Study, *, site: str, seed: int) -> pd.DataFrame:
    """The radiographs on a site's sheet and their places.

    Args:
        cohort: site, row (of the image array), category (0 is the lowest) of every analysed patient.
        table: row and vendor of every radiograph.
        study: gives the names of the categories.
        seed: the study's.

    Returns:
        `COLUMNS`, a row a radiograph: vendors from the most frequent to the rarest, ``n`` is how many of the vendor and
        category were analysed, ``line`` and ``column`` are its place in the cell, ``row`` its place in the image array.
    """
    here = cohort.loc[cohort["site"] == site, ["row", "category"]].merge(table[["row", "vendor"]], on="row")
    here = here.assign(vendor=vendor_groups(here["vendor"]))
    numbers = here["vendor"].value_counts()
    order = sorted(numbers.index, key=lambda vendor: (vendor == FURTHER, -int(numbers[vendor]), str(vendor)))
    width = across(study)
    lines = int(np.clip(MOST_LINES // max(len(order), 1), 1, MOST_LINES_A_VENDOR))
    rows: list[dict[str, Any]] = []
    for vendor in order:
        for number, category in enumerate(study.categories):
            cell = here.loc[(here["vendor"] == vendor) & (here["category"] == number), "row"]
            drawn = drawn_at_random(cell, most=lines * width, seed=seed, place=("contact", site, vendor, category))
            common = {"site": site, "vendor": vendor, "category": category, "n": len(cell)}
            rows += [
                {**common, "line": place // width, "column": place % width, "row": row}
                for place, row in enumerate(drawn)
            ]
    return pd.DataFrame(rows, columns=COLUMNS)


@print_style()
def draw_contact_sheet(drawn: pd.DataFrame, images: npt.NDArray[np.uint8], study: Study, *, site: str) -> Figure:
    """Draw a site's sheet; it says site, vendor, category and how many there are, and nothing of a patient.

    Args:
        drawn: as `contact_frame` returns it.
        images: uint8 [N, S, S], all radiographs.
        study: gives the site's part and the categories.
        site: name of the site.
    """
    width, groups = across(study), len(study.categories)
    usable = DOUBLE_COLUMN - 2 * MARGIN - LABEL - GROUP_GAP * (groups - 1) - GAP * groups * (width - 1)
    side = min(usable / (groups * width), LARGEST_SIDE)
    vendors = list(dict.fromkeys(drawn["vendor"]))
    lines = {vendor: int(drawn.loc[drawn["vendor"] == vendor, "line"].max()) + 1 for vendor in vendors}
    block = {vendor: COUNT_STRIP + lines[vendor] * (side + GAP) - GAP for vendor in vendors}
    strip = MARK_STRIP if study.simulated else 0.0
    height = HEAD + sum(block.values()) + ROW_GAP * max(len(vendors) - 1, 0) + 1.5 + strip
    figure, axes = new_sheet(height=height, simulated=study.simulated)
    top = height - 1.0
    described = next(item for item in study.sites if item.name == site)
    words = axes.text(MARGIN, top, site_heading(described), fontsize=HEADING, fontweight="bold", va="top")
    cells = drawn.drop_duplicates(["vendor", "category"])
    axes.annotate(
        f"   {len(drawn):,} of {int(cells['n'].sum()):,} radiographs analysed", (1, 0.5), xycoords=words, va="center"
    )
    starts = [MARGIN + LABEL + place * (width * (side + GAP) - GAP + GROUP_GAP) for place in range(groups)]
    for start, label in zip(starts, study.category_labels, strict=True):
        axes.text(start, top - 6.8, f"{study.biomarker.short} {label}", fontweight="bold", va="center")
        axes.plot([start, start + width * (side + GAP) - GAP], [top - 9.4] * 2, color=INK, linewidth=0.6)
    top -= HEAD - 2.2
    placed: list[Placed] = []
    for vendor in vendors:
        rows = drawn[drawn["vendor"] == vendor]
        name = "Vendor\nnot named" if vendor == NO_VENDOR else textwrap.fill(vendor[:1].upper() + vendor[1:], 13)
        axes.text(MARGIN, top - COUNT_STRIP, name, fontweight="bold", va="top", linespacing=1.15)
        for start, category in zip(starts, study.categories, strict=True):
            cell = rows[rows["category"] == category]
            number = f"n = {int(cell['n'].iloc[0]):,}" if len(cell) else "none"
            axes.text(
                start, top - COUNT_STRIP / 2, number, fontsize=SMALL, color=INK if len(cell) else GREY, va="center"
            )
            for item in cell.to_dict("records"):
                left = start + item["column"] * (side + GAP)
                above = top - COUNT_STRIP - item["line"] * (side + GAP)
                placed.append(Placed(int(item["row"]), left=left, top=above, side=side))
        top -= block[vendor] + ROW_GAP
    paste(axes, images, placed)
    return figure
