"""Folds by patient, stratified by category, with an inner tuning split of each fold's other patients."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.faults import Fault, InputError
from cacs_cxr.seeds import derive_seed
from cacs_cxr.study import PARTS, TEST, TRAIN, TUNING

COLUMNS = ("patient", "fold", "part")


def split_folds(
    patients: Sequence[str], categories: npt.NDArray[np.int64], *, count: int, tuning_fraction: float, seed: int
) -> pd.DataFrame:
    """Part of every patient in every fold.

    The patients are shuffled within their category and dealt to the folds in turn, from the highest category to the
    lowest without a break: so a category, a threshold's positives and all patients differ by one at most between folds.
    The tuning split takes every so many of a fold's other patients along the same order.

    Args:
        patients: pseudonyms, each once; their order does not matter.
        categories: category of each patient, 0 = lowest.
        count: number of folds, at least 2.
        tuning_fraction: share of a fold's other patients that is held out for tuning, in (0, 1).
        seed: the study's seed.

    Returns:
        patient, fold, part (train, tuning, test): `count` rows a patient, sorted by fold and patient.

    Raises:
        InputError: too few patients for each part of each fold to have one.
    """
    if len(patients) < count or len(set(patients)) != len(patients) or count < 2:
        raise InputError([_too_few(len(patients), count)])
    names, ranks = np.array(sorted(patients)), np.argsort(np.array(patients, dtype=str), kind="stable")
    category = categories[ranks]
    dealt = _shuffled(category, seed=derive_seed(seed, "folds"))
    fold = np.empty(len(names), dtype=np.int64)
    fold[dealt] = np.arange(len(names)) % count
    frames = []
    for number in range(count):
        part = np.full(len(names), TRAIN, dtype=object)
        part[fold == number] = TEST
        order = _shuffled(category, seed=derive_seed(seed, "tuning", number))
        others = order[fold[order] != number]
        part[others[_every_so_many(len(others), tuning_fraction)]] = TUNING
        if set(part) != set(PARTS):
            raise InputError([_too_few(len(patients), count)])
        frames.append(pd.DataFrame({"patient": names, "fold": number, "part": part}))
    return pd.concat(frames, ignore_index=True)


def check_folds(folds: pd.DataFrame, development: Sequence[str]) -> None:
    """Stop where a table of folds is not one of the development patients: none crosses, none is tested twice.

    Args:
        folds: patient, fold, part; whoever made it.
        development: pseudonyms of the cohort's development patients.

    Raises:
        InputError: every rule that it breaks, with counts: a column lacks, an unknown part, a fold that is no number
            from 0, a patient repeated in a fold, absent from one, tested never or more than once, absent from the table
            or not of the cohort.
    """
    if lacking := [name for name in COLUMNS if name not in folds]:
        raise InputError([_unfit(", ".join(lacking), "no such column", f"the columns {', '.join(COLUMNS)}")])
    numbers = pd.to_numeric(folds["fold"], errors="coerce")
    whole = numbers.ge(0) & (numbers % 1 == 0)
    count = int(numbers[whole].max()) + 1 if whole.any() else 0
    named, cohort = set(folds["patient"]), set(development)
    tests = folds.loc[folds["part"] == TEST, "patient"].value_counts().reindex(sorted(named & cohort), fill_value=0)
    absent = numbers.where(whole).groupby(folds["patient"]).nunique() < count
    broken = [
        ("part", int((~folds["part"].isin(PARTS)).sum()), "rows of another part", f"one of {', '.join(PARTS)}"),
        ("fold", int((~whole).sum()), "rows whose fold is no number from 0", "numbers from 0"),
        ("fold", count - numbers[whole].nunique(), "folds without a patient", "every fold from 0 to the last"),
        (
            "patient",
            int(folds.duplicated(["patient", "fold"]).sum()),
            "repeated rows of a patient in a fold",
            "one row each",
        ),
        ("patient", int(absent.sum()), "patients absent from a fold", "every patient in every fold"),
        ("patient", int((tests > 1).sum()), "patients tested in several folds", "each tested once"),
        ("patient", int((tests == 0).sum()), "patients never tested", "each tested once"),
        ("patient", len(cohort - named), "development patients of the cohort absent", "all of them"),
        ("patient", len(named - cohort), "patients who are no development patients of the cohort", "no other patient"),
    ]
    if faults := [_unfit(column, f"{n:,} {what}", expected) for column, n, what, expected in broken if n]:
        raise InputError(faults)


def _unfit(column: str, found: str, expected: str) -> Fault:
    remedy = "Make it again: snakemake --forcerun split_folds."
    return Fault("results/cohort/folds.csv", None, column, found, expected, remedy)


def fold_warnings(folds: pd.DataFrame, categories: "pd.Series[int]", *, names: Sequence[str]) -> list[str]:
    """What the folds are too small for, in words that name the category and the numbers.

    Args:
        categories: category of each development patient, indexed by patient.
        names: names of the categories from the lowest.
    """
    count = folds["fold"].nunique()
    warnings = []
    for number, name in enumerate(names):
        size = int((categories == number).sum())
        if size < count:
            lack = f"has {size} patient{'s' if size > 1 else ''}, fewer than the {count} folds" if size else "is empty"
            warnings.append(f"category {name} {lack}.")
    placed = folds.assign(category=folds["patient"].map(categories))
    return warnings + [text for number in range(1, len(names)) for text in _one_sided(placed, number, names=names)]


def _one_sided(folds: pd.DataFrame, number: int, *, names: Sequence[str]) -> Iterator[str]:
    """Parts of folds without a patient on either side of the threshold below category `number`."""
    marked = folds.assign(share=(folds["category"] >= number).astype(float))
    for part in PARTS:
        for share, side in ((0.0, f"of category {names[number]} or higher"), (1.0, f"below category {names[number]}")):
            shares = marked[marked["part"] == part].groupby("fold")["share"].mean()
            lacking = [str(fold) for fold in shares.index[shares == share]]
            if lacking:
                place = "any fold" if len(lacking) == len(shares) else f"fold {', '.join(lacking)}"
                yield f"no patient {side} in the {part} part of {place}: nothing can be estimated there."


def _shuffled(category: npt.NDArray[np.int64], *, seed: int) -> npt.NDArray[np.int64]:
    """Positions in random order within a category, from the highest category to the lowest."""
    shuffled = np.random.default_rng(seed).permutation(len(category))
    return shuffled[np.argsort(-category[shuffled], kind="stable")]


def _every_so_many(count: int, fraction: float) -> npt.NDArray[np.bool_]:
    """Marks that share `fraction` of a sequence evenly, the second of it the first one marked (fractions up to 1/2).

    The head is the highest category: where it has one patient it serves training, where it has two each part gets one.
    """
    steps = np.floor(fraction * (np.arange(count + 1) + 1 / fraction - 2) + 1e-9)
    return np.asarray(np.diff(steps) > 0)


def _too_few(patients: int, count: int) -> Fault:
    expected = f"distinct patients enough for {count} folds of train, tuning and test parts, and at least 2 folds"
    remedy = "Lower `folds.count`, or look in results/cohort/flow.csv for where patients are lost."
    return Fault("results/cohort/cohort.parquet", None, "", f"{patients} development patients", expected, remedy)
