"""The radiographs in the report: what was read, refused, corrected, repeated and flagged, in a table and in words."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from cacs_cxr.report.configuration import setting
from cacs_cxr.report.evidence import Evidence
from cacs_cxr.report.numbers import count, listing, share
from cacs_cxr.report.phrases import Row, lower_first, site_phrase
from cacs_cxr.study import Study

QUANTITY, NOTE = "quantity", "note"
ANY = "any"
NOT_COUNTED = "–"
SAME_PATIENT = ", same patient"
MOST_PATHS = 4
SHARED = {"exclude": "Patients who share a picture with another were excluded; the flow counts them."}
UNGUARDED = "A picture of two patients may stand in training and in test."


def radiographs_text(counts: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Table of the radiographs: a row a quantity, a column a site, and the remedy of each reason.

    Args:
        counts: site, part, item, label, n, of, value, note; without rows the table has none.
        study: gives the order of the sites.
    """
    sites = [site.name for site in study.sites]
    known = counts[counts["site"].isin(sites)]
    rows = []
    for (part, item), group in in_order(known):
        cells = {site: "0" if site in set(known["site"]) else NOT_COUNTED for site in sites}
        for row in group.to_dict("records"):
            n, of = int(row["n"]), int(row["of"])
            cells[str(row["site"])] = count(n) if part == "selected" or not n else share(n, of)
        note = group["note"].fillna("").astype(str).max()
        rows.append({QUANTITY: heading(part, item, str(group["label"].iloc[0])), **cells, NOTE: note})
    if len(known):
        sizes = {site: median_size(known[known["site"] == site]) for site in sites}
        rows.append({QUANTITY: "Median width × height, pixels", **sizes, NOTE: ""})
    return pd.DataFrame(rows, columns=[QUANTITY, *sites, NOTE])


def in_order(counts: pd.DataFrame) -> Iterator[tuple[tuple[str, str], pd.DataFrame]]:
    """Rows of each part and item but the sizes; parts and flags as the table has them, others by falling numbers."""
    for part in dict.fromkeys(counts["part"]):
        if part == "size":
            continue
        rows = counts[counts["part"] == part]
        items = list(dict.fromkeys(rows["item"]))
        if part in {"refused", "overridden", "intensity"}:
            total = rows.groupby("item")["n"].sum()
            items.sort(key=lambda item: (item != ANY, -int(total[item]), item))
        if part == "repeated":
            items.sort(key=lambda item: (not item.startswith("identical"), item))
        for item in items:
            yield (str(part), str(item)), rows[rows["item"] == item]


def heading(part: str, item: str, label: str) -> str:
    """Words for a row of the table."""
    before = {"refused": "Refused", "overridden": "Corrected", "intensity": "Grey values"}
    return f"{before[part]}: {label}" if part in before and item != ANY else label


def median_size(counts: pd.DataFrame) -> str:
    """Median width and height of a site's original images, with the median of their product."""
    sizes = counts[counts["part"] == "size"].set_index("item")["value"].astype(float)
    width, height, megapixels = (float(sizes.get(item, np.nan)) for item in ("width", "height", "megapixels"))
    if not np.isfinite([width, height, megapixels]).all():
        return NOT_COUNTED
    return f"{width:,.0f} × {height:,.0f} ({megapixels:.3g} megapixels)"


def radiographs(evidence: Evidence, *, shown: Sequence[str], left_out: Sequence[str]) -> list[str]:
    """What became of the radiographs of every site, what flags mean, and where the contact sheets are.

    Args:
        shown: names of the contact sheets on the page.
        left_out: names of those that exist and are not on the page.
    """
    study = evidence.study
    shared = SHARED.get(str(setting(evidence.configuration, "guards.pixels_of_two_patients")), UNGUARDED)
    paragraphs = [
        text
        for site in study.sites
        if (text := site_paragraph(evidence.rows("radiographs", site=site.name), site_phrase(site), shared=shared))
    ]
    if not paragraphs:
        return ["The archive does not record how the radiographs were read, and holds none of them."]
    paragraphs.append(
        "A flag says that pixel statistics are unlike those of an upright, positive frontal chest radiograph: such "
        "images are to be looked at. Flags exclude nobody, nor does likeness to a radiograph of the same patient; a "
        "correction is made only where the override table asks for it. A path of grey values lists the "
        "transformations in their order."
    )
    if left_out:
        files = listing([f"{name}.png" for name in left_out])
        paragraphs.append(f"Not all contact sheets fit this page: see {files} in results/images.")
    elif not shown:
        paragraphs.append(
            "The study was rebuilt from an archive, which holds no image: contact sheets and flagged radiographs can "
            "be drawn only where the radiographs are."
        )
    if shown and not study.simulated:
        paragraphs.append(
            "This page shows radiographs of patients, too small for lines of writing burnt into them, but not for "
            "large letters: hand it on only as the images themselves may be handed on."
        )
    return paragraphs


def counted(rows: Sequence[Row]) -> str:
    """Labels with their numbers in brackets as a list; a single one without, since the sentence says how many."""
    return str(rows[0]["label"]) if len(rows) == 1 else listing([f"{row['label']} ({count(row['n'])})" for row in rows])


def site_paragraph(counts: pd.DataFrame, phrase: str, *, shared: str) -> str:
    """The counts of one site in sentences; empty where nothing was counted.

    Args:
        shared: sentence on pictures of two patients, said where there are some.
    """
    rows: dict[tuple[str, str], Row] = {
        (str(row["part"]), str(row["item"])): {str(key): value for key, value in row.items()}
        for row in counts.to_dict("records")
    }
    if ("read", "read") not in rows:
        return ""
    read, selected = int(rows["read", "read"]["n"]), int(rows["read", "read"]["of"])
    sentences = [f"Of {count(selected)} radiographs selected at {phrase}, {share(read, selected)} were read."]

    def met(part: str) -> list[Row]:
        return [row for (kind, item), row in rows.items() if kind == part and item != ANY and int(row["n"])]

    if refused := counted(met("refused")):
        verb = "was" if selected - read == 1 else "were"
        sentences.append(f"{count(selected - read)} {verb} refused: {refused}.")
    if corrected := counted(met("overridden")):
        sentences.append(f"The override table corrected {count(rows['overridden', ANY]['n'])}: {corrected}.")
    if alike := [row for row in met("repeated") if ", " in str(row["item"])]:
        words = [f"{count(row['n'])} {lower_first(str(row['label']))}" for row in alike]
        sentences.append(f"Repeated among those read: {listing(words)}.")
    if any(not str(row["item"]).endswith(SAME_PATIENT) for row in alike):
        sentences.append(shared)
    paths = met("intensity")
    if paths:
        most = [f"{row['label']} in {share(int(row['n']), read)}" for row in paths[:MOST_PATHS]]
        rest = sum(int(row["n"]) for row in paths[MOST_PATHS:])
        sentences.append(
            f"Grey values came from {listing([*most, *([f'other paths in {share(rest, read)}'] if rest else [])])}."
        )
    flags = [f"{count(row['n'])} {lower_first(str(row['label']))}" for row in met("flagged")]
    sentences.append(f"Flagged were {'; '.join(flags)}." if flags else "None was flagged.")
    return " ".join(sentences)
