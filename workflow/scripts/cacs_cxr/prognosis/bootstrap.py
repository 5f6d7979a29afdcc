"""Bootstrap of the nested models: optimism of their performance, and how much of the actual category's information the
predicted one carries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cacs_cxr.child_processes import Spread
from cacs_cxr.job import progress
from cacs_cxr.prognosis.cox import likelihood_gradient, newton
from cacs_cxr.prognosis.cox_residuals import sorted_score_residuals
from cacs_cxr.prognosis.design import Term, independent
from cacs_cxr.prognosis.resampling import (
    Resample,
    bootstrap_counts,
    resample,
    sorted_patients,
)
from cacs_cxr.prognosis.risk_sets import Places, RiskSets
from cacs_cxr.prognosis.sampled_concordance import cut_into_blocks, sampled_concordance, samples

Floats = npt.NDArray[np.float64]
PARTS = 6  # of the samples: few, since each part fits all patients anew
ENOUGH = 1e-3  # twice the gain in log-likelihood of a step after which no other is worth its time
FAR = 3.0  # of a step that starts too far from the maximum to be followed without looking
STEPS = 4


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
class _Model:
    """One model of a data set, fitted to all patients in sorted order.

    Attributes:
        chosen: which columns of the data set it has [p].
        levels: the patients of each level of its factors [n, levels].
        coefficients: of all patients; 0 where they have none [p].
        influence: derivative of the coefficients by each patient's weight [n, p].
        information: observed information of all patients [p, p].
        covariance: its inverse; None where some coefficient has no estimate or no bound [p, p].
    """

    chosen: Places
    levels: npt.NDArray[np.bool_]
    coefficients: Floats
    influence: Floats
    information: Floats
    covariance: Floats | None


@dataclass(frozen=True)
class _Fit:
    """A model of one sample: its columns, their coefficients, and the patients whose level has no events there."""

    chosen: Places
    coefficients: Floats
    loglik: float
    without: npt.NDArray[np.bool_] | None


@dataclass(frozen=True)
class _Part:
    """Some of the samples, and all that is needed to draw and fit them.

    Attributes:
        time: integer days [n].
        event: whether the event happened [n].
        designs: terms of every model by its name, for each completed data set.
        measured: models whose optimism and slope are wanted.
        numbers: of the samples [k].
        streams: source of the draws of each of them [k].
    """

    time: npt.NDArray[np.int64]
    event: npt.NDArray[np.bool_]
    designs: Sequence[Mapping[str, Sequence[Term]]]
    measured: Sequence[str]
    numbers: Sequence[int]
    streams: Sequence[np.random.Generator]


def bootstrap_models(
    time: npt.NDArray[np.int64],
    event: npt.NDArray[np.bool_],
    designs: Sequence[Mapping[str, Sequence[Term]]],
    *,
    measured: Sequence[str],
    replicates: int,
    generator: np.random.Generator,
    spread: Spread = map,
) -> Replicates:
    """Draw patients with replacement and fit every model to each sample (Harrell, Stat Med 1996;15:361).

    Args:
        time: integer days [n].
        event: whether the event happened [n].
        designs: terms of every model by its name, for each completed data set; samples take turns among them.
        measured: models whose optimism and slope are wanted; of the others only the likelihood is.
        replicates: number of samples b.
        generator: of the draws; each sample has a stream of its own.
        spread: makes the calls for parts of the samples, whose results are the same wherever they are made.
    """
    result = _nothing(list(designs[0]), measured, replicates)
    if not event.any() or not replicates:
        return result
    streams = generator.spawn(replicates)
    by_data_set = sorted(range(replicates), key=lambda number: number % len(designs))
    parts = [
        _Part(time, event, designs, measured, numbers.tolist(), [streams[number] for number in numbers])
        for numbers in np.array_split(by_data_set, min(PARTS, replicates))
    ]
    tell, done = progress(replicates, noun="bootstrap samples"), 0
    for part, drawn in zip(parts, spread(_drawn, parts), strict=True):
        for whole, some in ((result.gain, drawn.gain), (result.optimism, drawn.optimism), (result.slope, drawn.slope)):
            for name, values in some.items():
                whole[name][part.numbers] = values
        done += len(part.numbers)
        tell(done)
    return result


def _nothing(names: Sequence[str], measured: Sequence[str], replicates: int) -> Replicates:
    return Replicates(*({name: np.full(replicates, np.nan) for name in group} for group in (names, measured, measured)))


def _drawn(part: _Part) -> Replicates:
    """Draw the samples of a part and fit every model to each."""
    names = list(part.designs[0])
    result = _nothing(names, part.measured, len(part.numbers))
    patients = sorted_patients(part.time, part.event)
    everybody = resample(patients, np.ones(part.time.size, dtype=np.int64))
    blocks = cut_into_blocks(patients)
    data_set = np.asarray(part.numbers) % len(part.designs)
    for place in np.unique(data_set).tolist():
        columns, models = _fitted_models(part.designs[place], everybody, patients.order)
        for number in np.flatnonzero(data_set == place).tolist():
            counts = bootstrap_counts(part.time.size, part.streams[number])
            sample = resample(patients, counts)
            if not sample.event_rows.size:
                continue
            own, more = columns[sample.rows], counts - 1.0
            both = samples(blocks, np.stack([counts, np.ones_like(counts)]))
            empty_fit = newton(own[:, :0], sample.sets)
            for name in names:
                model = models[name]
                fit = _fitted(model, sample, own, start=model.coefficients + more @ model.influence)
                if fit is None:
                    continue
                result.gain[name][number] = 2 * (fit.loglik - empty_fit.loglik)
                if name in result.optimism and fit.chosen.size:
                    predictor = columns[:, fit.chosen] @ fit.coefficients
                    if fit.without is not None:
                        predictor[fit.without] = predictor.min() - np.ptp(predictor) - 1
                    else:
                        result.slope[name][number] = _slope(model, fit.coefficients, predictor, everybody)
                    inside, outside = sampled_concordance(blocks, both, predictor)
                    result.optimism[name][number] = inside - outside
    return result


def _fitted(model: _Model, sample: Resample, columns: Floats, *, start: Floats) -> _Fit | None:
    """Fit a model to a sample, whose columns are given; None where there is no fit.

    The hazard of a level without events in the sample tends to 0, which takes its patients out of all risk sets, as in
    `models.fit_model`.
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
    own = np.asfortranarray(columns[:, chosen])
    if without is None and model.covariance is not None:
        near = _climbed(own, sets, start=start, covariance=model.covariance)
        if near is not None:
            return _Fit(chosen, *near, without)
    fit = newton(own, sets, start=start, enough=ENOUGH)
    if fit.failure and start.any():
        fit = newton(own, sets, enough=ENOUGH)
    return None if fit.failure else _Fit(chosen, fit.coefficients, fit.loglik, without)


def _climbed(columns: Floats, sets: RiskSets, *, start: Floats, covariance: Floats) -> tuple[Floats, float] | None:
    """Coefficients and log-likelihood of the maximum near `start`; None where a few steps do not find it.

    Steps go by the covariance of all patients in place of the sample's own, which spares its information matrix. The
    last step and its gain are taken, so that what is missing is a part of that gain: in samples of 3,000 and 10,000
    patients no more than 0.0005 of a chi-squared statistic and 0.0005 of a slope.
    """
    coefficients = start
    for _ in range(STEPS):
        loglik, gradient = likelihood_gradient(coefficients, columns, sets)
        step = covariance @ gradient
        gain = float(step @ gradient)
        coefficients = coefficients + step
        if not gain < FAR:
            return None
        if gain < ENOUGH:
            return coefficients, loglik + gain / 2
    return None


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


def _fitted_models(
    models: Mapping[str, Sequence[Term]], everybody: Resample, order: Places
) -> tuple[Floats, dict[str, _Model]]:
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
        covariance = None if fit.failure or fit.unbounded.any() else fit.covariance
        fitted[name] = _Model(chosen, levels, coefficients, influence, information, covariance)
    return columns, fitted


def _slope(model: _Model, coefficients: Floats, predictor: Floats, everybody: Resample) -> float:
    """Coefficient of a sample's predictor in a Cox model of all patients with it alone; NaN where there is none."""
    spread = float(predictor.std())
    if spread == 0:
        return np.nan
    # The slope if the likelihood of all patients were quadratic about their own coefficients.
    across = coefficients @ model.information
    curvature = float(across @ coefficients)
    start = np.array([float(across @ model.coefficients) / curvature * spread])
    column = ((predictor - predictor.mean()) / spread)[:, np.newaxis]
    if model.covariance is not None:
        near = _climbed(column, everybody.sets, start=start, covariance=np.array([[spread**2 / curvature]]))
        if near is not None:
            return float(near[0][0]) / spread
    fit = newton(column, everybody.sets, start=start, enough=ENOUGH)
    return float(fit.coefficients[0]) / spread if not fit.failure and not fit.unbounded.any() else np.nan
