"""Fine and Gray's regression of the subdistribution hazard, equal to R's coxph on finegray() data, in O(n log n)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cacs_cxr.prognosis.follow_up import EVENT

Floats = npt.NDArray[np.float64]
ITERATIONS, SMALL_STEP = 50, 1e-10


@dataclass(frozen=True)
class FineGrayFit:
    """A fitted model.

    Attributes:
        coefficients: log subdistribution hazard ratios [p].
        covariance: robust, patients being independent and the censoring distribution taken as known [p, p].
        failure: empty, or why there is no estimate (the others are then NaN).
    """

    coefficients: Floats
    covariance: Floats
    failure: str = ""


def censoring_weights(time: Floats, code: npt.NDArray[np.generic], at: Floats) -> Floats:
    """Probability of being uncensored just before each time in `at`, by finegray()'s Kaplan-Meier estimate.

    Of an event and a censoring on one day the event comes first.
    """
    times, lost = np.unique(time[code == 0], return_counts=True)
    rising, ended = np.sort(time), np.sort(time[code != 0])
    at_risk = rising.size - np.searchsorted(rising, times, side="left")
    events = np.searchsorted(ended, times, side="right") - np.searchsorted(ended, times, side="left")
    left = at_risk - events
    survival = np.cumprod(1 - lost / left)
    return np.asarray(np.concatenate([[1.0], survival])[np.searchsorted(times, at, side="left")])


def fine_gray(
    time: npt.ArrayLike, code: npt.ArrayLike, covariates: npt.ArrayLike, *, cause: int = EVENT
) -> FineGrayFit:
    """Fit the model, with Breslow's ties as finegray() data are usually fitted.

    A patient with a competing event at T stays in the risk sets after it, with the weight G(t-) / G(T-) (Fine and Gray,
    JASA 1999;94:496; Geskus, Biometrics 2011;67:39). The sums over risk sets are thus those of the patients still
    followed plus G(t-) times a running sum over those who have had the competing event.

    Args:
        time: days [n].
        code: 0 censored, otherwise the cause [n].
        covariates: [n, p].
        cause: the cause whose subdistribution is modelled; all others compete.
    """
    days, causes = np.asarray(time, dtype=float), np.asarray(code)
    raw = np.asarray(covariates, dtype=float)
    scale = raw.std(axis=0)
    scale[scale == 0] = 1.0
    order = np.argsort(days, kind="stable")
    days, causes, x = days[order], causes[order], ((raw - raw.mean(axis=0)) / scale)[order]
    size = x.shape[1]
    nothing = np.full(size, np.nan), np.full((size, size), np.nan)
    rows = np.flatnonzero(causes == cause)
    if not rows.size:
        return FineGrayFit(*nothing, "no events")
    starts = np.searchsorted(days, days[rows], side="left")
    uncensored = censoring_weights(days, causes, days)
    lasting = np.where((causes != 0) & (causes != cause), 1 / uncensored, 0.0)
    beta = np.zeros(size)
    for _ in range(ITERATIONS):
        risk = np.exp(x @ beta)
        still, gone = risk[:, np.newaxis], (risk * lasting)[:, np.newaxis]
        design = np.column_stack([np.ones(days.size), x])
        present = _from(still * design)[starts]
        past = np.cumsum(gone * design, axis=0) - gone * design
        # Rows of the same day are not past: what stands before the first row of the day is.
        sums = present + uncensored[rows][:, np.newaxis] * past[starts]
        mean = sums[:, 1:] / sums[:, :1]
        terms = 1 / sums[:, 0]
        held = _held(terms[:, np.newaxis], starts, uncensored[rows], days, rows, lasting)[:, 0]
        score = x[rows].sum(axis=0) - mean.sum(axis=0)
        information = (x * (held * risk)[:, np.newaxis]).T @ x - mean.T @ mean
        try:
            step = np.linalg.solve(information, score)
        except np.linalg.LinAlgError:
            return FineGrayFit(*nothing, "singular information matrix: the terms are linearly dependent")
        if not np.isfinite(step).all() or np.abs(beta).max(initial=0.0) > 20:
            return FineGrayFit(*nothing, "no convergence: a term separates the events fully")
        if np.abs(step).max(initial=0.0) < SMALL_STEP:
            break
        beta = beta + step
    else:
        return FineGrayFit(*nothing, "no convergence")
    held_mean = _held(terms[:, np.newaxis] * mean, starts, uncensored[rows], days, rows, lasting)
    parts = -risk[:, np.newaxis] * (held[:, np.newaxis] * x - held_mean)
    parts[rows] += x[rows] - mean
    influence = parts @ np.linalg.inv(information)
    return FineGrayFit(beta / scale, (influence.T @ influence) / np.outer(scale, scale))


def _from(values: Floats) -> Floats:
    """Sum from each row to the last."""
    return np.asarray(np.cumsum(values[::-1], axis=0)[::-1])


def _held(
    terms: Floats,
    starts: npt.NDArray[np.intp],
    uncensored: Floats,
    days: Floats,
    rows: npt.NDArray[np.intp],
    lasting: Floats,
) -> Floats:
    """For each row the sum of the events' terms in whose risk set it is, times its weight there [n, q]."""
    steps = np.zeros((days.size, terms.shape[1]))
    np.add.at(steps, starts, terms)
    followed = np.cumsum(steps, axis=0)
    weighted = np.concatenate([terms * uncensored[:, np.newaxis], np.zeros((1, terms.shape[1]))])
    after = np.cumsum(weighted[::-1], axis=0)[::-1]
    later = after[np.searchsorted(days[rows], days, side="right")]
    return np.asarray(followed + lasting[:, np.newaxis] * later)
