"""Cox estimates where a group has few events or none: Firth's penalty, and intervals by profile likelihood."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from cacs_cxr.distributions import chi_squared_quantile, chi_squared_tail
from cacs_cxr.prognosis.cox import WIDEST_PREDICTOR, cox_regression, partial_likelihood
from cacs_cxr.prognosis.risk_sets import Floats, RiskSets, risk_sets

Penalty = Literal["none", "firth"]
ITERATIONS = 100
SMALL_STEP = 1e-8  # of the estimate; of the other coefficients of a profile, whose height it squares:
PROFILE_STEP = 1e-5
DIFFERENCE = 5e-4  # of the standardised coefficients, for the slope of the information's determinant
FARTHEST = 30.0  # on the scale of log hazard ratios: a limit beyond it is none
LARGEST_STEP = 5.0


@dataclass(frozen=True)
class ProfiledEstimate:
    """A coefficient with its interval by profile (penalised) likelihood.

    Attributes:
        coefficient: log hazard ratio; infinite where the likelihood has no maximum.
        low: lower 95 % limit, minus infinity where there is none; `high` likewise.
        statistic: likelihood ratio statistic of the coefficient being 0, on 1 degree of freedom.
        p: its p-value.
    """

    coefficient: float
    low: float
    high: float
    statistic: float
    p: float


def profiled(
    time: npt.ArrayLike, event: npt.ArrayLike, covariates: npt.ArrayLike, *, place: int, penalty: Penalty
) -> ProfiledEstimate:
    """One coefficient of a Cox model by (penalised) likelihood; it needs no Wald interval and stands without events.

    With ``firth`` the likelihood is multiplied by the root of the information's determinant, which keeps every estimate
    finite (Heinze and Schemper, Biometrics 2001;57:114; R's coxphf). With ``none`` it is the partial likelihood: in a
    group without events one limit is infinite and the other is not.

    Args:
        time: days [n].
        event: whether the event happened, at least once [n].
        covariates: linearly independent columns [n, p].
        place: which column.
        penalty: as above.

    Raises:
        ValueError: no events, or a maximum that is not found.
    """
    raw = np.asarray(covariates, dtype=float)
    scale = raw.std(axis=0)
    scale[scale == 0] = 1.0
    sets = risk_sets(time, event)
    if not sets.event_rows.size:
        raise ValueError("no events: there is no likelihood to profile.")
    standard = ((raw - raw.mean(axis=0)) / scale)[sets.order]
    others = [column for column in range(raw.shape[1]) if column != place]
    unbounded = False
    start = np.zeros(raw.shape[1])
    if penalty == "none":
        fit = cox_regression(time, event, raw)
        if fit.failure:
            raise ValueError(fit.failure)
        unbounded, start = bool(fit.unbounded[place]), fit.coefficients * scale
        best = fit.loglik
    else:
        start, best = _maximum(standard, sets, start, free=range(raw.shape[1]), penalty=penalty, small=SMALL_STEP)
    estimate = float(start[place] / scale[place])
    null, at_null = start.copy(), 0.0
    null[place] = 0.0
    _, at_null = _maximum(standard, sets, null, free=others, penalty=penalty)
    statistic = max(2 * (best - at_null), 0.0)
    limits = [
        _limit(standard, sets, start, best, place=place, unit=scale[place], others=others, penalty=penalty, sign=sign)
        for sign in (-1, 1)
    ]
    if unbounded:
        estimate = float(np.sign(estimate) * np.inf)
    return ProfiledEstimate(estimate, limits[0], limits[1], statistic, chi_squared_tail(statistic, 1))


def _value(beta: Floats, standard: Floats, sets: RiskSets, penalty: Penalty) -> tuple[float, Floats, Floats]:
    """Log-likelihood with its penalty, the gradient, and (nearly) minus the second derivative."""
    loglik, gradient, information = partial_likelihood(beta, standard, sets)
    if penalty == "none":
        return loglik, gradient, information
    middle = _log_determinant(information)
    slopes, bends = np.empty(beta.size), np.empty(beta.size)
    for column in range(beta.size):
        unit = np.zeros(beta.size)
        unit[column] = DIFFERENCE
        up, down = (_log_determinant(partial_likelihood(beta + sign * unit, standard, sets)[2]) for sign in (1, -1))
        slopes[column] = (up - down) / (2 * DIFFERENCE)
        bends[column] = (up - 2 * middle + down) / DIFFERENCE**2
    # The penalty bends the likelihood too: without its part Newton's steps are too long and may swing for ever.
    bent = information - np.diag(np.minimum(bends, 0.0)) / 2
    return loglik + middle / 2, gradient + slopes / 2, bent


def _log_determinant(information: Floats) -> float:
    sign, value = np.linalg.slogdet(information)
    return float(value) if sign > 0 else -np.inf


def _maximum(
    standard: Floats,
    sets: RiskSets,
    start: Floats,
    *,
    free: "range | list[int]",
    penalty: Penalty,
    small: float = PROFILE_STEP,
) -> tuple[Floats, float]:
    """Coefficients that maximise the likelihood over the free ones, and the maximum, to a step of `small`."""
    chosen = np.array(list(free), dtype=np.intp)
    beta = start.copy()
    value, gradient, information = _value(beta, standard, sets, penalty)
    if not chosen.size:
        return beta, value
    for _ in range(ITERATIONS):
        square = information[np.ix_(chosen, chosen)]
        step = np.asarray(np.linalg.lstsq(square, gradient[chosen], rcond=1e-12)[0])
        step *= min(1.0, LARGEST_STEP / max(float(np.abs(step).max()), 1e-300))
        for halvings in range(30):
            trial = beta.copy()
            trial[chosen] += step / 2**halvings
            if np.ptp(standard @ trial) > WIDEST_PREDICTOR:
                continue
            reached = _value(trial, standard, sets, penalty)
            if np.isfinite(reached[0]) and reached[0] >= value - 1e-10 * abs(value):
                break
        else:
            return beta, value
        gained = reached[0] - value
        beta, (value, gradient, information) = trial, reached
        if np.abs(step).max() < small or (penalty == "none" and abs(gained) < 1e-11):
            return beta, value
    raise ValueError("the maximum of the likelihood was not found; look for terms that are nearly dependent.")


def _limit(
    standard: Floats,
    sets: RiskSets,
    best: Floats,
    maximum: float,
    *,
    place: int,
    unit: float,
    others: list[int],
    penalty: Penalty,
    sign: int,
) -> float:
    """The place on one side at which the profile has fallen by half the 95 % quantile; infinite where it never does."""
    allowed = chi_squared_quantile(0.95, 1) / 2
    near = best.copy()

    def excess(log_ratio: float) -> float:
        start = near.copy()
        start[place] = log_ratio * unit
        found, value = _maximum(standard, sets, start, free=others, penalty=penalty)
        near[:] = found
        return maximum - value - allowed

    inner = float(best[place] / unit)
    width = 0.5
    while width <= 4 * FARTHEST:
        outer = inner + sign * width
        if abs(outer) > FARTHEST and np.sign(outer) == sign:
            break
        if np.ptp(standard[:, place]) * abs(outer) * unit > WIDEST_PREDICTOR:
            break
        if excess(outer) > 0:
            return float(brentq(excess, outer - sign * width / 2 if width > 0.5 else inner, outer, xtol=1e-8))
        width *= 2
    return float(sign * np.inf)
