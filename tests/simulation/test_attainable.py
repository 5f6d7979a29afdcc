import numpy as np
import pytest

from cacs_cxr.simulation.attainable import area_under_curve, attainable_auc, cxr_probability, propensity_cut
from cacs_cxr.simulation.population import PEOPLE, draw_people

THRESHOLDS = [
    {"name": "gt0", "operator": ">", "value": 0, "label": "> 0"},
    {"name": "ge100", "operator": ">=", "value": 100, "label": ">= 100"},
    {"name": "ge400", "operator": ">=", "value": 400, "label": ">= 400"},
]


@pytest.mark.parametrize("role", ["development", "external"])
def test_attainable_auc_lies_in_the_range_of_the_paper_and_the_models_are_ordered(role):
    table = attainable_auc(site=role, people=PEOPLE[role], thresholds=THRESHOLDS, generator=np.random.default_rng(6))
    auc = table.pivot_table(index="threshold", columns="model", values="auc").loc[["gt0", "ge100", "ge400"]]
    low, high = [0.76, 0.78, 0.82], [0.80, 0.83, 0.87]
    assert (auc["cxr"] > low).all()
    assert (auc["cxr"] < high).all()
    assert auc["cxr"].is_monotonic_increasing
    gain = auc["integrated"] - auc["cxr"]
    assert (gain > 0.025).all()
    assert (gain < 0.045).all()
    assert (auc["integrated"] - auc["clinical"] > 0.07).all()
    assert (auc["clinical"] > 0.65).all()


def test_probability_of_the_radiograph_is_calibrated():
    people = PEOPLE["development"]
    frame = draw_people(100_000, people=people, generator=np.random.default_rng(7))
    probability = cxr_probability(frame, people=people, propensity_cut=propensity_cut(0))
    edges = np.quantile(probability, np.linspace(0, 1, 11))
    bins = np.digitize(probability, edges[1:-1])
    expected = [probability[bins == number].mean() for number in range(10)]
    observed = [(frame["agatston"] > 0)[bins == number].mean() for number in range(10)]
    np.testing.assert_allclose(observed, expected, atol=0.02)


def test_area_under_curve_counts_ties_half_and_misses_a_class_as_nan():
    labels = np.array([True, True, False, False])
    assert area_under_curve(labels, np.array([3.0, 1.0, 2.0, 1.0])) == pytest.approx(0.625)
    assert np.isnan(area_under_curve(np.array([True, True]), np.array([1.0, 2.0])))
