"""The clinical model: logistic regression on the clinical factors alone."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.factor_columns import Design, fit_design
from cacs_cxr.prediction.logistic import Logistic, fit_logistic
from cacs_cxr.study import Factor


def fit_clinical(
    patients: pd.DataFrame, labels: npt.NDArray[np.int64], factors: Sequence[Factor]
) -> tuple[Design, Logistic]:
    """Fit the clinical model; no network is involved, so training and tuning patients may both serve.

    Args:
        patients: one row per patient with the columns of the factors.
        labels: 0 or 1 [n], both present.
    """
    design = fit_design(patients, factors)
    return design, fit_logistic(design.columns(patients), labels, terms=design.terms)
