"""Tables of predicted beside observed risks at a horizon: calibration by tenths, and net benefit."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cacs_cxr.prognosis.absolute_risk import calibration_groups, net_benefit
from cacs_cxr.prognosis.follow_up import DAYS_PER_YEAR
from cacs_cxr.prognosis.incremental_value import DEVELOPMENT, HERE
from cacs_cxr.prognosis.nested_models import MODELS
from cacs_cxr.prognosis.risk_sets import Floats
from cacs_cxr.prognosis.site_models import SiteModels

CALIBRATION_COLUMNS = [
    "site", "fitted_at", "model", "horizon_years", "group", "n", "events", "mean_predicted", "observed", "low", "high",
]  # fmt: skip
BENEFIT_COLUMNS = ["site", "fitted_at", "model", "horizon_years", "threshold", "net_benefit", "treat_all"]


def calibration_table(site: SiteModels, *, horizon_years: float) -> pd.DataFrame:
    """Mean predicted and observed risk in tenths of the predicted one, `CALIBRATION_COLUMNS`."""
    frames = [pd.DataFrame(columns=CALIBRATION_COLUMNS)]
    for fitted_at, name, risk in _risks(site):
        groups = calibration_groups(
            site.patients.time, site.patients.event, risk, horizon=horizon_years * DAYS_PER_YEAR
        )
        known = groups.assign(site=site.patients.site, fitted_at=fitted_at, model=name, horizon_years=horizon_years)
        frames.append(known[CALIBRATION_COLUMNS])
    return pd.concat(frames[1:] or frames, ignore_index=True)


def benefit_table(site: SiteModels, *, horizon_years: float, thresholds: Sequence[float]) -> pd.DataFrame:
    """Net benefit of every model at every threshold beside treating all patients, `BENEFIT_COLUMNS`; none is 0."""
    patients, horizon = site.patients, horizon_years * DAYS_PER_YEAR
    rows = []
    for fitted_at, name, risk in _risks(site):
        values = net_benefit(patients.time, patients.event, risk, horizon=horizon, thresholds=thresholds)
        everyone = net_benefit(
            patients.time, patients.event, np.ones(patients.time.size), horizon=horizon, thresholds=thresholds
        )
        rows += [
            (patients.site, fitted_at, name, horizon_years, threshold, value, treated)
            for threshold, value, treated in zip(thresholds, values, everyone, strict=True)
        ]
    return pd.DataFrame(rows, columns=BENEFIT_COLUMNS)


def _risks(site: SiteModels) -> list[tuple[str, str, Floats]]:
    """Predicted risks of every model, their means over the data sets; none where they are not known."""
    found = []
    for fitted_at, performances in ((HERE, site.fitted), (DEVELOPMENT, site.frozen)):
        for name in MODELS:
            risks = [by_model[name].risk for by_model in performances if name in by_model]
            if risks and not site.failure(name):
                mean = np.mean(risks, axis=0)
                if np.isfinite(mean).all():
                    found.append((fitted_at, name, mean))
    return found
