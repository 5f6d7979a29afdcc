"""Log-rank tests by hand and where nothing can be tested."""

import numpy as np
import pandas as pd
import pytest

from cacs_cxr.multiplicity import holm
from cacs_cxr.prognosis.follow_up import GroupedFollowUp
from cacs_cxr.prognosis.logrank import COLUMNS, log_rank_scores, logrank_table, overall_test, trend_test
from reference_cohort import one_site


def grouped(time: list[int], code: list[int], category: list[int], remark: str = "") -> GroupedFollowUp:
    factors = pd.DataFrame(index=range(len(time)))
    return GroupedFollowUp("development", "actual", np.array(time), np.array(code), np.array(category), factors, remark)


def test_two_groups_by_hand() -> None:
    # Day 1: 2 of 4 in group 1, an event in group 0. Day 2: 2 of 3 in group 1, an event in group 1.
    scores = log_rank_scores([1, 2, 3, 4], [1, 1, 0, 0], [0, 1, 0, 1], groups=2)
    assert scores.observed.tolist() == [1, 1]
    assert scores.expected.tolist() == pytest.approx([1 / 2 + 1 / 3, 1 / 2 + 2 / 3])
    variance = 1 / 4 + 2 / 9
    assert scores.covariance[0, 0] == pytest.approx(variance)
    assert overall_test(scores).chi2 == pytest.approx((1 - 5 / 6) ** 2 / variance)


def test_trend_of_two_groups_is_the_overall_test() -> None:
    rng = np.random.default_rng(1)
    time, event, group = rng.integers(1, 60, 80), rng.random(80) < 0.5, rng.integers(0, 2, 80)
    scores = log_rank_scores(time, event, group, groups=2)
    assert trend_test(scores).chi2 == pytest.approx(overall_test(scores).chi2, rel=1e-12)


def test_empty_category_is_left_out_and_named() -> None:
    rng = np.random.default_rng(2)
    time, code = rng.integers(1, 90, 60).tolist(), (rng.random(60) < 0.4).astype(int).tolist()
    category = rng.choice([0, 1, 3], 60).tolist()
    table = logrank_table(grouped(time, code, category), one_site())
    assert list(table.columns) == COLUMNS
    overall = table.iloc[0]
    assert overall["df"] == 2
    assert overall["note"] == "no patients in 100-399"
    pairs = table[table["test"] == "pairwise"]
    assert len(pairs) == 6
    with_empty = (pairs["category_a"] == "100-399") | (pairs["category_b"] == "100-399")
    assert pairs.loc[with_empty, "p"].isna().all()
    assert pairs.loc[with_empty, "note"].str.startswith("not estimable").all()
    usable = pairs[~with_empty]
    assert usable["p_holm"].tolist() == pytest.approx(holm(usable["p"]).tolist())


@pytest.mark.parametrize("size", [0, 5])
def test_no_patients_or_no_events_give_notes(size: int) -> None:
    table = logrank_table(grouped(list(range(1, size + 1)), [0] * size, [0] * size), one_site())
    assert len(table) == 8
    assert table["p"].isna().all()
    assert table["note"].str.startswith("not estimable: fewer than two groups").all()


def test_competing_events_are_censored_and_the_remark_is_kept() -> None:
    time, category = [3, 5, 6, 8, 9, 12], [0, 1, 0, 1, 0, 1]
    one = logrank_table(grouped(time, [1, 2, 0, 1, 2, 0], category, "a remark"), one_site())
    other = logrank_table(grouped(time, [1, 0, 0, 1, 0, 0], category), one_site())
    assert one.loc[0, "chi2"] == other.loc[0, "chi2"]
    assert one["note"].str.endswith("a remark").all()
