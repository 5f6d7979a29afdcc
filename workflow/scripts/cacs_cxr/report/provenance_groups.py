"""The manifest as tables of the report: what ran where, on what, with which settings."""

from collections.abc import Mapping
from typing import Any, TypedDict

HEADINGS = {
    "made_with": "Versions with which the models were made",
    "packages": "Versions with which this report was made",
    "git": "Code",
    "hardware": "Hardware",
    "inputs": "Inputs",
    "outputs": "Checksums of results (SHA-256)",
    "wall_time_by_stage": "Wall time by stage",
    "wall_time_by_rule": "Wall time by rule",
    "configuration": "Configuration",
}
GENERAL = "In short"
SHOWN_OPEN = (GENERAL, HEADINGS["wall_time_by_stage"])


class Group(TypedDict):
    """A table of the provenance."""

    heading: str
    columns: list[str]
    rows: list[list[str]]
    open: bool


def provenance_groups(manifest: Mapping[str, Any]) -> list[Group]:
    """Nested plain values as tables: single values together, then a table for each mapping.

    Args:
        manifest: as `cacs_cxr.provenance.manifest` returns it; other keys are shown too, under their own names.
    """
    single = {key: value for key, value in manifest.items() if not isinstance(value, Mapping)}
    groups = [_group(GENERAL, single)] if single else []
    named = [key for key in HEADINGS if isinstance(manifest.get(key), Mapping)]
    others = [key for key, value in manifest.items() if isinstance(value, Mapping) and key not in HEADINGS]
    return groups + [_group(HEADINGS.get(key, key), manifest[key]) for key in (*named, *others) if manifest[key]]


def _group(heading: str, values: Mapping[str, Any]) -> Group:
    records = [value for value in values.values() if isinstance(value, Mapping)]
    if len(records) == len(values) and not any(isinstance(item, Mapping) for row in records for item in row.values()):
        columns = list(dict.fromkeys(str(key) for row in records for key in row))
        rows = [[str(name), *(text(row.get(column)) for column in columns)] for name, row in values.items()]
        return {"heading": heading, "columns": ["name", *columns], "rows": rows, "open": heading in SHOWN_OPEN}
    rows = [[name, value] for name, value in flat(values)]
    return {"heading": heading, "columns": ["name", "value"], "rows": rows, "open": heading in SHOWN_OPEN}


def flat(values: Mapping[str, Any], *, prefix: str = "") -> list[tuple[str, str]]:
    """Nested plain values as pairs of a dotted name and a text; longer lists as their number of entries."""
    pairs: list[tuple[str, str]] = []
    for key, value in values.items():
        if isinstance(value, Mapping):
            pairs += flat(value, prefix=f"{prefix}{key}.")
        else:
            pairs.append((f"{prefix}{key}", text(value)))
    return pairs


def text(value: Any) -> str:
    """A plain value in print."""
    if isinstance(value, list):
        if any(isinstance(item, (Mapping, list)) for item in value):
            return f"{len(value)} entries"
        return ", ".join(map(text, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
