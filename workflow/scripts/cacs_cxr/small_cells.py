"""Small counts hidden in tables that are handed on, with further ones where a total would give them away."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

Marks = npt.NDArray[np.bool_]


def small(counts: npt.ArrayLike, *, smallest: int | None) -> Marks:
    """Which counts are from 1 to smallest - 1; none where `smallest` is None."""
    values = np.asarray(counts, dtype=float)
    return (values > 0) & (values < smallest) if smallest is not None else np.zeros(values.shape, dtype=bool)


def ambiguous(counts: npt.ArrayLike, marks: Marks, *, smallest: int) -> bool:
    """Whether the hidden parts of a shown total leave each small one more than one value.

    Small parts are shown to lie from 1 to smallest - 1, and a reader who knows the rule knows that the others are
    greater.
    """
    values = np.asarray(counts, dtype=float)
    chosen = values[marks]
    few = int((chosen < smallest).sum())
    others, total = chosen.size - few, chosen.sum()
    if others:
        return bool(total > few + others * smallest)
    return bool(few > 1 and few < total < few * (smallest - 1))


def hidden(counts: npt.ArrayLike, *, smallest: int | None) -> Marks:
    """Which parts of a shown total are hidden: the small ones, and further ones until none can be worked out.

    The least of the other parts that are not 0 goes first. Where all parts are hidden, the total still bounds them.

    Args:
        counts: parts of one total [n].
        smallest: least count shown; None for all.
    """
    values = np.asarray(counts, dtype=float)
    marks = small(values, smallest=smallest)
    if smallest is None or not marks.any():
        return marks
    while not ambiguous(values, marks, smallest=smallest):
        others = np.flatnonzero(~marks & (values > 0))
        if not others.size:
            break
        marks[others[np.argmin(values[others])]] = True
    return marks


def hidden_text(count: float, *, smallest: int | None) -> str:
    """Text of a hidden count: "< 5" where it is small, "≥ 5" where it is hidden for the sake of another."""
    return f"< {smallest}" if count < (smallest or 0) else f"≥ {smallest}"


def hidden_flow(flow: pd.DataFrame, *, smallest: int | None) -> Marks:
    """Which rows of a flow are hidden.

    The exclusions between two boxes are parts of the difference of these, which are shown. Where they cannot be hidden
    within it, the later box is hidden, and they count together with those that follow it.

    Args:
        flow: site, unit, order, kind (start | excluded | remaining), n; its index has no repeats.
        smallest: least count shown; None for all.

    Returns:
        Marks in the order of the rows [n].
    """
    marks = small(flow["n"], smallest=smallest)
    if smallest is None:
        return marks
    values = flow["n"].to_numpy(float)
    places = pd.Series(np.arange(len(flow)), index=flow.index)
    for _, rows in flow.sort_values("order", kind="stable").groupby(["site", "unit"], sort=False):
        steps: list[int] = []
        for place, kind in zip(places[rows.index], rows["kind"], strict=True):
            if kind == "excluded":
                steps.append(int(place))
                continue
            marks[steps] |= hidden(values[steps], smallest=smallest)
            if small(values[steps], smallest=smallest).any() and not ambiguous(
                values[steps], marks[steps], smallest=smallest
            ):
                marks[place] = True
            else:
                steps = []
    return marks


def hidden_groups(frame: pd.DataFrame, *, counts: Sequence[str], total: str, smallest: int | None) -> pd.DataFrame:
    """Which counts are hidden of groups that stand below one another with a row of their total.

    Args:
        frame: columns site, grouping, category and those of `counts`; the total has the category `total`.
        counts: columns that hold counts.
        total: name of the category of the total.
        smallest: least count shown; None for all.

    Returns:
        Marks, one column a count, in the order of the rows.
    """
    marks = pd.DataFrame({name: small(frame[name], smallest=smallest) for name in counts}, index=frame.index)
    for _, rows in frame.groupby(["site", "grouping"], sort=False):
        parts = rows.index[(rows["category"] != total).to_numpy()]
        for name in counts:
            marks.loc[parts, name] = hidden(frame.loc[parts, name], smallest=smallest)
    return marks
