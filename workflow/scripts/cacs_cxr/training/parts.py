"""Who is in which part of a fold (training, tuning, test), with labels at the thresholds and clinical factors."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.factor_columns import StandardisedDesign, fit_design, standardise
from cacs_cxr.faults import Fault, InputError
from cacs_cxr.study import PARTS, TRAIN, Factor, Threshold


@dataclass(frozen=True)
class Part:
    """Radiographs of one part of a fold, in the order of their patients' pseudonyms; one a patient but for training.

    Attributes:
        patients: pseudonyms [n].
        rows: rows of their radiographs in images.npy, int64 [n].
        thresholds: names of the thresholds [k].
        labels: 1 where the biomarker passes a threshold, else 0; int64 [n, k].
        factors: standardised clinical factors [n, p]; p = 0 for networks of the radiograph alone.
    """

    patients: tuple[str, ...]
    rows: npt.NDArray[np.int64]
    thresholds: tuple[str, ...]
    labels: npt.NDArray[np.int64]
    factors: npt.NDArray[np.float64]

    @property
    def counts(self) -> dict[str, Any]:
        """Numbers for the metadata: n, and n_positive by threshold."""
        positive = dict(zip(self.thresholds, self.labels.sum(axis=0).tolist(), strict=True))
        return {"n": len(self.patients), "n_positive": positive}


def as_part(
    cohort: pd.DataFrame, *, biomarker: str, thresholds: Sequence[Threshold], design: StandardisedDesign | None
) -> Part:
    """Part made of all patients of a table with the columns patient, row, the biomarker and the design's factors."""
    table = cohort.sort_values(["patient", "row"])
    labels = [threshold.positive(table[biomarker]) for threshold in thresholds]
    return Part(
        patients=tuple(table["patient"]),
        rows=table["row"].to_numpy(np.int64),
        thresholds=tuple(threshold.name for threshold in thresholds),
        labels=np.column_stack(labels).astype(np.int64),
        factors=np.empty((len(table), 0)) if design is None else design.columns(table),
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
    thresholds: Sequence[Threshold],
    factors: Sequence[Factor],
) -> tuple[dict[str, Part], StandardisedDesign | None]:
    """The three parts of one fold, and how the clinical factors were coded, which the training part alone settles.

    Args:
        cohort: one row per patient with the columns patient, row, the biomarker and the factors.
        folds: columns patient, fold, part; K rows a patient.
        further: columns patient, row: other radiographs, which join the training part with their patient's labels.
        thresholds: one, or all for a network of several.
        factors: clinical factors that the network takes; empty for the radiograph alone.

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
    faults = [
        Fault(file, None, "part", f"no patient in the {name} part of fold {fold}", "at least one patient",
              "Set folds.count lower, or folds.tuning_fraction higher.")
        for name in PARTS if tables[name].empty
    ]  # fmt: skip
    for threshold in thresholds:
        n_positive, n = int(threshold.positive(tables[TRAIN][biomarker]).sum()), len(tables[TRAIN])
        if n and n_positive in (0, n):
            found = f"{n_positive} of {n} training patients of fold {fold} positive at {threshold.name}"
            remedy = (
                f"Take threshold {threshold.name} out of the configuration, or move its value to where both classes "
                "occur."
            )
            cohort_file = "results/cohort/cohort.parquet"
            faults.append(Fault(cohort_file, None, biomarker, found, "patients of both classes", remedy))
    if faults:
        raise InputError(faults)
    design = standardise(fit_design(tables[TRAIN], factors), tables[TRAIN]) if factors else None
    again = further.merge(tables[TRAIN].drop(columns="row"), on="patient", how="inner", validate="many_to_one")
    tables[TRAIN] = pd.concat([tables[TRAIN], again], ignore_index=True)
    return {
        name: as_part(tables[name], biomarker=biomarker, thresholds=thresholds, design=design) for name in PARTS
    }, design
