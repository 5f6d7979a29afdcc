"""Logistic regression: maximum likelihood, Firth's penalty where that has no finite answer, and normal priors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

FIRTH = "Firth"
CLASSES_APART = "classes separated or columns collinear"
ONE_CLASS = "labels of one class only"


@dataclass(frozen=True)
class Logistic:
    """A fitted logistic regression; the first coefficient is the intercept.

    Attributes:
        terms: names of the coefficients [p], ``intercept`` first.
        coefficients: [p], per unit of each column.
        covariance: inverse Fisher information [p, p]; not-a-number where a coefficient was set, not estimated.
        n: patients fitted on; `n_positive` of them positive.
        note: how the fit departs from plain maximum likelihood; empty where it does not.
    """

    terms: tuple[str, ...]
    coefficients: Floats
    covariance: Floats
    n: int
    n_positive: int
    note: str = ""

    def logits(self, columns: npt.ArrayLike) -> Floats:
        """Linear predictor of columns [n, p - 1], in the order of the terms after the intercept."""
        values = np.asarray(columns, dtype=float)
        result: Floats = self.coefficients[0] + values @ self.coefficients[1:]
        return result

    @property
    def standard_errors(self) -> Floats:
        """Standard errors [p]; not-a-number where a coefficient was set, not estimated."""
        result: Floats = np.sqrt(np.diag(self.covariance))
        return result


class NoFiniteMaximum(Exception):
    """The likelihood rises without end: the classes are separated, or the columns are collinear."""


def sigmoid(logits: npt.ArrayLike) -> Floats:
    """Probability of a logit, without overflow."""
    values = np.asarray(logits, dtype=float)
    result: Floats = np.exp(-np.logaddexp(0.0, -values))
    return result


def maximum_likelihood(
    design: Floats, labels: npt.NDArray[np.int64], *, offset: Floats | None = None
) -> tuple[Floats, Floats]:
    """Coefficients and covariance by Newton's method with step halving.

    Args:
        design: columns [n, p], the intercept's ones among them.
        offset: fixed part of the linear predictor [n]; 0 where None.

    Raises:
        NoFiniteMaximum: separation or collinearity.
    """
    offset = np.zeros(len(labels)) if offset is None else offset
    flat = np.zeros(design.shape[1])
    return _newton(design, labels, offset=offset, jeffreys=0.0, centre=flat, precision=flat)


def firth(design: Floats, labels: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Coefficients and covariance under the penalty |information|^1/2 (Firth 1993; Heinze & Schemper 2002).

    The estimates are finite under separation and less biased in small samples. The intercept is estimated once more
    with the other coefficients fixed (FLIC, Puhr et al. 2017), else probabilities would be drawn towards one half.

    Args:
        design: columns [n, p], the intercept's ones first.

    Raises:
        NoFiniteMaximum: collinear columns, or labels of one class only.
    """
    if len(np.unique(labels)) < 2:
        raise NoFiniteMaximum(ONE_CLASS)
    flat = np.zeros(design.shape[1])
    none = np.zeros(len(labels))
    coefficients, covariance = _newton(design, labels, offset=none, jeffreys=1.0, centre=flat, precision=flat)
    intercept, _ = maximum_likelihood(design[:, :1], labels, offset=design[:, 1:] @ coefficients[1:])
    return np.concatenate([intercept, coefficients[1:]]), covariance


def with_normal_prior(
    design: Floats, labels: npt.NDArray[np.int64], *, centre: Floats, precision: Floats
) -> tuple[Floats, Floats]:
    """Coefficients of greatest posterior density under independent normal priors, and their approximate covariance.

    Args:
        design: columns [n, p], the intercept's ones first.
        centre: prior means [p].
        precision: inverse prior variances [p]; 0 leaves a coefficient to the data alone.

    Raises:
        NoFiniteMaximum: labels of one class only.
    """
    if len(np.unique(labels)) < 2:
        raise NoFiniteMaximum(ONE_CLASS)
    return _newton(design, labels, offset=np.zeros(len(labels)), jeffreys=0.0, centre=centre, precision=precision)


def _newton(
    design: Floats,
    labels: npt.NDArray[np.int64],
    *,
    offset: Floats,
    jeffreys: float,
    centre: Floats,
    precision: Floats,
) -> tuple[Floats, Floats]:
    """Newton's method on log-likelihood + `jeffreys` / 2 times the log-determinant of the information + log prior."""

    def information(beta: Floats) -> tuple[Floats, Floats, Floats]:
        probability = sigmoid(offset + design @ beta)
        weight = probability * (1.0 - probability)
        result: Floats = design.T @ (design * weight[:, None])
        return result, probability, weight

    def objective(beta: Floats) -> float:
        logits = offset + design @ beta
        value = float(np.sum(labels * logits - np.logaddexp(0.0, logits)))
        value -= 0.5 * float(np.sum(precision * (beta - centre) ** 2))
        return value + (0.5 * jeffreys * float(np.linalg.slogdet(information(beta)[0])[1]) if jeffreys else 0.0)

    beta = centre.copy()
    value = objective(beta)
    for _ in range(100):
        fisher, probability, weight = information(beta)
        matrix: Floats = fisher + np.diag(precision)
        # A separated or collinear fit shows as an information that loses rank; the bound is on its scale-free form.
        scale = np.sqrt(np.maximum(np.diag(matrix), 1e-300))
        rank_lost = np.linalg.eigvalsh(matrix / np.outer(scale, scale))[0] < 1e-10
        if rank_lost or np.max(np.abs(offset + design @ beta)) > 40.0:
            raise NoFiniteMaximum(CLASSES_APART)
        covariance: Floats = np.linalg.inv(matrix).astype(float)
        residual = labels - probability
        if jeffreys:
            leverage = weight * np.einsum("ij,jk,ik->i", design, covariance, design)
            residual = residual + jeffreys * leverage * (0.5 - probability)
        gradient = design.T @ residual - precision * (beta - centre)
        step = covariance @ gradient
        # The information leaves out the penalty's own curvature, so that a step can overshoot by as much again and come
        # back for ever: with a penalty a step must gain a share of what it promises.
        promised = 0.1 * jeffreys * float(gradient @ step)
        slack = 0.0 if jeffreys else 1e-12 * abs(value)
        while objective(beta + step) < value + promised - slack and np.max(np.abs(step)) > 1e-12:
            step, promised = step / 2.0, promised / 2.0
        beta = beta + step
        value = objective(beta)
        # Below some 1e-8 the penalised objective, a log-determinant, no longer tells a gain from rounding.
        if np.max(np.abs(step) * scale) < (1e-7 if jeffreys else 1e-9):
            return beta, covariance
    raise NoFiniteMaximum("no convergence in 100 steps")


def fit_logistic(columns: Floats, labels: npt.NDArray[np.int64], *, terms: Sequence[str]) -> Logistic:
    """Fit with an intercept: by maximum likelihood, by Firth's method where the classes are separated.

    Columns are standardised inside for the sake of arithmetic and the coefficients given back in the columns' own
    units. A column that is constant cannot be estimated: it gets the coefficient 0 and no standard error.

    Args:
        columns: [n, p - 1] in raw units.
        terms: names of the columns.

    Raises:
        NoFiniteMaximum: labels of one class only, or collinear columns.
    """
    if len(np.unique(labels)) < 2:
        raise NoFiniteMaximum(ONE_CLASS)
    centre, spread = columns.mean(axis=0), columns.std(axis=0)
    varies = spread > 1e-12 * np.maximum(1.0, np.abs(centre))
    design = np.column_stack([np.ones(len(labels)), (columns[:, varies] - centre[varies]) / spread[varies]])
    notes = [f"{term} constant" for term, keep in zip(terms, varies, strict=True) if not keep]
    try:
        estimate, estimate_covariance = maximum_likelihood(design, labels)
    except NoFiniteMaximum as error:
        estimate, estimate_covariance = firth(design, labels)
        notes.append(f"{FIRTH}: {error}")
    # From standardised to raw units: coefficients are a linear map of the estimates, and so is their covariance.
    size = 1 + columns.shape[1]
    back = np.zeros((size, len(estimate)))
    back[0, 0] = 1.0
    for position, column in enumerate(np.flatnonzero(varies), start=1):
        back[1 + column, position] = 1.0 / spread[column]
        back[0, position] = -centre[column] / spread[column]
    covariance = back @ estimate_covariance @ back.T
    fixed = np.concatenate([[False], ~varies])
    covariance[fixed, :] = covariance[:, fixed] = np.nan
    return Logistic(
        terms=("intercept", *terms),
        coefficients=back @ estimate,
        covariance=covariance,
        n=len(labels),
        n_positive=int(labels.sum()),
        note="; ".join(notes),
    )
