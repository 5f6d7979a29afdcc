"""Bootstrap of the nested models: optimism of their performance, and how much of the actual category's information the
predicted one carries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cacs_cxr.child_processes import Spread
from cacs_cxr.job import progress
from cacs_cxr.prognosis.cox import newton
from cacs_cxr.prognosis.design import Term
from cacs_cxr.prognosis.resampled_models import WholeModel, fit_to_sample, whole_models
from cacs_cxr.prognosis.resampling import Resample, SortedPatients, bootstrap_counts, resample, sorted_patients
from cacs_cxr.prognosis.risk_sets import Floats
from cacs_cxr.prognosis.sampled_concordance import Blocks, cut_into_blocks, sampled_concordance, samples
from cacs_cxr.prognosis.sampled_cox import (
    ENOUGH,
    EventDays,
    SampledSets,
    climb,
    event_days,
    likelihood_residuals,
    sampled_sets,
    some_of,
)

PARTS = 6  # of the samples: few, since each part fits all patients anew
VALUES_AT_ONCE = 60_000  # of patients times samples: few calls for small cohorts, and what fits a processor's cache


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
class _Cohort:
    """The patients of all samples, prepared for every question.

    Attributes:
        patients: sorted.
        everybody: all of them as a sample.
        blocks: of them, for concordance.
        days: those with events.
        copies: all of them, as often as samples are fitted at once.
    """

    patients: SortedPatients
    everybody: Resample
    blocks: Blocks
    days: EventDays
    copies: SampledSets


@dataclass(frozen=True)
class _Fits:
    """One model in s samples.

    Attributes:
        coefficients: NaN where the model is not fitted, or without some of its columns [s, p].
        loglik: NaN where it is not fitted [s].
        predictor: of all patients in sorted order [s, n].
    """

    coefficients: Floats
    loglik: Floats
    predictor: Floats


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
    names, n = list(part.designs[0]), part.time.size
    result = _nothing(names, part.measured, len(part.numbers))
    at_once = max(VALUES_AT_ONCE // n, 1)
    cohort = _cohort(part.time, part.event, at_once=at_once)
    data_set = np.asarray(part.numbers) % len(part.designs)
    for place in np.unique(data_set).tolist():
        columns, models = whole_models(part.designs[place], cohort.everybody, cohort.patients.order)
        numbers = np.flatnonzero(data_set == place)
        for first in range(0, numbers.size, at_once):
            some = numbers[first : first + at_once]
            counts = np.stack([bootstrap_counts(n, part.streams[number]) for number in some.tolist()])
            sets = sampled_sets(cohort.days, counts)
            null = likelihood_residuals(cohort.days, sets, np.zeros((1, n)))[0]
            both = [samples(cohort.blocks, np.stack([own, np.ones_like(own)])) for own in counts]
            for name, model in models.items():
                fits = _fits(cohort, sets, columns, model)
                result.gain[name][some] = 2 * (fits.loglik - null)
                if name not in result.optimism or not model.chosen.size:
                    continue
                result.slope[name][some] = _slopes(cohort, model, fits)
                for place_of, number in enumerate(some.tolist()):
                    if np.isfinite(fits.loglik[place_of]):
                        inside, outside = sampled_concordance(cohort.blocks, both[place_of], fits.predictor[place_of])
                        result.optimism[name][number] = inside - outside
    return result


def _cohort(time: npt.NDArray[np.int64], event: npt.NDArray[np.bool_], *, at_once: int) -> _Cohort:
    patients = sorted_patients(time, event)
    everybody = resample(patients, np.ones(time.size, dtype=np.int64))
    days = event_days(patients)
    copies = sampled_sets(days, np.ones((at_once, time.size)))
    return _Cohort(patients, everybody, cut_into_blocks(patients), days, copies)


def _fits(cohort: _Cohort, sets: SampledSets, columns: Floats, model: WholeModel) -> _Fits:
    """Fit a model to each sample: all at once from good starts, and those alone that need care."""
    own = np.asfortranarray(columns[:, model.chosen])
    start = model.coefficients + (sets.counts - 1.0) @ model.influence
    coefficients, loglik = climb(
        cohort.days, sets, own[np.newaxis], start=start, covariance=model.covariance[np.newaxis]
    )
    events = sets.at_events.any(axis=1)
    bare = (sets.at_events @ model.levels[cohort.days.event_rows] == 0).any(axis=1) | ~events
    coefficients[bare], loglik[bare] = np.nan, np.nan
    predictor = np.matmul(own[np.newaxis], coefficients[:, :, np.newaxis])[:, :, 0]
    for place in np.flatnonzero(np.isnan(loglik) & events).tolist():
        sample = resample(cohort.patients, sets.counts[place].astype(np.int64))
        fit = fit_to_sample(model, sample, columns[sample.rows], start=start[place])
        if fit is None:
            continue
        loglik[place] = fit.loglik
        predictor[place] = columns[:, fit.chosen] @ fit.coefficients
        if fit.without is None:
            coefficients[place] = fit.coefficients
        elif fit.chosen.size:
            predictor[place, fit.without] = predictor[place].min() - np.ptp(predictor[place]) - 1
        else:
            predictor[place] = np.where(fit.without, -1.0, 0.0)
    return _Fits(coefficients, loglik, predictor)


def _slopes(cohort: _Cohort, model: WholeModel, fits: _Fits) -> Floats:
    """Coefficient of each sample's predictor in a Cox model of all patients with it alone; NaN where there is none."""
    slopes = np.full(fits.loglik.size, np.nan)
    spread = fits.predictor.std(axis=1)
    which = np.flatnonzero(np.isfinite(fits.coefficients).all(axis=1) & (spread > 0))
    if not which.size:
        return slopes
    predictor, coefficients, spread = fits.predictor[which], fits.coefficients[which], spread[which]
    # The slope if the likelihood of all patients were quadratic about their own coefficients.
    across = coefficients @ model.information
    curvature = np.einsum("sp,sp->s", across, coefficients)
    start = (across @ model.coefficients / curvature * spread)[:, np.newaxis]
    column = ((predictor - predictor.mean(axis=1, keepdims=True)) / spread[:, np.newaxis])[:, :, np.newaxis]
    everybody = some_of(cohort.copies, np.arange(which.size), width=cohort.days.starts.size)
    covariance = (spread**2 / curvature)[:, np.newaxis, np.newaxis]
    reached, loglik = climb(cohort.days, everybody, column, start=start, covariance=covariance)
    for place in np.flatnonzero(np.isnan(loglik)).tolist():
        fit = newton(column[place], cohort.everybody.sets, start=start[place], enough=ENOUGH)
        reached[place] = np.nan if fit.failure or fit.unbounded.any() else fit.coefficients
    slopes[which] = reached[:, 0] / spread
    return slopes
