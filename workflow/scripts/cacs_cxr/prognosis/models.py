"""A Cox model of named terms, fitted to what can be estimated, with the reason for what cannot."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cacs_cxr.prognosis.cox import cox_regression
from cacs_cxr.prognosis.design import Term, eventless, independent


@dataclass(frozen=True)
class FittedModel:
    """A fitted model of p terms.

    Attributes:
        coefficients: log hazard ratios per one unit, NaN where not estimable [p].
        covariance: [p, p], NaN in the rows and columns of terms that are not estimable.
        reasons: why a term is not estimable, empty where it is [p].
        loglik_null: partial log-likelihood without any term, NaN without events.
        loglik: partial log-likelihood at (or, with an eventless level, in the limit of) the estimate.
        parameters: number of independent terms, infinite ones included: the degrees of freedom of the likelihood.
        score: score test statistic where every term is estimable, otherwise NaN.
        predictor: linear predictor of each patient, eventless levels below all others; NaN without a fit [n].
        failure: empty, or why there is no fit at all.
    """

    coefficients: npt.NDArray[np.float64]
    covariance: npt.NDArray[np.float64]
    reasons: tuple[str, ...]
    loglik_null: float
    loglik: float
    parameters: int
    score: float
    predictor: npt.NDArray[np.float64]
    failure: str


def fit_model(time: npt.NDArray[np.int64], event: npt.NDArray[np.bool_], terms: Sequence[Term]) -> FittedModel:
    """Fit a Cox model, leaving out terms that are constant, dependent on others or without events in a level.

    Args:
        time: integer days [n].
        event: whether the event happened [n].
        terms: columns of the model, without missing values.
    """
    size = len(terms)
    if not event.any():
        return _no_fit("no events" if time.size else "no patients with follow-up", size=size, n=time.size)
    null = cox_regression(time, event, np.empty((time.size, 0)))
    reached = time >= time[event].min()
    without = eventless(terms, event)
    kept = independent(terms, reached & ~without)
    chosen = [place for place in range(size) if kept[place]]
    columns = np.stack([terms[place].values for place in chosen], axis=1) if chosen else np.empty((time.size, 0))
    fit = cox_regression(time[~without], event[~without], columns[~without])
    if fit.failure:
        return _no_fit(f"the Cox model has no estimate ({fit.failure})", size=size, n=time.size)
    coefficients, covariance = np.full(size, np.nan), np.full((size, size), np.nan)
    bounded = [place for place, unbounded in zip(chosen, fit.unbounded, strict=True) if not unbounded]
    coefficients[bounded] = fit.coefficients[~fit.unbounded]
    covariance[np.ix_(bounded, bounded)] = fit.covariance[np.ix_(~fit.unbounded, ~fit.unbounded)]
    predictor = (columns * fit.coefficients).sum(axis=1)
    lowest = predictor.min() - (predictor.max() - predictor.min()) - 1
    predictor = np.where(without, lowest, predictor)
    reasons = [_reason(term, event, independent=kept[place]) for place, term in enumerate(terms)]
    for place in set(chosen) - set(bounded):
        reasons[place] = "its estimate grows without bound, since it separates the events fully"
    for place in bounded:
        reasons[place] = ""
    return FittedModel(
        coefficients=coefficients,
        covariance=covariance,
        reasons=tuple(reasons),
        loglik_null=null.loglik,
        loglik=fit.loglik,
        parameters=sum(independent(terms, reached)),
        score=fit.score if len(bounded) == size else np.nan,
        predictor=predictor,
        failure="",
    )


def _reason(term: Term, event: npt.NDArray[np.bool_], *, independent: bool) -> str:
    if independent:
        return ""
    if any(not level.any() for level in term.levels):
        return "no patients in one of its two groups"
    if any(not event[level].any() for level in term.levels):
        return "no events in one of its two groups"
    if np.ptp(term.values) == 0:
        return "the same value in every patient"
    return "constant, or determined by the terms before it, in the patients at risk at the events"


def _no_fit(failure: str, *, size: int, n: int) -> FittedModel:
    return FittedModel(
        coefficients=np.full(size, np.nan),
        covariance=np.full((size, size), np.nan),
        reasons=(failure,) * size,
        loglik_null=np.nan,
        loglik=np.nan,
        parameters=0,
        score=np.nan,
        predictor=np.full(n, np.nan),
        failure=failure,
    )
