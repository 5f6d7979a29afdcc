"""Terms of a Cox model: categories against the lowest one, clinical factors, and which of them can be estimated."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cacs_cxr.prognosis.follow_up import GroupedFollowUp
from cacs_cxr.study import Study

Marks = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Term:
    """A coefficient of a model.

    Attributes:
        name: as in the tables: ``category[1-99]``, ``sex[M]``, ``age``.
        values: its column [n].
        levels: patients of each level of the factor behind it, the reference first; empty for a continuous factor.
        continuous: whether the term has no level of its own to count.
    """

    name: str
    values: npt.NDArray[np.float64]
    levels: tuple[Marks, ...] = ()

    @property
    def continuous(self) -> bool:
        """Whether there is no level to count patients of."""
        return not self.levels


def category_terms(group: GroupedFollowUp, study: Study) -> list[Term]:
    """One 0/1 term for each category above the lowest."""
    levels = [group.category == code for code in range(len(study.categories))]
    return [
        Term(f"category[{name}]", level.astype(float), (levels[0], level))
        for name, level in zip(study.categories[1:], levels[1:], strict=True)
    ]


def trend_term(group: GroupedFollowUp) -> Term:
    """The category as a score 0, 1, 2, ...: the hazard ratio of one step up."""
    return Term("category", group.category.astype(float))


def factor_terms(group: GroupedFollowUp, study: Study) -> list[Term]:
    """One term for each clinical factor; binary ones are coded 0/1 by level."""
    terms = []
    for factor in study.factors:
        values = group.factors[factor.term].to_numpy(float)
        levels = (values == 0, values == 1) if factor.kind == "binary" else ()
        terms.append(Term(factor.term, values, levels))
    return terms


def eventless(terms: Sequence[Term], event: npt.NDArray[np.bool_]) -> Marks:
    """Patients of a level without any event.

    Such a level's hazard tends to 0 in the fit, which takes its patients out of every risk set: the other coefficients
    tend to those of a fit without them.

    Args:
        terms: terms of the model.
        event: whether the event happened [n].
    """
    marks = np.zeros(event.size, dtype=bool)
    for term in terms:
        for level in term.levels:
            if not event[level].any():
                marks |= level
    return marks


def independent(terms: Sequence[Term], rows: Marks) -> list[bool]:
    """Whether each term varies among the marked patients and is no combination of the terms before it."""
    basis: list[npt.NDArray[np.float64]] = []
    kept = []
    for term in terms:
        column = term.values[rows] - term.values[rows].mean() if rows.any() else np.zeros(0)
        length = float(np.linalg.norm(column))
        rest = column
        for _ in range(2):
            for direction in basis:
                rest = rest - (direction @ rest) * direction
        remaining = float(np.linalg.norm(rest))
        scale = float(np.max(np.abs(term.values[rows]), initial=0.0)) * np.sqrt(max(rows.sum(), 1))
        kept.append(length > 1e-12 * scale and remaining > 1e-7 * length)
        if kept[-1]:
            basis.append(rest / remaining)
    return kept


def columns_of(terms: Sequence[Term], *, n: int) -> npt.NDArray[np.float64]:
    """The terms' columns beside one another [n, p]; p may be 0."""
    return np.stack([term.values for term in terms], axis=1) if terms else np.empty((n, 0))
