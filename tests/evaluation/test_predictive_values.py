"""Predictive values at other prevalences, likelihood ratios, rules that ask for a value, and McNemar's test."""

import numpy as np
import pytest
from scipy.stats import binomtest

from cacs_cxr.evaluation.operating_points import (
    Target,
    choose_cutoff,
    cutoff_table,
    declared_rules,
    operating_point,
    operating_point_table,
    with_cutoffs,
)
from cacs_cxr.evaluation.predictions_table import checked_predictions
from cacs_cxr.evaluation.predictive_values import mcnemar, mcnemar_table, predictive_value_table, predictive_values
from reference_cohort import analysis_table, prediction_table, read_cohort, two_sites

LABELS = np.array([0, 0, 0, 0, 1, 0, 1, 1, 0, 1])
SCORES = np.arange(10) / 10


def test_predictive_values_by_hand() -> None:
    # Sensitivity 0.8, specificity 0.9, prevalence 10 %: PPV 0.08 / 0.17, NPV 0.81 / 0.83.
    values = predictive_values(tp=80, fn=20, tn=90, fp=10, prevalence=0.1)
    assert values["ppv"] == pytest.approx(0.08 / 0.17)
    assert values["npv"] == pytest.approx(0.81 / 0.83)
    assert values["ppv_low"] < values["ppv"] < values["ppv_high"]
    own = predictive_values(tp=80, fn=20, tn=90, fp=10, prevalence=0.5)
    assert own["ppv"] == pytest.approx(80 / 90)
    certain = predictive_values(tp=80, fn=20, tn=100, fp=0, prevalence=0.1)
    assert (certain["ppv"], np.isnan(certain["ppv_low"])) == (1.0, True)
    assert np.isnan(predictive_values(tp=0, fn=5, tn=5, fp=0, prevalence=0.1)["ppv"])


def test_likelihood_ratios_by_hand() -> None:
    point = operating_point([1] * 10 + [0] * 20, [1] * 8 + [0] * 2 + [1] * 4 + [0] * 16, 0.5)
    assert point["lr_positive"] == pytest.approx(0.8 / 0.2)
    assert point["lr_negative"] == pytest.approx(0.2 / 0.8)
    half = 1.959963984540054 * np.sqrt(1 / 8 - 1 / 10 + 1 / 4 - 1 / 20)
    assert point["lr_positive_high"] == pytest.approx(4 * np.exp(half))
    assert point["accuracy"] == pytest.approx(24 / 30)
    perfect = operating_point([1, 1, 0, 0], [1, 1, 0, 0], 0.5)
    assert np.isnan(perfect["lr_positive"])
    assert (perfect["lr_negative"], np.isnan(perfect["lr_negative_low"])) == (0.0, True)


@pytest.mark.parametrize(
    ("target", "cutoff"),
    [
        (Target("sensitivity", 0.75), 0.55),
        (Target("sensitivity", 1.0), 0.35),
        (Target("specificity", 0.8), 0.55),
        (Target("specificity", 1.0), 0.85),
        (Target("probability", 0.3), 0.3),
    ],
)
def test_rules_that_ask_for_a_value(target: Target, cutoff: float) -> None:
    assert choose_cutoff(LABELS, SCORES, rule=target) == pytest.approx(cutoff)
    point = operating_point(LABELS, SCORES, cutoff)
    if target.measure != "probability":
        assert point[target.measure] >= target.value


def test_targets_that_only_everybody_or_nobody_meets() -> None:
    labels, scores = [1, 0, 0], [0.1, 0.5, 0.9]
    everybody = choose_cutoff(labels, scores, rule=Target("sensitivity", 1.0))
    assert operating_point(labels, scores, everybody)["sensitivity"] == 1
    nobody = choose_cutoff(labels, scores, rule=Target("specificity", 1.0))
    assert operating_point(labels, scores, nobody)["specificity"] == 1
    assert np.isnan(choose_cutoff([1, 1], [0.1, 0.2], rule=Target("sensitivity", 0.9)))
    assert choose_cutoff([1, 1], [0.1, 0.2], rule=Target("probability", 0.15)) == 0.15


def test_rules_are_frozen_on_development() -> None:
    cohort, study = read_cohort(), two_sites()
    table = checked_predictions(analysis_table(cohort), prediction_table(cohort), study)
    rules = declared_rules({"sensitivity": [0.9], "specificity": [0.9], "probability": [0.1]})
    assert list(map(str, rules)) == ["youden", "prevalence", "sensitivity 0.9", "specificity 0.9", "probability 0.1"]
    cutoffs = cutoff_table(table, study, rule=rules[2])
    points = operating_point_table(with_cutoffs(table, cutoffs, study), rule=rules[2])
    development = points[points["site"] == "development"]
    np.testing.assert_allclose(development["sensitivity"], 0.9, atol=0.02)
    frozen = cutoffs[cutoffs["fold"] == -1].set_index(["model", "threshold"])["cutoff"]
    external = points[points["site"] == "external"].set_index(["model", "threshold"])
    assert external["cutoff_min"].equals(frozen.loc[external.index].rename("cutoff_min"))
    values = predictive_value_table(points, prevalences=[0.1, 0.3])
    assert len(values) == 2 * len(points)
    assert (values.groupby("prevalence")["ppv"].mean().diff().dropna() > 0).all()


def test_mcnemar_is_exact_and_symmetric() -> None:
    first = np.array([1] * 30 + [1] * 9 + [0] * 2 + [0] * 9)
    second = np.array([1] * 30 + [0] * 9 + [1] * 2 + [0] * 9)
    test, turned = mcnemar(first, second), mcnemar(second, first)
    assert test.p == turned.p == pytest.approx(binomtest(9, 11, 0.5).pvalue)
    assert test.difference == pytest.approx(7 / 50)
    assert mcnemar(first, first).p == 1.0
    assert mcnemar([], []).n == 0


def test_models_are_compared_on_the_patients_of_a_class() -> None:
    cohort, study = read_cohort(), two_sites()
    table = checked_predictions(analysis_table(cohort), prediction_table(cohort), study)
    classified = with_cutoffs(table, cutoff_table(table, study, rule="youden"), study)
    rows = mcnemar_table(classified, study, rule="youden")
    points = operating_point_table(classified, rule="youden").set_index(["site", "model", "threshold"])
    for row in rows.itertuples():
        a, b = (points.loc[(row.site, model, row.threshold), row.measure] for model in (row.model_a, row.model_b))
        assert row.difference == pytest.approx(a - b)
    assert (rows["p_holm"] >= rows["p"]).all()
