"""Configurations as Snakemake merges them."""

import copy
from typing import Any


def merged(base: dict[str, Any], overlay: dict[str, Any]) -> dict[str, Any]:
    """A base with an overlay on it: mappings key by key, everything else whole."""
    result = copy.deepcopy(base)
    for key, value in overlay.items():
        inner = result.get(key)
        result[key] = merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return result
