"""The integrated model: the network's calibrated logit together with the clinical factors.

It is fitted on the tuning split, the only patients whose logits the network did not learn by heart. There a rare
threshold has some ten positive patients, too few for five coefficients: in simulated studies of 1,000 patients, 4.5 %
positive, whose radiograph was the stronger predictor, the model by maximum likelihood (or Firth's method) fell below
the radiograph alone in more than half. What is known beforehand is said as a prior instead: alone, the calibrated
logit has the coefficient 1 and the factors those of the clinical model, fitted on all training and tuning patients.
Together, evidence that overlaps wholly counts half each, evidence that is independent counts in full; the prior lies
midway (`SHARE`), with a standard deviation of `PRIOR_SD` for the effect of one standard deviation of a column. That
weighs as much as some 16 positive patients of a rare threshold: ten do not outweigh it, two hundred do.
"""

import numpy as np
import numpy.typing as npt

from cacs_cxr.prediction.calibration import term_of
from cacs_cxr.prediction.logistic import Floats, Logistic, NoFiniteMaximum, with_normal_prior
from cacs_cxr.study import CXR

SHARE = 0.75
PRIOR_SD = 0.25


def fit_integration(
    calibrated: Floats, factors: Floats, labels: npt.NDArray[np.int64], *, clinical: Logistic, spread: Floats
) -> Logistic:
    """Fit the integrated model on the tuning split.

    Args:
        calibrated: calibrated logits of the tuning split [n]. factors: columns of the clinical model's design for the
        same patients [n, p], raw units. labels: 0 or 1 [n]. clinical: the clinical model of the same fold. spread:
        standard deviations of the factors' columns among the patients that the clinical model was fitted on [p].

    Returns:
        Model of the calibrated logit and the factors, in raw units. Standard errors are those of the posterior. Where
        the tuning split has one class, the mean of the two models' logits, without standard errors and with a note.
    """
    terms = ("intercept", term_of(CXR), *clinical.terms[1:])
    columns = np.column_stack([calibrated, factors])
    alone = np.concatenate([[1.0], clinical.coefficients[1:]])
    n, n_positive = len(labels), int(labels.sum())
    centre = columns.mean(axis=0)
    scale = np.concatenate([[calibrated.std()], spread])
    scale = np.where(scale > 0.0, scale, 1.0)
    design = np.column_stack([np.ones(n), (columns - centre) / scale])
    prior_centre = np.concatenate([[0.0], SHARE * alone * scale])
    precision = np.concatenate([[0.0], np.full(len(alone), PRIOR_SD**-2)])
    try:
        estimate, estimate_covariance = with_normal_prior(design, labels, centre=prior_centre, precision=precision)
    except NoFiniteMaximum as error:
        halves = np.concatenate([[clinical.coefficients[0] / 2.0], alone / 2.0])
        unknown = np.full((len(terms), len(terms)), np.nan)
        return Logistic(terms, halves, unknown, n, n_positive, f"{error}: mean of the cxr and the clinical logit")
    back = np.diag(np.concatenate([[1.0], 1.0 / scale]))
    back[0, 1:] = -centre / scale
    return Logistic(
        terms=terms,
        coefficients=back @ estimate,
        covariance=back @ estimate_covariance @ back.T,
        n=n,
        n_positive=n_positive,
        note="normal prior",
    )
