"""The configuration: a closed schema, and an error that names the key that was meant."""

import difflib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from cacs_cxr.database_address import (
    HIDE_PASSWORD,
    WITHOUT_PASSWORD,
    holds_password,
    resolved,
    sqlite_file,
    variable_of,
)
from cacs_cxr.faults import Fault, InputError
from cacs_cxr.study import ALL_THRESHOLDS, JOINT, OPTIONAL_MODELS, Study

STAND_INS: Mapping[str, frozenset[str]] = {
    "age": frozenset({"birth_date"}),
    "bmi": frozenset({"height", "weight"}),
}
"""Columns of the patients table from which a factor is computed where it has no column of its own."""


def check_configuration(config: Mapping[str, Any], *, schema_file: Path) -> None:
    """Refuse a configuration that the schema does not allow, all faults together.

    Args:
        config: the merged configuration, as Snakemake holds it.
        schema_file: workflow/schemas/config.schema.yaml.

    Raises:
        InputError: unknown keys (with the nearest key that exists), missing keys, values of the wrong type or range,
            thresholds that do not rise, categories that do not fit them, files named for a start that needs none.
    """
    schema = yaml.safe_load(schema_file.read_text(encoding="utf-8"))
    errors = sorted(Draft202012Validator(schema).iter_errors(config), key=lambda error: list(map(str, error.path)))
    faults = [fault for error in errors for fault in _faults(error)]
    if not faults:
        faults = list(_contradictions(config))
    if faults:
        raise InputError(faults)


def canonical(value: Any) -> Any:
    """The same plain value with the keys of every mapping sorted, since an overlay's order of keys means nothing."""
    if isinstance(value, Mapping):
        return {key: canonical(value[key]) for key in sorted(value)}
    return [canonical(item) for item in value] if isinstance(value, list) else value


def check_files(config: Mapping[str, Any]) -> None:
    """Refuse a study on real sites whose files are not where the configuration says, all of them together.

    Once a cohort has been made from them they may be gone: what follows it does not need them.

    Raises:
        InputError: tables, SQLite databases or folders of radiographs that do not exist, and variables for addresses of
            databases that are not set, each with its key.
    """
    if config["start_from"] != "sites" or config["simulated"] or Path("results/cohort/cohort.parquet").exists():
        return
    faults = []
    for site in config["sites"]:
        tables = {part: site[part] for part in ("patients", "scores", "outcomes") if site[part]}
        named = {f"{part}.file": table.get("file") for part, table in tables.items()}
        for part, table in tables.items():
            address = str(table.get("database") or "")
            named[f"{part}.database"] = sqlite_file(resolved(address))
            if (variable := variable_of(address)) is not None and not resolved(address):
                expected = f"the address that `{part}.database` of the site '{site['name']}' names"
                found, remedy = f"no environment variable {variable}", f"Set {variable} where the study is run."
                faults.append(Fault("configuration", None, "", found, expected, remedy))
        named |= {f"radiographs.{key}": site["radiographs"].get(key) for key in ("table", "folder", "overrides")}
        faults += [
            Fault(
                str(file),
                None,
                "",
                "no such file or folder",
                f"what `{key}` of the site '{site['name']}' names",
                "Correct the path" + ("." if Path(file).is_absolute() else "; it starts at the working directory."),
            )
            for key, file in named.items()
            if file is not None and not Path(file).exists()
        ]
    if faults:
        raise InputError(faults)


def _faults(error: ValidationError) -> Iterator[Fault]:
    place = ".".join(str(part) for part in error.absolute_path)
    schema: Any = error.schema
    instance: Any = error.instance
    required: Any = error.validator_value
    if error.validator == "additionalProperties" and isinstance(instance, dict):
        known = list(schema.get("properties", {}))
        for key in instance:
            if key not in known:
                close = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
                remedy = f"Did you mean '{close[0]}'?" if close else f"Known here: {', '.join(known)}."
                full = f"{place}.{key}" if place else key
                yield Fault("configuration", None, full, "", "a key that the schema knows", remedy)
    elif error.validator == "required":
        missing = [key for key in required if key not in instance]
        for key in missing:
            full = f"{place}.{key}" if place else key
            yield Fault(
                "configuration", None, full, "", "this key to be present", "Add it; docs/configuration.md explains it."
            )
    else:
        expected = schema.get("description") or error.message
        found = type(instance).__name__ if isinstance(instance, dict | list) else str(instance)
        yield Fault("configuration", None, place, found, _rule(error), f"Meaning of the key: {expected}")


def _rule(error: ValidationError) -> str:
    rules: dict[str, Callable[[Any], str]] = {
        "enum": lambda value: "one of " + ", ".join(map(str, value)),
        "type": lambda value: "a value of type " + (value if isinstance(value, str) else " or ".join(value)),
        "minimum": lambda value: f"at least {value}",
        "maximum": lambda value: f"at most {value}",
        "exclusiveMinimum": lambda value: f"more than {value}",
        "exclusiveMaximum": lambda value: f"less than {value}",
        "pattern": lambda value: f"text that matches {value}",
        "minItems": lambda value: f"at least {value} items",
    }
    return rules.get(str(error.validator), lambda _value: error.message)(error.validator_value)


def _contradictory_sources(config: Mapping[str, Any]) -> Iterator[Fault]:
    for site in config["sites"]:
        for part in ("patients", "scores", "outcomes"):
            table = site[part] or {"file": ""}
            place = f"sites: {site['name']}: {part}"
            if ("file" in table) == ("database" in table):
                found = "both" if "file" in table else "neither"
                expected, remedy = "either a `file` or a `database` with its `query`", "Keep the one that counts."
                yield Fault("configuration", None, place, found, expected, remedy)
            elif config["simulated"] and "file" not in table:
                remedy = "Name a file, or set simulated: false for a study on real patients."
                yield Fault("configuration", None, place, "", "a file, since simulated is true", remedy)
            if holds_password(str(table.get("database", ""))):
                yield Fault("configuration", None, f"{place}.database", "a password", WITHOUT_PASSWORD, HIDE_PASSWORD)


def _unshared(training: Mapping[str, Any]) -> Iterator[Fault]:
    processes = training["processes"]
    if processes > training["batch_size"]:
        expected = "at most training.batch_size, since each process takes some radiographs of every batch"
        remedy = f"Set it to {training['batch_size']} or less."
        yield Fault("configuration", None, "training.processes", str(processes), expected, remedy)
    if processes > 1 and training["compile"]:
        expected = "false where training.processes is more than 1: what the processes exchange cannot be compiled"
        remedy = "Set it to false, or training.processes to 1."
        yield Fault("configuration", None, "training.compile", "true", expected, remedy)


def _untrained(config: Mapping[str, Any]) -> Iterator[Fault]:
    networks, model = config["training"]["networks"], config["prognosis"]["model"]
    if JOINT in networks and not config["factors"]:
        remedy = "Name clinical factors, or take joint out of training.networks."
        yield Fault("configuration", None, "factors", "none", "clinical factors for the joint network", remedy)
    if model in OPTIONAL_MODELS and model not in networks:
        remedy = f"Add {model} to training.networks, or choose another model."
        yield Fault("configuration", None, "prognosis.model", model, "a model that is trained", remedy)
    if any(threshold["name"] == ALL_THRESHOLDS for threshold in config["thresholds"]):
        expected = "another name: this one stands for all thresholds together"
        yield Fault("configuration", None, "thresholds", ALL_THRESHOLDS, expected, "Rename the threshold.")


def _contradictions(config: Mapping[str, Any]) -> Iterator[Fault]:
    try:
        Study.from_plain(config)
    except ValueError as error:
        yield Fault(
            "configuration", None, "thresholds, categories or sites", "", "a study that fits together", str(error)
        )
    names = [site["name"] for site in config["sites"]]
    if len(names) != len(set(names)):
        yield Fault("configuration", None, "sites", "", "a name of its own for every site", "Rename one of the two.")
    if config["start_from"] == "predictions":
        if not config["archive"]:
            yield Fault(
                "configuration",
                None,
                "archive",
                "",
                "a folder or .tar.gz with analysis.csv and predictions.csv, since start_from is predictions",
                "Name it: --config start_from=predictions archive=PATH",
            )
        elif not Path(config["archive"]).exists():
            yield Fault("configuration", None, "archive", str(config["archive"]), "an existing path", "Mend the path.")
        elif Path(config["archive"]).resolve().is_relative_to(Path("results").resolve()):
            yield Fault(
                "configuration",
                None,
                "archive",
                str(config["archive"]),
                "a path outside the results that are about to be written",
                "Run in another folder, snakemake --directory review …, or copy the archive elsewhere.",
            )
        return
    yield from _contradictory_sources(config)
    yield from _untrained(config)
    yield from _unshared(config["training"])
    for number, factor in enumerate(config["factors"]):
        if factor["kind"] == "binary" and len(factor.get("levels", ())) != 2:
            yield Fault(
                "configuration",
                None,
                f"factors.{number}.levels",
                "",
                "two levels, the second coded 1",
                "e.g. levels: [F, M]",
            )
        for site in config["sites"]:
            given = set(site["patients"]["columns"])
            if factor["name"] not in given and not STAND_INS.get(factor["name"], given | {""}) <= given:
                yield Fault(
                    "configuration",
                    None,
                    f"sites: {site['name']}: patients.columns",
                    "",
                    f"a column for the factor '{factor['name']}'",
                    "Name the column of the patients file that holds it, or take the factor out of `factors`.",
                )
    if config["simulated"]:
        for site in config["sites"]:
            if site["name"] not in config["simulation"]["patients"]:
                yield Fault(
                    "configuration",
                    None,
                    "simulation.patients",
                    "",
                    f"a number of patients for the site '{site['name']}', since simulated is true",
                    "Add it, or set simulated: false for a study on real patients.",
                )
