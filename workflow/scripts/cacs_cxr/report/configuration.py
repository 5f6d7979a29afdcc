"""The part of the configuration that a reader needs: how the study was done, nothing of the machine or its files."""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

SECTIONS = (
    "eligibility",
    "guards",
    "followup",
    "deidentification",
    "imaging",
    "folds",
    "training",
    "evaluation",
    "prognosis",
)
BELOW_WATERLINE = ("evaluation", "prognosis")
PRIVATE = {"eligibility": ("pseudonym_key_file",), "imaging": ("shards",), "training": ("device", "threads")}


def reported_configuration(config: Mapping[str, Any]) -> dict[str, Any]:
    """Sections of the configuration that describe the method; paths of files and settings of the machine stay out.

    Args:
        config: the whole configuration, or what an earlier call returned.
    """
    reported: dict[str, Any] = {"seed": config["seed"]} if "seed" in config else {}
    for section in SECTIONS:
        if section in config:
            private = PRIVATE.get(section, ())
            reported[section] = {key: value for key, value in config[section].items() if key not in private}
    initial = reported.get("training", {}).get("init")
    if isinstance(initial, str) and initial not in {"none", "timm"}:
        reported["training"]["init"] = PurePath(initial).name
    return reported


def received_configuration(archived: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
    """Configuration of a study rebuilt from an archive: predicted as archived, evaluated as now configured."""
    masked = setting(current, "deidentification.smallest_cell")
    above = {key: value for key, value in reported_configuration(archived).items() if key not in BELOW_WATERLINE}
    below = {key: value for key, value in reported_configuration(current).items() if key in BELOW_WATERLINE}
    if "deidentification" in current:
        below["deidentification"] = {**above.get("deidentification", {}), "smallest_cell": masked}
    return {**above, **below}


def setting(configuration: Mapping[str, Any], key: str) -> Any:
    """Value of a dotted key such as ``folds.count``, or None where the configuration does not record it."""
    value: Any = configuration
    for part in key.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return None
        value = value[part]
    return value
