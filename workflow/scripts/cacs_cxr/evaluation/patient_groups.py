"""Groups of patients by what is known of them: sex, bands of age and body mass index, vendor, view, interval."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.image_columns import FLAGGED, IMAGE_COLUMNS, INTERVAL, VENDOR, VIEW
from cacs_cxr.study import Study

LABELS = {VENDOR: "Vendor", VIEW: "View", INTERVAL: "Days between radiograph and score", FLAGGED: "Flag of quality"}
NOT_KNOWN = "not known"


def band_labels(cuts: Sequence[float]) -> list[str]:
    """Names of the bands that rising cuts make: below the first, from each to below the next, from the last on."""
    texts = [f"{cut:g}" for cut in cuts]
    return [
        f"< {texts[0]}",
        *(f"{low} to < {high}" for low, high in pairwise(texts)),
        f"≥ {texts[-1]}",
    ]


def banded(values: npt.ArrayLike, cuts: Sequence[float]) -> npt.NDArray[np.str_]:
    """Band of each value, as `band_labels` names it; `NOT_KNOWN` where it is NaN.

    Args:
        values: numbers [n].
        cuts: rising lower limits of all bands but the first.
    """
    numbers = np.asarray(values, dtype=float)
    bands = np.array(band_labels(cuts))[np.searchsorted(np.asarray(cuts), numbers, side="right")]
    return np.where(np.isnan(numbers), NOT_KNOWN, bands)


def patient_groups(
    analysis: pd.DataFrame, study: Study, *, bands: Mapping[str, Sequence[float]]
) -> tuple[pd.DataFrame, dict[str, str], list[str]]:
    """Group of every patient by every variable.

    Variables are the clinical factors (binary ones as they are, continuous ones in their bands) and, where the analysis
    table has them, vendor, view, flag, and the interval in bands of its absolute number of days.

    Args:
        analysis: one row a patient.
        study: gives the factors.
        bands: rising cuts of continuous variables by column.

    Returns:
        site, patient and a column of text for each variable; labels of the variables by column; and a sentence for each
        variable that cannot be grouped.
    """
    groups = analysis[["site"]].assign(patient=analysis["patient"].astype(str))
    labels: dict[str, str] = {}
    lacking = []
    for factor in study.factors:
        if factor.kind == "binary":
            groups[factor.name] = analysis[factor.name].fillna(NOT_KNOWN).astype(str)
        elif bands.get(factor.name):
            groups[factor.name] = banded(pd.to_numeric(analysis[factor.name]), bands[factor.name])
        else:
            lacking.append(f"{factor.label}: no bands are declared, so that it makes no subgroups")
            continue
        unit = f", {factor.unit}" if factor.unit else ""
        labels[factor.name] = "Sex" if factor.name == "sex" else f"{factor.label}{unit}"
    for column in IMAGE_COLUMNS:
        if column not in analysis or analysis[column].isna().all():
            lacking.append(f"{LABELS[column]}: the analysis table does not hold it")
        elif column == INTERVAL:
            if bands.get(column):
                groups[column] = banded(pd.to_numeric(analysis[column]).abs().astype(float), bands[column])
                labels[column] = LABELS[column]
            else:
                lacking.append(f"{LABELS[column]}: no bands are declared, so that it makes no subgroups")
        elif column == FLAGGED:
            groups[column] = analysis[column].map({True: "flagged", False: "not flagged"}).fillna(NOT_KNOWN)
            labels[column] = LABELS[column]
        else:
            groups[column] = analysis[column].fillna(NOT_KNOWN).astype(str).replace("", NOT_KNOWN)
            labels[column] = LABELS[column]
    unknown = sorted(set(bands) - {factor.name for factor in study.factors} - set(IMAGE_COLUMNS))
    lacking += [f"{name}: bands are declared, but the study has no such factor" for name in unknown]
    return groups, labels, lacking


def group_order(values: Sequence[str], cuts: Sequence[float] | None, levels: Sequence[str]) -> list[str]:
    """Groups of a variable in their order: bands rising, levels as declared, others by name; unknown last."""
    wanted = band_labels(cuts) if cuts else list(levels) or sorted(set(values) - {NOT_KNOWN})
    return [name for name in [*wanted, NOT_KNOWN] if name in set(values)]
