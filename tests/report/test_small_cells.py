"""Small counts: hidden, and not to be worked out from what is shown."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from cacs_cxr.small_cells import hidden, hidden_flow, hidden_groups, hidden_text, small


def test_small_counts_are_from_one_to_below_the_limit() -> None:
    assert small([0, 1, 4, 5, 60], smallest=5).tolist() == [False, True, True, False, False]
    assert not small([1, 2], smallest=None).any()


@pytest.mark.parametrize(
    ("counts", "marks"),
    [
        ([100, 3, 40, 60], [0, 1, 1, 0]),
        ([100, 3, 4, 60], [0, 1, 1, 0]),
        ([100, 1, 1, 60], [0, 1, 1, 1]),
        ([100, 4, 4, 60], [0, 1, 1, 1]),
        ([0, 1, 5, 6], [0, 1, 1, 1]),
        ([100, 0, 0, 60], [0, 0, 0, 0]),
        ([0, 3, 0], [0, 1, 0]),
        ([100, 3, 0], [1, 1, 0]),
    ],
)
def test_another_count_is_hidden_where_the_total_would_tell(counts: list[int], marks: list[int]) -> None:
    assert hidden(counts, smallest=5).tolist() == [bool(mark) for mark in marks]


def test_no_hidden_count_can_be_worked_out_from_the_total() -> None:
    # Every table of four parts up to 6: with 5 as the least count shown, at least two completions fit what is shown.
    for counts in product(range(7), repeat=4):
        marks = hidden(counts, smallest=5)
        if not marks.any() or marks.sum() == np.count_nonzero(counts):
            continue
        ranges = [
            (range(1, 5) if value < 5 else range(5, 25)) if mark else [value]
            for value, mark in zip(counts, marks, strict=True)
        ]
        for place in np.flatnonzero(marks):
            possible = {parts[place] for parts in product(*ranges) if sum(parts) == sum(counts)}
            assert len(possible) > 1 or counts[place] >= 5, (counts, marks)


def test_words_of_hidden_counts() -> None:
    assert hidden_text(3, smallest=5) == "< 5"
    assert hidden_text(1234, smallest=5) == "≥ 5"


def flow(*steps: tuple[str, int]) -> pd.DataFrame:
    rows = [{"site": "a", "unit": "patients", "order": place, "kind": k, "n": n} for place, (k, n) in enumerate(steps)]
    return pd.DataFrame(rows)


def test_flow_hides_a_second_reason_or_the_box_below() -> None:
    two = flow(("start", 100), ("excluded", 3), ("excluded", 20), ("excluded", 30), ("remaining", 47))
    assert hidden_flow(two, smallest=5).tolist() == [False, True, True, False, False]
    lone = flow(("start", 100), ("excluded", 3), ("excluded", 0), ("remaining", 97))
    assert hidden_flow(lone, smallest=5).tolist() == [False, True, False, True]
    assert not hidden_flow(two, smallest=None).any()
    # The box below is not given away by the one after it: the reasons before and after are then one group.
    longer = flow(
        ("start", 100), ("excluded", 3), ("remaining", 97), ("excluded", 7), ("excluded", 30), ("remaining", 60)
    )
    assert hidden_flow(longer, smallest=5).tolist() == [False, True, True, True, False, False]


def test_groups_hide_within_site_and_grouping() -> None:
    frame = pd.DataFrame(
        {
            "site": "a",
            "grouping": ["actual"] * 4 + ["predicted"] * 4,
            "category": ["0", "1-99", ">=100", "all"] * 2,
            "n": [50, 30, 20, 100, 40, 30, 30, 100],
            "events": [2, 9, 8, 19, 6, 6, 7, 19],
        }
    )
    marks = hidden_groups(frame, counts=["n", "events"], total="all", smallest=5)
    assert not marks["n"].any()
    assert marks["events"].tolist() == [True, False, True, False, False, False, False, False]
