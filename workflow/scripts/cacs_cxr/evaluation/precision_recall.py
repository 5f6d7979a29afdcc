"""Area under the precision-recall curve (average precision) beside its baseline, and the partial area of the ROC."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from cacs_cxr.distributions import NORMAL_975
from cacs_cxr.evaluation.roc import counts_by_cutoff, roc_curve


@dataclass(frozen=True)
class AveragePrecision:
    """Average precision with its 95 % interval, and the prevalence, which a predictor without information attains.

    Attributes:
        note: empty, or why a number is NaN.
    """

    value: float
    low: float
    high: float
    baseline: float
    note: str


def average_precision(labels: npt.ArrayLike, scores: npt.ArrayLike) -> AveragePrecision:
    """Sum over cut-offs of the precision times the gain in sensitivity, without interpolation (as scikit-learn's).

    The interval is symmetric on the logit scale, with the standard error 1 / sqrt(n_positive AP (1 - AP)) of a
    binomial proportion of the positive patients (Boyd, Eng & Page, ECML 2013;8190:451).

    Args:
        labels: 0/1 or bool [n].
        scores: higher means positive [n].

    Raises:
        ValueError: labels other than 0 and 1, or scores that are not finite.
    """
    _, hits, alarms = counts_by_cutoff(labels, scores)
    if not hits.size or hits[-1] == 0 or alarms[-1] == 0:
        baseline = float(hits[-1] / (hits[-1] + alarms[-1])) if hits.size else np.nan
        return AveragePrecision(np.nan, np.nan, np.nan, baseline, "average precision not estimable: one class only")
    precision = hits / (hits + alarms)
    value = float(np.sum(np.diff(hits, prepend=0) * precision) / hits[-1])
    baseline = float(hits[-1] / (hits[-1] + alarms[-1]))
    if value >= 1.0:
        return AveragePrecision(value, np.nan, np.nan, baseline, "interval of average precision not estimable: it is 1")
    half = NORMAL_975 / np.sqrt(hits[-1] * value * (1.0 - value))
    centre = logit(value)
    return AveragePrecision(value, float(expit(centre - half)), float(expit(centre + half)), baseline, "")


def partial_auc(labels: npt.ArrayLike, scores: npt.ArrayLike, *, specificity: float) -> float:
    """Area under the ROC curve where the specificity is at least so high, as pROC's ``partial.auc`` without correction.

    Args:
        labels: 0/1 or bool [n].
        scores: higher means positive [n].
        specificity: least specificity, from 0 to below 1; the greatest possible area is 1 - specificity.

    Returns:
        The area, NaN with one class.
    """
    false_positive_rate, sensitivity = roc_curve(labels, scores)
    if not false_positive_rate.size:
        return np.nan
    end = 1.0 - specificity
    inside = int(np.searchsorted(false_positive_rate, end, side="right"))
    rates, heights = false_positive_rate[:inside], sensitivity[:inside]
    if inside < false_positive_rate.size:
        # Between the last corner inside and the first outside, which never lie above one another.
        step = (end - rates[-1]) / (false_positive_rate[inside] - rates[-1])
        rates = np.append(rates, end)
        heights = np.append(heights, heights[-1] + step * (sensitivity[inside] - heights[-1]))
    return float(np.trapezoid(heights, rates))
