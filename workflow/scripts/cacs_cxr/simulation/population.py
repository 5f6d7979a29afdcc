"""The people of a simulated site: age, sex, habitus, calcium, and what of these a chest radiograph can show.

Given the sex everything is jointly Gaussian, in units of the development site's spread, so that the best prediction
from any set of observations is known in closed form (`attainable`). The visible burden is what arteries, heart and
aorta show on a radiograph; the propensity, of which it is one cause, is turned into the score.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import norm

from cacs_cxr.simulation.margins import agatston_scores

Array = npt.NDArray[np.float64]

AGE_CENTRE, AGE_UNIT = 54.0, 10.0  # years
BMI_CENTRE, BMI_UNIT = 24.0, 0.13  # kg/m², and a step of its logarithm
MALE_BMI = 0.2  # shift of men's (minus: women's) standardised BMI

CATEGORY_CUTS = (0.0, 100.0, 400.0)  # Agatston units; the hazard knows categories 0, 1-99, 100-399 and >= 400


@dataclass(frozen=True)
class SitePeople:
    """Who attends a site: mean and SD of age (years), share of men, shift of standardised BMI, rounding of scores."""

    age_mean: float
    age_sd: float
    male_share: float
    bmi_shift: float
    score_step: float


PEOPLE = {
    "development": SitePeople(age_mean=54.0, age_sd=10.0, male_share=0.58, bmi_shift=0.0, score_step=0.1),
    "external": SitePeople(age_mean=60.0, age_sd=10.0, male_share=0.52, bmi_shift=0.3, score_step=1.0),
}


@dataclass(frozen=True)
class LinearModel:
    """Coefficients of a latent trait on standardised age, sex (-1 F, 1 M), standardised BMI, burden; residual SD."""

    age: float
    sex: float
    bmi: float
    burden: float
    residual: float


BURDEN = LinearModel(age=0.25, sex=0.05, bmi=0.05, burden=0.0, residual=0.95)
PROPENSITY = LinearModel(age=0.36, sex=0.24, bmi=0.10, burden=0.53, residual=0.87)

# Standard deviations of the errors with which a radiograph shows age, sex and habitus, in the standardised units.
TRACE_AGE_SD, TRACE_SEX_SD, TRACE_BMI_SD = 1.6, 1.3, 1.0


def propensity_moments(people: SitePeople, *, sex: float) -> tuple[float, float]:
    """Mean and standard deviation of the propensity among the men (sex 1) or women (sex -1) of a site."""
    age_effect = PROPENSITY.age + PROPENSITY.burden * BURDEN.age
    bmi_effect = PROPENSITY.bmi + PROPENSITY.burden * BURDEN.bmi
    sex_effect = PROPENSITY.sex + PROPENSITY.burden * BURDEN.sex
    age = (people.age_mean - AGE_CENTRE) / AGE_UNIT
    bmi = people.bmi_shift + MALE_BMI * sex
    mean = age_effect * age + bmi_effect * bmi + sex_effect * sex
    residual = np.hypot(PROPENSITY.residual, PROPENSITY.burden * BURDEN.residual)
    spread = np.sqrt((age_effect * people.age_sd / AGE_UNIT) ** 2 + bmi_effect**2 + residual**2)
    return float(mean), float(spread)


def reference_rank(propensity: npt.ArrayLike) -> Array:
    """Share of the development site's people whose propensity is lower: a mixture of two normal distributions."""
    people = PEOPLE["development"]
    values = np.asarray(propensity, dtype=float)
    rank = np.zeros_like(values)
    for sex, share in ((1.0, people.male_share), (-1.0, 1 - people.male_share)):
        mean, spread = propensity_moments(people, sex=sex)
        rank += share * norm.cdf(values, mean, spread)
    return rank


def score_category(scores: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Category of a score as the hazard knows it: 0 for 0, 1 below 100, 2 below 400, 3 from 400 Agatston units."""
    values = np.asarray(scores, dtype=float)
    zero, moderate, severe = CATEGORY_CUTS
    return (values > zero).astype(np.int64) + (values >= moderate) + (values >= severe)


def draw_people(number: int, *, people: SitePeople, generator: np.random.Generator) -> pd.DataFrame:
    """Draw people of a site.

    Args:
        number: how many.
        people: who attends the site.
        generator: source of randomness.

    Returns:
        One row a person: age_years (whole, 20-92), male (0/1), bmi (kg/m², one decimal), height_cm; the standardised
        z_age, sign_sex and z_bmi; burden; trace_age, trace_sex and trace_bmi (what the radiograph shows of them);
        propensity; agatston; category (0-3).
    """
    draw = generator.standard_normal((number, 8))
    male = generator.random(number) < people.male_share
    sex = np.where(male, 1.0, -1.0)
    age_years = np.clip(np.round(people.age_mean + people.age_sd * draw[:, 0]), 20, 92)
    age = (age_years - AGE_CENTRE) / AGE_UNIT
    bmi_kg_m2 = np.round(BMI_CENTRE * np.exp(BMI_UNIT * (people.bmi_shift + MALE_BMI * sex + draw[:, 1])), 1)
    bmi = np.log(bmi_kg_m2 / BMI_CENTRE) / BMI_UNIT
    burden = BURDEN.age * age + BURDEN.sex * sex + BURDEN.bmi * bmi + BURDEN.residual * draw[:, 2]
    propensity = (
        PROPENSITY.age * age
        + PROPENSITY.sex * sex
        + PROPENSITY.bmi * bmi
        + PROPENSITY.burden * burden
        + PROPENSITY.residual * draw[:, 3]
    )
    scores = agatston_scores(reference_rank(propensity), step=people.score_step)
    return pd.DataFrame(
        {
            "age_years": age_years.astype(np.int64),
            "male": male.astype(np.int64),
            "bmi": bmi_kg_m2,
            "height_cm": 164.5 + 6.5 * sex - 1.2 * age + 6.0 * draw[:, 4],
            "z_age": age,
            "sign_sex": sex,
            "z_bmi": bmi,
            "burden": burden,
            "trace_age": age + TRACE_AGE_SD * draw[:, 5],
            "trace_sex": sex + TRACE_SEX_SD * draw[:, 6],
            "trace_bmi": bmi + TRACE_BMI_SD * draw[:, 7],
            "propensity": propensity,
            "agatston": scores,
            "category": score_category(scores),
        }
    )
