"""How many radiographs of each site were selected, read, refused, corrected by hand, repeated and flagged."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from cacs_cxr.imaging.duplicates import IDENTICAL, NEARLY, count_duplicates
from cacs_cxr.imaging.refusals import REMEDIES

SELECTED, READ, REFUSED, OVERRIDDEN, REPEATED, FLAGGED, INTENSITY, SIZE = PARTS = (
    "selected", "read", "refused", "overridden", "repeated", "flagged", "intensity", "size",
)  # fmt: skip
ANY = "any"
COLUMNS = ["site", "part", "item", "label", "n", "of", "value", "note"]
REASONS_ON_SCREEN = 5


def count_radiographs(table: pd.DataFrame, *, flags: Mapping[str, str]) -> pd.DataFrame:
    """Tidy counts of what became of the radiographs.

    Args:
        table: a row a selected radiograph: row (0, 1, 2, … in this order), site, patient, readable, reason, overridden,
            duplicate_of, near_duplicate_of, intensity_path, width, height (pixels) and a column of truth values for
            each flag.
        flags: label of every flag by its column.

    Returns:
        `COLUMNS`, sites in the order of the table. ``item`` is the reason, element, kind of repeat, flag or path
        counted, ``any`` for those with at least one of them; ``of`` is what a share refers to; ``value`` is the median
        width and height in pixels and of their product in megapixels; ``note`` is the remedy of a refusal. Flags and
        kinds of repeats that nobody has are rows with 0; reasons, elements, whose radiograph is repeated, and paths
        are there only where met.
    """
    repeats = count_duplicates(table)
    rows = [
        {"site": site, **row}
        for site, part in table.groupby("site", sort=False)
        for row in _site_rows(part, repeats[repeats["site"] == site], flags=flags)
    ]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.astype({"n": "int64", "of": "int64", "value": "float64"})


def _site_rows(table: pd.DataFrame, repeats: pd.DataFrame, *, flags: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    readable = table["readable"].astype(bool)
    read, refused = table[readable], table[~readable]

    def row(part: str, item: str, n: int, *, of: int, label: str = "", note: str = "") -> dict[str, Any]:
        return {"part": part, "item": item, "label": label or item, "n": n, "of": of, "note": note}

    yield row(SELECTED, SELECTED, len(table), of=len(table), label="Selected")
    yield row(READ, READ, len(read), of=len(table), label="Read")
    yield row(REFUSED, ANY, len(refused), of=len(table), label="Refused")
    for reason, n in _frequencies(refused["reason"]):
        yield row(REFUSED, reason, n, of=len(table), note=REMEDIES[reason])
    elements = table["overridden"].fillna("").astype(str)
    yield row(OVERRIDDEN, ANY, int((elements != "").sum()), of=len(table), label="Corrected by the override table")
    for element, n in _frequencies(elements.str.split(",").explode()):
        yield row(OVERRIDDEN, element, n, of=len(table))
    for kind, label in ((IDENTICAL, "Stored pixels identical to another's"), (NEARLY, "Nearly identical to another")):
        alike = repeats[repeats["kind"] == kind]
        yield row(REPEATED, kind, int(alike["n"].sum()), of=len(read), label=label)
        for relation, n in zip(alike["relation"], alike["n"], strict=True):
            named = f"{kind[:1].upper()}{kind[1:]} to one of {'the ' if relation.startswith('same') else ''}{relation}"
            yield row(REPEATED, f"{kind}, {relation}", int(n), of=len(read), label=named)
    yield row(FLAGGED, ANY, int(read[list(flags)].any(axis=1).sum()), of=len(read), label="With a flag")
    for flag, label in flags.items():
        yield row(FLAGGED, flag, int(read[flag].sum()), of=len(read), label=label)
    for path, n in _frequencies(read["intensity_path"]):
        yield row(INTENSITY, path, n, of=len(read), label=path.replace(">", " → "))
    for item, sizes in (
        ("width", read["width"]),
        ("height", read["height"]),
        ("megapixels", read["width"] * read["height"] / 1e6),
    ):
        middle = float(sizes.median()) if len(read) else float("nan")
        yield {**row(SIZE, item, len(read), of=len(read), label=f"Median {item}"), "value": middle}


def _frequencies(values: pd.Series) -> list[tuple[str, int]]:
    """Values that are not empty with their numbers, the most frequent first, equals by name."""
    numbers = values[values.fillna("").astype(str) != ""].astype(str).value_counts()
    return sorted(((str(value), int(n)) for value, n in numbers.items()), key=lambda pair: (-pair[1], pair[0]))


def screen_summary(counts: pd.DataFrame) -> str:
    """A few lines a site for the terminal: read, refused with remedy, repeated, flagged; no file and no patient.

    Args:
        counts: as `count_radiographs` returns it.
    """
    lines = []
    for site, part in counts.groupby("site", sort=False):
        numbers = {(row["part"], row["item"]): int(row["n"]) for row in part.to_dict("records")}
        lines.append(f"{site}: {numbers[READ, READ]:,} of {numbers[SELECTED, SELECTED]:,} radiographs read")
        reasons = part[(part["part"] == REFUSED) & (part["item"] != ANY)].to_dict("records")
        lines += [f"  {row['n']:,} refused, {row['item']}: {row['note']}" for row in reasons[:REASONS_ON_SCREEN]]
        if rest := reasons[REASONS_ON_SCREEN:]:
            lines.append(
                f"  {sum(row['n'] for row in rest):,} refused for {len(rest)} further reasons: see rejects.csv"
            )
        if corrected := numbers[OVERRIDDEN, ANY]:
            lines.append(f"  {corrected:,} corrected by the override table")
        flagged = part[(part["part"] == FLAGGED) & (part["item"] != ANY) & (part["n"] > 0)]
        named = [
            f"{n:,} {label[:1].lower()}{label[1:]}" for n, label in zip(flagged["n"], flagged["label"], strict=True)
        ]
        lines.append(f"  flagged for a look, none excluded: {'; '.join(named)}" if named else "  no flag")
    return "".join(f"{line}\n" for line in lines)
