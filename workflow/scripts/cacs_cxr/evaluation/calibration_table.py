"""Calibration of every site, model and threshold as tidy tables: measures, curves, and probabilities by class."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.evaluation.calibration import (
    Estimate,
    brier_score,
    hosmer_lemeshow,
    log_loss,
    observed_to_expected,
    recalibrated_in_the_large,
    recalibration,
    spiegelhalter,
)
from cacs_cxr.evaluation.calibration_curve import calibration_curve, calibration_distance
from cacs_cxr.evaluation.operating_points import wilson_interval
from cacs_cxr.evaluation.predictions_table import parts
from cacs_cxr.study import Study

AS_PREDICTED, RECALIBRATED = "as predicted", "recalibrated in the large"
POOLED = "pooled"
OPTIMISTIC = "intercept fitted on these patients: optimistic, not predict-only"
ESTIMATES = ("citl", "slope", "intercept", "oe", "brier")
COLUMNS = [
    "site", "model", "threshold", "fold", "probabilities", "n", "n_positive", "mean_predicted", "observed",
    *(f"{name}{suffix}" for name in ESTIMATES for suffix in ("", "_low", "_high")), "citl_se", "slope_se",
    "intercept_se", "scaled_brier", "log_loss", "unreliability_chi2", "unreliability_p", "ici", "e50", "e90", "emax",
    "spiegelhalter_z", "spiegelhalter_p", "hosmer_lemeshow_chi2", "hosmer_lemeshow_df", "hosmer_lemeshow_p", "note",
]  # fmt: skip
CURVE_COLUMNS = [
    "site", "model", "threshold", "probabilities", "kind", "predicted", "observed", "low", "high", "n",
]  # fmt: skip
DISTRIBUTION_COLUMNS = ["site", "model", "threshold", "label", "low", "high", "n"]
SMOOTH, TENTH = "curve", "tenth"
BINS = 50


def calibration_measures(labels: npt.ArrayLike, predicted: npt.ArrayLike, *, fitted: int) -> dict[str, Any]:
    """All measures of calibration of one set of probabilities.

    Args:
        labels: 0/1 or bool [n].
        predicted: probabilities [n].
        fitted: degrees of freedom that the Hosmer-Lemeshow test loses, 2 on development, 0 elsewhere.

    Returns:
        The columns of `COLUMNS` from n on; NaN where not estimable, with the reason in note.
    """
    positive, values = np.asarray(labels), np.asarray(predicted, dtype=float)
    lines = recalibration(positive, values)
    brier, scaled = brier_score(positive, values)
    estimates: dict[str, Estimate] = {
        "citl": lines.in_the_large,
        "slope": lines.slope,
        "intercept": lines.intercept,
        "oe": observed_to_expected(positive, values),
        "brier": brier,
    }
    test = hosmer_lemeshow(positive, values, fitted=fitted)
    z, z_p = spiegelhalter(positive, values)
    distance = calibration_distance(calibration_curve(positive, values), values)
    row: dict[str, Any] = {"n": positive.size, "n_positive": int(positive.sum())}
    row |= {"mean_predicted": float(values.mean()), "observed": float(positive.mean())}
    for name, estimate in estimates.items():
        row |= {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
    return row | {
        **{f"{name}_se": estimates[name].se for name in ("citl", "slope", "intercept")},
        "scaled_brier": scaled,
        "log_loss": log_loss(positive, values),
        "unreliability_chi2": lines.chi2,
        "unreliability_p": lines.p,
        "ici": distance.ici,
        "e50": distance.e50,
        "e90": distance.e90,
        "emax": distance.emax,
        "spiegelhalter_z": z,
        "spiegelhalter_p": z_p,
        "hosmer_lemeshow_chi2": test.chi2,
        "hosmer_lemeshow_df": test.df,
        "hosmer_lemeshow_p": test.p,
        "note": lines.note,
    }


def recalibrated(part: pd.DataFrame) -> npt.NDArray[np.float64] | None:
    """Probabilities after recalibration in the large on the same patients; None where that is not estimable."""
    shift = recalibration(part["label"].to_numpy(), part["probability"].to_numpy()).in_the_large.value
    return None if np.isnan(shift) else recalibrated_in_the_large(part["probability"].to_numpy(), shift)


def calibration_table(table: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Calibration of every site, model and threshold: pooled, by fold, and at external sites recalibrated as well.

    Args:
        table: checked predictions.
        study: names the development site.

    Returns:
        `COLUMNS`; fold is ``"pooled"`` or a number as text.
    """
    rows = []
    for site, model, threshold, part in parts(table):
        keys = {"site": site, "model": model, "threshold": threshold}
        inside = site == study.development
        labels, predicted = part["label"].to_numpy(), part["probability"].to_numpy()
        measures = calibration_measures(labels, predicted, fitted=2 if inside else 0)
        rows.append({**keys, "fold": POOLED, "probabilities": AS_PREDICTED, **measures})
        if not inside and (moved := recalibrated(part)) is not None:
            measures = calibration_measures(labels, moved, fitted=1)
            measures["note"] = "; ".join(filter(None, [OPTIMISTIC, measures["note"]]))
            rows.append({**keys, "fold": POOLED, "probabilities": RECALIBRATED, **measures})
        for fold in np.unique(part["fold"]):
            if fold < 0:
                continue
            chosen = (part["fold"] == fold).to_numpy()
            measures = calibration_measures(labels[chosen], predicted[chosen], fitted=2)
            rows.append({**keys, "fold": str(fold), "probabilities": AS_PREDICTED, **measures})
    return pd.DataFrame(rows, columns=COLUMNS)


def calibration_curve_table(table: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Flexible curves with their bands, and the observed shares in tenths of the probability with Wilson's intervals.

    Args:
        table: checked predictions.
        study: names the development site.

    Returns:
        `CURVE_COLUMNS`; kind is curve or tenth, n counts the patients of a tenth, or all behind a curve.
    """
    frames = []
    for site, model, threshold, part in parts(table):
        labels = part["label"].to_numpy()
        kinds = {AS_PREDICTED: part["probability"].to_numpy()}
        if site != study.development and (moved := recalibrated(part)) is not None:
            kinds[RECALIBRATED] = moved
        for probabilities, values in kinds.items():
            curve = calibration_curve(labels, values)
            smooth = {"predicted": curve.predicted, "observed": curve.observed, "low": curve.low, "high": curve.high}
            group = hosmer_lemeshow(labels, values, fitted=0)
            limits = [wilson_interval(int(hits), int(n)) for hits, n in zip(group.observed, group.n, strict=True)]
            filled = group.n > 0
            tenths = {
                "predicted": group.expected[filled] / group.n[filled],
                "observed": group.observed[filled] / group.n[filled],
                "low": np.array([low for low, _ in limits])[filled],
                "high": np.array([high for _, high in limits])[filled],
                "n": group.n[filled],
            }
            keys = {"site": site, "model": model, "threshold": threshold, "probabilities": probabilities}
            frames.append(pd.DataFrame(smooth).assign(**keys, kind=SMOOTH, n=labels.size))
            frames.append(pd.DataFrame(tenths).assign(**keys, kind=TENTH))
    filled_frames = [frame for frame in frames if len(frame)]
    if not filled_frames:
        return pd.DataFrame(columns=CURVE_COLUMNS)
    return pd.concat(filled_frames, ignore_index=True)[CURVE_COLUMNS]


def distribution_table(table: pd.DataFrame) -> pd.DataFrame:
    """Histogram of the probabilities of positive and of negative patients, in 50 bins, empty ones left out.

    Args:
        table: checked predictions.

    Returns:
        `DISTRIBUTION_COLUMNS`; the last bin holds 1.
    """
    edges = np.linspace(0.0, 1.0, BINS + 1)
    rows = []
    for site, model, threshold, part in parts(table):
        for label in (0, 1):
            values = part.loc[part["label"] == label, "probability"].to_numpy()
            counts = np.histogram(values, bins=edges)[0]
            rows += [
                (site, model, threshold, label, float(edges[place]), float(edges[place + 1]), int(counts[place]))
                for place in np.flatnonzero(counts)
            ]
    return pd.DataFrame(rows, columns=DISTRIBUTION_COLUMNS)
