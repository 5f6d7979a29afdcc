"""Flexible calibration curve by local linear regression, its pointwise band, and the distances ICI, E50 and E90."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cacs_cxr.distributions import NORMAL_975
from cacs_cxr.evaluation.checked_arrays import binary_labels, probabilities

Floats = npt.NDArray[np.float64]
SPAN, STEP = 2.0 / 3.0, 0.01


@dataclass(frozen=True)
class CalibrationCurve:
    """Observed share of positives as a smooth function of the probability.

    Attributes:
        predicted: places of the curve, rising [k].
        observed: smoothed share of positives there [k]; may leave [0, 1] a little, as R's does.
        low: 95 % pointwise band, cut to [0, 1] [k]; `high` likewise.
        smoothed: the curve at the probability of each patient, in their order [n].
    """

    predicted: Floats
    observed: Floats
    low: Floats
    high: Floats
    smoothed: Floats


@dataclass(frozen=True)
class CalibrationDistance:
    """Absolute distances of the patients' probabilities from the curve (Austin & Steyerberg, Stat Med 2019;38:4051).

    Attributes:
        ici: their mean, the integrated calibration index; `e50`, `e90` quantiles (type 7), `emax` the greatest.
    """

    ici: float
    e50: float
    e90: float
    emax: float


def calibration_curve(labels: npt.ArrayLike, predicted: npt.ArrayLike) -> CalibrationCurve:
    """Curve of R's ``lowess(p, y, iter = 0)``, as rms::val.prob draws it (Cleveland, JASA 1979;74:829).

    Local lines with tricube weights over two thirds of the patients, fitted at places at least 1 % of the range apart
    and joined by straight lines. At each place the estimate is a weighted sum of the labels, so that its variance is
    the sum of the squared weights times the curve's binomial variance; the band is the estimate +- 1.96 SE.

    Args:
        labels: 0/1 or bool [n].
        predicted: probabilities [n].

    Returns:
        The curve; of no places where there are fewer than two patients.

    Raises:
        ValueError: labels other than 0 and 1, or numbers outside [0, 1].
    """
    positive = binary_labels(labels)
    values = probabilities(predicted, n=positive.size)
    empty: Floats = np.empty(0)
    if values.size < 2:
        return CalibrationCurve(empty, empty, empty, empty, np.full(values.size, np.nan))
    order = np.argsort(values, kind="stable")
    x, y = values[order], positive[order].astype(float)
    anchors, kernels = _local_lines(x)
    observed = np.array([weights @ y[start : start + weights.size] for start, weights in kernels])
    places = x[anchors]
    smooth = np.interp(x, places, observed)
    spread = np.clip(smooth, 0.0, 1.0)
    spread = spread * (1.0 - spread)
    se = np.sqrt([weights**2 @ spread[start : start + weights.size] for start, weights in kernels])
    smoothed = np.empty(values.size)
    smoothed[order] = smooth
    low, high = np.clip(observed - NORMAL_975 * se, 0.0, 1.0), np.clip(observed + NORMAL_975 * se, 0.0, 1.0)
    return CalibrationCurve(places, observed, low, high, smoothed)


def calibration_distance(curve: CalibrationCurve, predicted: npt.ArrayLike) -> CalibrationDistance:
    """ICI, E50, E90 and Emax of the patients' probabilities from their curve."""
    distance = np.abs(np.asarray(predicted, dtype=float) - curve.smoothed)
    if not distance.size or np.isnan(distance).any():
        return CalibrationDistance(np.nan, np.nan, np.nan, np.nan)
    e50, e90 = np.quantile(distance, [0.5, 0.9])
    return CalibrationDistance(float(distance.mean()), float(e50), float(e90), float(distance.max()))


def _local_lines(x: Floats) -> tuple[npt.NDArray[np.int64], list[tuple[int, Floats]]]:
    """Where lowess fits, and of each place the weights that make its estimate out of the labels from a start on.

    Args:
        x: rising values [n].
    """
    n = x.size
    span = int(np.clip(int(SPAN * n + 1e-7), 2, n))
    delta = STEP * (x[-1] - x[0])
    left, last, at = 0, -1, 0
    anchors: list[int] = []
    kernels: list[tuple[int, Floats]] = []
    while True:
        # The span nearest to the place moves to the right as long as that brings it closer.
        while left + span < n and x[at] - x[left] > x[left + span] - x[at]:
            left += 1
        anchors.append(at)
        kernels.append(_kernel(x, at=at, left=left, right=left + span - 1))
        last = at
        if last >= n - 1:
            return np.array(anchors), kernels
        # Places tied with this one share its estimate; the next is the last within delta, or the next at all.
        beyond = int(np.searchsorted(x, x[last] + delta, side="right"))
        tied = int(np.searchsorted(x, x[last], side="right")) - 1
        at = max(tied + 1, beyond - 1)
        if at >= n:
            return np.array(anchors), kernels


def _kernel(x: Floats, *, at: int, left: int, right: int) -> tuple[int, Floats]:
    """Weights of a local line at one place, as Cleveland's ``lowest`` has them: tricube, then the line's leverage."""
    place = x[at]
    width = max(place - x[left], x[right] - place)
    # Values tied with the outermost count too, wherever the span ends among them.
    end = int(np.searchsorted(x, place + 0.999 * width, side="right"))
    start = left + int(np.searchsorted(x[left:end], place - 0.999 * width, side="left"))
    near = x[start:end]
    distance = np.abs(near - place)
    weights = np.ones(near.size)
    if width > 0.0:
        weights = np.where(distance > 0.001 * width, (1.0 - (distance / width) ** 3) ** 3, 1.0)
    weights = weights / weights.sum()
    if width > 0.0:
        centre = float(weights @ near)
        spread = float(weights @ (near - centre) ** 2)
        if np.sqrt(spread) > 0.001 * (x[-1] - x[0]):
            weights = weights * ((place - centre) / spread * (near - centre) + 1.0)
    return start, weights
