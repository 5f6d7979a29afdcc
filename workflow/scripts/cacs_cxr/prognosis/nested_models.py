"""Cox models with and without the categories, of the same patients: what each adds to the clinical factors."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cacs_cxr.prognosis.concordance import UNO, Concordance, concordance
from cacs_cxr.prognosis.cox_residuals import baseline_hazard
from cacs_cxr.prognosis.design import Term, factor_terms
from cacs_cxr.prognosis.follow_up import ACTUAL, PREDICTED
from cacs_cxr.prognosis.models import FittedModel
from cacs_cxr.prognosis.paired_follow_up import PairedFollowUp, expected_category_term, named_category_terms
from cacs_cxr.prognosis.time_dependent_auc import TimeDependentAuc, time_dependent_auc
from cacs_cxr.study import Study

Floats = npt.NDArray[np.float64]
CLINICAL = "clinical"
WITH_PREDICTED = "clinical + predicted"
WITH_ACTUAL = "clinical + actual"
WITH_BOTH = "clinical + both"
WITH_EXPECTED = "clinical + expected category"
ONLY_PREDICTED, ONLY_ACTUAL, ONLY_EXPECTED = "predicted", "actual", "expected category"
MODELS = (CLINICAL, WITH_PREDICTED, WITH_ACTUAL, WITH_BOTH, WITH_EXPECTED)
ALONE = (ONLY_PREDICTED, ONLY_ACTUAL, ONLY_EXPECTED)
# Pairs of models (the larger after the smaller), and whether one is nested in the other.
COMPARISONS: Sequence[tuple[str, str, str]] = (
    (CLINICAL, WITH_PREDICTED, "nested"),
    (CLINICAL, WITH_ACTUAL, "nested"),
    (CLINICAL, WITH_EXPECTED, "nested"),
    (WITH_PREDICTED, WITH_BOTH, "nested"),
    (WITH_ACTUAL, WITH_BOTH, "nested"),
    (WITH_PREDICTED, WITH_ACTUAL, "not nested"),
)


@dataclass(frozen=True)
class Performance:
    """How well one model of one data set orders patients and predicts their risk.

    Attributes:
        fit: the fitted model.
        predictor: its linear predictor of these patients, up to a constant [n].
        harrell: Harrell's C of its linear predictor.
        uno: Uno's C until the horizon.
        auc: time-dependent AUC at the horizon.
        risk: predicted probability of the event until the horizon; NaN without a fit [n].
    """

    fit: FittedModel
    predictor: Floats
    harrell: Concordance
    uno: Concordance
    auc: TimeDependentAuc
    risk: Floats


def model_terms(study: Study) -> Mapping[str, Callable[[PairedFollowUp], list[Term]]]:
    """Makers of the terms of every model, by its name."""

    def factors(patients: PairedFollowUp) -> list[Term]:
        return factor_terms(patients.grouped(ACTUAL), study)

    def predicted(patients: PairedFollowUp) -> list[Term]:
        return named_category_terms(patients.predicted, study, name=PREDICTED)

    def actual(patients: PairedFollowUp) -> list[Term]:
        return named_category_terms(patients.actual, study, name=ACTUAL)

    def expected(patients: PairedFollowUp) -> list[Term]:
        return [expected_category_term(patients)] if np.isfinite(patients.expected).all() else []

    return {
        CLINICAL: factors,
        WITH_PREDICTED: lambda patients: [*predicted(patients), *factors(patients)],
        WITH_ACTUAL: lambda patients: [*actual(patients), *factors(patients)],
        WITH_BOTH: lambda patients: [*predicted(patients), *actual(patients), *factors(patients)],
        WITH_EXPECTED: lambda patients: [*expected(patients), *factors(patients)],
        ONLY_PREDICTED: predicted,
        ONLY_ACTUAL: actual,
        ONLY_EXPECTED: expected,
    }


def performance(patients: PairedFollowUp, fit: FittedModel, *, horizon: float) -> Performance:
    """Measure a model on the patients it was fitted on."""
    return measured(patients, fit, fit.predictor, horizon=horizon, risk=own_risk(patients, fit, horizon=horizon))


def own_risk(patients: PairedFollowUp, fit: FittedModel, *, horizon: float) -> Floats:
    """Risk until the horizon by the model's own baseline hazard; NaN without a fit or beyond follow-up [n]."""
    if fit.failure or not patients.time.size or patients.time.max() < horizon:
        return np.full(patients.time.size, np.nan)
    return baseline_hazard(patients.time, patients.event, fit.predictor).risk(horizon, fit.predictor)


def measured(
    patients: PairedFollowUp, fit: FittedModel, predictor: Floats, *, horizon: float, risk: Floats
) -> Performance:
    """Measures of a linear predictor, fitted on these patients or on others."""
    time, event = patients.time, patients.event
    reached = time.size > 0 and time.max() >= horizon
    # A horizon that nobody reaches would be the end of follow-up under another name.
    unknown = np.full(time.size, np.nan)
    return Performance(
        fit=fit,
        predictor=predictor,
        harrell=concordance(time, event, predictor),
        uno=concordance(time, event, predictor if reached else unknown, time_weight=UNO, horizon=horizon),
        auc=time_dependent_auc(time, event, predictor if reached else unknown, horizon=horizon),
        risk=risk,
    )
