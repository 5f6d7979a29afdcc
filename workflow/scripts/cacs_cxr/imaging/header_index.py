"""The index of a site's radiographs: one row a file, from headers only, with a reason where a file cannot be used.

Headers are read in a guarded process, many files a call; where a call is lost, its files are read one by one, so that
a header that hangs or stops its reader costs one file. Identifiers leave this module as pseudonyms.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from cacs_cxr.faults import Fault, InputError
from cacs_cxr.identifiers import comparable
from cacs_cxr.imaging.guard import Lost, guarded
from cacs_cxr.imaging.header_row import EMPTY_ROW, lost_row, read_rows
from cacs_cxr.imaging.refusals import REMEDIES
from cacs_cxr.job import LOGGER, progress
from cacs_cxr.pseudonyms import KEY_CHECK, key_check, pseudonym

FILES_PER_CALL = 64
SECONDS_PER_CALL = 30.0
MEMORY_BYTES = 1 << 30  # of the guarded process beyond its start; the header of a radiograph takes some kilobytes

Record = Mapping[str, str]
Row = dict[str, Any]


def list_files(folder: Path) -> list[str]:
    """Paths of all regular files under a folder, relative to it with forward slashes, sorted.

    Raises:
        InputError: no such folder.
    """
    if not folder.is_dir():
        fault = Fault(str(folder), None, "", "no such folder", "the site's radiographs", "Mend `radiographs: folder`.")
        raise InputError([fault])
    return sorted(_files_below(str(folder), inside=""))


def _files_below(folder: str, *, inside: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _files_below(entry.path, inside=f"{inside}{entry.name}/")
            elif entry.is_file():
                yield f"{inside}{entry.name}"


def index_folder(folder: Path, *, key: bytes, files_per_call: int = FILES_PER_CALL) -> pd.DataFrame:
    """Index of every file under a folder, by name; patients, dates and views come from the headers.

    Args:
        key: secret of the pseudonyms.
        files_per_call: files whose headers are read in one call of the guarded process.

    Returns:
        The columns of `header_row.EMPTY_ROW`, with pseudonyms in patient and sop_instance. Its attribute
        `KEY_CHECK` tells keys apart.
    """
    return index_files(folder, list_files(folder), key=key, files_per_call=files_per_call)


def index_files(
    folder: Path, files: Sequence[str], *, key: bytes, files_per_call: int = FILES_PER_CALL
) -> pd.DataFrame:
    """As `index_folder`, of the files named, relative to the folder and in their order."""
    return _index(folder, [{"file": file} for file in files], key=key, files_per_call=files_per_call)


def index_table(folder: Path, table: pd.DataFrame, *, key: bytes, files_per_call: int = FILES_PER_CALL) -> pd.DataFrame:
    """As `index_folder`, of the files of an image table, whose patient, date and view go before those of headers.

    Args:
        table: as `image_table.read_image_table` returns it.
    """
    records = [{str(name): str(cell) for name, cell in row.items()} for row in table.to_dict("records")]
    return _index(folder, records, key=key, files_per_call=files_per_call)


def _index(folder: Path, records: Sequence[Record], *, key: bytes, files_per_call: int) -> pd.DataFrame:
    rows = read_headers(str(folder), records, files_per_call=files_per_call)
    columns = {name: [row[name] for row in rows] for name in EMPTY_ROW}
    types = pd.DataFrame([EMPTY_ROW]).dtypes.to_dict()
    return pseudonymous(pd.DataFrame(columns).astype(types), key=key)


def read_headers(folder: str, records: Sequence[Record], *, files_per_call: int) -> list[Row]:
    """Row of each file, in the order of the records, with identifiers in the clear."""
    report = progress(len(records), noun="headers")
    rows: list[Row] = []
    batches = [records[start : start + files_per_call] for start in range(0, len(records), files_per_call)]
    lost: list[int] = []
    for batch, answer in zip(batches, _answers(folder, batches), strict=True):
        if isinstance(answer, Lost):
            lost += range(len(rows), len(rows) + len(batch))
            answer = [lost_row(record, reason=answer.reason) for record in batch]
        rows += answer
        report(len(rows) - len(lost))
    if lost and files_per_call > 1:
        LOGGER.info("reading %d headers one by one, since the reading of some was stopped", len(lost))
        alone = read_headers(folder, [records[place] for place in lost], files_per_call=1)
        for place, row in zip(lost, alone, strict=True):
            rows[place] = row
    return rows


def _answers(folder: str, batches: Sequence[Sequence[Record]]) -> Iterator[list[Row] | Lost]:
    calls = ({"folder": folder, "records": batch} for batch in batches)
    return guarded(read_rows, calls, seconds=SECONDS_PER_CALL, memory_bytes=MEMORY_BYTES)


def pseudonymous(index: pd.DataFrame, *, key: bytes) -> pd.DataFrame:
    """The index with pseudonyms in place of its identifiers, and the check of their key.

    Patients' identifiers are first written as those of the tables are (`identifiers.comparable`), so that they meet.
    """
    hashed = partial(pseudonym, key=key)
    found = index.assign(
        patient=comparable(index["patient"]).map(hashed).astype(object),
        sop_instance=index["sop_instance"].map(hashed).astype(object),
    )
    found.attrs[KEY_CHECK] = key_check(key)
    return found


def log_index(index: pd.DataFrame) -> None:
    """Log counts of an index: files, views by source, and the reasons of files that cannot be used."""
    readable = index[index["readable"]]
    LOGGER.info("%d of %d files can be used", len(readable), len(index))
    counts = readable.groupby(["view", "view_source"], sort=True).size().rename("n").reset_index()
    for found, source, n in zip(counts["view"], counts["view_source"], counts["n"], strict=True):
        LOGGER.info("%6d %s (%s)", n, found, source)
    for note, n in readable.loc[readable["header_note"] != "", "header_note"].value_counts().items():
        LOGGER.info("%6d read although they lack it: %s", n, note)
    if told := int(readable["score_text"].sum()):
        LOGGER.info("%6d speak of a calcium score in the free text of their header", told)
    for reason, n in index.loc[~index["readable"], "reason"].value_counts().items():
        LOGGER.info("%6d not used: %s. %s", n, reason, REMEDIES[str(reason)])
