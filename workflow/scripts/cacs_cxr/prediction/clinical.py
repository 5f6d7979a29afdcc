"""The clinical model: logistic regression on the clinical factors alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.faults import Fault, InputError
from cacs_cxr.prediction.logistic import Floats, Logistic, fit_logistic
from cacs_cxr.study import Factor


@dataclass(frozen=True)
class Design:
    """How factors become columns, as settled on the patients that a model is fitted on.

    Attributes:
        medians: value put for a missing one, by name of the factor, in the coding of the columns.
        indicators: names of the factors that have a column telling whether they were missing.
    """

    factors: tuple[Factor, ...]
    medians: dict[str, float]
    indicators: tuple[str, ...]

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the columns, in their order: the factors, then the indicators."""
        return (*(factor.term for factor in self.factors), *(f"{name}[missing]" for name in self.indicators))

    def columns(self, patients: pd.DataFrame) -> Floats:
        """Columns of patients [n, number of terms] in raw units; missing values filled in."""
        coded = {factor.name: coded_factor(patients[factor.name], factor) for factor in self.factors}
        filled = [np.where(np.isnan(coded[name]), self.medians[name], coded[name]) for name in coded]
        absent = [np.isnan(coded[name]).astype(float) for name in self.indicators]
        return np.column_stack([*filled, *absent]) if filled else np.empty((len(patients), 0))


def coded_factor(values: "pd.Series[float] | pd.Series[str]", factor: Factor) -> Floats:
    """A factor as numbers: a continuous one in its unit, a binary one as 0 and 1 in the order of its levels.

    Raises:
        InputError: a value that is neither a level nor missing, or a missing value where such patients are excluded.
    """
    numbers = values
    if factor.kind == "binary":
        numbers = values.map({level: float(code) for code, level in enumerate(factor.levels)})
    coded: Floats = numbers.to_numpy(dtype=np.float64, na_value=np.nan).astype(np.float64, copy=False)
    if unknown := sorted({str(value) for value in values[np.isnan(coded) & values.notna().to_numpy()]}):
        remedy = "Mend the table, or the levels of the factor in the configuration."
        raise InputError([Fault("cohort", None, factor.name, ", ".join(unknown), " or ".join(factor.levels), remedy)])
    if factor.missing == "exclude" and np.isnan(coded).any():
        found = f"{int(np.isnan(coded).sum())} missing values"
        remedy = "Exclude these patients, or set missing: impute for the factor."
        raise InputError([Fault("cohort", None, factor.name, found, "a value for every patient", remedy)])
    return coded


def fit_design(patients: pd.DataFrame, factors: Sequence[Factor]) -> Design:
    """Settle the coding of factors on the patients that the model will be fitted on.

    A missing value becomes the median of these patients, with an indicator column where any of them lacks the factor.

    Raises:
        InputError: a factor that all of these patients lack.
    """
    medians, indicators = {}, []
    for factor in factors:
        coded = coded_factor(patients[factor.name], factor)
        absent = np.isnan(coded)
        if absent.all():
            remedy = f"Take {factor.name} out of the factors."
            raise InputError([Fault("cohort", None, factor.name, "no value at all", "values of the factor", remedy)])
        medians[factor.name] = float(np.median(coded[~absent]))
        if absent.any():
            indicators.append(factor.name)
    return Design(tuple(factors), medians, tuple(indicators))


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
