"""Patients with follow-up of whom both categories are known, so that every model of a comparison has the same ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.prognosis.design import Term
from cacs_cxr.prognosis.follow_up import ACTUAL, EVENT, PREDICTED, GroupedFollowUp
from cacs_cxr.study import Study

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
CONTINUOUS_TERM = "expected category"


@dataclass(frozen=True)
class PairedFollowUp:
    """Patients of one site with follow-up, actual and predicted category.

    Attributes:
        time: follow-up in integer days from time zero [n].
        code: 0 censored, 1 event, 2 competing event [n].
        actual: actual category, 0 for the lowest [n].
        predicted: predicted category [n].
        expected: sum of the predicted probabilities over the thresholds, which is the expected category; NaN where
            probabilities are not known [n].
        factors: coded factors, one column a `Factor.term`; NaN where missing [n].
        remark: what a reader of any number must know; empty otherwise.
        imputed: the factors with missing values imputed, once for each completed data set; empty where nothing is
            missing or complete cases are analysed.
    """

    site: str
    time: Ints
    code: Ints
    actual: Ints
    predicted: Ints
    expected: Floats
    factors: pd.DataFrame
    remark: str
    imputed: tuple[pd.DataFrame, ...] = ()

    @property
    def event(self) -> npt.NDArray[np.bool_]:
        """Whether follow-up ended with the event; a competing event counts as censored."""
        return np.asarray(self.code == EVENT)

    @property
    def incomplete(self) -> int:
        """Number of patients with a missing factor."""
        return int(self.factors.isna().any(axis=1).sum())

    def chosen(self, rows: npt.NDArray[np.bool_]) -> "PairedFollowUp":
        """The marked patients only."""
        arrays: dict[str, Any] = {
            name: getattr(self, name)[rows] for name in ("time", "code", "actual", "predicted", "expected")
        }
        kept = tuple(factors[rows].reset_index(drop=True) for factors in self.imputed)
        return replace(self, **arrays, factors=self.factors[rows].reset_index(drop=True), imputed=kept)

    def completed(self) -> "tuple[PairedFollowUp, ...]":
        """The patients once for each completed data set; without any, those without a missing factor."""
        if not self.imputed:
            return (self.chosen(self.factors.notna().all(axis=1).to_numpy()),)
        known = self.chosen(self.imputed[0].notna().all(axis=1).to_numpy())
        return tuple(replace(known, factors=factors, imputed=()) for factors in known.imputed)

    def grouped(self, grouping: str) -> GroupedFollowUp:
        """The same patients by actual or by predicted category."""
        category = self.actual if grouping == ACTUAL else self.predicted
        return GroupedFollowUp(
            self.site, grouping, self.time, self.code, category, self.factors, self.remark, self.imputed
        )


def paired_follow_up(
    groups: Sequence[GroupedFollowUp], rows: Mapping[str, pd.DataFrame], predictions: pd.DataFrame, *, model: str | None
) -> list[PairedFollowUp]:
    """Of every site the patients of its predicted group, with their actual category and expected category.

    Args:
        groups: as `cacs_cxr.prognosis.follow_up.grouped_follow_ups` returns them.
        rows: by site, patient and actual category of the predicted group, in its order.
        predictions: site, patient, model, threshold, probability.
        model: whose predictions are meant; None where there are none.
    """
    own = predictions[predictions["model"] == model]
    expected = own.groupby(["site", "patient"])["probability"].agg(["sum", "count"])
    thresholds = int(own["threshold"].nunique())
    pairs = []
    for group in (group for group in groups if group.grouping == PREDICTED):
        here = rows[group.site]
        keys = pd.MultiIndex.from_arrays([[group.site] * len(here), here["patient"]], names=["site", "patient"])
        found = expected.reindex(keys)
        values = found["sum"].where(found["count"] == thresholds).to_numpy(float)
        pairs.append(
            PairedFollowUp(
                site=group.site,
                time=group.time,
                code=group.code,
                actual=here["category"].to_numpy(np.int64),
                predicted=group.category,
                expected=values,
                factors=group.factors,
                remark=group.remark,
                imputed=group.imputed,
            )
        )
    return pairs


def named_category_terms(category: Ints, study: Study, *, name: str) -> list[Term]:
    """One 0/1 term for each category above the lowest, called e.g. ``predicted[1-99]``."""
    lowest = category == 0
    levels = [(category == code) for code in range(1, len(study.categories))]
    return [
        Term(f"{name}[{label}]", level.astype(float), (lowest, level))
        for label, level in zip(study.categories[1:], levels, strict=True)
    ]


def expected_category_term(patients: PairedFollowUp) -> Term:
    """The expected category as a continuous predictor."""
    return Term(CONTINUOUS_TERM, patients.expected)
