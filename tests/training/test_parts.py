import pandas as pd
import pytest
from phantom import small_study

from cacs_cxr.faults import InputError
from cacs_cxr.study import Threshold
from cacs_cxr.training.parts import fold_parts

GT0 = Threshold("gt0", ">", 0.0, "> 0")


def test_parts_hold_rows_and_labels_of_their_patients() -> None:
    _, cohort, folds = small_study(20, side=32, seed=0)
    parts = fold_parts(cohort.sample(frac=1, random_state=1), folds, fold=0, biomarker="cacs", threshold=GT0)
    assert [len(part.patients) for part in parts.values()] == [12, 4, 4]
    assert parts["tuning"].rows.tolist() == [6, 7, 16, 17]
    assert parts["tuning"].labels.tolist() == [0, 1, 0, 1]
    assert parts["train"].counts == {"n": 12, "n_positive": 6}


def test_a_training_part_of_one_class_is_refused_with_a_remedy() -> None:
    _, cohort, folds = small_study(20, side=32, seed=0)
    rare = Threshold("ge400", ">=", 400.0, "≥ 400")
    with pytest.raises(
        InputError, match=r"0 of 12 training patients of fold 0 positive at ge400.*Take threshold ge400"
    ):
        fold_parts(cohort, folds, fold=0, biomarker="cacs", threshold=rare)


def test_an_empty_part_is_refused() -> None:
    _, cohort, folds = small_study(20, side=32, seed=0)
    with pytest.raises(InputError, match=r"no patient in the tuning part of fold 0.*tuning_fraction"):
        fold_parts(cohort, folds[folds["part"] != "tuning"], fold=0, biomarker="cacs", threshold=GT0)


def test_a_patient_twice_in_a_fold_is_refused() -> None:
    _, cohort, folds = small_study(20, side=32, seed=0)
    with pytest.raises(pd.errors.MergeError):
        fold_parts(cohort, pd.concat([folds, folds.head(1)]), fold=0, biomarker="cacs", threshold=GT0)
