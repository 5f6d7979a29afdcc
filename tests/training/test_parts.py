import pandas as pd
import pytest
from phantom import small_study

from cacs_cxr.cohort.shared_pictures import own_pictures
from cacs_cxr.faults import InputError
from cacs_cxr.study import Threshold
from cacs_cxr.training.parts import fold_parts, further_radiographs

GT0 = Threshold("gt0", ">", 0.0, "> 0")
NO_FURTHER = pd.DataFrame({"patient": pd.Series(dtype=str), "row": pd.Series(dtype="int64")})


def test_parts_hold_rows_and_labels_of_their_patients() -> None:
    _, cohort, folds = small_study(20, side=32, seed=0)
    parts, _ = fold_parts(
        cohort.sample(frac=1, random_state=1), folds, NO_FURTHER, fold=0, biomarker="cacs", thresholds=[GT0], factors=[]
    )
    assert [len(part.patients) for part in parts.values()] == [12, 4, 4]
    assert parts["tuning"].rows.tolist() == [6, 7, 16, 17]
    assert parts["tuning"].labels.tolist() == [[0], [1], [0], [1]]
    assert parts["train"].counts == {"n": 12, "n_positive": {"gt0": 6}}


def test_a_training_part_of_one_class_is_refused_with_a_remedy() -> None:
    _, cohort, folds = small_study(20, side=32, seed=0)
    rare = Threshold("ge400", ">=", 400.0, "≥ 400")
    with pytest.raises(
        InputError, match=r"0 of 12 training patients of fold 0 positive at ge400.*Take threshold ge400"
    ):
        fold_parts(cohort, folds, NO_FURTHER, fold=0, biomarker="cacs", thresholds=[rare], factors=[])


def test_an_empty_part_is_refused() -> None:
    _, cohort, folds = small_study(20, side=32, seed=0)
    with pytest.raises(InputError, match=r"no patient in the tuning part of fold 0.*tuning_fraction"):
        fold_parts(
            cohort, folds[folds["part"] != "tuning"], NO_FURTHER, fold=0, biomarker="cacs", thresholds=[GT0], factors=[]
        )


def test_a_patient_twice_in_a_fold_is_refused() -> None:
    _, cohort, folds = small_study(20, side=32, seed=0)
    with pytest.raises(pd.errors.MergeError):
        fold_parts(
            cohort,
            pd.concat([folds, folds.head(1)]),
            NO_FURTHER,
            fold=0,
            biomarker="cacs",
            thresholds=[GT0],
            factors=[],
        )


def test_further_radiographs_join_the_training_part_only() -> None:
    _, cohort, folds = small_study(20, side=32, seed=0)
    part = folds.set_index("patient")["part"]
    training, tuning, test = (part.index[part == name][0] for name in ("train", "tuning", "test"))
    others = pd.DataFrame(
        {
            "row": [20, 21, 22, 23, 24],
            "patient": [training, training, tuning, test, training],
            "readable": [True, True, True, True, False],
        }
    )
    analysed = cohort[["row", "patient"]].assign(readable=True)
    further = further_radiographs(pd.concat([analysed, others]), cohort)
    assert further["row"].tolist() == [20, 21, 22, 23]
    parts, _ = fold_parts(cohort, folds, further, fold=0, biomarker="cacs", thresholds=[GT0], factors=[])
    assert [len(part.patients) for part in parts.values()] == [14, 4, 4]
    rows = dict(zip(parts["train"].rows.tolist(), parts["train"].labels[:, 0].tolist(), strict=True))
    own = cohort.set_index("patient").loc[training]
    assert rows[20] == rows[21] == rows[own["row"]] == int(own["cacs"] > 0)


def test_a_further_radiograph_with_another_patients_pixels_is_not_trained_on() -> None:
    """Two further radiographs of one patient: the first is a copy of another's, the second of the patient's own."""
    _, cohort, _ = small_study(20, side=32, seed=0)
    images = cohort[["site", "row", "patient"]].assign(readable=True)
    owner, other = images["patient"].iloc[0], int(images["row"].iloc[1])
    further = pd.DataFrame({"row": [20, 21], "patient": owner, "readable": True, "site": images["site"].iloc[0]})
    images = pd.concat([images, further], ignore_index=True).assign(duplicate_of=-1, near_duplicate_of=-1)
    images.loc[images["row"] == 20, "near_duplicate_of"] = other
    images.loc[images["row"] == 21, "duplicate_of"] = int(images["row"].iloc[0])
    assert further_radiographs(images, cohort)["row"].tolist() == [20, 21]
    assert further_radiographs(own_pictures(images), cohort)["row"].tolist() == [21]
