"""What Snakemake plans without running it: targets, jobs, inputs, and what it says of a mistaken configuration."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from study_runs import REPOSITORY, snakemake


@pytest.mark.parametrize(("init", "fetched"), [("none", False), ("timm", True)])
def test_published_weights_are_fetched_once_and_are_an_input_of_every_training(
    init: str, fetched: bool, tmp_path: Path
) -> None:
    graph = snakemake("models", "--dag", directory=tmp_path, overlay={"training": {"init": init}})
    assert graph.returncode == 0, graph.stdout
    labels = dict(re.findall(r'(\d+)\[label = "(\w+)', graph.stdout))
    edges = re.findall(r"(\d+) -> (\d+)", graph.stdout)
    assert list(labels.values()).count("fetch_weights") == int(fetched)
    from_weights = {end for start, end in edges if labels[start] == "fetch_weights" and labels[end] == "train_network"}
    assert len(from_weights) == (30 if fetched else 0)


def test_explanations_are_left_out_where_none_are_wanted(tmp_path: Path) -> None:
    dry = snakemake("--dry-run", directory=tmp_path, overlay={"saliency": {"patients": 0}})
    assert dry.returncode == 0, dry.stdout
    jobs = set(re.findall(r"\w+", dry.stdout))
    assert not {"explain_radiographs", "draw_saliency"} & jobs
    assert {"probe_shortcuts", "draw_training_curves"} <= jobs


def test_calcium_is_read_of_simulated_studies_alone() -> None:
    rule = (REPOSITORY / "workflow/rules/saliency.smk").read_text(encoding="utf-8")
    assert rule.count('config["simulated"]') == 2
    others = [file for file in (REPOSITORY / "workflow/rules").glob("*.smk") if "calcium.parquet" in file.read_text()]
    assert {file.name for file in others} == {"saliency.smk", "simulation.smk"}


def test_images_are_looked_at_without_any_network(tmp_path: Path) -> None:
    dry = snakemake("--dry-run", "images", directory=tmp_path)
    assert dry.returncode == 0, dry.stdout
    jobs = set(re.findall(r"\w+", dry.stdout))
    assert {"draw_contact_sheet", "draw_flagged", "draw_intensities", "draw_image_sizes", "build_cohort"} <= jobs
    assert not {"train_network", "predict", "predict_external", "evaluate", "write_report"} & jobs


def test_jobs_of_the_default_study(tmp_path: Path) -> None:
    graph = snakemake("--dag", directory=tmp_path)
    assert graph.returncode == 0, graph.stdout
    jobs = re.findall(r'label = "(\w+)', graph.stdout)
    assert jobs.count("train_network") == 30
    assert jobs.count("predict_external") == 3
    assert jobs.count("evaluate") == 1


@pytest.mark.parametrize(
    "target",
    ["cohort", "images", "models", "predictions", "saliency", "tables", "figures", "report", "archive", "check_inputs"],
)
def test_named_targets_exist(target: str, tmp_path: Path) -> None:
    dry = snakemake("--dry-run", target, directory=tmp_path)
    assert dry.returncode == 0, dry.stdout


@pytest.mark.parametrize(
    ("overlay", "message"),
    [
        ({"training": {"epoch": 3}}, "Did you mean 'epochs'?"),
        ({"eligibilty": {}}, "Did you mean 'eligibility'?"),
        ({"folds": {"count": "ten"}}, "found 'ten'; expected a value of type integer"),
        ({"categories": ["low", "high"]}, "expected 4"),
        ({"start_from": "predictions"}, "a folder or .tar.gz with analysis.csv and predictions.csv"),
        ({"start_from": "predictions", "archive": "nowhere.tar.gz"}, "an existing path"),
        ({"simulation": {"patients": {"development": 5}}}, "at least 20"),
    ],
)
def test_mistaken_configuration_is_explained(overlay: dict[str, object], message: str, tmp_path: Path) -> None:
    dry = snakemake("--dry-run", directory=tmp_path, overlay=overlay)
    assert dry.returncode != 0
    assert message in dry.stdout


def test_missing_files_are_named_together(tmp_path: Path) -> None:
    dry = snakemake("--dry-run", "check_inputs", directory=tmp_path, overlay=REPOSITORY / "studies" / "hospital.yaml")
    assert dry.returncode != 0
    assert re.search(r"[4-9] faults in the input", dry.stdout), dry.stdout
    assert "what `patients.file` of the site 'development' names" in dry.stdout
    assert "what `radiographs.folder` of the site 'external' names" in dry.stdout


def test_scripts_never_read_the_configuration() -> None:
    for script in (REPOSITORY / "workflow" / "scripts").glob("*.py"):
        assert "snakemake.config" not in script.read_text(encoding="utf-8"), script


def test_every_rule_has_a_log_of_its_own() -> None:
    logs = [
        line.strip()
        for file in (REPOSITORY / "workflow" / "rules").glob("*.smk")
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.strip().startswith('"logs/') and line.strip().endswith('.log",')
    ]
    assert len(logs) == len(set(logs))
    assert len(logs) > 15


@pytest.mark.parametrize(
    "module",
    ["evaluation", "prognosis", "figures", "report", "cohort", "imaging", "simulation", "prediction", "saliency"],
)
def test_torch_is_imported_only_where_a_network_runs(module: str) -> None:
    for file in (REPOSITORY / "workflow" / "scripts" / "cacs_cxr" / module).glob("*.py"):
        assert not re.search(r"^\s*(import|from) (torch|timm)", file.read_text(encoding="utf-8"), re.MULTILINE), file


def test_code_digest_sees_meaning_only(tmp_path: Path) -> None:
    scripts = tmp_path / "scripts"
    shutil.copytree(REPOSITORY / "workflow" / "scripts", scripts, ignore=shutil.ignore_patterns("__pycache__"))

    def digests() -> dict[str, str]:
        program = (
            "import sys, json; sys.path.insert(0, sys.argv[1]); from cacs_cxr.code_digest import code_digest;"
            "names = ('evaluate.py', 'train_network.py', 'write_report.py');"
            "print(json.dumps({name: code_digest(name) for name in names}))"
        )
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        command = [sys.executable, "-c", program, str(scripts)]
        out = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        return dict(json.loads(out.stdout))

    before = digests()
    module = scripts / "cacs_cxr" / "evaluation" / "discrimination.py"
    source = module.read_text(encoding="utf-8")
    module.write_text("# a comment\n" + source, encoding="utf-8")
    assert digests() == before
    module.write_text(source + "\nNEW_MEANING = 1\n", encoding="utf-8")
    after = digests()
    assert after["evaluate.py"] != before["evaluate.py"]
    assert after["train_network.py"] == before["train_network.py"]
    (kept,) = (scripts / "cacs_cxr" / "__pycache__").glob("code_digest.*.json")
    kept.write_text('{"cut off', encoding="utf-8")
    assert digests() == after
    assert json.loads(kept.read_text(encoding="utf-8"))
    assert digests() == after
