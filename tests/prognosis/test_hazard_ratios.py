"""Tables of Cox models: R's numbers on the cohort, and what is said where a number cannot be given."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cacs_cxr.prognosis.cox import cox_regression
from cacs_cxr.prognosis.follow_up import GroupedFollowUp, checked_follow_up, grouped_follow_ups
from cacs_cxr.prognosis.hazard_ratios import (
    CONCORDANCE_COLUMNS,
    COX_COLUMNS,
    TEST_COLUMNS,
    concordance_table,
    cox_table,
    cox_test_table,
)
from cacs_cxr.study import Study
from real_data import reference
from reference_cohort import (
    analysis_table,
    one_site,
    plain_study,
    predicted_category_table,
    r_answers,
    read_cohort,
)

TERMS = {
    "category[1-99]": "cat1",
    "category[100-399]": "cat2",
    "category[>=400]": "cat3",
    "age": "age",
    "sex[M]": "male",
    "bmi": "bmi",
}


@pytest.fixture(scope="module")
def groups() -> dict[str, GroupedFollowUp]:
    """The whole cohort as one site."""
    cohort = read_cohort().assign(site="development")
    checked = checked_follow_up(analysis_table(cohort), one_site())
    categories = predicted_category_table(cohort)
    found = grouped_follow_ups(checked, categories, one_site(), model="cxr", remark="")
    return {group.grouping: group for group in found}


@pytest.mark.parametrize(("grouping", "prefix"), [("actual", ""), ("predicted", "p")])
def test_adjusted_models_of_the_cohort_are_rs(groups: dict[str, GroupedFollowUp], grouping: str, prefix: str) -> None:
    table = cox_table(groups[grouping], one_site(), minimum_events=5)
    assert list(table.columns) == COX_COLUMNS
    adjusted = table[table["adjustment"] == "adjusted"].set_index("term")
    r = r_answers()["survival"]["cox"][f"adj_{grouping}"]
    assert list(adjusted.index) == list(TERMS)
    assert set(table["n"]) == {r["n"]} == {3820}
    assert set(table["events"]) == {r["nevent"]} == {232}
    for ours, theirs in {"coefficient": "coef", "se": "se", "hr": "hr", "low": "hr_lower", "high": "hr_upper"}.items():
        for term, name in TERMS.items():
            expected = r[theirs][f"{prefix}{name}" if name.startswith("cat") else name]
            assert adjusted.loc[term, ours] == pytest.approx(expected, rel=1e-6)
    tests: Any = cox_test_table(groups[grouping], one_site())
    assert list(tests.columns) == TEST_COLUMNS
    chi2 = tests[tests["adjustment"] == "adjusted"].set_index("test")["chi2"]
    assert chi2["model likelihood ratio"] == pytest.approx(r["lr"]["test"], rel=1e-6)
    assert chi2["model wald"] == pytest.approx(r["wald"]["test"], rel=1e-6)
    assert chi2["model score"] == pytest.approx(r["score"]["test"], rel=1e-6)
    assert chi2["category wald"] == pytest.approx(r["term_wald"][f"{prefix}cat"]["chi2"], rel=1e-6)
    nested = r_answers()["survival"]["nested"][f"clin_to_{grouping}"]
    assert chi2["category likelihood ratio"] == pytest.approx(nested["chi2"], rel=1e-6)
    c = concordance_table(groups[grouping], one_site()).set_index("adjustment").loc["adjusted"]
    assert c["c"] == pytest.approx(r["concordance"], rel=1e-12)
    assert c["se"] == pytest.approx(r["concordance_se"], rel=1e-9)


def test_trend_of_predicted_categories_is_rs(groups: dict[str, GroupedFollowUp]) -> None:
    tests: Any = cox_test_table(groups["predicted"], one_site()).set_index(["adjustment", "test"])
    row = tests.loc[("adjusted", "category trend")]
    r = r_answers()["survival"]["cox"]["adj_predicted_ordinal_trend"]
    assert row["hr"] == pytest.approx(r["hr"]["pred4"], rel=1e-6)
    assert (row["low"], row["high"]) == pytest.approx((r["hr_lower"]["pred4"], r["hr_upper"]["pred4"]), rel=1e-6)
    assert row["p"] == pytest.approx(r["p"]["pred4"], rel=1e-6)


def test_unadjusted_model_without_factors_has_all_patients(groups: dict[str, GroupedFollowUp]) -> None:
    study = Study.from_plain({**plain_study(sites={"development": "development"}), "factors": []})
    group = replace(groups["actual"], factors=groups["actual"].factors[[]])
    table = cox_table(group, study, minimum_events=5)
    r = r_answers()["survival"]["cox"]["uni_actual_all4000"]
    assert set(table["n"]) == {4000}
    for adjustment in ("unadjusted", "adjusted"):
        rows = table[table["adjustment"] == adjustment]
        assert rows["coefficient"].tolist() == pytest.approx(list(r["coef"].values()), rel=1e-6)
        assert rows["se"].tolist() == pytest.approx(list(r["se"].values()), rel=1e-6)


def small(n: int = 400, seed: int = 1) -> GroupedFollowUp:
    """Simulated patients of all categories, in whom events depend on category and age."""
    rng = np.random.default_rng(seed)
    category, age, sex = rng.integers(0, 4, n), rng.normal(60, 8, n), rng.integers(0, 2, n)
    hazard = 2e-4 * np.exp(0.5 * category + 0.04 * (age - 60))
    failure, censoring = rng.exponential(1 / hazard), rng.uniform(300, 3000, n)
    return GroupedFollowUp(
        "development",
        "actual",
        np.ceil(np.minimum(failure, censoring)).astype(np.int64),
        (failure <= censoring).astype(np.int64),
        category,
        pd.DataFrame({"age": age, "sex[M]": sex.astype(float), "bmi": rng.normal(25, 3, n)}),
        "",
    )


def by_term(table: pd.DataFrame, adjustment: str = "adjusted") -> Any:
    return table[table["adjustment"] == adjustment].set_index("term")


def test_reference_without_events_has_no_category_ratio_but_the_other_terms_are_the_limit() -> None:
    group = small()
    group = replace(group, code=np.where(group.category == 0, 0, group.code))
    rows = by_term(cox_table(group, one_site(), minimum_events=5))
    assert rows.loc["category[1-99]":"category[>=400]", "hr"].isna().all()
    assert set(rows["note"][:3]) == {"not estimable: 0 events in reference category 0, fewer than 5"}
    others = group.category > 0
    design = np.column_stack(
        [group.category == 2, group.category == 3, group.factors[["age", "sex[M]", "bmi"]].to_numpy()]
    )[others]
    limit = cox_regression(group.time[others], group.event[others], design)
    assert rows.loc[["age", "sex[M]", "bmi"], "coefficient"].tolist() == pytest.approx(limit.coefficients[2:], rel=1e-8)
    tests: Any = cox_test_table(group, one_site()).set_index(["adjustment", "test"])
    assert tests.loc[("adjusted", "category likelihood ratio"), "df"] == 3
    assert tests.loc[("adjusted", "category likelihood ratio"), "p"] < 0.001
    assert np.isnan(tests.loc[("adjusted", "category wald"), "p"])
    assert np.isfinite(tests.loc[("adjusted", "category trend"), "hr"])
    assert concordance_table(group, one_site())["c"].between(0.5, 1).all()


@pytest.mark.real
def test_likelihood_ratio_of_the_zero_event_toy_is_rs() -> None:
    # R's coxph stops at coefficients of 21 and 22 with a warning, and has this statistic to eight digits.
    toy = pd.read_csv(reference("zero_event_group.csv"))
    r = json.loads(reference("survival_ref.json").read_text())["toy"]["zero_event_reference"]["lr"]
    group = GroupedFollowUp(
        "development",
        "actual",
        toy["time"].to_numpy(),
        toy["event"].to_numpy(),
        toy["g"].to_numpy(),
        pd.DataFrame(index=toy.index),
        "",
    )
    study = Study.from_plain({**plain_study(sites={"development": "development"}), "factors": []})
    tests: Any = cox_test_table(group, study).set_index(["adjustment", "test"])
    row = tests.loc[("unadjusted", "category likelihood ratio")]
    assert row["df"] == r["df"] == 2
    assert row["chi2"] == pytest.approx(r["test"], rel=1e-8)
    assert row["p"] == pytest.approx(r["pvalue"], rel=1e-8)


def test_sparse_category_loses_its_ratio_and_stays_in_the_model() -> None:
    group = small()
    in_top = np.flatnonzero((group.category == 3) & (group.code == 1))
    code = group.code.copy()
    code[in_top[2:]] = 0
    group = replace(group, code=code)
    rows = by_term(cox_table(group, one_site(), minimum_events=5))
    assert rows.loc["category[>=400]", "note"] == "not estimable: 2 events in category >=400, fewer than 5"
    assert np.isnan(rows.loc["category[>=400]", ["coefficient", "se", "hr", "low", "high", "p"]].astype(float)).all()
    allowed = by_term(cox_table(group, one_site(), minimum_events=2))
    assert np.isfinite(allowed.loc["category[>=400]", "hr"])
    kept = ["category[1-99]", "category[100-399]", "age"]
    assert rows.loc[kept, "hr"].tolist() == allowed.loc[kept, "hr"].tolist()
    assert rows.loc["category[>=400]", "term_events"] == 2


def test_category_without_events_is_noted_even_where_no_events_are_required() -> None:
    group = small()
    group = replace(group, code=np.where(group.category == 2, 0, group.code))
    rows = by_term(cox_table(group, one_site(), minimum_events=0))
    assert rows.loc["category[100-399]", "note"].startswith("not estimable: 0 events in category 100-399")
    assert np.isfinite(rows.loc["category[>=400]", "hr"])


def test_empty_category_is_noted() -> None:
    group = small()
    group = group.chosen(group.category != 1)
    rows = by_term(cox_table(group, one_site(), minimum_events=5))
    assert rows.loc["category[1-99]", "note"] == "not estimable: no patients in category 1-99"
    assert np.isfinite(rows.loc["category[>=400]", "hr"])
    without_lowest = small().chosen(small().category != 0)
    rows = by_term(cox_table(without_lowest, one_site(), minimum_events=5))
    assert set(rows["note"][:3]) == {"not estimable: no patients in reference category 0"}
    assert np.isfinite(rows.loc["age", "hr"])


def test_only_men_and_a_factor_that_repeats_another_are_noted() -> None:
    group = small()
    factors = group.factors.assign(bmi=2 * group.factors["age"] + 3)
    factors["sex[M]"] = 1.0
    rows = by_term(cox_table(replace(group, factors=factors), one_site(), minimum_events=5))
    assert rows.loc["sex[M]", "note"] == "not estimable: no patients in one of its two groups"
    assert rows.loc["bmi", "note"].startswith("not estimable: constant, or determined by the terms before it")
    assert np.isfinite(rows.loc["age", "hr"])


def test_sex_without_events_is_noted() -> None:
    group = small()
    group = replace(group, code=np.where(group.factors["sex[M]"] == 0, 0, group.code))
    rows = by_term(cox_table(group, one_site(), minimum_events=5))
    assert rows.loc["sex[M]", "note"] == "not estimable: no events in one of its two groups"
    assert np.isfinite(rows.loc["category[>=400]", "hr"])


def test_factor_that_separates_all_events_leaves_no_estimate_and_says_so() -> None:
    group = small()
    factors = group.factors.assign(bmi=np.where(group.code == 1, 5000.0 - group.time, 0.0))
    rows = by_term(cox_table(replace(group, factors=factors), one_site(), minimum_events=5))
    assert "an estimate grows without bound" in rows.loc["bmi", "note"]
    assert rows["hr"].isna().all()


@pytest.mark.parametrize("case", ["no patients", "no events", "one event", "every factor missing"])
def test_nothing_to_fit_gives_every_row_with_a_note(case: str) -> None:
    group = small(60)
    if case == "no patients":
        group = group.chosen(np.zeros(60, dtype=bool))
    elif case == "no events":
        group = replace(group, code=np.zeros(60, dtype=np.int64))
    elif case == "one event":
        group = replace(group, code=(np.arange(60) == int(np.argmin(group.time))).astype(np.int64))
    else:
        group = replace(group, factors=group.factors.assign(bmi=np.nan))
    cox = cox_table(group, one_site(), minimum_events=5)
    assert len(cox) == 3 + 6
    categories = cox["term"].str.startswith("category")
    assert cox.loc[categories, "hr"].isna().all()
    assert cox.loc[categories, "note"].str.startswith("not estimable").all()
    tests, c = cox_test_table(group, one_site()), concordance_table(group, one_site())
    assert len(tests) == 12
    assert list(c.columns) == CONCORDANCE_COLUMNS
    assert len(c) == 2
    missing = tests["chi2"].isna()
    assert tests.loc[missing, "note"].str.startswith("not estimable").all()
    if case != "one event":
        assert missing.all()
        assert c["note"].str.startswith("not estimable").all()


def test_remarks_reach_every_row() -> None:
    group = replace(small(), remark="categories predicted by model integrated, as cxr has none")
    for table in (cox_table(group, one_site(), minimum_events=5), concordance_table(group, one_site())):
        assert table["note"].str.endswith("as cxr has none").all()


@pytest.mark.slow
def test_planted_ratios_are_covered() -> None:
    covered = np.zeros(3)
    studies = 200
    for seed in range(studies):
        rows = cox_table(small(600, seed=1000 + seed), one_site(), minimum_events=1)
        rows = by_term(rows).loc["category[1-99]":"category[>=400]"]
        truth = np.exp([0.5, 1.0, 1.5])
        covered += ((rows["low"] <= truth) & (truth <= rows["high"])).to_numpy()
    assert (covered / studies >= 0.91).all()


def test_factor_that_no_event_reaches_is_noted_and_the_rest_tends_to_its_limit() -> None:
    group = small()
    spared = np.zeros(group.time.size)
    spared[np.flatnonzero(group.code == 0)[:30]] = 1.0
    rows = by_term(cox_table(replace(group, factors=group.factors.assign(bmi=spared)), one_site(), minimum_events=5))
    assert rows.loc["bmi", "note"].startswith("not estimable: its estimate grows without bound")
    assert np.isnan(rows.loc["bmi", "hr"])
    rest = group.chosen(spared == 0)
    limit = by_term(cox_table(replace(rest, factors=rest.factors.assign(bmi=1.0)), one_site(), minimum_events=5))
    others = [term for term in rows.index if term != "bmi"]
    assert rows.loc[others, "coefficient"].tolist() == pytest.approx(
        limit.loc[others, "coefficient"].tolist(), rel=1e-5
    )
    assert rows.loc[others, "se"].tolist() == pytest.approx(limit.loc[others, "se"].tolist(), rel=1e-5)
