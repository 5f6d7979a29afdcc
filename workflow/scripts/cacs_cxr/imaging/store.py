"""The image store: shards that jobs preprocess, and the one array and table assembled from them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.array_files import create_array
from cacs_cxr.faults import Fault, InputError
from cacs_cxr.imaging.duplicates import identical_to, nearly_identical_to
from cacs_cxr.imaging.guard import Lost, guarded
from cacs_cxr.imaging.quality import FIGURES
from cacs_cxr.imaging.radiograph import Border, Correction, Radiograph, read_radiograph, refused
from cacs_cxr.imaging.refusals import REMEDIES
from cacs_cxr.job import progress
from cacs_cxr.tables import whole_file

SECONDS_PER_FILE = 60.0
SELECTED = ("row", "site", "patient", "view", "vendor", "photometric", "transfer_syntax", "overridden")


def shard_rows(selection: pd.DataFrame, shard: int) -> pd.DataFrame:
    """Radiographs of one shard, by rising row."""
    return selection[selection["shard"] == shard].sort_values("row").reset_index(drop=True)


def preprocess_shard(rows: pd.DataFrame, images: npt.NDArray[np.uint8], *, border: Border) -> pd.DataFrame:
    """Preprocess the radiographs of a shard, each in a guarded process.

    Args:
        rows: row, folder, file, photometric_override, rotate and mirror.
        images: zeros [n, size, size], which become the pixels; they stay zeros where unreadable.
        border: whether a near-constant collimation border stays or is cut off.

    Returns:
        A row a radiograph: row, readable, reason, intensity_path, width, height, pixel_sha256, the box that was kept,
        and the figures of quality.
    """
    records = []
    report = progress(len(rows), noun="radiographs")
    for position, radiograph in enumerate(_radiographs(rows, size=images.shape[-1], border=border)):
        images[position] = radiograph.levels
        records.append(_record(int(rows["row"].iloc[position]), radiograph))
        report(position + 1)
    example = pd.DataFrame([_record(0, refused("timeout", size=1))])
    return pd.DataFrame(records, columns=list(example)).astype(example.dtypes.to_dict())


def _radiographs(rows: pd.DataFrame, *, size: int, border: Border) -> Iterator[Radiograph]:
    calls = [
        {
            "path": Path(row["folder"]) / row["file"],
            "size": size,
            "border": border,
            "correction": Correction(
                photometric=row["photometric_override"],
                rotate=int(row["rotate"]),
                mirror=bool(row["mirror"]),
            ),
        }
        for row in rows.to_dict("records")
    ]
    for result in guarded(read_radiograph, calls, seconds=SECONDS_PER_FILE):
        yield refused(result.reason, size=size) if isinstance(result, Lost) else result


def _record(row: int, radiograph: Radiograph) -> dict[str, Any]:
    return {
        "row": row,
        "readable": not radiograph.reason,
        "reason": radiograph.reason,
        "intensity_path": radiograph.intensity_path,
        "width": radiograph.width,
        "height": radiograph.height,
        "pixel_sha256": radiograph.pixel_sha256,
        **{f"box_{side}": value for side, value in radiograph.box._asdict().items()},
        **FIGURES,
        **radiograph.quality,
    }


def assemble_table(selection: pd.DataFrame, shards: Sequence[pd.DataFrame], images: Sequence[Path]) -> pd.DataFrame:
    """One row a selected radiograph, by row: provenance, quality, and the row that it repeats (-1: none).

    Args:
        selection: `SELECTED` and rotate.
        shards: tables of the shards, as `preprocess_shard` makes them.
        images: array files of the shards, in the same order.

    Raises:
        ValueError: the shards do not hold each selected row once.
    """
    filled = [shard for shard in shards if len(shard)] or list(shards[:1])
    read = pd.concat(filled, ignore_index=True).sort_values("row")
    if sorted(read["row"]) != sorted(selection["row"]) or list(read["row"]) != list(range(len(read))):
        raise ValueError(f"{len(read)} preprocessed rows for {len(selection)} selected; run the preprocessing again.")
    table = selection[[*SELECTED, "rotate"]].merge(read, on="row", validate="one_to_one").sort_values("row")
    table = table.reset_index(drop=True)
    table["duplicate_of"] = identical_to(table)
    rows = [shard["row"].to_numpy() for shard in shards]
    table["near_duplicate_of"] = nearly_identical_to(table, images=images, rows=rows)
    return table.drop(columns="rotate")


def assemble_images(shards: Sequence[Path], rows: Sequence[npt.NDArray[np.int64]], path: Path) -> None:
    """Write the shards' pixels as one array file [N, S, S], a shard in memory at a time.

    Args:
        shards: array files of the shards.
        rows: rows of the whole array that the images of each shard take.
    """
    arrays = [np.load(shard, mmap_mode="r", allow_pickle=False) for shard in shards]
    total = sum(len(array) for array in arrays)
    with whole_file(path) as temporary:
        whole = create_array(temporary, (total, *arrays[0].shape[1:]))
        for array, places in zip(arrays, rows, strict=True):
            whole[places] = array
        whole.flush()


def count_rejects(table: pd.DataFrame) -> pd.DataFrame:
    """Unreadable radiographs by site and reason: site, reason, n, remedy."""
    unreadable = table[~table["readable"]]
    counts = unreadable.groupby(["site", "reason"], sort=True).size().rename("n").reset_index()
    counts["remedy"] = counts["reason"].map(REMEDIES).astype(object)
    return counts


def check_reject_limit(table: pd.DataFrame, *, limit: float, selection: str) -> None:
    """Stop where too many of a site's selected radiographs cannot be read.

    Args:
        limit: greatest share allowed, 0 to 1.
        selection: name of the selection's file, for the message.

    Raises:
        InputError: a fault for each site beyond the limit, with its reasons, their counts and remedies.
    """
    faults = []
    for site, part in table.groupby("site", sort=True):
        unreadable = part[~part["readable"]]
        if len(unreadable) > limit * len(part):
            counts = unreadable["reason"].value_counts()
            reasons = ", ".join(f"{reason}: {n}" for reason, n in counts.items())
            remedies = " ".join(f"{reason}: {REMEDIES[str(reason)]}" for reason in counts.index)
            value = f"{len(unreadable)} of {len(part)} selected radiographs of site {site} unreadable ({reasons})"
            expected = f"at most {limit:.0%} (imaging: reject_limit)"
            faults.append(Fault(selection, None, "", value, expected, remedies))
    if faults:
        raise InputError(faults)
