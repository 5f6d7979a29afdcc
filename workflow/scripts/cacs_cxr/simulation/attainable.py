"""The best AUC that a simulated site allows each model: that of an observer who knows how the people were drawn."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import norm, rankdata

from cacs_cxr.simulation.margins import rank_of_score
from cacs_cxr.simulation.population import (
    AGE_CENTRE,
    AGE_UNIT,
    BURDEN,
    MALE_BMI,
    PROPENSITY,
    TRACE_AGE_SD,
    TRACE_BMI_SD,
    TRACE_SEX_SD,
    SitePeople,
    draw_people,
    reference_rank,
)
from cacs_cxr.study import CLINICAL, CXR, INTEGRATED, Threshold

Array = npt.NDArray[np.float64]
ATTAINABLE_DRAWS = 200_000


def clinical_predictor(frame: pd.DataFrame) -> Array:
    """Expected propensity given age, sex and BMI."""
    return np.asarray(
        (PROPENSITY.age + PROPENSITY.burden * BURDEN.age) * frame["z_age"]
        + (PROPENSITY.sex + PROPENSITY.burden * BURDEN.sex) * frame["sign_sex"]
        + (PROPENSITY.bmi + PROPENSITY.burden * BURDEN.bmi) * frame["z_bmi"]
    )


def integrated_predictor(frame: pd.DataFrame) -> Array:
    """Expected propensity given age, sex, BMI and the visible burden: all that record and radiograph can tell."""
    return np.asarray(
        PROPENSITY.age * frame["z_age"]
        + PROPENSITY.sex * frame["sign_sex"]
        + PROPENSITY.bmi * frame["z_bmi"]
        + PROPENSITY.burden * frame["burden"]
    )


def cxr_probability(frame: pd.DataFrame, *, people: SitePeople, propensity_cut: float) -> Array:
    """Probability that the propensity exceeds a cut given the burden and the traces of age, sex and habitus.

    The sex is seen with error, so this is a mixture over both sexes, each of them Gaussian; rounding of age and BMI to
    the decimals of a record is neglected.
    """
    observed = frame[["trace_age", "trace_bmi", "burden"]].to_numpy()
    log_weight, exceeds = [], []
    for sex, share in ((1.0, people.male_share), (-1.0, 1 - people.male_share)):
        mean_age = (people.age_mean - AGE_CENTRE) / AGE_UNIT
        mean_bmi = people.bmi_shift + MALE_BMI * sex
        mean = np.array([mean_age, mean_bmi, BURDEN.age * mean_age + BURDEN.sex * sex + BURDEN.bmi * mean_bmi])
        # Rows: age, BMI, burden as sums of the three independent sources age, BMI and the burden's residual.
        mixing = np.array([[1, 0, 0], [0, 1, 0], [BURDEN.age, BURDEN.bmi, 1]])
        sources = np.diag([(people.age_sd / AGE_UNIT) ** 2, 1.0, BURDEN.residual**2])
        latent = mixing @ sources @ mixing.T
        seen = latent + np.diag([TRACE_AGE_SD**2, TRACE_BMI_SD**2, 0.0])
        loading = np.array([PROPENSITY.age, PROPENSITY.bmi, PROPENSITY.burden])
        gain = np.linalg.solve(seen, latent @ loading)
        expected = loading @ mean + PROPENSITY.sex * sex + (observed - mean) @ gain
        variance = loading @ latent @ loading - loading @ latent @ gain + PROPENSITY.residual**2
        deviation = observed - mean
        distance = np.einsum("ij,jk,ik->i", deviation, np.linalg.inv(seen), deviation)
        distance += ((frame["trace_sex"].to_numpy() - sex) / TRACE_SEX_SD) ** 2
        log_weight.append(np.log(share) - 0.5 * distance)
        exceeds.append(norm.sf((propensity_cut - expected) / np.sqrt(variance)))
    male = 1 / (1 + np.exp(log_weight[1] - log_weight[0]))
    return np.asarray(male * exceeds[0] + (1 - male) * exceeds[1])


def propensity_cut(score: float) -> float:
    """Propensity at which the score reaches `score` Agatston units."""
    grid = np.linspace(-8.0, 8.0, 160_001)
    return float(np.interp(rank_of_score(score), reference_rank(grid), grid))


def area_under_curve(labels: npt.NDArray[np.bool_], values: Array) -> float:
    """Area under the ROC curve by ranks, ties counting half; NaN where one class is absent."""
    positive, negative = int(labels.sum()), int((~labels).sum())
    if positive == 0 or negative == 0:
        return float("nan")
    ranks = rankdata(values)
    return float((ranks[labels].sum() - positive * (positive + 1) / 2) / (positive * negative))


def attainable_auc(
    *, site: str, people: SitePeople, thresholds: Sequence[Mapping[str, Any]], generator: np.random.Generator
) -> pd.DataFrame:
    """Best attainable AUC of every model at every threshold of a site, from fresh draws of 200,000 people.

    Returns:
        Columns site, model, threshold, auc; NaN where a threshold leaves one class empty.
    """
    frame = draw_people(ATTAINABLE_DRAWS, people=people, generator=generator)
    rows = []
    for threshold in (Threshold(**item) for item in thresholds):
        labels = threshold.positive(frame["agatston"])
        predictors = {
            CLINICAL: clinical_predictor(frame),
            CXR: cxr_probability(frame, people=people, propensity_cut=propensity_cut(threshold.value)),
            INTEGRATED: integrated_predictor(frame),
        }
        rows += [
            {"site": site, "model": model, "threshold": threshold.name, "auc": area_under_curve(labels, values)}
            for model, values in predictors.items()
        ]
    return pd.DataFrame(rows)
