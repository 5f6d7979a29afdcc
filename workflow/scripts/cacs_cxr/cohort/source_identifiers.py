"""Identifiers of the sites' patients, to make sure that none of them leaves."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cacs_cxr.cohort.site_inputs import SiteInput
from cacs_cxr.cohort.site_tables import read_site_table
from cacs_cxr.identifiers import comparable, without_leading_zeros


def source_identifiers(sites: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Patient identifiers of the sites' patients tables, with and without leading zeros.

    Args:
        sites: items of the configuration's list `sites`. A file that is no longer there has none.

    Raises:
        InputError: a table is there and cannot be read, or its database does not answer: then nobody can tell.
    """
    found: set[str] = set()
    for content in sites:
        table = SiteInput.from_plain(content).patients
        if table.file and not Path(table.file).is_file():
            continue
        found |= set(comparable(read_site_table(table)[table.columns["patient"]]))
    return frozenset(found | {without_leading_zeros(identifier) for identifier in found}) - {""}


def source_files(sites: Iterable[Mapping[str, Any]]) -> list[str]:
    """Names of the files of the sites' tables and folders, without their places."""
    parts = [content[part] for content in sites for part in ("patients", "scores", "outcomes") if content.get(part)]
    return sorted({Path(part["file"]).name for part in parts if part.get("file")})
