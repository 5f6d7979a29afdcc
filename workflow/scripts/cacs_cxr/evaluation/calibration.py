"""Calibration of probabilities: in the large, slope, O:E, Brier score and tests, as glm and rms::val.prob have them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from cacs_cxr.distributions import NORMAL_975, chi_squared_tail, normal_tail
from cacs_cxr.evaluation.checked_arrays import binary_labels, probabilities

Floats = npt.NDArray[np.float64]
CLIP = 1e-5  # probabilities are cut to [CLIP, 1 - CLIP] before their logit is taken


class NoFiniteFit(Exception):
    """The likelihood has no maximum: one class, separated classes, or probabilities that are all the same."""


@dataclass(frozen=True)
class Estimate:
    """An estimate with its standard error and 95 % interval; NaN where it is not estimable."""

    value: float = np.nan
    se: float = np.nan
    low: float = np.nan
    high: float = np.nan


@dataclass(frozen=True)
class Recalibration:
    """Logistic regression of the label on the logit of the probability.

    Attributes:
        in_the_large: intercept with the slope held at 1 (calibration in the large, an offset).
        slope: coefficient of the logit, fitted together with an intercept.
        intercept: that intercept (the "Intercept" of rms::val.prob).
        chi2: likelihood-ratio statistic of intercept 0 and slope 1 together (unreliability), df 2.
        p: its p-value.
        note: empty, or what is not estimable and why.
    """

    in_the_large: Estimate
    slope: Estimate
    intercept: Estimate
    chi2: float
    p: float
    note: str


def clipped_logit(values: Floats) -> Floats:
    """Log-odds of probabilities, cut to [1e-5, 1 - 1e-5] first so that 0 and 1 have one."""
    cut = np.clip(values, CLIP, 1.0 - CLIP)
    result: Floats = np.log(cut) - np.log1p(-cut)
    return result


def log_likelihood(positive: npt.NDArray[np.bool_], logits: Floats) -> float:
    """Bernoulli log-likelihood of logits."""
    return float(np.sum(logits[positive]) - np.sum(np.logaddexp(0.0, logits)))


def fit(design: Floats, positive: npt.NDArray[np.bool_], *, offset: Floats) -> tuple[Floats, Floats]:
    """Maximum likelihood of a logistic regression of few columns, by Newton's method to the last digits.

    Args:
        design: columns [n, p], the intercept's ones among them.
        positive: labels [n].
        offset: fixed part of the linear predictor [n].

    Returns:
        Coefficients [p], and their covariance (inverse information) [p, p].

    Raises:
        NoFiniteFit: one class, separated classes or collinear columns.
    """
    if positive.all() or not positive.any():
        raise NoFiniteFit("one class only")
    beta = np.zeros(design.shape[1])
    value = log_likelihood(positive, offset)
    for _ in range(100):
        mean = expit(offset + design @ beta)
        information = design.T @ (design * (mean * (1.0 - mean))[:, None])
        scale = np.sqrt(np.diag(information))
        if (scale <= 0.0).any() or np.linalg.eigvalsh(information / np.outer(scale, scale))[0] < 1e-10:
            raise NoFiniteFit("probabilities all the same, or classes separated")
        step = np.linalg.solve(information, design.T @ (positive - mean))
        while (gain := log_likelihood(positive, offset + design @ (beta + step))) < value - 1e-10 * abs(value):
            step = step / 2.0
        beta, value = beta + step, gain
        if np.max(np.abs(step) * scale) < 1e-11 * np.sqrt(positive.size):
            return beta, np.linalg.inv(information)
        if np.max(np.abs(beta)) > 1e4:
            break
    raise NoFiniteFit("classes separated")


def recalibration(labels: npt.ArrayLike, predicted: npt.ArrayLike) -> Recalibration:
    """Calibration in the large, slope and intercept, each with its Wald interval, and the test of both together.

    Args:
        labels: 0/1 or bool [n].
        predicted: probabilities [n].

    Raises:
        ValueError: labels other than 0 and 1, or numbers outside [0, 1].
    """
    positive = binary_labels(labels)
    logits = clipped_logit(probabilities(predicted, n=positive.size))
    ones = np.ones((positive.size, 1))
    try:
        shift, shift_variance = fit(ones, positive, offset=logits)
        in_the_large = wald(float(shift[0]), float(np.sqrt(shift_variance[0, 0])))
    except NoFiniteFit as error:
        return Recalibration(Estimate(), Estimate(), Estimate(), np.nan, np.nan, f"calibration not estimable: {error}")
    try:
        # Centred logits make the two columns nearly orthogonal; the intercept is carried back afterwards.
        centre = float(logits.mean())
        beta, variance = fit(np.column_stack([ones, logits - centre]), positive, offset=np.zeros(positive.size))
    except NoFiniteFit as error:
        return Recalibration(in_the_large, Estimate(), Estimate(), np.nan, np.nan, f"slope not estimable: {error}")
    back = np.array([1.0, -centre])
    joint = float(back @ beta), float(np.sqrt(back @ variance @ back))
    fitted = log_likelihood(positive, beta[0] + beta[1] * (logits - centre))
    statistic = max(2.0 * (fitted - log_likelihood(positive, logits)), 0.0)
    slope = wald(float(beta[1]), float(np.sqrt(variance[1, 1])))
    return Recalibration(in_the_large, slope, wald(*joint), statistic, chi_squared_tail(statistic, 2), "")


def wald(value: float, se: float) -> Estimate:
    """Estimate with the interval value +- 1.96 SE."""
    return Estimate(value, se, value - NORMAL_975 * se, value + NORMAL_975 * se)


def observed_to_expected(labels: npt.ArrayLike, predicted: npt.ArrayLike) -> Estimate:
    """Observed number of positives to the sum of the probabilities; the interval is symmetric on the log scale.

    SE(ln O:E) = sqrt((1 - share) / (n share)), share that of the positives, with the sum of probabilities taken as
    fixed (Debray et al., BMJ 2017;356:i6460; Riley et al., Stat Med 2021;40:4230). `se` is that of ln O:E.
    """
    positive = binary_labels(labels)
    expected = float(probabilities(predicted, n=positive.size).sum())
    observed = int(positive.sum())
    if expected <= 0.0:
        return Estimate()
    ratio = observed / expected
    if observed == 0:
        return Estimate(ratio)
    se = float(np.sqrt((1.0 - observed / positive.size) / observed))
    return Estimate(ratio, se, ratio * float(np.exp(-NORMAL_975 * se)), ratio * float(np.exp(NORMAL_975 * se)))


def brier_score(labels: npt.ArrayLike, predicted: npt.ArrayLike) -> tuple[Estimate, float]:
    """Brier score, the mean squared error of the probabilities, with its interval, and the scaled one.

    The scaled Brier score is 1 - Brier / (share (1 - share)): 1 is perfect, 0 is what the share alone attains. NaN with
    one class.
    """
    positive = binary_labels(labels)
    errors = (probabilities(predicted, n=positive.size) - positive) ** 2
    if not errors.size:
        return Estimate(), np.nan
    share = float(positive.mean())
    se = float(errors.std(ddof=1) / np.sqrt(errors.size)) if errors.size > 1 else np.nan
    score = wald(float(errors.mean()), se)
    return score, 1.0 - score.value / (share * (1.0 - share)) if 0.0 < share < 1.0 else np.nan


def log_loss(labels: npt.ArrayLike, predicted: npt.ArrayLike) -> float:
    """Mean negative log-likelihood in nats; probabilities are cut to [1e-5, 1 - 1e-5]."""
    positive = binary_labels(labels)
    logits = clipped_logit(probabilities(predicted, n=positive.size))
    return -log_likelihood(positive, logits) / positive.size if positive.size else np.nan


def spiegelhalter(labels: npt.ArrayLike, predicted: npt.ArrayLike) -> tuple[float, float]:
    """Spiegelhalter's z of calibration and its two-sided p-value (Stat Med 1986;5:421); NaN without a variance."""
    positive = binary_labels(labels)
    values = probabilities(predicted, n=positive.size)
    variance = float(np.sum((1.0 - 2.0 * values) ** 2 * values * (1.0 - values)))
    if variance <= 0.0:
        return np.nan, np.nan
    z = float(np.sum((positive - values) * (1.0 - 2.0 * values))) / np.sqrt(variance)
    return float(z), 2 * normal_tail(abs(float(z)))


@dataclass(frozen=True)
class HosmerLemeshow:
    """Hosmer-Lemeshow test and the groups behind it (arrays over groups)."""

    chi2: float
    df: int
    p: float
    n: npt.NDArray[np.int64]
    observed: npt.NDArray[np.int64]
    expected: Floats


def hosmer_lemeshow(
    labels: npt.ArrayLike, predicted: npt.ArrayLike, *, groups: int = 10, fitted: int
) -> HosmerLemeshow:
    """Hosmer-Lemeshow test, a supplement: it depends on the number of groups and, at large n, on n alone.

    Groups are cut at the type-7 quantiles of the probabilities, closed on the right (as ResourceSelection does);
    quantiles that coincide are one cut.

    Args:
        labels: 0/1 or bool [n].
        predicted: probabilities [n].
        groups: quantile groups.
        fitted: degrees of freedom that the fit took: 2 where the probabilities were fitted on such patients
            (development), 0 at external sites.
    """
    positive = binary_labels(labels)
    values = probabilities(predicted, n=positive.size)
    cuts = np.unique(np.quantile(values, np.linspace(0, 1, groups + 1))) if values.size else np.empty(0)
    if cuts.size < 2:
        empty = np.empty(0, dtype=np.int64)
        return HosmerLemeshow(np.nan, 0, np.nan, empty, empty, np.empty(0))
    group = np.clip(np.searchsorted(cuts, values, side="left") - 1, 0, cuts.size - 2)
    n = np.bincount(group, minlength=cuts.size - 1)
    observed = np.bincount(group[positive], minlength=cuts.size - 1)
    expected: Floats = np.bincount(group, weights=values, minlength=cuts.size - 1).astype(float)
    # A group whose probabilities are all 0 or all 1 contradicts a single patient of the other class without measure.
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = (observed - expected) ** 2 / expected + (observed - expected) ** 2 / (n - expected)
    statistic = float(np.where(observed == expected, 0.0, parts).sum())
    df = cuts.size - 1 - fitted
    p = chi_squared_tail(float(statistic), df) if df > 0 else np.nan
    return HosmerLemeshow(statistic, df, p, n, observed, expected)


def recalibrated_in_the_large(predicted: npt.ArrayLike, shift: float) -> Floats:
    """Probabilities whose logits are moved by the calibration in the large of the same patients."""
    result: Floats = expit(clipped_logit(np.asarray(predicted, dtype=float)) + shift)
    return result
