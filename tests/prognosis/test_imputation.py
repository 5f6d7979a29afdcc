"""Multiple imputation of missing factors: a planted truth, the same draws twice, and what cannot be imputed."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cacs_cxr.prognosis.follow_up import GroupedFollowUp, grouped_follow_ups
from cacs_cxr.prognosis.hazard_ratios import concordance_table, cox_table, cox_test_table
from cacs_cxr.prognosis.imputation import imputed_factors, nelson_aalen, predictive_mean_matching
from reference_cohort import one_site

TRUTH = 0.12  # log hazard ratio of one unit of body mass index


def cohort(n: int = 3000, seed: int = 1) -> pd.DataFrame:
    """Checked follow-up of patients whose body mass index raises the hazard and the category."""
    generator = np.random.default_rng(seed)
    bmi, age, sex = generator.normal(26, 4, n), generator.normal(60, 8, n), generator.integers(0, 2, n)
    category = np.clip(np.round(1.2 + 0.08 * (bmi - 26) + generator.normal(0, 1, n)), 0, 3).astype(int)
    hazard = 3e-4 * np.exp(TRUTH * (bmi - 26) + 0.4 * category + 0.03 * (age - 60))
    failure, end = generator.exponential(1 / hazard), generator.uniform(300, 2500, n)
    return pd.DataFrame(
        {
            "site": "development",
            "patient": [str(number) for number in range(n)],
            "category": category,
            "time": np.ceil(np.minimum(failure, end)),
            "code": (failure <= end).astype(float),
            "age": age,
            "sex[M]": sex.astype(float),
            "bmi": bmi,
        }
    )


def missing_by_outcome(checked: pd.DataFrame, seed: int = 2) -> pd.DataFrame:
    """The cohort without the body mass index of those mainly who had the event late or were never seen to have it."""
    late = (checked["code"] == 0) | (checked["time"] > 500)
    share = np.where(late, np.where(checked["category"] >= 2, 0.85, 0.15), 0.02)
    return checked.assign(bmi=checked["bmi"].mask(np.random.default_rng(seed).random(len(checked)) < share))


def analysed(checked: pd.DataFrame, *, imputations: int) -> GroupedFollowUp:
    """The patients by actual category, with imputed data sets, or without where `imputations` is 0."""
    study = one_site()
    none = pd.DataFrame({"site": [], "patient": [], "model": [], "predicted": []})
    imputed = (
        imputed_factors(checked, none, study, model=None, imputations=imputations, seed=1) if imputations else None
    )
    return grouped_follow_ups(checked, none, study, model=None, remark="", imputed=imputed)[0]


def term(group: GroupedFollowUp, name: str) -> pd.Series:
    table = cox_table(group, one_site(), minimum_events=1)
    return table[(table["adjustment"] == "adjusted") & (table["term"] == name)].iloc[0]


def test_imputation_recovers_the_planted_effect_that_complete_cases_miss() -> None:
    checked = missing_by_outcome(cohort())
    complete, imputed = analysed(checked, imputations=0), analysed(checked, imputations=10)
    biased, recovered = term(complete, "category[>=400]"), term(imputed, "category[>=400]")
    assert not biased["coefficient"] - 1.96 * biased["se"] <= 1.2 <= biased["coefficient"] + 1.96 * biased["se"]
    assert np.log(recovered["low"]) <= 1.2 <= np.log(recovered["high"])
    slope = term(imputed, "bmi")
    assert np.log(slope["low"]) <= TRUTH <= np.log(slope["high"])
    assert slope["n"] == 3000 > biased["n"]
    assert 0.1 < slope["fmi"] < 0.8
    assert slope["missing"] == "multiple_imputation"
    assert slope["note"].startswith("10 imputations, fraction of missing information 0.")
    assert biased["missing"] == "complete_case"
    assert slope["n_missing"] == biased["n_missing"] == checked["bmi"].isna().sum()


def test_the_same_imputations_twice_and_others_by_another_seed() -> None:
    checked = missing_by_outcome(cohort(400))
    checked.loc[::7, "sex[M]"] = np.nan
    none = pd.DataFrame({"site": [], "patient": [], "model": [], "predicted": []})

    def draw(seed: int) -> tuple[pd.DataFrame, ...]:
        return imputed_factors(checked, none, one_site(), model=None, imputations=3, seed=seed)["development"]

    first, again, other = draw(1), draw(1), draw(2)
    for one, two in zip(first, again, strict=True):
        pd.testing.assert_frame_equal(one, two, check_exact=True)
    assert not first[0].equals(other[0])
    assert not first[0].equals(first[1])
    for completed in first:
        assert completed.notna().all().all()
        assert set(completed["sex[M]"]) == {0.0, 1.0}
        assert set(completed["bmi"]) <= set(checked["bmi"].dropna())
        seen = checked["bmi"].notna()
        assert (completed.loc[seen, "bmi"] == checked.loc[seen, "bmi"]).all()


def test_models_without_an_imputed_factor_and_data_without_gaps_are_plain() -> None:
    checked = cohort(600)
    whole = analysed(checked, imputations=5)
    assert whole.imputed == ()
    assert set(cox_table(whole, one_site(), minimum_events=1)["missing"]) == {"none"}
    gaps = analysed(missing_by_outcome(checked), imputations=5)
    ours = cox_table(gaps, one_site(), minimum_events=1).query("adjustment == 'unadjusted'")
    plain = cox_table(whole, one_site(), minimum_events=1).query("adjustment == 'unadjusted'")
    columns = ["n", "events", "coefficient", "se", "low", "high", "p"]
    pd.testing.assert_frame_equal(ours[columns], plain[columns], check_exact=True)
    assert ours["fmi"].isna().all()


def test_category_without_events_stays_not_estimable_over_imputations() -> None:
    checked = missing_by_outcome(cohort(800))
    checked.loc[checked["category"] == 3, "code"] = 0.0
    group = analysed(checked, imputations=4)
    row = term(group, "category[>=400]")
    assert np.isnan(row["hr"])
    assert row["note"].startswith("not estimable: 0 events in category >=400")
    assert np.isfinite(term(group, "bmi")["hr"])
    tests = cox_test_table(group, one_site()).set_index(["adjustment", "test"])
    ratio = tests.loc[("adjusted", "category likelihood ratio")]
    assert ratio["df"] == 3
    assert ratio["p"] < 0.01
    assert "D2 of 4 imputations" in ratio["note"]
    assert np.isnan(tests.loc[("adjusted", "category wald"), "p"])


def test_pooled_concordance_lies_among_those_of_the_data_sets() -> None:
    group = analysed(missing_by_outcome(cohort(800)), imputations=4)
    row = concordance_table(group, one_site()).set_index("adjustment").loc["adjusted"]
    single = [
        concordance_table(replace(patients), one_site()).set_index("adjustment").loc["adjusted", "c"]
        for patients in group.completed()
    ]
    assert min(single) <= row["c"] <= max(single)
    assert row["low"] < row["c"] < row["high"] < 1


def test_factor_that_nobody_has_cannot_be_imputed() -> None:
    checked = cohort(200).assign(bmi=np.nan)
    table = cox_table(analysed(checked, imputations=3), one_site(), minimum_events=1)
    assert set(table["n"]) == {0}
    assert table["note"].str.startswith("not estimable").all()


def test_hazard_at_each_patients_time_by_hand() -> None:
    # Events at 2 (of 4 at risk), and two at 5 (of 2 at risk).
    assert nelson_aalen([1, 2, 5, 5, 3], [0, 1, 1, 1, 0]).tolist() == [0, 0.25, 1.25, 1.25, 0.25]


def test_matching_follows_the_regression_and_draws_among_donors() -> None:
    generator = np.random.default_rng(3)
    predictor = np.linspace(0, 100, 500)
    values = 2 * predictor + generator.normal(0, 1, 500)
    missing = np.arange(500) % 5 == 0
    completed = predictive_mean_matching(values, missing, predictor[:, np.newaxis], generator)
    assert completed[~missing].tolist() == values[~missing].tolist()
    assert np.abs(completed - 2 * predictor).max() < 8
    assert len(set(completed[missing])) > 60
    assert completed[missing] != pytest.approx(values[missing])
