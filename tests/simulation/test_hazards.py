import numpy as np
import pandas as pd
import pytest

from cacs_cxr.simulation.hazards import (
    AGE_HAZARD_RATIO,
    BMI_HAZARD_RATIO,
    CATEGORY_HAZARD_RATIOS,
    MALE_HAZARD_RATIO,
    draw_follow_up,
    log_hazard_ratio,
)
from cacs_cxr.simulation.population import PEOPLE, draw_people


def draw(number, seed):
    generator = np.random.default_rng(seed)
    frame = draw_people(number, people=PEOPLE["development"], generator=generator)
    followed = draw_follow_up(frame, longest_days=generator.integers(1095, 3650, number), generator=generator)
    return frame, followed


@pytest.mark.slow
def test_cox_regression_recovers_the_true_hazard_ratios():
    lifelines = pytest.importorskip("lifelines")
    frame, followed = draw(30_000, seed=4)
    table = pd.DataFrame(
        {
            "days": followed["followup_days"],
            "event": followed["event"],
            "age": frame["age_years"] / 10,
            "male": frame["male"],
            "bmi": frame["bmi"] / 5,
            **{f"category_{number}": (frame["category"] == number).astype(float) for number in (1, 2, 3)},
        }
    )
    fitted = lifelines.CoxPHFitter().fit(table, "days", "event", fit_options={"precision": 1e-12, "r_precision": 1e-14})
    truth = np.log([AGE_HAZARD_RATIO, MALE_HAZARD_RATIO, BMI_HAZARD_RATIO, *CATEGORY_HAZARD_RATIOS[1:]])
    terms = ["age", "male", "bmi", "category_1", "category_2", "category_3"]
    distance = (fitted.params_[terms].to_numpy() - truth) / fitted.standard_errors_[terms].to_numpy()
    assert np.abs(distance).max() < 3
    assert fitted.standard_errors_[terms].max() < 0.1


def test_default_site_has_events_enough_in_whole_positive_days():
    _, followed = draw(20_000, seed=5)
    assert 0.08 < followed["event"].mean() < 0.14
    assert followed["followup_days"].min() >= 1
    assert followed["followup_days"].max() < 3650
    later = followed["event"] == 0
    assert (followed.loc[later, "event_days"] > followed.loc[later, "followup_days"]).all()


def test_hazard_ratio_is_one_at_the_origin_and_grows_by_the_stated_factors():
    frame = pd.DataFrame(
        {
            "category": [0, 3, 0, 0, 0],
            "age_years": [55, 55, 65, 55, 55],
            "male": [0, 0, 0, 1, 0],
            "bmi": [24.0, 24, 24, 24, 29],
        }
    )
    np.testing.assert_allclose(
        np.exp(log_hazard_ratio(frame)),
        [1, CATEGORY_HAZARD_RATIOS[3], AGE_HAZARD_RATIO, MALE_HAZARD_RATIO, BMI_HAZARD_RATIO],
    )
