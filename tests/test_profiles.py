"""Profiles: what their README says of the rules is what the rules ask for, and all keep the settings of the first."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from study_runs import REPOSITORY, snakemake

PROFILES = REPOSITORY / "profiles"
SHARED = ("rerun-triggers", "rerun-incomplete", "quiet", "show-failed-logs")


def profile(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((PROFILES / name / "profile.yaml").read_text(encoding="utf-8"))
    return content


def declared_rules() -> dict[str, str]:
    """Text of each rule by its name."""
    texts = [file.read_text(encoding="utf-8") for file in (REPOSITORY / "workflow/rules").glob("*.smk")]
    parts = [part for text in texts for part in re.split(r"(?m)^(?= *rule \w+:)", text)[1:]]
    return {str(re.findall(r"rule (\w+):", part)[0]): part for part in parts}


def asked(rule: str) -> tuple[str, ...]:
    """Processors, memory, minutes and GPUs of a rule's first attempt, as the README writes them."""
    threads, memory, minutes = (
        re.findall(pattern, rule)[0] for pattern in (r"threads: (.+)", r"mem_mb=\D*(\d+)", r"runtime=\D*(\d+)")
    )
    threads = re.sub(r'config\["(\w+)"\]\["(\w+)"\]', r"\1.\2", threads).replace(" * ", " × ")
    return threads, memory, minutes, "1" if re.search(r"gpu=", rule) else ""


def test_the_readme_says_what_each_submitted_rule_asks_for(tmp_path: Path) -> None:
    rules = declared_rules()
    graph = snakemake("--d3dag", directory=tmp_path)
    content, _ = json.JSONDecoder().raw_decode(graph.stdout[graph.stdout.index('{"nodes"') :])
    jobs = Counter(node["value"]["label"] for node in content["nodes"])
    submitted = [name for name, rule in rules.items() if name in jobs and "localrule: True" not in rule]
    expected = {name: (str(jobs[name]), *asked(rules[name])) for name in submitted}
    lines = re.findall(r"^\| (\w+) \| (\d+) \|(.*)\|$", (PROFILES / "README.md").read_text(), re.MULTILINE)
    told = {name: (count, *(cell.strip() for cell in rest.split("|"))) for name, count, rest in lines}
    assert told == expected


@pytest.mark.parametrize("name", sorted(file.parent.name for file in PROFILES.glob("*/profile.yaml")))
def test_profiles_share_what_makes_a_result_stale_and_what_is_shown(name: str) -> None:
    assert {key: profile(name).get(key) for key in SHARED} == {key: profile("default")[key] for key in SHARED}


def test_the_slurm_profile_names_rules_that_exist_and_need_a_gpu() -> None:
    rules, content = declared_rules(), profile("slurm")
    assert set(content["set-resources"]) == {name for name, rule in rules.items() if "gpu=" in rule}
    assert set(content["slurm-array-jobs"].split(",")) <= set(rules)
