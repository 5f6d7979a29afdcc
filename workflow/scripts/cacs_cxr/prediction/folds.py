"""The models of one fold and threshold: calibrated network, clinical and integrated model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.prediction.calibration import fit_calibration
from cacs_cxr.prediction.clinical import Design, fit_clinical
from cacs_cxr.prediction.integration import fit_integration
from cacs_cxr.prediction.logistic import Floats, Logistic
from cacs_cxr.study import CLINICAL, CXR, INTEGRATED, Factor


@dataclass(frozen=True)
class FoldModels:
    """Fitted models by name, in the order clinical, cxr, integrated; without clinical factors only cxr.

    Attributes:
        design: coding of the factors; None without factors.
    """

    models: Mapping[str, Logistic]
    design: Design | None

    def logits(self, patients: pd.DataFrame, logits: npt.NDArray[np.float64]) -> dict[str, Floats]:
        """Logit of every model.

        Args:
            patients: one row per patient with the factors.
            logits: the network's logits of the same patients [n].
        """
        calibrated = self.models[CXR].logits(logits[:, None])
        if self.design is None:
            return {CXR: calibrated}
        columns = self.design.columns(patients)
        return {
            CLINICAL: self.models[CLINICAL].logits(columns),
            CXR: calibrated,
            INTEGRATED: self.models[INTEGRATED].logits(np.column_stack([calibrated, columns])),
        }


def fit_fold(training: pd.DataFrame, tuning: pd.DataFrame, factors: Sequence[Factor]) -> FoldModels:
    """Fit the models of one fold; the test part is not an argument.

    Args:
        training: patients of the training part with the columns label and the factors.
        tuning: patients of the tuning split with the columns label, logit and the factors.
    """
    labels = tuning["label"].to_numpy(np.int64)
    calibration = fit_calibration(tuning["logit"].to_numpy(float), labels)
    if not factors:
        return FoldModels({CXR: calibration}, None)
    both = pd.concat([training, tuning], ignore_index=True)
    design, clinical = fit_clinical(both, both["label"].to_numpy(np.int64), factors)
    integrated = fit_integration(
        calibration.logits(tuning[["logit"]].to_numpy(float)),
        design.columns(tuning),
        labels,
        clinical=clinical,
        spread=design.columns(both).std(axis=0),
    )
    return FoldModels({CLINICAL: clinical, CXR: calibration, INTEGRATED: integrated}, design)
