"""Bootstrap samples as counts are tables of copies: the same fits and the same concordance."""

import numpy as np
import pytest

from cacs_cxr.child_processes import spread_over
from cacs_cxr.prognosis.bootstrap import bootstrap_models
from cacs_cxr.prognosis.concordance import concordance
from cacs_cxr.prognosis.cox import cox_regression, newton
from cacs_cxr.prognosis.design import Term
from cacs_cxr.prognosis.resampling import (
    bootstrap_counts,
    percentile_limits,
    resample,
    sorted_patients,
)
from cacs_cxr.prognosis.sampled_concordance import cut_into_blocks, sampled_concordance, samples


@pytest.mark.parametrize(("n", "step"), [(60, 200), (400, 30), (400, 1)])
def test_fits_and_concordance_are_those_of_the_copied_rows(n: int, step: int) -> None:
    rng = np.random.default_rng(n + step)
    x = np.column_stack([rng.normal(size=n), rng.integers(0, 4, n)]).astype(float)
    time = np.ceil(np.minimum(rng.exponential(2000 * np.exp(-x[:, 0])), rng.uniform(100, 3000, n)) / step).astype(int)
    event = rng.random(n) < 0.5
    patients = sorted_patients(time * step, event)
    counts = bootstrap_counts(n, rng)
    assert counts.sum() == n
    sample, rows = resample(patients, counts), np.repeat(patients.order, counts)
    fit = newton(x[patients.order][sample.rows], sample.sets)
    copied = cox_regression(time[rows], event[rows], x[rows])
    assert fit.coefficients == pytest.approx(copied.coefficients, rel=1e-9)
    assert fit.loglik == pytest.approx(copied.loglik, rel=1e-12)
    blocks = cut_into_blocks(patients)
    both = samples(blocks, np.stack([counts, np.ones_like(counts)]))
    for score in (x @ copied.coefficients, x[:, 1], np.zeros(n)):
        inside, outside = sampled_concordance(blocks, both, score[patients.order])
        assert inside == pytest.approx(concordance(time[rows], event[rows], score[rows]).c, rel=1e-12)
        assert outside == pytest.approx(concordance(time * step, event, score).c, rel=1e-12)


def test_bootstrap_has_the_likelihood_and_optimism_of_samples_fitted_to_convergence() -> None:
    rng = np.random.default_rng(5)
    n = 500
    x = np.column_stack([rng.normal(size=n), rng.integers(0, 2, n), rng.exponential(size=n)])
    time = np.ceil(np.minimum(rng.exponential(2000 * np.exp(-x[:, 0])), rng.uniform(100, 3000, n)) / 30).astype(int)
    event = rng.random(n) < 0.3
    terms = [Term(f"x{place}", x[:, place]) for place in range(3)]
    drawn = bootstrap_models(
        time, event, [{"model": terms}], measured=["model"], replicates=30, generator=np.random.default_rng(6)
    )
    patients = sorted_patients(time, event)
    for number, stream in enumerate(np.random.default_rng(6).spawn(30)):
        rows = np.repeat(patients.order, bootstrap_counts(n, stream))
        fit = cox_regression(time[rows], event[rows], x[rows])
        predictor = x @ fit.coefficients
        inside, outside = (concordance(time[who], event[who], predictor[who]).c for who in (rows, np.arange(n)))
        slope = cox_regression(time, event, predictor[:, np.newaxis]).coefficients[0]
        assert drawn.gain["model"][number] == pytest.approx(2 * (fit.loglik - fit.loglik_null), abs=1e-3)
        assert drawn.optimism["model"][number] == pytest.approx(inside - outside, abs=5e-4)
        assert drawn.slope["model"][number] == pytest.approx(slope, abs=4e-3)


def test_optimism_of_noise_is_found() -> None:
    rng = np.random.default_rng(1)
    n = 120
    time, event = rng.integers(1, 2000, n), rng.random(n) < 0.5
    terms = [Term(f"x{place}", rng.normal(size=n)) for place in range(8)]
    drawn = bootstrap_models(
        time, event, [{"noise": terms}], measured=["noise"], replicates=40, generator=np.random.default_rng(2)
    )
    apparent = concordance(time, event, cox_predictor(time, event, terms)).c
    assert np.nanmean(drawn.optimism["noise"]) > 0.04
    assert abs(apparent - np.nanmean(drawn.optimism["noise"]) - 0.5) < 0.06
    assert np.nanmean(drawn.slope["noise"]) < 0.7


def cox_predictor(time: np.ndarray, event: np.ndarray, terms: list[Term]) -> np.ndarray:
    columns = np.stack([term.values for term in terms], axis=1)
    return columns @ cox_regression(time, event, columns).coefficients


def test_a_level_without_events_in_a_sample_has_the_limit_of_its_likelihood() -> None:
    rng = np.random.default_rng(3)
    n = 80
    level = np.arange(n) < 12
    time = rng.integers(1, 500, n)
    event = (rng.random(n) < 0.4) & ~level
    event[0] = True
    age = rng.normal(size=n)
    terms = [Term("level", level.astype(float), (~level, level)), Term("age", age)]
    drawn = bootstrap_models(
        time, event, [{"model": terms}], measured=["model"], replicates=30, generator=np.random.default_rng(4)
    )
    assert np.isfinite(drawn.gain["model"]).all()
    assert (drawn.gain["model"] > 0).all()


def test_samples_are_the_same_among_several_processes() -> None:
    rng = np.random.default_rng(7)
    time, event = rng.integers(1, 500, 90), rng.random(90) < 0.4
    designs = [{"model": [Term("x", rng.normal(size=90))]} for _ in range(3)]
    drawn = []
    for processes in (1, 2):
        with spread_over(processes) as spread:
            drawn.append(
                bootstrap_models(
                    time,
                    event,
                    designs,
                    measured=["model"],
                    replicates=14,
                    generator=np.random.default_rng(8),
                    spread=spread,
                )
            )
    here, there = drawn
    for name in ("gain", "optimism", "slope"):
        values = getattr(here, name)["model"]
        assert np.isfinite(values).all()
        assert values.tolist() == getattr(there, name)["model"].tolist()


def test_few_replicates_have_no_interval() -> None:
    assert np.isnan(percentile_limits([0.5] * 19)).all()
    assert percentile_limits([*np.linspace(0, 1, 1001), np.nan]) == pytest.approx((0.025, 0.975))
