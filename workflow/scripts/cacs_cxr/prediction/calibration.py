"""Platt calibration of a network's logit on the tuning split."""

import numpy as np
import numpy.typing as npt

from cacs_cxr.prediction.logistic import Floats, Logistic, NoFiniteMaximum, fit_logistic, maximum_likelihood

TERM = "cxr logit"


def fit_calibration(logits: Floats, labels: npt.NDArray[np.int64]) -> Logistic:
    """Intercept and slope that turn a network's logit into a calibrated one (Platt 1999), by maximum likelihood.

    Where the slope cannot be trusted - it is not positive, so that calibration would turn the network round, or the
    classes are separated - the network keeps its own slope of 1 and only the intercept is fitted. Where the tuning
    split has one class, the logit stays as it is: the network started at the training prevalence. The note says
    which.

    Args:
        logits: logits of the tuning split [n].
        labels: 0 or 1 [n].
    """
    n, n_positive = len(labels), int(labels.sum())
    terms = ("intercept", TERM)
    unknown = np.full((2, 2), np.nan)
    if n_positive in (0, n):
        one_class = "tuning split of one class: network's own logit"
        return Logistic(terms, np.array([0.0, 1.0]), unknown, n, n_positive, one_class)
    try:
        fit = fit_logistic(logits[:, None], labels, terms=[TERM])
    except NoFiniteMaximum:
        reason = "no finite slope"
    else:
        if not fit.note and fit.coefficients[1] > 0.0:
            return fit
        reason = fit.note or f"slope {fit.coefficients[1]:.3g} not positive"
    intercept, variance = maximum_likelihood(np.ones((n, 1)), labels, offset=logits)
    covariance = unknown.copy()
    covariance[0, 0] = variance[0, 0]
    note = f"{reason}: intercept only, network's own slope"
    return Logistic(terms, np.array([intercept[0], 1.0]), covariance, n, n_positive, note)
