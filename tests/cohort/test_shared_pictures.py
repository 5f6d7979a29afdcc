"""Pictures under several patients: whom they exclude, against a plain search through random copies of copies."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cacs_cxr.cohort.shared_pictures import (
    check_no_shared_pictures,
    exclusion_lines,
    own_pictures,
    shared_pictures,
    shows_another_patient,
)
from cacs_cxr.faults import InputError

SITES = ["home", "away", "far"]


def table(*rows: tuple[str, str, int, int]) -> pd.DataFrame:
    """images.parquet of radiographs given by site, patient, and the rows that they repeat and nearly repeat."""
    frame = pd.DataFrame(rows, columns=["site", "patient", "duplicate_of", "near_duplicate_of"])
    return frame.assign(row=range(len(frame)))


@st.composite
def images(draw: st.DrawFn) -> pd.DataFrame:
    """Up to a dozen radiographs of a few patients of three sites, of which some repeat an earlier one."""
    rows = []
    for row in range(draw(st.integers(1, 12))):
        site = draw(st.sampled_from(SITES))
        patient = f"{site[0]}{draw(st.integers(0, 3))}"
        repeated = [draw(st.integers(-2, row - 1)) if row else -1 for _ in range(2)]
        rows.append((site, patient, *(max(first, -1) for first in repeated)))
    return table(*rows)


def reached(frame: pd.DataFrame, row: int) -> set[int]:
    """Rows that show the picture of a row, found by going from copy to copy."""
    found, todo = {row}, [row]
    while todo:
        here = todo.pop()
        for other in frame.itertuples():
            for first in (other.duplicate_of, other.near_duplicate_of):
                for start, end in ((other.row, first), (first, other.row)):
                    if start == here and end >= 0 and end not in found:
                        found.add(end)
                        todo.append(end)
    return found


@settings(max_examples=60, deadline=None)
@given(frame=images())
def test_exclusions_agree_with_a_plain_search(frame: pd.DataFrame) -> None:
    excluded, shared = [], []
    for row in frame.itertuples():
        here = frame[frame["row"].isin(reached(frame, int(row.row)))]
        people = {(site, patient) for site, patient in zip(here["site"], here["patient"], strict=True)}
        first = next(site for site in SITES if site in set(here["site"]))
        if len(people) > 1:
            shared.append(row.row)
            alone = len({patient for site, patient in people if site == first}) == 1
            if row.site != first or not alone:
                excluded.append(row.row)
    assert shared_pictures(frame)["row"].tolist() == shared
    assert set(frame["row"]) - set(own_pictures(frame)["row"]) == set(shared)
    marked = shows_another_patient(frame, frame.sample(frac=1, random_state=1), sites=SITES)
    assert frame.loc[marked, "row"].tolist() == excluded
    # Whoever stays shares no picture with anybody else who stays.
    stayed = shared_pictures(frame)
    stayed = stayed[~stayed["row"].isin(excluded)].drop_duplicates(["site", "patient", "picture"])
    assert not stayed["picture"].duplicated().any()


def test_the_order_of_the_sites_decides_and_the_order_of_rows_does_not() -> None:
    frame = table(("away", "a", -1, -1), ("home", "h", 0, -1))
    assert shows_another_patient(frame, frame, sites=["home", "away"]).tolist() == [True, False]
    assert shows_another_patient(frame, frame, sites=["away", "home"]).tolist() == [False, True]


def test_copies_of_a_patients_own_radiograph_exclude_nobody() -> None:
    frame = table(("home", "h", -1, -1), ("home", "h", 0, -1), ("home", "h", -1, 0))
    assert shared_pictures(frame).empty
    assert not shows_another_patient(frame, frame, sites=SITES).any()
    assert len(own_pictures(frame)) == 3
    check_no_shared_pictures(frame)
    assert exclusion_lines(frame, pd.Series(dtype="int64")) == ""


def test_a_long_chain_of_copies_is_one_picture() -> None:
    count = 3000
    chain = pd.DataFrame({"row": np.arange(count), "site": "home", "patient": "h", "duplicate_of": -1})
    chain["near_duplicate_of"] = chain["row"] - 1
    chain.loc[count - 1, "patient"] = "other"
    assert set(shared_pictures(chain)["picture"]) == {0}
    assert shows_another_patient(chain, chain, sites=SITES).all()


def test_stopping_names_counts_and_no_patient() -> None:
    frame = table(("home", "secret1", -1, -1), ("home", "secret2", 0, -1), ("away", "secret3", -1, 1))
    with pytest.raises(InputError, match=r"2 radiographs of 2 patients.*images\.parquet") as caught:
        check_no_shared_pictures(frame)
    assert len(caught.value.faults) == 2
    assert "secret" not in str(caught.value)
