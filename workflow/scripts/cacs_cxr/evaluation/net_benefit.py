"""Net benefit, decision curves with bootstrap bands, and interventions avoided."""

from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.distributions import NORMAL_975
from cacs_cxr.evaluation.checked_arrays import binary_labels, probabilities
from cacs_cxr.evaluation.predictions_table import models_present, parts
from cacs_cxr.seeds import derive_seed
from cacs_cxr.study import Study

Floats = npt.NDArray[np.float64]
ALL, NONE = "treat all", "treat none"
PER = 1000
CURVE_COLUMNS = [
    "site", "threshold", "strategy", "threshold_probability", "n", "n_positive", "net_benefit", "low", "high",
    "standardised_net_benefit", "avoided_per_1000", "avoided_low", "avoided_high", "note",
]  # fmt: skip
DIFFERENCE_COLUMNS = [
    "site", "threshold", "threshold_probability", "model_a", "model_b", "n", "difference", "low", "high", "note",
]  # fmt: skip


def threshold_range(*, low: float, high: float, step: float) -> Floats:
    """Threshold probabilities from `low` to `high`, both among them where the step allows, free of rounding error."""
    count = int(np.floor((high - low) / step + 1e-9)) + 1
    result: Floats = np.round(low + step * np.arange(count), 12)
    return result


def net_benefit(labels: npt.ArrayLike, predicted: npt.ArrayLike, thresholds: npt.ArrayLike) -> Floats:
    """Net benefit TP / n - FP / n t / (1 - t) of intervening where the probability is at least t.

    Source: Vickers & Elkin, Med Decis Making 2006;26:565.

    Args:
        labels: 0/1 or bool [n].
        predicted: probabilities [n].
        thresholds: threshold probabilities in [0, 1) [k].

    Returns:
        In units of true positives per patient [k].
    """
    cuts = np.asarray(thresholds, dtype=float)
    cells = _cells(binary_labels(labels), predicted, cuts)
    benefit: Floats = _benefits(cells[None], cuts)[0][0]
    return benefit


def net_benefit_of_all(prevalence: float, thresholds: npt.ArrayLike) -> Floats:
    """Net benefit of intervening in everybody [k]."""
    odds = _odds(np.asarray(thresholds, dtype=float))
    result: Floats = prevalence - (1.0 - prevalence) * odds
    return result


def avoided(benefit: Floats, of_all: Floats, thresholds: npt.ArrayLike) -> Floats:
    """Net interventions avoided per 1,000 patients, against intervening in everybody, without a missed case more.

    NaN at a threshold probability of 0, where an intervention avoided is worth nothing.
    """
    odds = _odds(np.asarray(thresholds, dtype=float))
    result: Floats = PER * (benefit - of_all) / np.where(odds > 0.0, odds, np.nan)
    return result


def _odds(thresholds: Floats) -> Floats:
    result: Floats = thresholds / (1.0 - thresholds)
    return result


def _cells(positive: npt.NDArray[np.bool_], predicted: npt.ArrayLike, cuts: Floats) -> npt.NDArray[np.int64]:
    """Patients by class (negative, positive) and by how many rising cuts their probability reaches [2, k + 1]."""
    values = probabilities(predicted, n=positive.size)
    reached = np.searchsorted(cuts, values, side="right")
    counts = np.bincount(reached + (cuts.size + 1) * positive, minlength=2 * (cuts.size + 1))
    return counts.reshape(2, cuts.size + 1)


def _benefits(cells: npt.NDArray[np.int64], cuts: Floats) -> tuple[Floats, Floats]:
    """Net benefit of the model and of treating all, from cells [b, 2, k + 1]; both [b, k]."""
    n = cells.sum(axis=(1, 2))[:, None]
    called = np.cumsum(cells[:, :, ::-1], axis=2)[:, :, ::-1]
    odds = _odds(cuts)
    benefit: Floats = called[:, 1, 1:] / n - called[:, 0, 1:] / n * odds
    of_all: Floats = called[:, 1, :1] / n - called[:, 0, :1] / n * odds
    return benefit, of_all


def bootstrap_cells(
    cells: npt.NDArray[np.int64], *, replicates: int, random: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Cells of bootstrap samples [b, 2, k + 1].

    Resampling patients with replacement draws their cells from a multinomial distribution. All that a net benefit
    needs of a sample are these counts, so that thousands of samples cost one draw.
    """
    total = int(cells.sum())
    return random.multinomial(total, cells.ravel() / total, size=replicates).reshape(replicates, *cells.shape)


def decision_curve(
    labels: npt.ArrayLike, predicted: npt.ArrayLike, thresholds: npt.ArrayLike, *, replicates: int, seed: int
) -> pd.DataFrame:
    """Decision curve of a model with its pointwise 95 % bootstrap band (percentiles).

    Args:
        labels: 0/1 or bool [n].
        predicted: probabilities [n].
        thresholds: rising threshold probabilities in [0, 1) [k].
        replicates: bootstrap samples; 0 for no band.
        seed: of the bootstrap.

    Returns:
        threshold_probability, net_benefit, low, high, standardised_net_benefit (over the prevalence), avoided_per_1000,
        avoided_low, avoided_high.
    """
    positive, cuts = binary_labels(labels), np.asarray(thresholds, dtype=float)
    cells = _cells(positive, predicted, cuts)
    benefit, of_all = (values[0] for values in _benefits(cells[None], cuts))
    share = float(positive.mean()) if positive.size else np.nan
    frame = pd.DataFrame(
        {
            "threshold_probability": cuts,
            "net_benefit": benefit,
            "standardised_net_benefit": benefit / share if share > 0.0 else np.nan,
            "avoided_per_1000": avoided(benefit, of_all, cuts),
        }
    )
    columns = ("low", "high", "avoided_low", "avoided_high")
    if replicates == 0:
        return frame.assign(**dict.fromkeys(columns, np.nan))
    drawn = bootstrap_cells(cells, replicates=replicates, random=np.random.default_rng(seed))
    benefits, of_alls = _benefits(drawn, cuts)
    limits = [np.quantile(values, [0.025, 0.975], axis=0) for values in (benefits, avoided(benefits, of_alls, cuts))]
    return frame.assign(**dict(zip(columns, np.concatenate(limits), strict=True)))


def treat_all_curve(labels: npt.ArrayLike, thresholds: npt.ArrayLike, *, replicates: int, seed: int) -> pd.DataFrame:
    """Net benefit of intervening in everybody with its bootstrap band.

    Returns:
        threshold_probability, net_benefit, low, high.
    """
    positive, cuts = binary_labels(labels), np.asarray(thresholds, dtype=float)
    share = float(positive.mean())
    frame = pd.DataFrame({"threshold_probability": cuts, "net_benefit": net_benefit_of_all(share, cuts)})
    if replicates == 0:
        return frame.assign(low=np.nan, high=np.nan)
    shares = np.random.default_rng(seed).binomial(positive.size, share, size=replicates) / positive.size
    low, high = (net_benefit_of_all(limit, cuts) for limit in np.quantile(shares, [0.025, 0.975]))
    return frame.assign(low=low, high=high)


def decision_curve_table(table: pd.DataFrame, thresholds: npt.ArrayLike, *, replicates: int, seed: int) -> pd.DataFrame:
    """Decision curves of every model, of treating all and of treating none, per site and threshold.

    Treating all is evaluated on the patients of the first model there; each model on its own.

    Args:
        table: checked predictions.
        thresholds: rising threshold probabilities [k].
        replicates: bootstrap samples.
        seed: the study's seed.

    Returns:
        `CURVE_COLUMNS`.
    """
    frames = []
    told: set[tuple[str, str]] = set()
    for site, model, threshold, part in parts(table):
        labels = part["label"].to_numpy()
        derived = derive_seed(seed, "net benefit", site, model, threshold)
        curve = decision_curve(labels, part["probability"].to_numpy(), thresholds, replicates=replicates, seed=derived)
        keys: dict[str, Any] = {"site": site, "threshold": threshold, "n": labels.size, "n_positive": int(labels.sum())}
        note = "" if 0 < labels.sum() < labels.size else "one class only"
        frames.append(curve.assign(**keys, strategy=model, note=note)[CURVE_COLUMNS])
        if (site, threshold) not in told:
            told.add((site, threshold))
            own = derive_seed(seed, "net benefit", site, ALL, threshold)
            of_all = treat_all_curve(labels, thresholds, replicates=replicates, seed=own)
            nothing = curve[["threshold_probability"]].assign(net_benefit=0.0, low=0.0, high=0.0)
            for strategy, frame in ((ALL, of_all), (NONE, nothing)):
                frames.append(frame.assign(**keys, strategy=strategy, note=note).reindex(columns=CURVE_COLUMNS))
    if not frames:
        return pd.DataFrame(columns=CURVE_COLUMNS)
    whole = pd.concat([frame.dropna(axis=1, how="all") for frame in frames], ignore_index=True)
    return whole.reindex(columns=CURVE_COLUMNS)


def net_benefit_differences(table: pd.DataFrame, study: Study, thresholds: npt.ArrayLike) -> pd.DataFrame:
    """Difference of net benefit between every two models on the same patients, with 95 % intervals.

    A net benefit is a mean over patients of y c - (1 - y) c t / (1 - t), c whether the probability reaches t. The
    difference is therefore the mean of a paired difference, with its standard error (Vickers, Stat Med 2008;8:53 by
    bootstrap; closed form as Marsh et al., Stat Med 2020;39:2980).

    Returns:
        `DIFFERENCE_COLUMNS`; model_a minus model_b.
    """
    cuts = np.asarray(thresholds, dtype=float)
    odds = _odds(cuts)
    by_part = {(site, model, threshold): rows.set_index("patient") for site, model, threshold, rows in parts(table)}
    frames = []
    for site in (site.name for site in study.sites):
        for threshold in (threshold.name for threshold in study.thresholds):
            for model_b, model_a in combinations(models_present(table), 2):
                a, b = by_part.get((site, model_a, threshold)), by_part.get((site, model_b, threshold))
                if a is None or b is None:
                    continue
                shared = a.index.intersection(b.index)
                if len(shared) < 2:
                    continue
                positive = a.loc[shared, "label"].to_numpy() == 1
                reached = [
                    np.searchsorted(cuts, part.loc[shared, "probability"].to_numpy(), side="right") for part in (a, b)
                ]
                # Only patients whom one model alone calls positive differ: by 1, or by the odds of the threshold.
                places = np.arange(cuts.size)
                gained = (reached[0][:, None] > places).astype(np.int8) - (reached[1][:, None] > places).astype(np.int8)
                hits, alarms = gained[positive].sum(axis=0, dtype=float), gained[~positive].sum(axis=0, dtype=float)
                squares = (
                    np.abs(gained[positive]).sum(axis=0, dtype=float),
                    np.abs(gained[~positive]).sum(axis=0, dtype=float),
                )
                n = len(shared)
                difference = (hits - alarms * odds) / n
                variance = (squares[0] + squares[1] * odds**2 - n * difference**2) / (n - 1) / n
                half = NORMAL_975 * np.sqrt(np.maximum(variance, 0.0))
                frames.append(pd.DataFrame({
                    "site": site, "threshold": threshold, "threshold_probability": cuts, "model_a": model_a,
                    "model_b": model_b, "n": n, "difference": difference, "low": difference - half,
                    "high": difference + half, "note": "",
                }))  # fmt: skip
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=DIFFERENCE_COLUMNS)
