"""Sheet of flagged radiographs: a sample of each flag, with how many have it."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure

from cacs_cxr.figures.style import DOUBLE_COLUMN, GREY, INK, MARK_STRIP, PALE, print_style
from cacs_cxr.figures.thumbnails import NO_VENDOR, Placed, drawn_at_random, new_sheet, paste
from cacs_cxr.study import Study

ACROSS, MOST_LINES = 12, 2
MARGIN, GAP, HEAD, CAPTION, LINE_GAP = 1.0, 0.6, 5.4, 5.4, 0.8
TINY, LONGEST = 5.0, 14
SIDE = (DOUBLE_COLUMN - 2 * MARGIN - GAP * (ACROSS - 1)) / ACROSS
COLUMNS = ["flag", "label", "n_flagged", "n", "site", "vendor", "place", "row"]


def flagged_frame(table: pd.DataFrame, counts: pd.DataFrame, study: Study, *, seed: int) -> pd.DataFrame:
    """The radiographs on the sheet, by flag; a flag that nobody has is one row without a radiograph.

    Args:
        table: row, site, vendor, readable and a column of truth values for each flag.
        counts: site, part, item, label, n, of: rows of the part ``flagged`` name the flags in their order.
        study: gives the order of the sites.
        seed: the study's.

    Returns:
        `COLUMNS`: ``n_flagged`` of ``n`` readable radiographs have the flag; at most 24 of them are drawn.
        ``place`` and ``row`` (place in the image array) are missing where there is none.
    """
    flags = counts[(counts["part"] == "flagged") & (counts["item"] != "any")]
    read = table[table["readable"].astype(bool)]
    sites = [site.name for site in study.sites]
    rows: list[dict[str, Any]] = []
    for flag, label in flags.drop_duplicates("item")[["item", "label"]].itertuples(index=False):
        flagged = read[read[flag].astype(bool)]
        chosen = drawn_at_random(flagged["row"], most=ACROSS * MOST_LINES, seed=seed, place=("flagged", flag))
        common = {"flag": flag, "label": label, "n_flagged": len(flagged), "n": len(read)}
        shown = flagged.set_index("row").loc[chosen, ["site", "vendor"]].reset_index()
        shown = shown.sort_values(
            ["site", "row"], key=lambda values: values.map(sites.index) if values.name == "site" else values
        )
        if shown.empty:
            rows.append({**common, "site": "", "vendor": "", "place": None, "row": None})
        rows += [{**common, **item, "place": place} for place, item in enumerate(shown.to_dict("records"))]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.astype({"place": "Int64", "row": "Int64"})


@print_style()
def draw_flagged(drawn: pd.DataFrame, images: npt.NDArray[np.uint8], study: Study) -> Figure:
    """Draw the sheet: a strip for each flag, and under each radiograph its site and vendor.

    Args:
        drawn: as `flagged_frame` returns it.
        images: uint8 [N, S, S], all radiographs.
        study: says whether the patients are simulated.
    """
    flags = list(dict.fromkeys(drawn["flag"]))
    lines = {flag: -(-int(drawn.loc[drawn["flag"] == flag, "row"].notna().sum()) // ACROSS) for flag in flags}
    blocks = [HEAD + lines[flag] * (SIDE + CAPTION + LINE_GAP) for flag in flags]
    height = max(sum(blocks) + 1.5 + (MARK_STRIP if study.simulated else 0.0), 12.0)
    figure, axes = new_sheet(height=height, simulated=study.simulated)
    top = height - 0.8
    placed: list[Placed] = []
    for flag, block in zip(flags, blocks, strict=True):
        rows = drawn[drawn["flag"] == flag]
        label, n_flagged, n = rows[["label", "n_flagged", "n"]].iloc[0]
        share = f"{n_flagged:,} of {n:,} ({100 * n_flagged / n:.1f} %)" if n_flagged else f"none of {n:,}"
        shown = int(rows["row"].notna().sum())
        note = f"; {shown} drawn at random" if shown < n_flagged else ""
        axes.plot([MARGIN, DOUBLE_COLUMN - MARGIN], [top] * 2, color=PALE, linewidth=0.6)
        words = axes.text(MARGIN, top - HEAD / 2, str(label), fontweight="bold", va="center", color=INK)
        axes.annotate(f"   {share}{note}", (1, 0.5), xycoords=words, va="center", color=INK if n_flagged else GREY)
        for item in rows.dropna(subset=["row"]).to_dict("records"):
            line, column = divmod(int(item["place"]), ACROSS)
            left, above = MARGIN + column * (SIDE + GAP), top - HEAD - line * (SIDE + CAPTION + LINE_GAP)
            placed.append(Placed(int(item["row"]), left=left, top=above, side=SIDE))
            for number, name in enumerate((item["site"], item["vendor"] or NO_VENDOR)):
                axes.text(left, above - SIDE - 0.5 - 2.2 * number, shortened(str(name)), fontsize=TINY, va="top")
        top -= block
    paste(axes, images, placed)
    return figure


def shortened(name: str) -> str:
    """A name that fits under a radiograph."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
