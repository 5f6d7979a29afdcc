"""All nested models of a site: fitted there, drawn again by bootstrap, and those of the development site applied."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cacs_cxr.child_processes import Spread
from cacs_cxr.prognosis.bootstrap import Replicates, bootstrap_models
from cacs_cxr.prognosis.cox_residuals import baseline_hazard
from cacs_cxr.prognosis.design import Term
from cacs_cxr.prognosis.models import FittedModel, fit_model
from cacs_cxr.prognosis.nested_models import (
    MODELS,
    ONLY_EXPECTED,
    WITH_EXPECTED,
    Performance,
    measured,
    model_terms,
    performance,
)
from cacs_cxr.prognosis.paired_follow_up import PairedFollowUp
from cacs_cxr.prognosis.risk_sets import Floats
from cacs_cxr.study import Study


@dataclass(frozen=True)
class SiteModels:
    """All models of one site, fitted there, and if it is external the development site's applied to it.

    Attributes:
        patients: of the first completed data set.
        designs: terms of every model by its name, for each completed data set.
        fits: every model, for each completed data set.
        fitted: performance of those that are measured, for each completed data set.
        frozen: performance of the development site's models here; empty at the development site.
        replicates: results of the bootstrap.
        reason: why there is nothing; empty otherwise.
    """

    patients: PairedFollowUp
    designs: Sequence[Mapping[str, Sequence[Term]]]
    fits: Sequence[Mapping[str, FittedModel]]
    fitted: Sequence[Mapping[str, Performance]]
    frozen: Sequence[Mapping[str, Performance]]
    replicates: Replicates
    reason: str

    def absent(self, model: str) -> str:
        """Why a model is not there although others are; empty where it is."""
        if model in (WITH_EXPECTED, ONLY_EXPECTED) and not np.isfinite(self.patients.expected).all():
            return "patients without a probability at every threshold"
        return ""

    def failure(self, *models: str) -> str:
        """Why the models cannot be told of; empty where all were fitted in every data set."""
        failures = [fits[model].failure for model in models for fits in self.fits]
        return self.reason or next((text for text in (*map(self.absent, models), *failures) if text), "")


def site_models(
    pair: PairedFollowUp,
    study: Study,
    *,
    horizon: float,
    replicates: int,
    generator: np.random.Generator,
    development: SiteModels | None,
    spread: Spread = map,
) -> SiteModels:
    """Fit all models at a site, draw its bootstrap samples, and apply the development site's models to it.

    Args:
        pair: patients of the site.
        study: categories and factors.
        horizon: days until which risks are predicted.
        replicates: number of bootstrap samples.
        generator: of their draws.
        development: the development site's models; None at that site.
        spread: a `map` for parts of the bootstrap.
    """
    sets = pair.completed()
    makers = model_terms(study)
    designs = [{name: maker(patients) for name, maker in makers.items()} for patients in sets]
    first = sets[0]
    reason = "" if first.event.any() else "no events" if first.time.size else "no patients with follow-up"
    fits = [
        {name: fit_model(patients.time, patients.event, terms) for name, terms in design.items()}
        for patients, design in zip(sets, designs, strict=True)
    ]
    fitted = [
        {name: performance(patients, made[name], horizon=horizon) for name in MODELS}
        for patients, made in zip(sets, fits, strict=True)
        if not reason
    ]
    frozen = [
        frozen_models(patients, design, development, number, horizon=horizon)
        for number, (patients, design) in enumerate(zip(sets, designs, strict=True))
        if development is not None and not development.reason and first.time.size
    ]
    drawn = bootstrap_models(
        first.time,
        first.event,
        designs,
        measured=MODELS,
        replicates=0 if reason else replicates,
        generator=generator,
        spread=spread,
    )
    return SiteModels(first, designs, fits, fitted, frozen, drawn, reason)


def frozen_models(
    patients: PairedFollowUp,
    design: Mapping[str, Sequence[Term]],
    development: SiteModels,
    number: int,
    *,
    horizon: float,
) -> dict[str, Performance]:
    """Performance here of the models that the development site fitted, with its coefficients and baseline hazard.

    A model is left out where one of its terms is not estimable at the development site or not known here.
    """
    results = {}
    place = number % len(development.fits)
    there = development.patients
    for name in MODELS:
        fit, own = development.fits[place][name], development.designs[place][name]
        if fit.failure or not np.isfinite(fit.coefficients).all():
            continue
        if [term.name for term in design[name]] != [term.name for term in own] or not own:
            continue
        predictor = linear_predictor(design[name], fit.coefficients, n=patients.time.size)
        hazard = baseline_hazard(there.time, there.event, linear_predictor(own, fit.coefficients, n=there.time.size))
        risk = hazard.risk(horizon, predictor)
        if there.time.max() < horizon:
            risk = np.full(patients.time.size, np.nan)
        results[name] = measured(patients, fit, predictor, horizon=horizon, risk=risk)
    return results


def linear_predictor(terms: Sequence[Term], coefficients: Floats, *, n: int) -> Floats:
    """Sum of the terms times their coefficients, not centred [n]."""
    predictor = np.zeros(n)
    for term, coefficient in zip(terms, coefficients, strict=True):
        predictor = predictor + coefficient * term.values
    return predictor
