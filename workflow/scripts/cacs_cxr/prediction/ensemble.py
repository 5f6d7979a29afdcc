"""The ensemble of fold models that predicts patients of external sites."""

import numpy as np
import numpy.typing as npt

from cacs_cxr.prediction.logistic import Floats, sigmoid

# Probabilities of 0 and 1 have no logit; nothing that a model says is that certain.
LEAST = 1e-12


def probability(logits: npt.ArrayLike) -> Floats:
    """Probability of a logit, strictly between 0 and 1."""
    result: Floats = np.clip(sigmoid(logits), LEAST, 1.0 - LEAST)
    return result


def mean_logit(logits: npt.ArrayLike) -> Floats:
    """Mean over the fold models of their calibrated logits [folds, n].

    The mean of logits, not of probabilities: for models that are linear in the factors it is the model of the mean
    coefficients, and one network that is far too sure moves it by no more than any other.
    """
    values = np.asarray(logits, dtype=float)
    result: Floats = values.mean(axis=0)
    return result
