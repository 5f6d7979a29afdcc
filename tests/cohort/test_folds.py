"""Folds by patient: no patient crosses, categories are spread evenly, and the same seed gives the same folds."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cacs_cxr.cohort.folds import PARTS, check_folds, fold_warnings, split_folds
from cacs_cxr.faults import InputError
from cacs_cxr.tables import read_written_table, write_csv


def split(categories: list[int], *, count: int = 10, fraction: float = 0.25, seed: int = 1) -> pd.DataFrame:
    names = [f"{number:04x}" for number in range(len(categories))]
    return split_folds(names, np.array(categories), count=count, tuning_fraction=fraction, seed=seed)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    sizes=st.tuples(*[st.integers(0, 60)] * 4),
    count=st.integers(2, 10),
    fraction=st.sampled_from([0.1, 0.2, 0.25, 1 / 3, 0.5]),
    seed=st.integers(0, 10**6),
)
def test_every_patient_once_and_categories_within_one(
    sizes: tuple[int, ...], count: int, fraction: float, seed: int
) -> None:
    categories = np.repeat(np.arange(4), np.maximum(sizes, [25, 0, 0, 0]))
    folds = split(categories.tolist(), count=count, fraction=fraction, seed=seed)
    names = sorted(set(folds["patient"]))
    assert len(folds) == len(names) * count
    assert not folds.duplicated(["patient", "fold"]).any()
    assert folds["patient"].tolist() == names * count
    tested = folds[folds["part"] == "test"]
    assert sorted(tested["patient"]) == names
    category = dict(zip(names, categories, strict=True))
    folds["category"] = folds["patient"].map(category)
    for lowest in range(4):
        for marked in (folds["category"] == lowest, folds["category"] >= lowest):
            table = folds[marked].pivot_table(index="fold", columns="part", values="patient", aggfunc="count")
            table = table.reindex(index=range(count), columns=list(PARTS)).fillna(0)
            assert table["test"].max() - table["test"].min() <= 1
            assert ((table["tuning"] - fraction * (table["train"] + table["tuning"])).abs() <= 1).all()


def test_the_same_seed_gives_the_same_folds_in_any_order() -> None:
    names, categories = [f"{number:03x}" for number in range(50)], np.arange(50) % 4
    order = np.random.default_rng(0).permutation(50)
    first = split_folds(names, categories, count=5, tuning_fraction=0.2, seed=7)
    again = split_folds([names[i] for i in order], categories[order], count=5, tuning_fraction=0.2, seed=7)
    other = split_folds(names, categories, count=5, tuning_fraction=0.2, seed=8)
    pd.testing.assert_frame_equal(first, again)
    assert (first["part"] != other["part"]).mean() > 0.2


def test_folds_are_random_within_a_category() -> None:
    folds = split([0] * 200, count=2)
    first = folds[(folds["fold"] == 0) & (folds["part"] == "test")]["patient"]
    positions = first.map(lambda name: int(name, 16))
    assert 70 < positions.mean() < 130
    assert (positions.diff().dropna() == 2).mean() < 0.5


def test_two_positives_serve_training_and_tuning_one_each() -> None:
    folds = split([0] * 97 + [3] * 3, count=10)
    placed = folds[folds["patient"] >= f"{97:04x}"].pivot_table(
        index="fold", columns="part", values="patient", aggfunc="count", fill_value=0
    )
    assert set(placed["train"]) == {1, 2}
    assert set(placed["tuning"]) == {1}


def test_small_and_empty_categories_are_named() -> None:
    categories = [0] * 40 + [1] * 30 + [3] * 2
    folds = split(categories, count=5)
    series = pd.Series(categories, index=[f"{number:04x}" for number in range(len(categories))])
    warnings = fold_warnings(folds, series, names=["0", "1-99", "100-399", ">=400"])
    assert warnings[:2] == ["category 100-399 is empty.", "category >=400 has 2 patients, fewer than the 5 folds."]
    without = sorted(
        set(range(5)) - set(folds[(folds["part"] == "test") & folds["patient"].isin(["0046", "0047"])]["fold"])
    )
    place = ", ".join(map(str, without))
    expected = (
        f"no patient of category >=400 or higher in the test part of fold {place}: nothing can be estimated there."
    )
    assert expected in warnings


def test_enough_of_everything_gives_no_warning() -> None:
    categories = [0, 1, 2, 3] * 40
    series = pd.Series(categories, index=[f"{number:04x}" for number in range(160)])
    assert fold_warnings(split(categories), series, names=["a", "b", "c", "d"]) == []


@pytest.mark.parametrize(("patients", "count"), [(9, 10), (2, 2), (1, 2), (5, 1)])
def test_too_few_patients(patients: int, count: int) -> None:
    with pytest.raises(InputError, match=rf"{patients} development patients.*Lower `folds.count`"):
        split([0] * patients, count=count)


def test_a_patient_given_twice_is_refused() -> None:
    with pytest.raises(InputError):
        split_folds(["a", "a", "b", "c"], np.zeros(4, dtype=np.int64), count=2, tuning_fraction=0.5, seed=1)


Spoil = Callable[[pd.DataFrame], pd.DataFrame]
NAMES = [f"{number:04x}" for number in range(40)]


def changed(rows: Callable[[pd.DataFrame], "pd.Series[bool]"], column: str, value: object) -> Spoil:
    """A table in which one column holds another value in the rows chosen."""

    def spoil(folds: pd.DataFrame) -> pd.DataFrame:
        folds = folds.astype({column: object})
        folds.loc[rows(folds), column] = value
        return folds

    return spoil


def is_first_tested(folds: pd.DataFrame) -> "pd.Series[bool]":
    return (folds["patient"] == NAMES[0]) & (folds["part"] == "test")


def is_first_trained(folds: pd.DataFrame) -> "pd.Series[bool]":
    trained = (folds["patient"] == NAMES[0]) & (folds["part"] == "train")
    return trained & (trained.cumsum() == 1)


SPOILT: dict[str, tuple[Spoil, list[str]]] = {
    "a patient repeated": (lambda folds: pd.concat([folds, folds.tail(3)]), ["3 repeated rows of a patient in a fold"]),
    "a patient in two parts": (
        lambda folds: pd.concat([folds, folds[is_first_tested(folds)].assign(part="train")]),
        ["1 repeated rows of a patient in a fold"],
    ),
    "tested twice": (changed(is_first_trained, "part", "test"), ["1 patients tested in several folds"]),
    "never tested": (changed(is_first_tested, "part", "train"), ["1 patients never tested"]),
    "a part that is none": (changed(is_first_trained, "part", "trian"), ["1 rows of another part"]),
    "a part that is empty": (changed(is_first_trained, "part", None), ["1 rows of another part"]),
    "absent from a fold": (lambda folds: folds[~is_first_trained(folds)], ["1 patients absent from a fold"]),
    "absent from all": (
        lambda folds: folds[folds["patient"] != NAMES[0]],
        ["1 development patients of the cohort absent"],
    ),
    "of another site": (
        lambda folds: pd.concat([folds, folds[folds["patient"] == NAMES[0]].assign(patient="ffff")]),
        ["1 patients who are no development patients of the cohort"],
    ),
    "a fold left out": (
        lambda folds: folds[folds["fold"] != 1],
        ["1 folds without a patient", "40 patients absent from a fold", "8 patients never tested"],
    ),
    "the last fold left out": (lambda folds: folds[folds["fold"] != 4], ["8 patients never tested"]),
    "a fold that is no number": (
        changed(is_first_trained, "fold", "x"),
        ["1 rows whose fold is no number from 0", "1 patients absent from a fold"],
    ),
    "a fold below 0": (
        changed(is_first_trained, "fold", -1),
        ["1 rows whose fold is no number from 0", "1 patients absent from a fold"],
    ),
    "no part": (lambda folds: folds.drop(columns="part"), ["no such column"]),
    "nothing": (
        lambda folds: folds.head(0),
        ["40 development patients of the cohort absent"],
    ),
}


@pytest.mark.parametrize("name", SPOILT)
def test_spoilt_folds_are_refused_with_counts(name: str) -> None:
    spoil, found = SPOILT[name]
    folds = split([0, 1, 2, 3] * 10, count=5)
    check_folds(folds, NAMES)
    with pytest.raises(InputError) as caught:
        check_folds(spoil(folds), NAMES)
    assert [fault.value for fault in caught.value.faults] == found
    assert all(patient not in str(caught.value) for patient in (NAMES[0], "ffff"))


def test_folds_in_any_order_and_read_back_are_accepted(tmp_path: Path) -> None:
    folds = split([0, 1, 2, 3] * 10, count=5).sample(frac=1, random_state=1)
    write_csv(folds, tmp_path / "folds.csv")
    check_folds(read_written_table(tmp_path / "folds.csv"), NAMES[::-1])
