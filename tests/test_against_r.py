"""Discrimination, operating points and survival beside R's answers: pROC, survival, base."""

from pathlib import Path

import pytest

from r_comparisons import references
from real_data import reference

NUMBERS = {"cohort": 1590, "asah": 515, "lung": 220, "colon": 180, "ovarian": 90, "toys": 90, "imputed": 200}


def disagreements(folder: Path, data: str) -> tuple[int, list[str]]:
    """How many numbers were compared, and those beyond their tolerance."""
    rows = list(references(folder)[data])
    return len(rows), [f"{row.statistic}: {row.ours} is not R's {row.r}" for row in rows if not row.agrees]


def test_cohort_in_the_repository() -> None:
    count, wrong = disagreements(Path(__file__).parent / "reference", "cohort")
    assert not wrong
    assert count >= NUMBERS["cohort"]


@pytest.mark.real
@pytest.mark.parametrize("data", NUMBERS)
def test_data_sets_of_r_packages(data: str) -> None:
    count, wrong = disagreements(reference("survival_ref.json").parent, data)
    assert not wrong
    assert count >= NUMBERS[data]
