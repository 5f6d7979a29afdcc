"""Holm's adjustment by hand."""

import numpy as np
import pytest

from cacs_cxr.multiplicity import holm


def test_adjustment_by_hand_keeps_the_order() -> None:
    # Sorted 0.01, 0.02, 0.03 times 3, 2, 1 gives 0.03, 0.04, 0.03, and never falls: 0.03, 0.04, 0.04.
    assert holm([0.03, 0.01, 0.02]).tolist() == pytest.approx([0.04, 0.03, 0.04])


def test_tests_that_could_not_be_done_do_not_count() -> None:
    adjusted = holm([0.02, np.nan, 0.04])
    assert adjusted[[0, 2]].tolist() == pytest.approx([0.04, 0.04])
    assert np.isnan(adjusted[1])


def test_never_above_one_and_nothing_of_nothing() -> None:
    assert holm([0.6, 0.7]).tolist() == [1.0, 1.0]
    assert holm([]).size == 0
