"""Predicted risks at a horizon beside observed ones: calibration by groups, and net benefit with censoring."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.prognosis.kaplan_meier import kaplan_meier

Floats = npt.NDArray[np.float64]


def observed_risk(time: npt.ArrayLike, event: npt.ArrayLike, *, horizon: float) -> tuple[float, float, float]:
    """1 - Kaplan-Meier at a horizon with log-log limits; NaN without patients or after the end of follow-up."""
    if not np.asarray(time).size:
        return np.nan, np.nan, np.nan
    survival, _, low, high = kaplan_meier(time, event).at(horizon)
    return 1 - survival, 1 - high, 1 - low


def calibration_groups(
    time: npt.ArrayLike, event: npt.ArrayLike, risk: npt.ArrayLike, *, horizon: float, groups: int = 10
) -> pd.DataFrame:
    """Mean predicted and observed risk of groups of equal size by predicted risk.

    Cuts are quantiles (R's type 7, right-closed); groups that ties of the prediction leave empty are left out.

    Args:
        time: days [n].
        event: whether the event happened [n].
        risk: predicted probability of the event until the horizon [n].
        horizon: days.
        groups: how many.

    Returns:
        group (from 1), n, events (until the horizon), mean_predicted, observed, low, high.
    """
    days, happened, predicted = np.asarray(time), np.asarray(event, dtype=bool), np.asarray(risk, dtype=float)
    cuts = np.unique(np.quantile(predicted, np.linspace(0, 1, groups + 1)))
    place = np.clip(np.searchsorted(cuts, predicted, side="left"), 1, max(cuts.size - 1, 1))
    rows = []
    for number, group in enumerate(np.unique(place), start=1):
        here = place == group
        value, low, high = observed_risk(days[here], happened[here], horizon=horizon)
        rows.append(
            {
                "group": number,
                "n": int(here.sum()),
                "events": int((happened[here] & (days[here] <= horizon)).sum()),
                "mean_predicted": float(predicted[here].mean()),
                "observed": value,
                "low": low,
                "high": high,
            }
        )
    return pd.DataFrame(rows)


def net_benefit(
    time: npt.ArrayLike, event: npt.ArrayLike, risk: npt.ArrayLike, *, horizon: float, thresholds: Sequence[float]
) -> Floats:
    """Net benefit of treating patients whose risk is above each threshold.

    (1 - S) P - S P p / (1 - p), with P the share above the threshold p and S their Kaplan-Meier survival at the
    horizon; NaN where that is not known, 0 where nobody is above (Vickers and others, BMC Med Inform Decis Mak
    2008;8:53).

    Args:
        time: days [n].
        event: whether the event happened [n].
        risk: predicted probability of the event until the horizon [n].
        horizon: days.
        thresholds: probabilities, 0 < p < 1.
    """
    days, happened, predicted = np.asarray(time), np.asarray(event, dtype=bool), np.asarray(risk, dtype=float)
    values = []
    for threshold in thresholds:
        above = predicted > threshold
        if not above.any():
            values.append(0.0)
            continue
        event_risk = observed_risk(days[above], happened[above], horizon=horizon)[0]
        share = above.mean()
        values.append(float(event_risk * share - (1 - event_risk) * share * threshold / (1 - threshold)))
    return np.array(values)
