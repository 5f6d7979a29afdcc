"""Delayed entry, strata, weights and offsets of Cox models, and input that is refused."""

import numpy as np
import pytest

from cacs_cxr.prognosis.cox import cox_regression
from cacs_cxr.prognosis.cox_residuals import robust_covariance, score_residuals
from cacs_cxr.prognosis.risk_sets import RiskSets, risk_sets


def patients(n: int, *, seed: int, step: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.normal(size=n), rng.integers(0, 2, n)]).astype(float)
    days = np.minimum(rng.exponential(900 * np.exp(-0.6 * x[:, 0])), rng.uniform(50, 1500, n))
    return np.ceil(days / step).astype(int) * step, rng.random(n) < 0.5, x


def efron_likelihood(beta: np.ndarray, time: np.ndarray, event: np.ndarray, x: np.ndarray, entry: np.ndarray) -> float:
    """Efron's partial likelihood with delayed entry, one risk set after the other."""
    total = 0.0
    for day in np.unique(time[event]):
        at_risk, dying = (entry < day) & (time >= day), event & (time == day)
        risk, tied = np.exp(x[at_risk] @ beta).sum(), np.exp(x[dying] @ beta).sum()
        total += float((x[dying] @ beta).sum())
        total -= sum(np.log(risk - k / dying.sum() * tied) for k in range(dying.sum()))
    return total


@pytest.mark.parametrize("step", [1, 60])
def test_delayed_entry_is_the_likelihood_written_out(step: int) -> None:
    time, event, x = patients(150, seed=1, step=step)
    entry = np.floor(time * np.random.default_rng(2).random(150) * 0.9)
    fit = cox_regression(time, event, x, entry=entry)
    assert fit.loglik == pytest.approx(efron_likelihood(fit.coefficients, time, event, x, entry), rel=1e-12)
    for unit in np.eye(2) * 1e-3:
        for side in (unit, -unit):
            assert efron_likelihood(fit.coefficients + side, time, event, x, entry) < fit.loglik


def test_patients_cut_into_intervals_give_the_same_model() -> None:
    time, event, x = patients(200, seed=3)
    cut = 300
    late = np.flatnonzero(time > cut)
    pieces = {
        "time": np.concatenate([np.minimum(time, cut), time[late]]),
        "event": np.concatenate([event & (time <= cut), event[late]]),
        "covariates": np.concatenate([x, x[late]]),
    }
    entry = np.concatenate([np.full(200, -1), np.full(late.size, cut)])
    whole, cut_up = cox_regression(time, event, x), cox_regression(**pieces, entry=entry)
    assert cut_up.coefficients == pytest.approx(whole.coefficients, rel=1e-10)
    residuals, information = score_residuals(time, event, x, whole.coefficients)
    parts, same = score_residuals(**pieces, coefficients=cut_up.coefficients, entry=entry)
    patient = np.concatenate([np.arange(200), late])
    one, other = robust_covariance(residuals, information), robust_covariance(parts, same, cluster=patient)
    assert other == pytest.approx(one, rel=1e-9)


def test_strata_are_the_sum_of_their_likelihoods_and_whole_weights_by_breslow_are_copies() -> None:
    time, event, x = patients(200, seed=4, step=30)
    group = np.random.default_rng(5).integers(0, 3, 200)
    fit = cox_regression(time, event, x, strata=group)
    parts = [
        efron_likelihood(
            fit.coefficients, time[group == g], event[group == g], x[group == g], np.full(200, -1)[group == g]
        )
        for g in range(3)
    ]
    assert fit.loglik == pytest.approx(sum(parts), rel=1e-12)
    weights = np.random.default_rng(6).integers(1, 4, 200)
    weighted = cox_regression(time, event, x, weights=weights, ties="breslow")
    rows = np.repeat(np.arange(200), weights)
    copied = cox_regression(time[rows], event[rows], x[rows], ties="breslow")
    assert weighted.coefficients == pytest.approx(copied.coefficients, rel=1e-9)
    assert weighted.covariance == pytest.approx(copied.covariance, rel=1e-9)


def test_offset_takes_the_place_of_a_known_coefficient() -> None:
    time, event, x = patients(200, seed=7)
    both = cox_regression(time, event, x)
    known = cox_regression(time, event, x[:, :1], offset=x[:, 1] * both.coefficients[1])
    assert known.coefficients[0] == pytest.approx(both.coefficients[0], rel=1e-8)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"event": [0, 2, 1]}, "competing"),
        ({"entry": [0, 5, 0]}, "enter before"),
        ({"time": [1, np.nan, 3]}, "finite"),
        ({"weights": [1, -1, 1]}, "weights"),
        ({"covariates": [[1.0], [np.nan], [0.0]]}, "covariates"),
    ],
)
def test_input_that_would_be_misread_is_refused(change: dict[str, object], words: str) -> None:
    given: dict[str, object] = {"time": [4, 5, 6], "event": [1, 0, 1], "covariates": [[1.0], [2.0], [0.0]], **change}
    with pytest.raises(ValueError, match=words):
        cox_regression(**given)  # type: ignore[arg-type]


def test_no_events_leave_empty_risk_sets() -> None:
    sets = risk_sets([1, 2], [0, 0])
    assert isinstance(sets, RiskSets)
    assert sets.event_rows.size == 0
    assert cox_regression([1, 2], [0, 0], np.ones((2, 1))).failure == "no events"
