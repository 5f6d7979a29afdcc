"""Writes docs/configuration.md from the schema and the default configuration: python docs/write_configuration.py."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[1]
OPENING = """# Configuration

Made from `workflow/schemas/config.schema.yaml` by `docs/write_configuration.py`; edit the schema, not this page.

`config.yaml` is the default study. Another study is an overlay: a file that holds only what differs, given with
`snakemake --cores all --configfile studies/hospital.yaml`. Mappings are merged key by key; lists (such as `sites` and
`factors`) are replaced whole. Single keys: `--config seed=7 start_from=predictions`. An unknown key is an error.

| key | values | default | meaning |
| --- | --- | --- | --- |
"""


def values(schema: dict[str, Any]) -> str:
    """Allowed values of a key, in words."""
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    types = schema.get("type", "any")
    text = " or ".join(types) if isinstance(types, list) else types
    bounds = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<", "pattern": "like"}
    for keyword, sign in bounds.items():
        if keyword in schema:
            text += f", {sign} `{schema[keyword]}`" if keyword == "pattern" else f", {sign} {schema[keyword]}"
    return text


def rows(schema: dict[str, Any], default: Any, place: str) -> Iterator[str]:
    """One row of the table for each key below a place of the schema."""
    for key, part in schema.get("properties", {}).items():
        path = f"{place}.{key}" if place else key
        value = default.get(key) if isinstance(default, dict) else None
        shown = "" if value is None or isinstance(value, dict | list) else f"`{value}`"
        yield f"| `{path}` | {values(part)} | {shown} | {part['description']} |\n"
        if part.get("type") == "array":
            yield from rows(part["items"], None, f"{path}[]")
        yield from rows(part, value, path)


def page() -> str:
    """The page."""
    schema = yaml.safe_load((REPOSITORY / "workflow/schemas/config.schema.yaml").read_text(encoding="utf-8"))
    default = yaml.safe_load((REPOSITORY / "config.yaml").read_text(encoding="utf-8"))
    return OPENING + "".join(rows(schema, default, ""))


if __name__ == "__main__":
    (REPOSITORY / "docs/configuration.md").write_text(page(), encoding="utf-8")
