"""How the software is cited agrees with what it is."""

from pathlib import Path

import yaml

from cacs_cxr import __version__, paper

ROOT = Path(__file__).resolve().parents[1]


def test_citation_names_this_version_this_licence_and_the_paper() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == __version__
    assert citation["license"] == "MIT"
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")
    assert citation["references"][0]["doi"] in paper.CITATION
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
