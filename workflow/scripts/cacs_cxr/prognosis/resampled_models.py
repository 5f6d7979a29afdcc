"""Models of a data set fitted to all of its patients, from which the fits to their bootstrap samples start."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cacs_cxr.prognosis.cox import newton
from cacs_cxr.prognosis.cox_residuals import sorted_score_residuals
from cacs_cxr.prognosis.design import Term, independent
from cacs_cxr.prognosis.resampling import Resample
from cacs_cxr.prognosis.risk_sets import Floats, Places
from cacs_cxr.prognosis.sampled_cox import ENOUGH


@dataclass(frozen=True)
class WholeModel:
    """One model of a data set, fitted to all patients in sorted order.

    Attributes:
        chosen: which columns of the data set it has [p].
        levels: the patients of each level of its factors [n, levels].
        coefficients: of all patients; 0 where they have none [p].
        influence: derivative of the coefficients by each patient's weight [n, p].
        information: observed information of all patients [p, p].
        covariance: its inverse; NaN where some coefficient has no estimate or no bound [p, p].
    """

    chosen: Places
    levels: npt.NDArray[np.bool_]
    coefficients: Floats
    influence: Floats
    information: Floats
    covariance: Floats


@dataclass(frozen=True)
class SampleFit:
    """A model of one sample: its columns, their coefficients, and the patients whose level has no events there."""

    chosen: Places
    coefficients: Floats
    loglik: float
    without: npt.NDArray[np.bool_] | None


def whole_models(
    models: Mapping[str, Sequence[Term]], everybody: Resample, order: Places
) -> tuple[Floats, dict[str, WholeModel]]:
    """Standardised columns of all models, each once [n, p], and the models fitted to all patients, in sorted order."""
    terms = {term.name: term for model in models.values() for term in model}
    names = list(terms)
    n = order.size
    values = np.stack([terms[name].values for name in names], axis=1) if names else np.empty((n, 0))
    scale = values.std(axis=0)
    scale[scale == 0] = 1.0
    columns = np.asfortranarray(((values - values.mean(axis=0)) / scale)[order])
    fitted = {}
    everyone = np.ones(n, dtype=bool)
    for name, model in models.items():
        kept = independent(model, everyone)
        chosen = np.array([names.index(term.name) for term, keep in zip(model, kept, strict=True) if keep], np.intp)
        marks = {level.tobytes(): level for term in model for level in term.levels if level.any()}
        levels = np.stack([level[order] for level in marks.values()], axis=1) if marks else np.empty((n, 0), bool)
        fit = newton(columns[:, chosen], everybody.sets)
        coefficients = np.nan_to_num(fit.coefficients)
        residuals, information = sorted_score_residuals(columns[:, chosen], coefficients, everybody.sets)
        influence = residuals @ np.nan_to_num(fit.covariance)
        covariance = np.full_like(fit.covariance, np.nan) if fit.unbounded.any() else fit.covariance
        fitted[name] = WholeModel(chosen, levels, coefficients, influence, information, covariance)
    return columns, fitted


def fit_to_sample(model: WholeModel, sample: Resample, columns: Floats, *, start: Floats) -> SampleFit | None:
    """Fit a model to one sample by Newton's method; None where there is no fit.

    The hazard of a level without events in the sample tends to 0, which takes its patients out of all risk sets, as in
    `models.fit_model`.

    Args:
        model: fitted to all patients.
        sample: as `resample` returns it.
        columns: of the sample's rows [k, all columns of the data set].
        start: coefficients to start from [p].
    """
    chosen, sets = model.chosen, sample.sets
    without: npt.NDArray[np.bool_] | None = None
    bare = ~model.levels[sample.rows[sample.event_rows]].any(axis=0)
    if bare.any():
        marked = np.asarray(model.levels[:, bare].any(axis=1))
        without = marked
        weights = np.where(marked[sample.rows], 0.0, sample.counts)
        sets = replace(sets, weights=weights)
        chosen = chosen[_varying(columns[:, chosen], weights)]
        start = np.zeros(chosen.size)
    own = columns[:, chosen]
    fit = newton(own, sets, start=start, enough=ENOUGH)
    if fit.failure and start.any():
        fit = newton(own, sets, enough=ENOUGH)
    return None if fit.failure else SampleFit(chosen, fit.coefficients, fit.loglik, without)


def _varying(columns: Floats, weights: Floats) -> npt.NDArray[np.bool_]:
    """Which columns vary among the rows of positive weight and are no combination of those before them [p]."""
    total = weights.sum()
    centred = columns - (weights @ columns) / total
    cross = (weights[:, np.newaxis] * centred).T @ centred / total
    kept = np.zeros(columns.shape[1], dtype=bool)
    for place in range(columns.shape[1]):
        rest = cross[place, place]
        if kept.any():
            beside = cross[kept, place]
            rest = rest - beside @ np.linalg.solve(cross[np.ix_(kept, kept)], beside)
        kept[place] = rest > 1e-8 * max(cross[place, place], 1e-12) and cross[place, place] > 1e-12
    return kept
