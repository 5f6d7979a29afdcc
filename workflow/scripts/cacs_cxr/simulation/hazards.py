"""Time to a major adverse cardiovascular event: proportional hazards of calcium category and clinical factors."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

HAZARD_SOURCE = (
    "chosen; of the size of the adjusted hazard ratios of coronary events in MESA (Detrano et al., N Engl J Med 2008: "
    "3.89 for 1-100, 7.08 for 101-300, 6.84 above 300 Agatston units, against 0)"
)
CATEGORY_NAMES = ("0", "1-99", "100-399", ">=400")
CATEGORY_HAZARD_RATIOS = (1.0, 3.5, 6.0, 8.0)
AGE_HAZARD_RATIO = 1.4  # per 10 years
MALE_HAZARD_RATIO = 1.3
BMI_HAZARD_RATIO = 1.15  # per 5 kg/m²

AGE_ORIGIN, BMI_ORIGIN = 55.0, 24.0  # years, kg/m²: where the baseline hazard applies, to a woman without calcium
WEIBULL_SHAPE = 1.1
# Set so that about one in nine has an event within follow-up, several times more than in life: the default study is
# small, and with fewer events its hazard ratios could not be told from one another.
WEIBULL_SCALE_YEARS = 115.0

LOSS_RATE_PER_YEAR = 0.03
DAYS_PER_YEAR = 365.25


def log_hazard_ratio(frame: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Log hazard ratio of each person against a woman aged 55 with a BMI of 24 kg/m² and no calcium.

    Args:
        frame: columns category (0-3), age_years, male (0/1) and bmi (kg/m²).
    """
    return np.asarray(
        np.log(CATEGORY_HAZARD_RATIOS)[frame["category"].to_numpy()]
        + np.log(AGE_HAZARD_RATIO) * (frame["age_years"] - AGE_ORIGIN) / 10
        + np.log(MALE_HAZARD_RATIO) * frame["male"]
        + np.log(BMI_HAZARD_RATIO) * (frame["bmi"] - BMI_ORIGIN) / 5
    )


def draw_follow_up(frame: pd.DataFrame, *, longest_days: npt.ArrayLike, generator: np.random.Generator) -> pd.DataFrame:
    """Draw events and censoring, counted in whole days from time zero.

    Args:
        frame: as for `log_hazard_ratio`.
        longest_days: days from time zero to the administrative end of each person's follow-up, at least 1.
        generator: source of randomness.

    Returns:
        Columns log_hazard_ratio, event_days (the event's day, were nobody censored), followup_days (from 1) and event
        (0/1); the index is that of `frame`.
    """
    log_ratio = log_hazard_ratio(frame)
    hazard_drawn = generator.exponential(size=len(frame))
    loss_years = generator.exponential(1 / LOSS_RATE_PER_YEAR, size=len(frame))
    event_years = WEIBULL_SCALE_YEARS * (hazard_drawn * np.exp(-log_ratio)) ** (1 / WEIBULL_SHAPE)
    event_days = np.ceil(event_years * DAYS_PER_YEAR)
    censored_days = np.minimum(np.ceil(loss_years * DAYS_PER_YEAR), np.asarray(longest_days))
    return pd.DataFrame(
        {
            "log_hazard_ratio": log_ratio,
            "event_days": event_days.astype(np.int64),
            "followup_days": np.minimum(event_days, censored_days).astype(np.int64),
            "event": (event_days <= censored_days).astype(np.int64),
        },
        index=frame.index,
    )


def hazard_parameters() -> dict[str, Any]:
    """The true hazard model as plain values, with hazard ratios per one unit of each factor beside their steps."""
    return {
        "source": HAZARD_SOURCE,
        "model": "proportional hazards, Weibull baseline",
        "weibull_shape": WEIBULL_SHAPE,
        "weibull_scale_years": WEIBULL_SCALE_YEARS,
        "origin": {"age_years": AGE_ORIGIN, "bmi": BMI_ORIGIN, "sex": "F", "category": CATEGORY_NAMES[0]},
        "event_rate": "higher than in life, so that the small default study has events enough",
        "category_hazard_ratios": dict(zip(CATEGORY_NAMES, CATEGORY_HAZARD_RATIOS, strict=True)),
        "adjusted_hazard_ratios_per_unit": {
            "age": AGE_HAZARD_RATIO ** (1 / 10),
            "sex[M]": MALE_HAZARD_RATIO,
            "bmi": BMI_HAZARD_RATIO ** (1 / 5),
        },
        "adjusted_hazard_ratios_per_step": {
            "age": {"step": 10, "hazard_ratio": AGE_HAZARD_RATIO},
            "bmi": {"step": 5, "hazard_ratio": BMI_HAZARD_RATIO},
        },
        "loss_rate_per_year": LOSS_RATE_PER_YEAR,
        "competing_deaths": False,
    }
