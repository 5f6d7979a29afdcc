"""The configuration: its schema, its page, and the errors that name the key that was meant."""

import copy
import runpy
from pathlib import Path
from typing import Any

import pytest
import yaml

from cacs_cxr.configuration import canonical, check_configuration, check_files
from cacs_cxr.faults import InputError

REPOSITORY = Path(__file__).resolve().parents[1]
SCHEMA = REPOSITORY / "workflow" / "schemas" / "config.schema.yaml"


@pytest.fixture
def config() -> dict[str, Any]:
    return dict(yaml.safe_load((REPOSITORY / "config.yaml").read_text(encoding="utf-8")))


def test_default_configuration_is_allowed(config: dict[str, Any]) -> None:
    check_configuration(config, schema_file=SCHEMA)


def test_all_faults_come_together(config: dict[str, Any]) -> None:
    config["training"]["epoch"] = 3
    config["folds"]["count"] = 1
    del config["imaging"]["size"]
    with pytest.raises(InputError) as raised:
        check_configuration(config, schema_file=SCHEMA)
    text = str(raised.value)
    assert len(raised.value.faults) == 3
    assert "'training.epoch'" in text
    assert "Did you mean 'epochs'?" in text
    assert "at least 2" in text
    assert "'imaging.size'" in text


def test_thresholds_must_rise(config: dict[str, Any]) -> None:
    config["thresholds"] = config["thresholds"][::-1]
    with pytest.raises(InputError, match="rise"):
        check_configuration(config, schema_file=SCHEMA)


def test_a_factor_without_a_column_is_named(config: dict[str, Any]) -> None:
    factors = copy.deepcopy(config["factors"])
    factors.append({"name": "diabetes", "label": "Diabetes", "kind": "binary", "levels": ["no", "yes"]})
    config["factors"] = factors
    with pytest.raises(InputError, match="a column for the factor 'diabetes'") as raised:
        check_configuration(config, schema_file=SCHEMA)
    assert len(raised.value.faults) == 2


def test_an_override_table_that_is_not_there_is_named_with_the_other_files(
    config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config["simulated"] = False
    config["sites"][1]["radiographs"]["overrides"] = "overrides.csv"
    check_configuration(config, schema_file=SCHEMA)
    with pytest.raises(InputError, match=r"overrides\.csv: .* `radiographs\.overrides` of the site 'external' names"):
        check_files(config)
    for site in config["sites"]:
        for name in [site[part]["file"] for part in ("patients", "scores", "outcomes")]:
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).touch()
        Path(site["radiographs"]["folder"]).mkdir()
    Path("overrides.csv").touch()
    check_files(config)


def test_a_database_stands_in_for_a_file(
    config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("STUDY_DATABASE", raising=False)
    config["simulated"] = False
    sources = {"patients": "sqlite:///absent.db", "scores": "$STUDY_DATABASE", "outcomes": "postgresql://me@host/study"}
    for part, address in sources.items():
        del config["sites"][0][part]["file"]
        config["sites"][0][part] |= {"database": address, "query": "SELECT 1"}
    check_configuration(config, schema_file=SCHEMA)
    with pytest.raises(InputError) as raised:
        check_files(config)
    named = [fault for fault in raised.value.faults if "'development'" in str(fault)]
    assert [fault.value for fault in named] == [
        "no environment variable STUDY_DATABASE",
        "no such file or folder",
        "no such file or folder",
    ]
    assert named[1].file == "absent.db"


def test_a_password_and_two_sources_are_refused_without_being_shown(config: dict[str, Any]) -> None:
    config["sites"][0]["patients"]["database"] = "postgresql://me:secret@host/study"
    del config["sites"][1]["scores"]["file"]
    with pytest.raises(InputError) as raised:
        check_configuration(config, schema_file=SCHEMA)
    assert [(fault.column, fault.value) for fault in raised.value.faults] == [
        ("sites: development: patients", "both"),
        ("sites: development: patients.database", "a password"),
        ("sites: external: scores", "neither"),
    ]
    assert "secret" not in str(raised.value)


def test_birth_date_height_and_weight_stand_in_for_age_and_body_mass_index(config: dict[str, Any]) -> None:
    for site in config["sites"]:
        site["patients"]["columns"] = {"patient": "id", "sex": "sex", "birth_date": "b", "height": "h", "weight": "w"}
    check_configuration(config, schema_file=SCHEMA)
    del config["sites"][0]["patients"]["columns"]["weight"]
    with pytest.raises(InputError, match="a column for the factor 'bmi'"):
        check_configuration(config, schema_file=SCHEMA)


def test_codes_are_text(config: dict[str, Any]) -> None:
    config["sites"][0]["patients"]["coding"] = {"sex": {1: "M", "2": "F"}}
    with pytest.raises(InputError, match="A code, as text in quotes"):
        check_configuration(config, schema_file=SCHEMA)


def test_two_development_sites_are_refused(config: dict[str, Any]) -> None:
    config["sites"][1]["role"] = "development"
    with pytest.raises(InputError, match="exactly one site with role: development"):
        check_configuration(config, schema_file=SCHEMA)


def test_page_of_the_configuration_is_current() -> None:
    page = runpy.run_path(str(REPOSITORY / "docs" / "write_configuration.py"))["page"]()
    assert (REPOSITORY / "docs" / "configuration.md").read_text(encoding="utf-8") == page


@pytest.mark.parametrize("study", sorted(path.name for path in (REPOSITORY / "studies").glob("*.yaml")))
def test_studies_are_allowed(study: str, config: dict[str, Any]) -> None:
    overlay = yaml.safe_load((REPOSITORY / "studies" / study).read_text(encoding="utf-8"))

    def merge(base: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
        for key, value in other.items():
            base[key] = merge(base.get(key) or {}, value) if isinstance(value, dict) else value
        return base

    check_configuration(merge(config, overlay), schema_file=SCHEMA)


def test_order_of_keys_means_nothing() -> None:
    one, other = {"b": {"d": 1, "c": [{"f": 2, "e": 3}]}, "a": 4}, {"a": 4, "b": {"c": [{"e": 3, "f": 2}], "d": 1}}
    assert repr(canonical(one)) == repr(canonical(other)) == "{'a': 4, 'b': {'c': [{'e': 3, 'f': 2}], 'd': 1}}"
