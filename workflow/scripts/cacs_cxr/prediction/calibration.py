"""Calibration of a network's logit on the tuning split, by Platt's method or a temperature."""

from typing import Literal

import numpy as np
import numpy.typing as npt

from cacs_cxr.prediction.logistic import Floats, Logistic, NoFiniteMaximum, fit_logistic, maximum_likelihood

Method = Literal["platt", "temperature"]


def term_of(network: str) -> str:
    """Name of the column of a network's logit, e.g. ``cxr logit``."""
    return f"{network} logit"


def fit_calibration(logits: Floats, labels: npt.NDArray[np.int64], *, method: Method, network: str) -> Logistic:
    """What turns a network's logit into a calibrated one, fitted by maximum likelihood.

    ``platt`` (Platt 1999) fits intercept and slope. ``temperature`` (Guo et al. 2017) fits the slope alone, one over
    the temperature: it cannot mend a network that is wrong on the whole, but asks half as much of few patients.

    Where the slope cannot be trusted - it is not positive, so that calibration would turn the network round, or the
    classes are separated - the network keeps its own slope of 1 and only the intercept is fitted. Where the tuning
    split has one class, the logit stays as it is: the network started at the training prevalence. The note says
    which.

    Args:
        logits: logits of the tuning split [n].
        labels: 0 or 1 [n].
        network: name of the network.

    Returns:
        Model of one column with the terms intercept and that of `term_of`; a temperature's intercept is 0, without
        error.
    """
    n, n_positive = len(labels), int(labels.sum())
    terms = ("intercept", term_of(network))
    unknown = np.full((2, 2), np.nan)
    if n_positive in (0, n):
        one_class = "tuning split of one class: network's own logit"
        return Logistic(terms, np.array([0.0, 1.0]), unknown, n, n_positive, one_class)
    try:
        fit = (
            fit_logistic(logits[:, None], labels, terms=terms[1:])
            if method == "platt"
            else _fit_temperature(logits, labels, terms)
        )
    except NoFiniteMaximum:
        reason = "no finite slope"
    else:
        if not fit.note and fit.coefficients[1] > 0.0:
            return fit
        reason = fit.note or f"slope {fit.coefficients[1]:.3g} not positive"
    if method == "temperature":
        return Logistic(terms, np.array([0.0, 1.0]), unknown, n, n_positive, f"{reason}: network's own logit")
    intercept, variance = maximum_likelihood(np.ones((n, 1)), labels, offset=logits)
    covariance = unknown.copy()
    covariance[0, 0] = variance[0, 0]
    note = f"{reason}: intercept only, network's own slope"
    return Logistic(terms, np.array([intercept[0], 1.0]), covariance, n, n_positive, note)


def _fit_temperature(logits: Floats, labels: npt.NDArray[np.int64], terms: tuple[str, str]) -> Logistic:
    slope, variance = maximum_likelihood(logits[:, None], labels)
    covariance = np.array([[0.0, 0.0], [0.0, variance[0, 0]]])
    n, n_positive = len(labels), int(labels.sum())
    return Logistic(terms, np.array([0.0, slope[0]]), covariance, n, n_positive, "")
