"""Arrays that a statistic may rest on: labels of two classes, scores without gaps, probabilities."""

import numpy as np
import numpy.typing as npt

SHOWN = 5


def binary_labels(labels: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Labels as bool [n].

    Args:
        labels: 0/1 or bool [n].

    Raises:
        ValueError: a label that is neither, with its place; more than one dimension.
    """
    values = np.asarray(labels, dtype=float)
    _one_dimension(values, "labels")
    _refuse(~((values == 0.0) | (values == 1.0)), values, name="labels", expected="0 or 1")
    positive: npt.NDArray[np.bool_] = values == 1.0
    return positive


def finite_scores(scores: npt.ArrayLike, *, n: int) -> npt.NDArray[np.float64]:
    """Scores as float [n].

    Args:
        scores: finite numbers.
        n: how many there are labels for.

    Raises:
        ValueError: a score that is not finite, with its place; another number of scores than of labels.
    """
    values = np.asarray(scores, dtype=float)
    _one_dimension(values, "scores")
    if values.size != n:
        raise ValueError(f"found {values.size} scores for {n} labels; expected one for each. Give the same patients.")
    _refuse(~np.isfinite(values), values, name="scores", expected="a finite number")
    return values


def probabilities(values: npt.ArrayLike, *, n: int) -> npt.NDArray[np.float64]:
    """Probabilities as float [n]; as `finite_scores`, and each from 0 to 1."""
    checked = finite_scores(values, n=n)
    outside = (checked < 0.0) | (checked > 1.0)
    _refuse(outside, checked, name="probabilities", expected="a number from 0 to 1")
    return checked


def _one_dimension(values: npt.NDArray[np.generic], name: str) -> None:
    if values.ndim != 1:
        raise ValueError(f"{name}: found an array of {values.ndim} dimensions; expected one, a value a patient.")


def _refuse(wrong: npt.NDArray[np.bool_], values: npt.NDArray[np.float64], *, name: str, expected: str) -> None:
    places = np.flatnonzero(wrong)
    if places.size:
        shown = ", ".join(f"{values[place]:g} at index {place}" for place in places[:SHOWN])
        further = f" and {places.size - SHOWN} further" if places.size > SHOWN else ""
        raise ValueError(f"{name}: found {shown}{further}; expected {expected}. Leave such patients out or mend them.")
