"""Discrimination, operating points and survival beside R's answers: pROC, survival, base."""

from pathlib import Path

import pytest

from r_comparisons import references
from r_survival import survival_references
from real_data import reference

NUMBERS = {"cohort": 1590, "asah": 515, "lung": 220, "colon": 180, "ovarian": 90, "toys": 90, "imputed": 200}
SURVIVAL_NUMBERS = {
    "cohort survival": 560,
    "lung survival": 180,
    "colon survival": 100,
    "ovarian survival": 80,
    "zero events": 4,
    "mgus2": 70,
}


def disagreements(folder: Path, data: str) -> tuple[int, list[str]]:
    """How many numbers were compared, and those beyond their tolerance."""
    rows = list({**references(folder), **survival_references(folder)}[data])
    return len(rows), [f"{row.statistic}: {row.ours} is not R's {row.r}" for row in rows if not row.agrees]


@pytest.mark.parametrize("data", ["cohort", "cohort survival"])
def test_cohort_in_the_repository(data: str) -> None:
    count, wrong = disagreements(Path(__file__).parent / "reference", data)
    assert not wrong
    assert count >= {**NUMBERS, **SURVIVAL_NUMBERS}[data]


@pytest.mark.real
@pytest.mark.parametrize("data", [*NUMBERS, *SURVIVAL_NUMBERS])
def test_data_sets_of_r_packages(data: str) -> None:
    count, wrong = disagreements(reference("survival_ref.json").parent, data)
    assert not wrong
    assert count >= {**NUMBERS, **SURVIVAL_NUMBERS}[data]
