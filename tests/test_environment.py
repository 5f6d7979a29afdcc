"""The environment: locked with hashes, equal pins for conda, and nothing that names a place."""

import re
from pathlib import Path

import pytest

ENVIRONMENTS = Path(__file__).resolve().parents[1] / "envs"
LOCK = (ENVIRONMENTS / "requirements.lock").read_text(encoding="utf-8")


def test_every_pin_has_a_hash_and_none_a_place() -> None:
    blocks = re.split(r"\n(?=[a-z])", LOCK.strip())
    assert len(blocks) > 100
    for block in blocks:
        assert re.match(r"[a-z0-9-]+==", block), block[:60]
        assert "--hash=sha256:" in block, block[:60]
    assert "://" not in LOCK
    assert "--index" not in LOCK


def test_direct_requirements_are_locked() -> None:
    for line in (ENVIRONMENTS / "requirements.in").read_text(encoding="utf-8").splitlines():
        name = re.match(r"[A-Za-z0-9-]+", line)
        if name:
            assert re.search(rf"^{name[0].lower()}==", LOCK, re.MULTILINE), name[0]


@pytest.mark.parametrize("name", ["stats", "torch"])
def test_conda_pins_equal_the_lock(name: str) -> None:
    pins = re.findall(r"- ([a-z0-9-]+)==(\S+)", (ENVIRONMENTS / f"{name}.yaml").read_text(encoding="utf-8"))
    assert len(pins) > 5
    for package, version in pins:
        lines = [line for line in LOCK.splitlines() if line.startswith(f"{package}==")]
        here = [line for line in lines if "python_full_version >= '3.12'" not in line]
        assert [line.split()[0] for line in here] == [f"{package}=={version}"]
