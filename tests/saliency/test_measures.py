"""Measures of maps on worked cases, and what the tables say of them."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr, ttest_1samp

from cacs_cxr.saliency.measures import (
    area_share,
    density,
    energy_share,
    mean_of,
    points_at,
    rank_correlation,
    ratio_of_means,
    share_of,
)
from cacs_cxr.saliency.panels import AVERAGE_MAP, AVERAGE_RADIOGRAPH, CASE, average, picture_panels
from cacs_cxr.saliency.patients import explained_patients
from cacs_cxr.saliency.regions import CALCIUM, CORNERS, OUTSIDE, PICTURE, RIM, THORAX
from cacs_cxr.saliency.tables import (
    ALL,
    POINTING,
    agreement,
    measures_of_map,
    sanity_reading,
    summarise,
    summarise_agreement,
)
from cacs_cxr.study import EXTERNAL_FOLD
from written_results import example_analysis, example_predictions, example_study

STUDY = example_study()


def marks(*places: tuple[int, int]) -> np.ndarray:
    found = np.zeros((3, 3), dtype=bool)
    for place in places:
        found[place] = True
    return found


def test_shares_of_energy_and_area_and_the_pointing_game() -> None:
    values = np.array([[1.0, 3.0, 0.0], [0.0, 6.0, 0.0], [0.0, 0.0, 90.0]])
    region, part = ~marks((2, 2)), marks((1, 1), (2, 2))
    assert energy_share(values, part, of=region) == pytest.approx(0.6)
    assert area_share(part, of=region) == pytest.approx(1 / 8)
    assert points_at(values, part, of=region) == 1
    assert points_at(values, marks((0, 1)), of=region) == 0
    assert np.isnan(energy_share(np.zeros((3, 3)), part, of=region))
    assert np.isnan(points_at(np.zeros((3, 3)), part, of=region))


def test_density_leaves_padding_out() -> None:
    values, picture = np.full((4, 4), 2.0), np.zeros((4, 4), dtype=bool)
    picture[:, 1:3] = True
    values[0, 1] = 10.0
    found = density(values, picture=picture)
    assert found[picture].mean() == pytest.approx(1)
    assert (found[~picture] == 0).all()
    assert found[0, 1] == pytest.approx(10 / 3)


def test_rank_correlation_is_spearmans_and_none_with_an_even_map() -> None:
    random = np.random.default_rng(0)
    first, second = np.round(random.normal(size=(2, 40)), 1)
    assert rank_correlation(first, second) == pytest.approx(spearmanr(first, second).statistic)
    assert np.isnan(rank_correlation(first, np.ones(40)))


def test_means_have_students_interval_and_shares_wilsons() -> None:
    values = np.array([0.2, 0.5, np.nan, 0.9, 0.4])
    found = mean_of(values)
    interval = ttest_1samp(values[~np.isnan(values)], 0).confidence_interval()
    assert (found.n, found.low, found.high) == (4, pytest.approx(interval.low), pytest.approx(interval.high))
    none = share_of([0.0, 0.0, 0.0, 0.0])
    assert (none.mean, none.low) == (0, 0)
    assert none.high == pytest.approx(0.4899, abs=1e-4)  # R: prop.test(0, 4, correct = FALSE)
    assert np.isnan(mean_of([np.nan]).mean)


def test_ratio_of_means_covers_the_true_ratio() -> None:
    random = np.random.default_rng(1)
    covered = 0
    for _ in range(400):
        expected = random.uniform(0.1, 0.3, 60)
        found = ratio_of_means(expected * 1.5 + random.normal(0, 0.05, 60), expected)
        covered += found.low <= 1.5 <= found.high
    assert 0.92 <= covered / 400 <= 0.98


REGIONS = {
    PICTURE: ~marks((2, 2)),
    THORAX: marks((0, 0), (0, 1), (1, 0), (1, 1)),
    RIM: marks((0, 2), (2, 0)),
    CORNERS: marks((0, 2)),
    OUTSIDE: marks((0, 2), (1, 2), (2, 0), (2, 1)),
}


def test_padding_never_counts_in_what_is_measured() -> None:
    values = np.ones((3, 3))
    values[2, 2] = 1e6
    rows = {row["measure"]: row for row in measures_of_map(values, REGIONS)}
    assert rows[OUTSIDE] == {"measure": OUTSIDE, "value": 0.5, "even": 0.5}
    assert set(rows) == {OUTSIDE, RIM, CORNERS}
    with_calcium = {**REGIONS, CALCIUM: marks((0, 0), (2, 2)), "arch": marks((0, 0)), "coronary": marks((2, 2))}
    rows = {row["measure"]: row for row in measures_of_map(values, with_calcium)}
    assert rows[CALCIUM]["value"] == rows[CALCIUM]["even"] == 0.25
    assert rows[POINTING]["value"] == 1  # of equal values the first counts


def test_summary_tells_maps_that_miss_and_reads_ratios_by_their_interval() -> None:
    random = np.random.default_rng(2)
    frames = [
        pd.DataFrame(
            {
                "site": "development",
                "threshold": "gt0",
                "category": STUDY.categories[number % 4],
                "measure": [OUTSIDE, CALCIUM],
                "value": [0.3 + random.normal(0, 0.03), 0.1 + random.normal(0, 0.01)] if number else [np.nan] * 2,
                "even": [0.4, 0.05],
            }
        )
        for number in range(40)
    ]
    table = summarise(pd.concat(frames, ignore_index=True), categories=STUDY.categories)
    assert table["category"].tolist() == [*STUDY.categories, ALL] * 2
    overall = table[table["category"] == ALL].set_index("measure")
    assert overall.loc[OUTSIDE, ["n", "n_without_map"]].tolist() == [39, 1]
    assert overall.loc[OUTSIDE, "reading"] == "less than an even map"
    assert overall.loc[CALCIUM, "reading"] == "more than an even map"
    assert overall.loc[CALCIUM, "ratio"] == pytest.approx(2, abs=0.1)


def test_check_with_random_weights() -> None:
    random = np.random.default_rng(3)
    trained = random.random((30, 4, 4))
    others = {"randomised": random.random((30, 4, 4)), "other fold": trained + random.normal(0, 0.1, trained.shape)}
    found = agreement(trained, others, [np.ones((4, 4), dtype=bool)] * 30).assign(threshold="gt0")
    table = summarise_agreement(found, randomised="randomised", reference="other fold").set_index("comparison")
    assert abs(table.loc["randomised", "mean"]) < 0.15
    assert table.loc["other fold", "mean"] > 0.85
    assert table["reading"].str.startswith("passed").all()
    assert sanity_reading(randomised_high=0.6, reference_low=0.5).startswith("not passed: maps of random weights")
    assert sanity_reading(randomised_high=-0.2, reference_low=-0.1).startswith("not passed: two trained")
    assert sanity_reading(randomised_high=np.nan, reference_low=0.5) == "not estimable"


def patients() -> pd.DataFrame:
    analysis = example_analysis(STUDY, patients=200)
    predictions = example_predictions(analysis, STUDY)
    cohort = analysis.assign(category=STUDY.category(analysis["cacs"]), row=np.arange(len(analysis)))
    development = analysis[analysis["site"] == STUDY.development]
    folds = development[["patient", "fold"]].assign(part="test")
    passed = predictions["probability"] > 0.5
    placed = predictions.assign(predicted=passed).groupby(["site", "patient", "model"])["predicted"].sum()
    return explained_patients(cohort, folds, predictions, placed.reset_index(), STUDY, per_category=5, shown=2, seed=1)


def test_sample_and_clearest_cases() -> None:
    explained = patients()
    pd.testing.assert_frame_equal(explained, patients())
    sampled = explained[explained["sampled"]]
    assert sampled.groupby(["threshold", "site", "category"]).size().eq(5).all()
    assert (explained.loc[explained["site"] == "external", "fold"] == EXTERNAL_FOLD).all()
    assert explained.loc[explained["site"] == "development", "fold"].between(0, 9).all()
    cases = explained[explained["outcome"] != ""]
    assert cases.groupby(["threshold", "outcome"]).size().eq(2).all()
    assert (cases["site"] == "development").all()
    positive = cases[cases["outcome"] == "true positive"].sort_values(["threshold", "place"])
    assert (positive["label"] == 1).all()
    assert positive.groupby("threshold")["probability"].is_monotonic_decreasing.all()
    negative = cases[cases["outcome"] == "false negative"]
    assert (negative["label"] == 1).all()
    assert negative["probability"].max() <= 0.5


def test_pictures_are_averaged_where_half_of_them_are() -> None:
    whole, half = np.ones((2, 4), dtype=bool), np.array([[True, True, False, False]] * 2)
    mean = average([np.full((2, 4), 10.0), np.full((2, 4), 30.0)], [whole, half])
    np.testing.assert_array_equal(mean, np.array([[20, 20, 10, 10]] * 2, dtype=np.float32))
    mean = average([np.ones((2, 4))] * 3, [whole, half, half])
    assert np.isnan(mean[:, 2:]).all()
    explained = patients()
    count = len(explained)
    radiographs = [np.full((6, 6), 100.0)] * count
    densities = [np.full((6, 6), 1.0)] * count
    panels, pictures = picture_panels(explained, radiographs, densities, [np.ones((6, 6), dtype=bool)] * count)
    assert panels["kind"].value_counts().to_dict() == {CASE: 24, AVERAGE_MAP: 24, AVERAGE_RADIOGRAPH: 8}
    assert len(pictures) == len(panels)
    assert (pictures[panels.loc[panels["kind"] == AVERAGE_RADIOGRAPH, "picture"]] == 100).all()
