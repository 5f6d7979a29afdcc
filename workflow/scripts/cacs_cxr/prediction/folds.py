"""The models of one fold and threshold: calibrated networks, clinical and integrated model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cacs_cxr.factor_columns import Design
from cacs_cxr.prediction.calibration import Method, fit_calibration
from cacs_cxr.prediction.clinical import fit_clinical
from cacs_cxr.prediction.integration import fit_integration
from cacs_cxr.prediction.logistic import Floats, Logistic
from cacs_cxr.study import CLINICAL, CXR, INTEGRATED, Factor, ordered_models


@dataclass(frozen=True)
class FoldModels:
    """Fitted models by name, in the study's order of models; without clinical factors those of networks only.

    Attributes:
        design: coding of the factors; None without factors.
    """

    models: Mapping[str, Logistic]
    design: Design | None

    def logits(self, patients: pd.DataFrame, logits: Mapping[str, Floats]) -> dict[str, Floats]:
        """Logit of every model.

        Args:
            patients: one row per patient with the factors.
            logits: of the same patients, by network [n].
        """
        result = {network: self.models[network].logits(values[:, None]) for network, values in logits.items()}
        if self.design is not None:
            columns = self.design.columns(patients)
            result[CLINICAL] = self.models[CLINICAL].logits(columns)
            result[INTEGRATED] = self.models[INTEGRATED].logits(np.column_stack([result[CXR], columns]))
        return {model: result[model] for model in self.models}


def fit_fold(
    training: pd.DataFrame,
    tuning: pd.DataFrame,
    logits: Mapping[str, Floats],
    factors: Sequence[Factor],
    *,
    calibration: Method,
) -> FoldModels:
    """Fit the models of one fold; the test part is not an argument.

    Args:
        training: patients of the training part with the columns label and the factors.
        tuning: patients of the tuning split with the same columns.
        logits: of the tuning patients, by network [n].
    """
    labels = tuning["label"].to_numpy(np.int64)
    models = {
        network: fit_calibration(values, labels, method=calibration, network=network)
        for network, values in logits.items()
    }
    if not factors:
        return FoldModels(models, None)
    both = pd.concat([training, tuning], ignore_index=True)
    design, models[CLINICAL] = fit_clinical(both, both["label"].to_numpy(np.int64), factors)
    models[INTEGRATED] = fit_integration(
        models[CXR].logits(logits[CXR][:, None]),
        design.columns(tuning),
        labels,
        clinical=models[CLINICAL],
        spread=design.columns(both).std(axis=0),
    )
    return FoldModels({model: models[model] for model in ordered_models(models)}, design)
