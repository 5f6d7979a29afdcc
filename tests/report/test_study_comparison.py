"""Two studies on one page: paired, unpaired or untested as their patients allow, and bad paths refused."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cacs_cxr.command_line import USAGE, WRITTEN, main
from cacs_cxr.evaluation.discrimination import paired_difference
from cacs_cxr.report.archive import archive_bytes
from cacs_cxr.report.compared_study import ComparedStudy, read_compared
from cacs_cxr.report.comparison import area_cells, differing_cells, patients_in_common, render_comparison, settings
from cacs_cxr.report.numbers import estimate
from written_results import CONFIGURATION, example_analysis, example_archive, example_study


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Archive of an invented study."""
    study = example_study()
    path = tmp_path_factory.mktemp("a") / "a.tar.gz"
    path.write_bytes(archive_bytes(example_archive(example_analysis(study, patients=200), study, CONFIGURATION)))
    return path


@pytest.fixture(scope="module")
def first(archive: Path) -> ComparedStudy:
    """The study of the archive."""
    return read_compared(archive, name="a.tar.gz")


WANTED = {"site": "development", "model": "cxr", "threshold": "ge100"}


def test_same_patients_are_compared_in_pairs(first: ComparedStudy) -> None:
    noise = np.random.default_rng(1).normal(0, 0.05, len(first.predictions))
    second = replace(
        first, predictions=first.predictions.assign(probability=lambda frame: frame["probability"] + noise)
    )
    rows = [
        item.predictions.query("site == 'development' and model == 'cxr' and threshold == 'ge100'")
        for item in (first, second)
    ]
    expected = paired_difference(rows[0]["label"], rows[1]["probability"], rows[0]["probability"])
    cells = area_cells(first, second, **WANTED)
    assert cells[2] == estimate(expected.difference, expected.low, expected.high, digits=3)
    assert cells[4] == "paired: the same patients"
    shuffled = replace(second, predictions=second.predictions.sample(frac=1, random_state=2))
    assert area_cells(first, shuffled, **WANTED) == cells


def test_other_people_under_the_same_pseudonyms_are_compared_unpaired(first: ComparedStudy) -> None:
    others = replace(first, analysis=first.analysis.assign(cacs=lambda frame: frame["cacs"] + 1))
    assert patients_in_common(first, others, "development") == "unlike"
    assert area_cells(first, others, **WANTED)[4] == "unpaired: pseudonyms in common, but other people"
    renamed = replace(
        first,
        analysis=first.analysis.assign(patient="x" + first.analysis["patient"]),
        predictions=first.predictions.assign(patient="x" + first.predictions["patient"]),
    )
    assert patients_in_common(first, renamed, "development") == "disjoint"
    assert area_cells(first, renamed, **WANTED)[2].startswith("0.000 (−")


def test_overlap_in_part_is_told_and_not_tested(first: ComparedStudy) -> None:
    half = first.analysis["patient"].isin(first.analysis.loc[first.analysis["site"] == "development", "patient"][:120])
    kept = first.analysis[half]
    second = replace(
        first, analysis=kept, predictions=first.predictions[first.predictions["patient"].isin(kept["patient"])]
    )
    assert patients_in_common(first, second, "development") == "120"
    assert area_cells(first, second, **WANTED)[2:] == ["–", "–", "patients overlap in part: not tested"]
    assert area_cells(first, second, site="external", model="cxr", threshold="gt0")[4] == "in one study only"


def test_settings_that_differ_are_listed_with_both_values(first: ComparedStudy) -> None:
    assert settings(first, first)["rows"] == []
    configuration = {**first.configuration, "training": {**first.configuration["training"], "epochs": 99}}
    other = replace(first, configuration=configuration)
    assert settings(first, other)["rows"] == [["training.epochs", str(first.configuration["training"]["epochs"]), "99"]]


def test_cells_that_differ_are_named_by_their_keys() -> None:
    a = pd.DataFrame({"site": ["x", "y"], "HR": ["1.2", "2.0"], "p": [".01", ".5"]})
    b = pd.DataFrame({"site": ["x", "z"], "HR": ["1.3", "2.0"], "p": [".01", ".5"]})
    assert differing_cells(a, b, keys=["site"]) == [
        ["x", "HR", "1.2", "1.3"],
        ["y", "HR", "2.0", "–"],
        ["y", "p", ".5", "–"],
        ["z", "HR", "–", "2.0"],
        ["z", "p", "–", ".5"],
    ]


def test_page_is_whole_and_loads_nothing(first: ComparedStudy) -> None:
    page = render_comparison(first, replace(first, name="<b>b</b>"))
    assert "<b>b</b>" not in page
    assert "http" not in page.replace('http-equiv="Content', "")
    assert "Simulated patients" in page
    targets = set(re.findall(r'href="#(\w+)"', page))
    assert targets <= set(re.findall(r'id="(\w+)"', page))
    assert "No setting differs." in page


def test_command_writes_the_page_or_says_what_it_was_given(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "out/comparison.html"
    assert main(["compare", str(archive), str(archive), "--output", str(page)]) == WRITTEN
    assert "Two studies compared" in page.read_text(encoding="utf-8")
    for wrong in (tmp_path / "nowhere", tmp_path):
        assert main(["compare", str(archive), str(wrong), "--output", str(tmp_path / "no.html")]) == USAGE
        assert "expected a folder of results, the folder of a study, or an archive" in capsys.readouterr().err
    assert not (tmp_path / "no.html").exists()
