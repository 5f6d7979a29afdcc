"""`cacs-cxr init`: what it writes is a study that the schema accepts, whose only faults are its empty tables."""

import io
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import yaml

from cacs_cxr.cohort.column_mapping import configuration_faults
from cacs_cxr.cohort.site_inputs import Eligibility, SiteInput
from cacs_cxr.command_line import USAGE, WRITTEN, main
from cacs_cxr.configuration import check_configuration, check_files
from cacs_cxr.new_study import study_configuration
from cacs_cxr.study import Study
from overlays import merged

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = ROOT / "workflow/schemas/config.schema.yaml"


def read(path: Path) -> dict[str, Any]:
    default = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    return merged(default, yaml.safe_load(path.read_text(encoding="utf-8")))


def run(*arguments: str | Path) -> tuple[int, str, str]:
    out, errors = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.StringIO()
    with redirect_stdout(out), redirect_stderr(errors):
        code = main([str(argument) for argument in arguments])
    out.seek(0)
    return code, out.read(), errors.getvalue()


def assert_fits(config: dict[str, Any]) -> None:
    check_configuration(config, schema_file=SCHEMA)
    assert config["simulated"] is False
    study = Study.from_plain(config)
    for site in config["sites"]:
        assert not configuration_faults(
            SiteInput.from_plain(site),
            eligibility=Eligibility.from_plain(config["eligibility"]),
            factors=study.factors,
            biomarker=study.biomarker,
        )


def test_the_template_of_the_repository_is_what_the_command_writes_for_two_sites() -> None:
    written = study_configuration(
        heading="Your own patients: a template. Copy it, put in your files and columns, and run",
        command="--configfile studies/my-hospital.yaml --cores all",
        folder="/path/to/export/",
        sites=["development", "external"],
        dates="iso",
    )
    assert (ROOT / "studies/hospital.yaml").read_text(encoding="utf-8") == written
    assert_fits(read(ROOT / "studies/hospital.yaml"))


def test_a_new_study_fits_the_schema_and_its_files_are_where_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "my study"
    code, told, _ = run("init", folder, "--sites", "home", "away", "elsewhere", "--dates", "days")
    assert code == WRITTEN
    assert f"snakemake --directory '{folder}' --configfile '{folder}/study.yaml' --cores all check_inputs" in told
    config = read(folder / "study.yaml")
    assert_fits(config)
    assert [(site["name"], site["role"], site["dates"]) for site in config["sites"]] == [
        ("home", "development", "days"),
        ("away", "external", "days"),
        ("elsewhere", "external", "days"),
    ]
    monkeypatch.chdir(folder)
    check_files(config)
    for site in config["sites"]:
        for table in ("patients", "scores", "outcomes"):
            header = Path(site[table]["file"]).read_text().strip().split(",")
            assert set(site[table]["columns"].values()) <= set(header)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "external").mkdir()
    (tmp_path / "external/scores.csv").write_text("mine")
    code, _, told = run("init", tmp_path)
    assert code == USAGE
    assert "external/scores.csv: found 'a file that exists'" in told
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["scores.csv"]
    assert (tmp_path / "external/scores.csv").read_text() == "mine"


@pytest.mark.parametrize("names", [["Home"], ["a b"], ["../x"], ["home", "home"], [""]])
def test_names_of_sites_are_names_of_folders_and_columns(tmp_path: Path, names: list[str]) -> None:
    code, _, told = run("init", tmp_path / "study", "--sites", *names)
    assert code == USAGE
    assert "--sites" in told
    assert not (tmp_path / "study").exists()
