"""The flow of patients and radiographs: a start, exclusions in their order, and what remains after them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

PATIENTS, RADIOGRAPHS = UNITS = ("patients", "radiographs")
COLUMNS = ("site", "unit", "order", "kind", "label", "n")


@dataclass(frozen=True)
class Criterion:
    """A reason to exclude: its label, and which units it would exclude, whatever other criteria say of them."""

    label: str
    fails: npt.NDArray[np.bool_]


def first_failed(criteria: Sequence[Criterion], *, count: int) -> npt.NDArray[np.int64]:
    """Position of the first criterion that excludes each unit, -1 where none does: so each is counted once."""
    first = np.full(count, -1, dtype=np.int64)
    for position in reversed(range(len(criteria))):
        first[criteria[position].fails] = position
    return first


def counts(criteria: Sequence[Criterion], first: npt.NDArray[np.int64]) -> list[tuple[str, int]]:
    """Label and number of units of each criterion, those that exclude nobody included."""
    return [(criterion.label, int(np.sum(first == position))) for position, criterion in enumerate(criteria)]


def begin_flow(
    *, site: str, unit: str, start: tuple[str, int], excluded: Sequence[tuple[str, int]], remaining: str
) -> pd.DataFrame:
    """Flow of one unit at one site.

    Args:
        start: label and number of those at the start.
        excluded: label and number of each exclusion, in order.
        remaining: label of those left.

    Returns:
        Columns site, unit, order (from 0), kind (start, excluded, remaining), label, n.
    """
    first = pd.DataFrame([(site, unit, 0, "start", *start)], columns=list(COLUMNS))
    return continue_flow(first, excluded=excluded, remaining=remaining)


def continue_flow(flow: pd.DataFrame, *, excluded: Sequence[tuple[str, int]], remaining: str) -> pd.DataFrame:
    """Flow of one unit at one site with further exclusions, and what remains after them.

    Args:
        flow: as `begin_flow` returns it; its last row is the number to exclude from.

    Raises:
        ValueError: more are excluded than there are.
    """
    site, unit, order, _, _, left = flow.iloc[-1]
    rows = []
    for label, number in excluded:
        order, left = order + 1, left - number
        rows.append((site, unit, order, "excluded", label, number))
    if left < 0:
        raise ValueError(f"flow of {unit} at {site}: {-left} more excluded than there are before '{remaining}'.")
    rows.append((site, unit, order + 1, "remaining", remaining, left))
    return pd.concat([flow, pd.DataFrame(rows, columns=list(COLUMNS))], ignore_index=True)
