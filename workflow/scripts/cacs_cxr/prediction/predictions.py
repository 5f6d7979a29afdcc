"""All predictions of a study, and the coefficients behind them."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from cacs_cxr.job import LOGGER
from cacs_cxr.prediction.calibration import Method
from cacs_cxr.prediction.ensemble import mean_logit, probability
from cacs_cxr.prediction.folds import FoldModels, fit_fold
from cacs_cxr.prediction.logistic import Floats, Logistic
from cacs_cxr.study import EXTERNAL_FOLD, PARTS, Factor, ordered_models

KEYS = ["site", "model", "threshold", "patient"]
COLUMNS = ["site", "patient", "fold", "model", "threshold", "label", "probability"]
NORMAL_97_5 = 1.959963984540054


def predict_threshold(
    cohort: pd.DataFrame,
    folds: pd.DataFrame,
    logits: pd.DataFrame,
    external: pd.DataFrame,
    *,
    threshold: str,
    factors: Sequence[Factor],
    labels: "pd.Series[int]",
    calibration: Method,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Out-of-fold predictions of the development site and ensemble predictions of external sites, at one threshold.

    Args:
        cohort: one row per patient with site, patient and the factors.
        folds: columns patient, fold, part.
        logits: columns network, fold, member, patient, part (tuning or test), logit. The logit of a network's ensemble
            is the mean over its members.
        external: columns network, site, patient, fold, member, logit; no row where there is no external site.
        labels: label of each patient, indexed by patient.

    Returns:
        Predictions with the columns `COLUMNS`, and coefficients of every fold with their mean over folds (fold -1).
    """
    table = cohort.assign(label=labels.loc[cohort["patient"]].to_numpy())
    frames, coefficients, fitted = [], [], {}
    for fold in sorted(set(logits["fold"])):
        own = logits[logits["fold"] == fold]
        parts = folds[folds["fold"] == fold].merge(table, on="patient", validate="one_to_one")
        training, tuning, test = (parts[parts["part"] == name] for name in PARTS)
        models = fit_fold(training, tuning, _of_networks(own, tuning["patient"]), factors, calibration=calibration)
        fitted[fold] = models
        predicted = models.logits(test, _of_networks(own, test["patient"]))
        frames += _as_frames(test, predicted, fold=fold, threshold=threshold)
        for name, model in models.models.items():
            coefficients.append(coefficient_table(model, model_name=name, threshold=threshold, fold=fold))
            if model.note:
                LOGGER.info("%s, fold %d, %s model: %s", threshold, fold, name, model.note)
    if len(external):
        frames += _predict_external(table, external, fitted, threshold=threshold)
    predictions = pd.concat(frames, ignore_index=True)[COLUMNS].sort_values(KEYS, ignore_index=True)
    every_fold = pd.concat(coefficients, ignore_index=True)
    return predictions, pd.concat([every_fold, mean_coefficients(every_fold)], ignore_index=True)


def _predict_external(
    table: pd.DataFrame, external: pd.DataFrame, fitted: Mapping[int, FoldModels], *, threshold: str
) -> list[pd.DataFrame]:
    """Predictions of external patients: each fold's models on its own network's logits, then the mean logit."""
    patients = table[table["site"].isin(external["site"])].sort_values("patient", ignore_index=True)
    by_fold = dict(iter(external.groupby("fold")))
    predicted = [
        models.logits(patients, _of_networks(by_fold[fold], patients["patient"])) for fold, models in fitted.items()
    ]
    means = {name: mean_logit([logits[name] for logits in predicted]) for name in predicted[0]}
    return _as_frames(patients, means, fold=EXTERNAL_FOLD, threshold=threshold)


def _of_networks(logits: pd.DataFrame, patients: "pd.Series[str]") -> dict[str, Floats]:
    """Mean logit over the members of each network's ensemble, of these patients in their order.

    Raises:
        KeyError: a patient without a logit.
    """
    means = logits.pivot_table(index="patient", columns="network", values="logit").loc[list(patients)]
    return {network: means[network].to_numpy(float) for network in ordered_models(means.columns)}


def _as_frames(
    patients: pd.DataFrame, logits: Mapping[str, Floats], *, fold: int, threshold: str
) -> list[pd.DataFrame]:
    shared = patients[["site", "patient", "label"]].assign(fold=fold, threshold=threshold)
    return [shared.assign(model=name, probability=probability(values)) for name, values in logits.items()]


def coefficient_table(model: Logistic, *, model_name: str, threshold: str, fold: int) -> pd.DataFrame:
    """Coefficients of a model with 95 % intervals; odds ratios are per one unit, and empty for the intercept."""
    se = model.standard_errors
    table = pd.DataFrame({
        "model": model_name,
        "threshold": threshold,
        "fold": fold,
        "term": list(model.terms),
        "coefficient": model.coefficients,
        "se": se,
        "n": model.n,
        "n_positive": model.n_positive,
        "note": model.note,
    })  # fmt: skip
    return _with_odds_ratios(table)


def mean_coefficients(coefficients: pd.DataFrame) -> pd.DataFrame:
    """Mean over folds of each coefficient, as the ensemble applies it (fold -1).

    The standard error is the mean of the folds': they share most of their patients, so that averaging takes little
    from it. A term that a fold lacks (an indicator of missing values) counts as 0 there. Patients are given as the
    mean over folds.
    """
    rows = []
    for (model, threshold), group in coefficients.groupby(["model", "threshold"], sort=False):
        count = group["fold"].nunique()
        for term, of_term in group.groupby("term", sort=False):
            rows.append({
                "model": model,
                "threshold": threshold,
                "fold": EXTERNAL_FOLD,
                "term": term,
                "coefficient": of_term["coefficient"].sum() / count,
                "se": of_term["se"].mean(),
                "n": round(of_term["n"].mean()),
                "n_positive": round(of_term["n_positive"].mean()),
                "note": f"mean of {count} folds",
            })  # fmt: skip
    return _with_odds_ratios(pd.DataFrame(rows))


def _with_odds_ratios(table: pd.DataFrame) -> pd.DataFrame:
    slope = table["term"] != "intercept"
    half = NORMAL_97_5 * table["se"]
    # A coefficient beyond 700 has no finite odds ratio; it is left as infinity.
    with np.errstate(over="ignore"):
        ratios = {
            "odds_ratio": np.exp(table["coefficient"].where(slope)),
            "low": np.exp((table["coefficient"] - half).where(slope)),
            "high": np.exp((table["coefficient"] + half).where(slope)),
        }
        return table.assign(**ratios)[
            [
                "model",
                "threshold",
                "fold",
                "term",
                "coefficient",
                "se",
                "odds_ratio",
                "low",
                "high",
                "n",
                "n_positive",
                "note",
            ]
        ]
