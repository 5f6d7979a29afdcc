"""Who is in which part of a fold (training, tuning, test), with the label at one threshold."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.faults import Fault, InputError
from cacs_cxr.study import PARTS, TRAIN, Threshold


@dataclass(frozen=True)
class Part:
    """Radiographs of one part of a fold, in the order of their patients' pseudonyms; one a patient but for training.

    Attributes:
        patients: pseudonyms [n].
        rows: rows of their radiographs in images.npy, int64 [n].
        labels: 1 where the biomarker passes the threshold, else 0; int64 [n].
    """

    patients: tuple[str, ...]
    rows: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64]

    @property
    def counts(self) -> dict[str, int]:
        """Numbers for the metadata: n and n_positive."""
        return {"n": len(self.patients), "n_positive": int(self.labels.sum())}


def as_part(cohort: pd.DataFrame, *, biomarker: str, threshold: Threshold) -> Part:
    """Part made of all patients of a table with the columns patient, row and the biomarker."""
    table = cohort.sort_values(["patient", "row"])
    return Part(
        patients=tuple(table["patient"]),
        rows=table["row"].to_numpy(np.int64),
        labels=threshold.positive(table[biomarker]).astype(np.int64),
    )


def further_radiographs(images: pd.DataFrame, cohort: pd.DataFrame) -> pd.DataFrame:
    """Readable radiographs of the cohort's patients besides the one that is analysed: columns patient, row.

    Args:
        images: columns row, patient, readable; empty of further radiographs where the study takes the nearest only.
    """
    others = images["readable"].astype(bool) & images["patient"].isin(cohort["patient"])
    others &= ~images["row"].isin(cohort["row"])
    return images.loc[others, ["patient", "row"]].reset_index(drop=True)


def fold_parts(
    cohort: pd.DataFrame,
    folds: pd.DataFrame,
    further: pd.DataFrame,
    *,
    fold: int,
    biomarker: str,
    threshold: Threshold,
) -> dict[str, Part]:
    """The three parts of one fold.

    Args:
        cohort: one row per patient with the columns patient, row and the biomarker.
        further: columns patient, row: other radiographs, which join the training part with their patient's label.
        folds: columns patient, fold, part; K rows a patient.

    Raises:
        InputError: a training part with only one class, an empty tuning or test part, or a patient without radiograph.
    """
    assigned = folds.loc[folds["fold"] == fold, ["patient", "part"]]
    table = assigned.merge(cohort, on="patient", how="left", validate="one_to_one")
    file = "results/cohort/folds.csv"
    if table["row"].isna().any():
        found = f"{int(table['row'].isna().sum())} patients without a row in cohort.parquet"
        raise InputError(
            [Fault(file, None, "patient", found, "patients of the cohort", "Remake both: delete results/cohort.")]
        )
    tables = {name: table[table["part"] == name] for name in PARTS}
    again = further.merge(tables[TRAIN].drop(columns="row"), on="patient", how="inner", validate="many_to_one")
    tables[TRAIN] = pd.concat([tables[TRAIN], again], ignore_index=True)
    parts = {name: as_part(tables[name], biomarker=biomarker, threshold=threshold) for name in PARTS}
    faults = [
        Fault(file, None, "part", f"no patient in the {name} part of fold {fold}", "at least one patient",
              "Set folds.count lower, or folds.tuning_fraction higher.")
        for name in PARTS if not parts[name].patients
    ]  # fmt: skip
    training = parts[TRAIN].counts
    if training["n"] and training["n_positive"] in (0, training["n"]):
        found = (
            f"{training['n_positive']} of {training['n']} training patients of fold {fold} positive at {threshold.name}"
        )
        remedy = (
            f"Take threshold {threshold.name} out of the configuration, or move its value to where both classes occur."
        )
        faults.append(
            Fault("results/cohort/cohort.parquet", None, biomarker, found, "patients of both classes", remedy)
        )
    if faults:
        raise InputError(faults)
    return parts
