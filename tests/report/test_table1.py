"""Table 1: standardised differences worked by hand, and against R on the reference cohort."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cacs_cxr.report.numbers import p_value
from cacs_cxr.report.table1 import anova_p, chi_squared_p, kruskal_wallis_p, smd_of_means, smd_of_proportions, table1
from real_data import reference
from written_results import example_analysis, example_study, other_study, without_follow_up


def test_difference_of_means_by_hand() -> None:
    # Means 2 and 5, variances 1 and 4: 3 / sqrt(2.5).
    assert smd_of_means([1, 2, 3, np.nan], [3, 5, 7]) == pytest.approx(3 / math.sqrt(2.5))


def test_difference_of_proportions_by_hand() -> None:
    # Shares .5 and .2: -.3 / sqrt((.25 + .16) / 2).
    assert smd_of_proportions([5, 5], [8, 2]) == pytest.approx(-0.3 / math.sqrt(0.205))


def test_difference_over_three_categories_by_hand() -> None:
    # Shares (.5, .3, .2) and (.4, .4, .2): T = (.1, 0), S = mean covariance [[.225, -.07], [-.07, .16]],
    # T' S^-1 T = .01 * .16 / (.225 * .16 - .07**2) = .0016 / .0311.
    assert smd_of_proportions([50, 30, 20], [40, 40, 20]) == pytest.approx(math.sqrt(0.0016 / 0.0311))


def test_difference_ignores_a_category_that_nobody_has() -> None:
    assert smd_of_proportions([5, 5, 0], [8, 2, 0]) == pytest.approx(abs(smd_of_proportions([5, 5], [8, 2])))


@pytest.mark.parametrize(("a", "b"), [([1.0], [1.0, 2.0]), ([2.0, 2.0], [2.0, 2.0])])
def test_difference_that_is_not_estimable_is_nan(a: list[float], b: list[float]) -> None:
    assert math.isnan(smd_of_means(a, b))
    assert math.isnan(smd_of_proportions([0, 0], [1, 1]))


def test_missing_values_are_counted_and_left_out_of_the_mean() -> None:
    study = example_study()
    analysis = example_analysis(study, patients=100)
    analysis["bmi"] = 25.0
    analysis.loc[analysis["site"] == "development", "bmi"] = [np.nan] * 7 + [24.0, 26.0] * 46 + [25.0]
    row = table1(analysis, study).set_index("characteristic").loc["Body mass index, kg/m², mean ± SD"]
    assert row["missing, development"] == "7"
    assert row["missing, external"] == "0"
    assert row["development"] == "25.0 ± 1.0"


def test_counts_of_categories_add_up_and_events_are_of_those_followed() -> None:
    study = example_study()
    analysis = example_analysis(study)
    table = table1(analysis, study).set_index("characteristic")
    counts = [
        int(str(table.loc[f"CACS {label}, n (%)", "development"]).split(" ")[0]) for label in study.category_labels
    ]
    assert sum(counts) == 300
    columns = [f"development, CACS {label}" for label in study.category_labels]
    assert [int(str(table.loc["Patients, n", column])) for column in columns] == counts
    followed = analysis[(analysis["site"] == "development") & analysis["event"].notna()]
    events = int((followed["event"] == 1).sum())
    assert table.loc["Major adverse cardiovascular event, n (% of followed)", "development"] == (
        f"{events} ({100 * events / len(followed):.1f} %)"
    )


def test_study_without_external_site_or_follow_up_has_its_table() -> None:
    study = other_study()
    analysis = without_follow_up(example_analysis(study))
    table = table1(analysis, study).set_index("characteristic")
    assert not any(column.startswith("SMD") for column in table.columns)
    assert table.loc["With follow-up, n (%)", "ward"] == "0 (0.0 %)"
    assert table.loc["Person-years of follow-up", "ward"] == "–"


def test_tests_with_nothing_to_compare_are_nan() -> None:
    assert math.isnan(anova_p([np.array([1.0, 2.0])]))
    assert math.isnan(chi_squared_p([[3, 0], [4, 0]]))


def test_median_row_has_quartiles_the_rank_test_and_the_difference_of_means() -> None:
    study = example_study()
    analysis = example_analysis(study)
    factors = tuple(replace(factor, summary="median") if factor.name == "bmi" else factor for factor in study.factors)
    row = table1(analysis, replace(study, factors=factors)).set_index("characteristic")
    row = row.loc["Body mass index, kg/m², median [quartiles]"]
    here = analysis[analysis["site"] == "development"]
    low, middle, high = here["bmi"].quantile([0.25, 0.5, 0.75])
    assert row["development"] == f"{middle:.1f} [{low:.1f}–{high:.1f}]"
    away = analysis[analysis["site"] == "external"]["bmi"]
    assert row["SMD, external"] == f"{smd_of_means(here['bmi'], away):.2f}".replace("-", "−")
    groups = [part["bmi"].dropna().to_numpy() for _, part in here.groupby(study.category(here["cacs"]))]
    assert row["p across categories"] == p_value(kruskal_wallis_p(groups))


def test_rank_test_by_hand() -> None:
    # Ranks 1 to 3 and 4 to 6: H = 12 / 42 (36 / 3 + 225 / 3) - 21 = 27 / 7, with one degree of freedom.
    p = kruskal_wallis_p([np.array([1.0, 2.0, 3.0]), np.array([7.0, 8.0, 9.0])])
    assert p == pytest.approx(math.erfc(math.sqrt(27 / 7 / 2)))
    assert math.isnan(kruskal_wallis_p([np.array([1.0, 1.0]), np.array([1.0, 1.0])]))


@pytest.mark.real
def test_differences_and_tests_equal_those_of_r() -> None:
    cohort = pd.read_csv(reference("cohort.csv"))
    answers = pd.read_json(reference("cohort_ref.json"), typ="series")["table1_by_actual_category"]
    inside, outside = cohort[cohort["site"] == "int"], cohort[cohort["site"] == "ext"]
    for name in ("age", "bmi"):
        ours = smd_of_means(inside[name], outside[name])
        assert abs(ours) == pytest.approx(abs(answers[name]["smd_int_vs_ext"]), rel=1e-9)
        groups = [group[name].dropna().to_numpy() for _, group in cohort.groupby("cat4")]
        assert anova_p(groups) == pytest.approx(answers[name]["anova_p"], rel=1e-9)
    counts = [[int((site["male"] == value).sum()) for value in (0, 1)] for site in (inside, outside)]
    assert abs(smd_of_proportions(*counts)) == pytest.approx(abs(answers["male"]["smd_int_vs_ext"]), rel=1e-9)
    numbers = [[int((group["male"] == value).sum()) for value in (0, 1)] for _, group in cohort.groupby("cat4")]
    assert chi_squared_p(numbers) == pytest.approx(answers["male"]["chi2_p"], rel=1e-9)
