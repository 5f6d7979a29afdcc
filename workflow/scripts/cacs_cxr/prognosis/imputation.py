"""Missing clinical factors imputed several times, by chained equations with predictive mean matching."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.prognosis.follow_up import EVENT
from cacs_cxr.seeds import derive_seed
from cacs_cxr.study import Study

Floats = npt.NDArray[np.float64]
Marks = npt.NDArray[np.bool_]

DONORS = 5
CYCLES = 10  # of the chain where several factors are missing; a single one needs no cycle
RIDGE = 1e-5  # relative, as in R's mice: keeps dependent predictors from stopping the imputation


def nelson_aalen(time: npt.ArrayLike, event: npt.ArrayLike) -> Floats:
    """Cumulative hazard at each patient's own time, as the Nelson-Aalen estimate of all patients [n].

    Args:
        time: days [n].
        event: whether the event happened [n].
    """
    days, happened = np.asarray(time, dtype=float), np.asarray(event, dtype=bool)
    times, events = np.unique(days[happened], return_counts=True)
    at_risk = days.size - np.searchsorted(np.sort(days), times, side="left")
    hazard = np.concatenate([[0.0], np.cumsum(events / at_risk)])
    return np.asarray(hazard[np.searchsorted(times, days, side="right")])


def predictive_mean_matching(
    values: Floats, missing: Marks, predictors: Floats, generator: np.random.Generator
) -> Floats:
    """Values in which each missing one is that of a patient with a similar prediction.

    The regression's coefficients are drawn from their posterior distribution; a donor is drawn among the `DONORS`
    patients whose predictions by the estimate lie nearest to the prediction by the draw (type 1 matching, Little 1988;
    R's mice.impute.pmm).

    Args:
        values: of all patients; those marked missing are not looked at [n].
        missing: at least one patient must not be marked [n].
        predictors: without missing values [n, p].
        generator: of the draws.
    """
    seen = values[~missing]
    spread = predictors.std(axis=0)
    standard = (predictors[:, spread > 0] - predictors[:, spread > 0].mean(axis=0)) / spread[spread > 0]
    design = np.column_stack([np.ones(values.size), standard])
    known = design[~missing]
    cross = known.T @ known
    inverse = np.linalg.inv(cross + RIDGE * np.diag(np.maximum(np.diag(cross), 1e-12)))
    estimate = inverse @ known.T @ seen
    residual = seen - known @ estimate
    sigma = np.sqrt(residual @ residual / generator.chisquare(max(seen.size - design.shape[1], 1)))
    root = np.linalg.cholesky((inverse + inverse.T) / 2)
    drawn = estimate + sigma * (root @ generator.standard_normal(design.shape[1]))
    completed = values.copy()
    completed[missing] = matched(known @ estimate, seen, design[missing] @ drawn, generator)
    return completed


def matched(predicted: Floats, values: Floats, wanted: Floats, generator: np.random.Generator) -> Floats:
    """For each wanted prediction the value of a random one of the `DONORS` nearest patients.

    Args:
        predicted: of the patients with a value [n].
        values: their values [n].
        wanted: predictions of the patients without one [k].
        generator: draws the donor, and the order of equal predictions.
    """
    shuffled = generator.permutation(values.size)
    order = shuffled[np.argsort(predicted[shuffled], kind="stable")]
    rising = predicted[order]
    donors = min(DONORS, values.size)
    place = np.searchsorted(rising, wanted)[:, np.newaxis] + np.arange(-donors, donors)
    outside = (place < 0) | (place >= values.size)
    inner = np.clip(place, 0, values.size - 1)
    distance = np.where(outside, np.inf, np.abs(rising[inner] - wanted[:, np.newaxis]))
    nearest = np.argsort(distance, axis=1, kind="stable")[:, :donors]
    chosen = nearest[np.arange(wanted.size), generator.integers(0, donors, wanted.size)]
    return np.asarray(values[order[inner[np.arange(wanted.size), chosen]]])


def impute(factors: pd.DataFrame, auxiliary: Floats, generator: np.random.Generator) -> pd.DataFrame:
    """Factors with every missing value imputed once; a factor without any value stays as it is.

    Args:
        factors: coded factors, one column each, NaN where missing [n].
        auxiliary: further predictors without missing values [n, q].
        generator: of all draws.
    """
    missing = {str(name): factors[name].isna().to_numpy() for name in factors.columns}
    gaps = [name for name, marks in missing.items() if marks.any() and not marks.all()]
    complete = {str(name): factors[name].to_numpy(float).copy() for name in factors.columns}
    for name in gaps:
        marks = missing[name]
        complete[name][marks] = generator.choice(complete[name][~marks], marks.sum())
    usable = [name for name, marks in missing.items() if not marks.all()]
    for _ in range(CYCLES if len(gaps) > 1 else 1):
        for name in gaps:
            others = [complete[other] for other in usable if other != name]
            predictors = np.column_stack([*others, auxiliary])
            complete[name] = predictive_mean_matching(complete[name], missing[name], predictors, generator)
    return pd.DataFrame(complete, index=factors.index)


def imputed_factors(
    checked: pd.DataFrame,
    categories: pd.DataFrame,
    study: Study,
    *,
    model: str | None,
    imputations: int,
    seed: int,
) -> Mapping[str, tuple[pd.DataFrame, ...]]:
    """Completed factors of the followed patients of every site, several times.

    The imputation model of a site holds all factors, the actual category, the predicted one, and for the event (and the
    competing event where there is one) whether it happened and the Nelson-Aalen hazard at the patient's time (White and
    Royston, Stat Med 2009;28:1982). It serves every model of the site, so that all have the same patients.

    Args:
        checked: as `cacs_cxr.prognosis.follow_up.checked_follow_up` returns it.
        categories: table of predicted categories.
        study: gives sites, factors and categories.
        model: model of the predicted categories; None where there is none.
        imputations: number of completed data sets.
        seed: the study's.

    Returns:
        By site the data sets, each with a column a `Factor.term` and the index of the site's followed patients in
        `checked`; none for a site where nothing is missing.
    """
    predicted = categories[categories["model"] == model].set_index(["site", "patient"])["predicted"]
    followed = checked[checked["time"].notna()]
    completed: dict[str, tuple[pd.DataFrame, ...]] = {}
    for site in (site.name for site in study.sites):
        here = followed[followed["site"] == site]
        factors = here[[factor.term for factor in study.factors]]
        if not factors.isna().to_numpy().any():
            completed[site] = ()
            continue
        keys = pd.MultiIndex.from_frame(here[["site", "patient"]])
        levels = [here["category"].to_numpy(), predicted.reindex(keys).fillna(-1).to_numpy()]
        columns = [(level == code) for level in levels for code in np.unique(level)[1:]]
        for code in sorted({EVENT, *here["code"].astype(int)} - {0}):
            happened = (here["code"] == code).to_numpy()
            columns += [happened, nelson_aalen(here["time"], happened)]
        auxiliary = np.column_stack(columns).astype(float)
        completed[site] = tuple(
            impute(factors, auxiliary, np.random.default_rng(derive_seed(seed, "imputation", site, number)))
            for number in range(imputations)
        )
    return completed
