import numpy as np
import pytest

from cacs_cxr.simulation.population import PEOPLE, draw_people, reference_rank, score_category

CATEGORY_SHARES = (0.5556, 0.2933, 0.1081, 0.0430)


def test_development_site_has_the_published_categories():
    frame = draw_people(50_000, people=PEOPLE["development"], generator=np.random.default_rng(1))
    shares = frame["category"].value_counts(normalize=True).sort_index()
    np.testing.assert_allclose(shares, CATEGORY_SHARES, atol=0.007)
    assert frame["age_years"].mean() == pytest.approx(54, abs=0.2)
    assert frame["male"].mean() == pytest.approx(0.58, abs=0.01)
    assert 23.5 < frame["bmi"].mean() < 25


def test_external_site_is_older_with_more_calcium():
    development, external = (
        draw_people(20_000, people=PEOPLE[role], generator=np.random.default_rng(2))
        for role in ("development", "external")
    )
    assert external["age_years"].mean() - development["age_years"].mean() == pytest.approx(6, abs=0.4)
    assert (external["agatston"] > 0).mean() - (development["agatston"] > 0).mean() > 0.06
    assert (external["agatston"] >= 400).mean() > 1.3 * (development["agatston"] >= 400).mean()


def test_ranks_of_the_development_site_are_uniform():
    frame = draw_people(50_000, people=PEOPLE["development"], generator=np.random.default_rng(3))
    rank = reference_rank(frame["propensity"])
    np.testing.assert_allclose(
        np.quantile(rank, [0.05, 0.25, 0.5, 0.75, 0.95]), [0.05, 0.25, 0.5, 0.75, 0.95], atol=0.01
    )


def test_categories_change_at_the_thresholds():
    np.testing.assert_array_equal(score_category([0, 0.1, 99.9, 100, 399.9, 400, 5000]), [0, 1, 1, 2, 2, 3, 3])
