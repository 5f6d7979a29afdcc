"""How well the networks' own probabilities are calibrated, and what calibration on the tuning split makes of them."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.prediction.ensemble import probability
from cacs_cxr.prediction.logistic import Floats, NoFiniteMaximum, fit_logistic, maximum_likelihood

NETWORK, CALIBRATED = STAGES = ("network", "calibrated")
COLUMNS = [
    "site", "model", "threshold", "stage", "n", "n_positive", "observed", "expected", "observed_to_expected",
    "intercept", "intercept_se", "slope", "slope_se", "brier", "log_loss", "note",
]  # fmt: skip


def network_logits(inside: pd.DataFrame, outside: pd.DataFrame) -> pd.DataFrame:
    """One logit a patient, network and threshold, as the network gave it.

    The logit of a development patient is that of the network in whose test fold the patient was, the mean over the
    members of an ensemble; of an external patient the mean over all networks.

    Args:
        inside: columns network, threshold, fold, member, patient, part, logit.
        outside: columns network, threshold, fold, member, patient, logit; empty without an external site.

    Returns:
        Columns network, threshold, patient, logit.
    """
    tested = inside.loc[inside["part"] == "test", ["network", "threshold", "patient", "logit"]]
    every = pd.concat([tested, outside[["network", "threshold", "patient", "logit"]]]) if len(outside) else tested
    return every.groupby(["network", "threshold", "patient"])["logit"].mean().reset_index()


def network_calibration(logits: pd.DataFrame, predictions: pd.DataFrame) -> pd.DataFrame:
    """Calibration of every network at every site and threshold, before and after calibration on the tuning split.

    Args:
        logits: from `network_logits`.
        predictions: site, patient, fold, model, threshold, label, probability.

    Returns:
        Two rows a site, network and threshold, with `COLUMNS`.
    """
    own = predictions.merge(
        logits.rename(columns={"network": "model"}), on=["model", "threshold", "patient"], validate="one_to_one"
    )
    rows = []
    for (site, model, threshold), part in own.groupby(["site", "model", "threshold"], sort=False):
        labels = part["label"].to_numpy(np.int64)
        given = {NETWORK: probability(part["logit"]), CALIBRATED: part["probability"].to_numpy(float)}
        rows += [
            {"site": site, "model": model, "threshold": threshold, "stage": stage, **calibration_of(labels, values)}
            for stage, values in given.items()
        ]
    return pd.DataFrame(rows, columns=COLUMNS)


def calibration_of(labels: npt.NDArray[np.int64], probabilities: Floats) -> dict[str, object]:
    """Calibration of probabilities strictly between 0 and 1.

    Args:
        labels: 0 or 1 [n].
        probabilities: [n].

    Returns:
        n, n_positive; shares observed and expected and their ratio; calibration in the large (the intercept with the
        logit as offset) and slope (of a logistic regression on the logit), each with its standard error; Brier score;
        mean cross-entropy in nats; a note where a regression has no finite answer.
    """
    logits = np.log(probabilities) - np.log1p(-probabilities)
    n, n_positive = len(labels), int(labels.sum())
    intercept = intercept_se = slope = slope_se = np.nan
    note = ""
    if n_positive in (0, n):
        note = "intercept and slope not estimable: one class"
    else:
        estimate, variance = maximum_likelihood(np.ones((n, 1)), labels, offset=logits)
        intercept, intercept_se = float(estimate[0]), float(np.sqrt(variance[0, 0]))
        try:
            fit = fit_logistic(logits[:, None], labels, terms=["logit"])
            slope, slope_se, note = float(fit.coefficients[1]), float(fit.standard_errors[1]), fit.note
        except NoFiniteMaximum as error:
            note = f"slope not estimable: {error}"
    expected = float(probabilities.mean())
    return {
        "n": n,
        "n_positive": n_positive,
        "observed": n_positive / n,
        "expected": expected,
        "observed_to_expected": n_positive / n / expected,
        "intercept": intercept,
        "intercept_se": intercept_se,
        "slope": slope,
        "slope_se": slope_se,
        "brier": float(np.mean((probabilities - labels) ** 2)),
        "log_loss": float(-np.mean(np.where(labels == 1, np.log(probabilities), np.log1p(-probabilities)))),
        "note": note,
    }
