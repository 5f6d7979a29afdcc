"""Bootstrap of the nested models: optimism of their performance, and how much of the actual category's information the
predicted one carries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cacs_cxr.prognosis.cox import newton
from cacs_cxr.prognosis.design import Term, independent
from cacs_cxr.prognosis.resampling import (
    Resample,
    bootstrap_counts,
    resample,
    sampled_concordance,
    sorted_patients,
)
from cacs_cxr.prognosis.risk_sets import Places

Floats = npt.NDArray[np.float64]
ENOUGH = 1e-6  # twice the gain in log-likelihood of a Newton step that is not worth another


@dataclass(frozen=True)
class Replicates:
    """Results of b bootstrap samples, by model; NaN where a model could not be fitted in a sample.

    Attributes:
        gain: likelihood ratio chi-squared of the model against none [b].
        optimism: C of the sample's model in the sample less its C in all patients [b].
        slope: calibration slope of the sample's linear predictor in all patients [b].
    """

    gain: Mapping[str, Floats]
    optimism: Mapping[str, Floats]
    slope: Mapping[str, Floats]


@dataclass(frozen=True)
class _Design:
    """Standardised columns of all models of one data set in sorted order, which of them each model has, the
    coefficients that its fits start from, and the patients of each level of its factors, a column a level.
    """

    columns: Floats
    of_model: Mapping[str, Places]
    start: Mapping[str, Floats]
    levels: Mapping[str, npt.NDArray[np.bool_]]


def bootstrap_models(
    time: npt.NDArray[np.int64],
    event: npt.NDArray[np.bool_],
    designs: Sequence[Mapping[str, Sequence[Term]]],
    *,
    measured: Sequence[str],
    replicates: int,
    generator: np.random.Generator,
) -> Replicates:
    """Draw patients with replacement and fit every model to each sample (Harrell, Stat Med 1996;15:361).

    Args:
        time: integer days [n].
        event: whether the event happened [n].
        designs: terms of every model by its name, for each completed data set; samples take turns among them.
        measured: models whose optimism and slope are wanted; of the others only the likelihood is.
        replicates: number of samples b.
        generator: of the draws.
    """
    names = list(designs[0])
    empty = {name: np.full(replicates, np.nan) for name in names}
    result = Replicates(
        {name: values.copy() for name, values in empty.items()},
        {name: empty[name].copy() for name in measured},
        {name: empty[name].copy() for name in measured},
    )
    if not event.any():
        return result
    patients = sorted_patients(time, event)
    everybody = resample(patients, np.ones(time.size, dtype=np.int64))
    made = [_design(design, everybody, patients.order) for design in designs]
    for number in range(replicates):
        sample = resample(patients, bootstrap_counts(time.size, generator))
        if not sample.event_rows.size:
            continue
        design = made[number % len(made)]
        columns = design.columns[sample.rows]
        empty_fit = newton(columns[:, :0], sample.sets)
        for name in names:
            fitted = _fitted(design, name, sample, columns)
            if fitted is None:
                continue
            chosen, coefficients, loglik, without = fitted
            result.gain[name][number] = 2 * (loglik - empty_fit.loglik)
            if name in result.optimism and chosen.size:
                predictor = design.columns[:, chosen] @ coefficients
                if without is not None:
                    predictor[without] = predictor.min() - np.ptp(predictor) - 1
                inside = sampled_concordance(sample, predictor[sample.rows])
                result.optimism[name][number] = inside - sampled_concordance(everybody, predictor)
                result.slope[name][number] = np.nan if without is not None else _slope(predictor, everybody)
    return result


def _fitted(
    design: _Design, name: str, sample: Resample, columns: Floats
) -> tuple[Places, Floats, float, npt.NDArray[np.bool_] | None] | None:
    """Columns, coefficients and log-likelihood of a model in a sample, and the patients of levels without events there.

    Such a level's hazard tends to 0, which takes its patients out of all risk sets, as in `models.fit_model`.
    """
    chosen, sets = design.of_model[name], sample.sets
    without: npt.NDArray[np.bool_] | None = None
    levels = design.levels[name]
    bare = ~levels[sample.rows[sample.event_rows]].any(axis=0)
    if bare.any():
        marked = np.asarray(levels[:, bare].any(axis=1))
        without = marked
        weights = np.where(marked[sample.rows], 0.0, sample.counts)
        sets = replace(sets, weights=weights)
        chosen = chosen[_varying(columns[:, chosen], weights)]
    own = np.ascontiguousarray(columns[:, chosen])
    start = design.start[name] if not bare.any() else np.zeros(chosen.size)
    fit = newton(own, sets, start=start, enough=ENOUGH)
    if fit.failure and start.any():
        fit = newton(own, sets, enough=ENOUGH)
    return None if fit.failure else (chosen, fit.coefficients, fit.loglik, without)


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


def _design(models: Mapping[str, Sequence[Term]], everybody: Resample, order: Places) -> _Design:
    """Columns of all models, each once; terms that vary with no other and start values from all patients."""
    terms = {term.name: term for model in models.values() for term in model}
    names = list(terms)
    n = order.size
    values = np.stack([terms[name].values for name in names], axis=1) if names else np.empty((n, 0))
    scale = values.std(axis=0)
    scale[scale == 0] = 1.0
    columns = ((values - values.mean(axis=0)) / scale)[order]
    of_model, start, levels = {}, {}, {}
    everyone = np.ones(n, dtype=bool)
    for name, model in models.items():
        kept = independent(model, everyone)
        places = [names.index(term.name) for term, keep in zip(model, kept, strict=True) if keep]
        of_model[name] = np.array(places, dtype=np.intp)
        marks = {level.tobytes(): level for term in model for level in term.levels if level.any()}
        levels[name] = np.stack([level[order] for level in marks.values()], axis=1) if marks else np.empty((n, 0), bool)
        fit = newton(columns[:, of_model[name]], everybody.sets)
        start[name] = np.nan_to_num(fit.coefficients)
    return _Design(columns, of_model, start, levels)


def _slope(predictor: Floats, everybody: Resample) -> float:
    spread = float(predictor.std())
    if spread == 0:
        return np.nan
    fit = newton(
        ((predictor - predictor.mean()) / spread)[:, np.newaxis],
        everybody.sets,
        start=np.array([spread]),
        enough=ENOUGH,
    )
    return float(fit.coefficients[0]) / spread if not fit.failure and not fit.unbounded.any() else np.nan
