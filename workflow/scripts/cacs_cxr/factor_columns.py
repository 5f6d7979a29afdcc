"""Clinical factors as columns of a design: their coding, and what stands for a missing value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.faults import Fault, InputError
from cacs_cxr.study import Factor

Floats = npt.NDArray[np.float64]


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


@dataclass(frozen=True)
class StandardisedDesign:
    """A design whose columns have mean 0 and standard deviation 1 in the patients that it was settled on.

    Attributes:
        mean: of the design's columns [p], raw units.
        sd: their standard deviations [p]; 1 for a column that does not vary.
    """

    design: Design
    mean: tuple[float, ...]
    sd: tuple[float, ...]

    def columns(self, patients: pd.DataFrame) -> Floats:
        """Standardised columns of patients [n, p]."""
        result: Floats = (self.design.columns(patients) - np.array(self.mean)) / np.array(self.sd)
        return result

    def plain(self) -> dict[str, Any]:
        """Plain values for JSON, without the factors, which the study's definition holds."""
        return {
            "terms": list(self.design.terms),
            "medians": self.design.medians,
            "indicators": list(self.design.indicators),
            "mean": list(self.mean),
            "sd": list(self.sd),
        }

    @classmethod
    def from_plain(cls, content: Mapping[str, Any], factors: Sequence[Factor]) -> Self:
        """Standardised design from plain values.

        Raises:
            InputError: other factors than those that it was settled with.
        """
        design = Design(tuple(factors), dict(content["medians"]), tuple(content["indicators"]))
        if list(design.terms) != content["terms"]:
            expected = f"the factors that the network was trained with ({', '.join(content['terms'])})"
            remedy = "Restore the factors in the configuration, or train again."
            raise InputError([Fault("configuration", None, "factors", ", ".join(design.terms), expected, remedy)])
        return cls(design, tuple(content["mean"]), tuple(content["sd"]))


def standardise(design: Design, patients: pd.DataFrame) -> StandardisedDesign:
    """Standardise a design on patients, usually those that it was settled on."""
    columns = design.columns(patients)
    sd = columns.std(axis=0)
    return StandardisedDesign(design, tuple(columns.mean(axis=0).tolist()), tuple(np.where(sd > 0.0, sd, 1.0).tolist()))
