"""A Cox model of named terms over one or several completed data sets."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cacs_cxr.prognosis.design import Term
from cacs_cxr.prognosis.follow_up import GroupedFollowUp
from cacs_cxr.prognosis.models import FittedModel, fit_model
from cacs_cxr.prognosis.pooling import (
    Pooled,
    PooledTest,
    pool,
    pooled_chi_squared_test,
    pooled_wald_test,
    tail,
)

Floats = npt.NDArray[np.float64]
NO_TEST = PooledTest(np.nan, 0, np.nan, np.nan)


@dataclass(frozen=True)
class PooledModel:
    """A model of p terms, pooled over the data sets in which it was fitted.

    Attributes:
        fits: the model in each data set; a single one where no term has imputed values, which is then given as it is.
        coefficients: log hazard ratios per one unit, NaN where not estimable [p].
        covariance: [p, p], NaN in the rows and columns of terms that are not estimable.
        df: degrees of freedom of each coefficient's t distribution; infinite for the normal one [p].
        fmi: fraction of missing information; NaN where nothing was pooled [p].
        reasons: why a term is not estimable, empty where it is [p]; one data set in which it is not suffices.
        failure: empty, or why there is no fit at all.
    """

    fits: tuple[FittedModel, ...]
    coefficients: Floats
    covariance: Floats
    df: Floats
    fmi: Floats
    reasons: tuple[str, ...]
    failure: str

    @property
    def pooled(self) -> bool:
        """Whether several data sets stand behind the numbers."""
        return len(self.fits) > 1


def fit_pooled(sets: Sequence[GroupedFollowUp], terms: Callable[[GroupedFollowUp], Sequence[Term]]) -> PooledModel:
    """Fit a model in every data set and pool its estimable coefficients by Rubin's rules.

    Args:
        sets: the completed data sets, as `GroupedFollowUp.completed` returns them.
        terms: makes the terms of the model from a data set.
    """
    designs = [terms(patients) for patients in sets]
    if all(np.array_equal(one.values, other.values) for one, other in _beside_the_first(designs)):
        designs = designs[:1]
    fits = tuple(
        fit_model(patients.time, patients.event, design) for patients, design in zip(sets, designs, strict=False)
    )
    first, size = fits[0], len(designs[0])
    infinite, nothing = np.full(size, np.inf), np.full(size, np.nan)
    if len(fits) == 1:
        return PooledModel(fits, first.coefficients, first.covariance, infinite, nothing, first.reasons, first.failure)
    reasons = tuple(
        next((text for text in texts if text), "") for texts in zip(*(f.reasons for f in fits), strict=True)
    )
    failure = next((fit.failure for fit in fits if fit.failure), "")
    model = PooledModel(fits, nothing, np.full((size, size), np.nan), infinite, nothing, reasons, failure)
    places = np.flatnonzero(np.isfinite([fit.coefficients for fit in fits]).all(axis=0))
    if failure or not places.size:
        return model
    pooled = _pooled_at(model, places, events=int(sets[0].event.sum()))
    coefficients, covariance, df, fmi = nothing.copy(), model.covariance.copy(), infinite.copy(), nothing.copy()
    coefficients[places], df[places], fmi[places] = pooled.coefficients, pooled.df, pooled.fmi
    covariance[np.ix_(places, places)] = pooled.covariance
    return replace(model, coefficients=coefficients, covariance=covariance, df=df, fmi=fmi)


def wald_test(model: PooledModel, places: Sequence[int]) -> PooledTest:
    """Wald test of some terms, D1 where data sets were pooled; NaN unless all of them are estimable."""
    chosen = np.array(places, dtype=np.intp)
    values = model.coefficients[chosen]
    if not chosen.size or np.isnan(values).any():
        return replace(NO_TEST, df=chosen.size)
    if model.pooled:
        return pooled_wald_test(_pooled_at(model, chosen, events=0), np.arange(chosen.size))
    statistic = float(values @ np.linalg.solve(model.covariance[np.ix_(chosen, chosen)], values))
    return PooledTest(statistic, chosen.size, np.inf, tail(statistic, df=chosen.size, residual_df=np.inf))


def chi_squared_test(statistics: Sequence[float], *, df: Sequence[int]) -> PooledTest:
    """A likelihood ratio or score test, D2 where there are several data sets; NaN where one of them has none.

    Args:
        statistics: of each data set.
        df: degrees of freedom in each data set; the test needs them equal.
    """
    if not np.isfinite(statistics).all() or len(set(df)) > 1 or df[0] < 1:
        return replace(NO_TEST, df=df[0])
    if len(statistics) > 1:
        return pooled_chi_squared_test(statistics, df=df[0])
    return PooledTest(statistics[0], df[0], np.inf, tail(statistics[0], df=df[0], residual_df=np.inf))


def _beside_the_first(designs: Sequence[Sequence[Term]]) -> list[tuple[Term, Term]]:
    return [pair for design in designs[1:] for pair in zip(designs[0], design, strict=True)]


def _pooled_at(model: PooledModel, places: npt.NDArray[np.intp], *, events: int) -> Pooled:
    """The chosen coefficients pooled; a Cox model's complete-data degrees of freedom are its events less its terms."""
    return pool(
        [fit.coefficients[places] for fit in model.fits],
        [fit.covariance[np.ix_(places, places)] for fit in model.fits],
        complete_df=max(events - places.size, 1) if events else np.inf,
    )
