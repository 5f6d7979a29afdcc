import itertools

import numpy as np
import pytest

from cacs_cxr.simulation.margins import MARGIN_SHARES, agatston_scores, rank_of_score


def test_published_margins_are_recovered():
    scores = agatston_scores((np.arange(50_000) + 0.5) / 50_000, step=0.1)
    cuts = (-1.0, 0.0, 10.0, 100.0, 400.0, np.inf)
    shares = [np.mean((scores > low) & (scores <= high)) for low, high in itertools.pairwise(cuts)]
    np.testing.assert_allclose(shares, np.array(MARGIN_SHARES) / sum(MARGIN_SHARES), atol=0.002)


def test_scores_rise_with_rank_and_are_rounded_as_scoring_software_prints_them():
    rank = np.linspace(0.0001, 0.9999, 5_000)
    whole = agatston_scores(rank, step=1.0)
    assert np.all(np.diff(whole) >= 0)
    assert np.all(whole == np.round(whole))
    assert whole[whole > 0].min() == 1.0
    assert 2_500 < whole.max() <= 7_000


@pytest.mark.parametrize(("score", "rank"), [(0, 0.5556), (10, 0.6507), (100, 0.8489), (400, 0.9570)])
def test_rank_of_a_score_is_its_cumulative_share(score, rank):
    assert rank_of_score(score) == pytest.approx(rank, abs=2e-4)
