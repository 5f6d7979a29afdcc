"""How precise an external validation of so many patients is, and how many a stated precision needs (Riley et al.).

Riley et al., Stat Med 2021;40:4230 and BMJ 2024;384:e074821, as pmvalsampsize computes them. A precision is stated as
the width of the 95 % interval.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from cacs_cxr.distributions import NORMAL_975
from cacs_cxr.evaluation.calibration import clipped_logit
from cacs_cxr.evaluation.checked_arrays import binary_labels, probabilities

LARGEST = 10**9


@dataclass(frozen=True)
class Anticipated:
    """What is anticipated of a model at a new site.

    Attributes:
        prevalence: share of positives, in (0, 1).
        auc: in (0.5, 1).
        logits: linear predictor of patients like those expected [n]; the model is taken to be calibrated for them.
        threshold: threshold probability of the net benefit.
        sensitivity: at that threshold; `specificity` likewise.
    """

    prevalence: float
    auc: float
    logits: npt.NDArray[np.float64]
    threshold: float
    sensitivity: float
    specificity: float


def oe_standard_error(prevalence: float, n: float) -> float:
    """Standard error of ln(O:E): sqrt((1 - prevalence) / (n prevalence))."""
    return float(np.sqrt((1.0 - prevalence) / (n * prevalence)))


def auc_standard_error(auc: float, prevalence: float, n: float) -> float:
    """Newcombe's standard error of the AUC, from nothing but its value (Stat Med 2006;25:559, method 4)."""
    half = n / 2.0 - 1.0
    inner = 1.0 + half * (1.0 - auc) / (2.0 - auc) + half * auc / (1.0 + auc)
    return float(np.sqrt(auc * (1.0 - auc) * inner / (n**2 * prevalence * (1.0 - prevalence))))


def slope_unit_variance(logits: npt.ArrayLike) -> float:
    """Variance of the calibration slope times n, for a calibrated model with this distribution of logits.

    I_a / (I_a I_b - I_ab^2), with I_a, I_ab and I_b the means of p (1 - p) times 1, the logit and its square.
    """
    values = np.asarray(logits, dtype=float)
    weight = expit(values) * expit(-values)
    centred = values - float(np.average(values, weights=weight))
    return 1.0 / float(np.mean(weight * centred**2))


def net_benefit_unit_variance(anticipated: Anticipated) -> float:
    """Variance of the standardised net benefit (net benefit / prevalence) times n."""
    share, sensitivity, specificity = anticipated.prevalence, anticipated.sensitivity, anticipated.specificity
    weight = (1.0 - share) / share * anticipated.threshold / (1.0 - anticipated.threshold)
    false_alarms = 1.0 - specificity
    return float(
        sensitivity * (1.0 - sensitivity) / share
        + weight**2 * specificity * false_alarms / (1.0 - share)
        + weight**2 * false_alarms**2 / (share * (1.0 - share))
    )


def expected_widths(anticipated: Anticipated, n: int) -> dict[str, float]:
    """Width of the 95 % interval that n patients give: O:E (at 1), calibration slope, AUC, standardised net benefit."""
    return {
        "O:E": 2.0 * float(np.sinh(NORMAL_975 * oe_standard_error(anticipated.prevalence, n))),
        "calibration slope": 2.0 * NORMAL_975 * float(np.sqrt(slope_unit_variance(anticipated.logits) / n)),
        "AUC": 2.0 * NORMAL_975 * auc_standard_error(anticipated.auc, anticipated.prevalence, n),
        "standardised net benefit": 2.0 * NORMAL_975 * float(np.sqrt(net_benefit_unit_variance(anticipated) / n)),
    }


def required_sizes(anticipated: Anticipated, widths: dict[str, float]) -> dict[str, int]:
    """Patients that each of the widths asked for needs; the largest of them is the size of the study.

    Args:
        anticipated: what is expected of the model.
        widths: width of the 95 % interval by measure, of those of `expected_widths`.
    """
    sizes: dict[str, int] = {}
    for measure, width in widths.items():
        if measure == "O:E":
            se = float(np.arcsinh(width / 2.0)) / NORMAL_975
            exact = (1.0 - anticipated.prevalence) / (anticipated.prevalence * se**2)
        elif measure == "calibration slope":
            exact = slope_unit_variance(anticipated.logits) * (2.0 * NORMAL_975 / width) ** 2
        elif measure == "AUC":
            exact = _size_for_auc(anticipated.auc, anticipated.prevalence, width / (2.0 * NORMAL_975))
        else:
            exact = net_benefit_unit_variance(anticipated) * (2.0 * NORMAL_975 / width) ** 2
        sizes[measure] = int(np.ceil(round(exact, 9)))
    return sizes


def _size_for_auc(auc: float, prevalence: float, se: float) -> float:
    """Least n whose standard error of the AUC is at most this, by halving an interval that holds it."""
    low, high = 1, 2
    while auc_standard_error(auc, prevalence, high) > se and high < LARGEST:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if auc_standard_error(auc, prevalence, middle) <= se else (middle, high)
    return float(high)


def anticipated_from(
    labels: npt.ArrayLike, predicted: npt.ArrayLike, *, auc: float, threshold: float
) -> Anticipated | None:
    """What development leads one to expect; None where it has one class or no AUC.

    Args:
        labels: 0/1 or bool [n].
        predicted: out-of-fold probabilities [n].
        auc: theirs.
        threshold: threshold probability of the net benefit.
    """
    positive = binary_labels(labels)
    values = probabilities(predicted, n=positive.size)
    if not values.size or np.isnan(auc) or values.min() == values.max():
        return None
    called = values >= threshold
    return Anticipated(
        prevalence=float(positive.mean()),
        auc=auc,
        logits=clipped_logit(values),
        threshold=threshold,
        sensitivity=float(called[positive].mean()),
        specificity=float((~called[~positive]).mean()),
    )
