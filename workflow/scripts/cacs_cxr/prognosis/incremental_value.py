"""What the categories add to clinical factors: tables of the nested models, their comparisons, and the information that
the prediction carries."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cacs_cxr.prognosis.absolute_risk import observed_risk
from cacs_cxr.prognosis.concordance import Concordance
from cacs_cxr.prognosis.cox import cox_regression
from cacs_cxr.prognosis.follow_up import DAYS_PER_YEAR, joined_notes
from cacs_cxr.prognosis.nested_models import (
    CLINICAL,
    COMPARISONS,
    MODELS,
    ONLY_ACTUAL,
    ONLY_EXPECTED,
    ONLY_PREDICTED,
    WITH_ACTUAL,
    WITH_EXPECTED,
    WITH_PREDICTED,
    Performance,
)
from cacs_cxr.prognosis.pooled_models import chi_squared_test
from cacs_cxr.prognosis.pooling import half_width, pooled_proportion, pooled_value, two_sided_p
from cacs_cxr.prognosis.resampling import percentile_limits
from cacs_cxr.prognosis.risk_sets import Floats
from cacs_cxr.prognosis.site_models import SiteModels
from cacs_cxr.prognosis.time_dependent_auc import TimeDependentAuc

HERE, DEVELOPMENT = "site", "development"
MODEL_COLUMNS = [
    "site", "fitted_at", "model", "n", "events", "parameters", "events_per_parameter", "lr_chi2", "lr_df", "lr_p",
    "aic", "c", "c_se", "c_low", "c_high", "c_optimism", "c_corrected", "calibration_slope",
    "uno_c", "uno_c_se", "uno_c_low", "uno_c_high", "horizon_years", "auc", "auc_se", "auc_low", "auc_high",
    "mean_predicted", "observed", "observed_low", "observed_high", "replicates", "imputations", "note",
]  # fmt: skip
COMPARISON_COLUMNS = [
    "site", "smaller", "larger", "n", "events", "lr_chi2", "lr_df", "lr_residual_df", "lr_p", "aic_difference",
    *(f"delta_{measure}{suffix}" for measure in ("c", "uno_c", "auc") for suffix in ("", "_se", "_low", "_high", "_p")),
    "horizon_years", "imputations", "note",
]  # fmt: skip
CARRIED_COLUMNS = [
    "site", "adjustment", "prediction", "n", "events", "chi2_predicted", "df_predicted", "chi2_actual", "df_actual",
    "ratio", "low", "high", "replicates", "imputations", "note",
]  # fmt: skip


def model_table(site: SiteModels, *, horizon_years: float) -> pd.DataFrame:
    """A row a model, `MODEL_COLUMNS`: what it was fitted on, how well it fits, orders and predicts.

    `fitted_at` is ``site`` for models fitted on the patients they are measured on, whose C is optimistic:
    `c_corrected` takes off the optimism of the bootstrap, and `calibration_slope` is the slope that new patients would
    have. It is ``development`` for the development site's models applied to an external site without any change: there
    C needs no correction, and the slope is that of the predictor in a Cox model of its own.
    """
    rows = []
    for fitted_at, performances in ((HERE, site.fitted), (DEVELOPMENT, site.frozen)):
        for name in MODELS:
            found = [by_model[name] for by_model in performances if name in by_model]
            if found or fitted_at == HERE:
                rows.append(_model_row(site, name, found, fitted_at=fitted_at, horizon_years=horizon_years))
    return pd.DataFrame(rows, columns=MODEL_COLUMNS)


def _model_row(
    site: SiteModels, name: str, found: Sequence[Performance], *, fitted_at: str, horizon_years: float
) -> dict[str, object]:
    patients = site.patients
    failure = site.failure(name)
    row: dict[str, object] = {
        "site": patients.site,
        "fitted_at": fitted_at,
        "model": name,
        "n": patients.time.size,
        "events": int(patients.event.sum()),
        "horizon_years": horizon_years,
        "imputations": len(found) if len(found) > 1 else 0,
        "note": joined_notes(f"not estimable: {failure}" if failure else "", patients.remark),
    }
    if failure:
        return row
    fits = [one.fit for one in found]
    test = chi_squared_test([2 * (fit.loglik - fit.loglik_null) for fit in fits], df=[fit.parameters for fit in fits])
    parameters = fits[0].parameters
    if fitted_at == HERE:
        optimism = _mean(site.replicates.optimism[name])
        row |= {
            "parameters": parameters,
            "events_per_parameter": patients.event.sum() / parameters if parameters else np.nan,
            "lr_chi2": test.statistic,
            "lr_df": test.df,
            "lr_p": test.p,
            "aic": float(np.mean([2 * fit.parameters - 2 * fit.loglik for fit in fits])),
            "c_optimism": optimism,
            "calibration_slope": _mean(site.replicates.slope[name]),
            "replicates": int(np.isfinite(site.replicates.optimism[name]).sum()),
        }
    for label, parts in _measures(found).items():
        value, se, low, high = pooled_proportion([value_of(part) for part in parts], [part.se for part in parts])
        row |= {label: value, f"{label}_se": se, f"{label}_low": low, f"{label}_high": high}
    if fitted_at == HERE:
        c = pooled_proportion([one.harrell.c for one in found], [one.harrell.se for one in found])[0]
        row["c_corrected"] = c - optimism
    else:
        row["calibration_slope"] = _slope(site, found)
    risk = np.mean([one.risk for one in found], axis=0)
    observed, low, high = observed_risk(patients.time, patients.event, horizon=horizon_years * DAYS_PER_YEAR)
    row |= {"mean_predicted": float(risk.mean()), "observed": observed, "observed_low": low, "observed_high": high}
    if np.isnan(risk).any():
        early = f"risks at {horizon_years:g} years, Uno's C and AUC not estimable: follow-up ends earlier"
        row["note"] = joined_notes(early, patients.remark)
    if not any(np.isfinite(one.harrell.c) for one in found):
        row["note"] = joined_notes("not estimable: no two patients whose order of events is known", patients.remark)
    return row


def comparison_table(site: SiteModels, *, horizon_years: float) -> pd.DataFrame:
    """A row a pair of models, `COMPARISON_COLUMNS`: likelihood ratio of nested ones, and differences with their errors.

    Differences of C and AUC are tested with the covariance of both in the same patients. In models fitted on the
    patients they are measured on such a test is not valid for whether a marker adds anything: the likelihood ratio is
    (Demler and others, Stat Med 2012;31:2577).
    """
    rows = []
    for smaller, larger, kind in COMPARISONS:
        patients = site.patients
        pairs = [(by_model[smaller], by_model[larger]) for by_model in site.fitted]
        failure = site.failure(smaller, larger)
        row: dict[str, object] = {
            "site": patients.site,
            "smaller": smaller,
            "larger": larger,
            "n": patients.time.size,
            "events": int(patients.event.sum()),
            "horizon_years": horizon_years,
            "imputations": len(pairs) if len(pairs) > 1 else 0,
            "note": joined_notes(f"not estimable: {failure}" if failure else "", patients.remark),
        }
        if not failure:
            row |= _differences(pairs)
            fits = [(one.fit, other.fit) for one, other in pairs]
            row["aic_difference"] = float(
                np.mean([2 * (b.parameters - a.parameters) - 2 * (b.loglik - a.loglik) for a, b in fits])
            )
            if kind == "nested":
                test = chi_squared_test(
                    [2 * (b.loglik - a.loglik) for a, b in fits], df=[b.parameters - a.parameters for a, b in fits]
                )
                residual = test.residual_df if np.isfinite(test.residual_df) else np.nan
                row |= {"lr_chi2": test.statistic, "lr_df": test.df, "lr_residual_df": residual, "lr_p": test.p}
            else:
                row["note"] = joined_notes("not nested: no likelihood ratio", patients.remark)
        rows.append(row)
    return pd.DataFrame(rows, columns=COMPARISON_COLUMNS)


def carried_table(site: SiteModels) -> pd.DataFrame:
    """How much of the actual category's prognostic information the prediction carries, `CARRIED_COLUMNS`.

    The ratio of two likelihood ratio chi-squared statistics in the same patients: of the prediction beyond the clinical
    factors (adjusted) or against no predictor (unadjusted), over that of the actual category (Harrell's adequacy index,
    Regression Modeling Strategies, section 9.8). Limits are percentiles of the bootstrap, each statistic less its
    degrees of freedom, by which resampling inflates it. Over imputed data sets the statistics are means.
    """
    gain = site.replicates.gain
    rows = []
    for adjustment, base, actual, options in (
        ("unadjusted", None, ONLY_ACTUAL, {"category": ONLY_PREDICTED, "expected category": ONLY_EXPECTED}),
        ("adjusted", CLINICAL, WITH_ACTUAL, {"category": WITH_PREDICTED, "expected category": WITH_EXPECTED}),
    ):
        for prediction, predicted in options.items():
            row: dict[str, object] = {
                "site": site.patients.site,
                "adjustment": adjustment,
                "prediction": prediction,
                "n": site.patients.time.size,
                "events": int(site.patients.event.sum()),
                "imputations": len(site.designs) if len(site.designs) > 1 else 0,
            }
            failure = site.failure(predicted, actual, *([base] if base else []))
            if not failure:
                values = {name: _gain(site, name, base) for name in (predicted, actual)}
                ratio = values[predicted][0] / values[actual][0] if values[actual][0] > 0 else np.nan
                less = 0.0 if base is None else gain[base]
                # Resampling inflates a likelihood ratio by its degrees of freedom, on average.
                above, below = (np.maximum(gain[name] - less - values[name][1], 0.0) for name in (predicted, actual))
                drawn = np.divide(above, below, out=np.full(above.size, np.nan), where=below > 0)
                low, high = percentile_limits(drawn)
                row |= {
                    "chi2_predicted": values[predicted][0],
                    "df_predicted": values[predicted][1],
                    "chi2_actual": values[actual][0],
                    "df_actual": values[actual][1],
                    "ratio": ratio,
                    "low": low,
                    "high": high,
                    "replicates": int(np.isfinite(drawn).sum()),
                }
                if not values[actual][0] > values[actual][1]:
                    failure = "the actual category itself adds no more than chance would"
                    row |= {"ratio": np.nan, "low": np.nan, "high": np.nan}
            row["note"] = joined_notes(f"not estimable: {failure}" if failure else "", site.patients.remark)
            rows.append(row)
    return pd.DataFrame(rows, columns=CARRIED_COLUMNS)


def value_of(measure: Concordance | TimeDependentAuc) -> float:
    """A C or an AUC as a number."""
    return measure.c if isinstance(measure, Concordance) else measure.auc


def _measures(found: Sequence[Performance]) -> dict[str, list[Concordance | TimeDependentAuc]]:
    return {
        "c": [one.harrell for one in found],
        "uno_c": [one.uno for one in found],
        "auc": [one.auc for one in found],
    }


def _differences(pairs: Sequence[tuple[Performance, Performance]]) -> dict[str, float]:
    """Differences larger minus smaller of C, Uno's C and AUC, pooled over the data sets."""
    smaller, larger = (_measures(found) for found in zip(*pairs, strict=True))
    row: dict[str, float] = {}
    for name in smaller:
        both = list(zip(smaller[name], larger[name], strict=True))
        n = both[0][0].influence.size
        # As in each measure's own standard error: R's Score has n - 1 in the AUC's.
        factor = np.sqrt(n / (n - 1)) if name == "auc" and n > 1 else 1.0
        value, se, df = pooled_value(
            [value_of(b) - value_of(a) for a, b in both],
            [factor * float(np.linalg.norm(b.influence - a.influence)) for a, b in both],
        )
        known = se > 0
        half = half_width(se, df=df)
        row |= {
            f"delta_{name}": value,
            f"delta_{name}_se": se if known else np.nan,
            f"delta_{name}_low": value - half if known else np.nan,
            f"delta_{name}_high": value + half if known else np.nan,
            f"delta_{name}_p": two_sided_p(value, se, df=df) if known else np.nan,
        }
    return row


def _gain(site: SiteModels, name: str, base: str | None) -> tuple[float, int]:
    """Mean likelihood ratio of a model beyond another one (or none), and its degrees of freedom."""
    values, df = [], 0
    for fits in site.fits:
        fit = fits[name]
        less, fewer = (fits[base].loglik, fits[base].parameters) if base is not None else (fit.loglik_null, 0)
        values.append(2 * (fit.loglik - less))
        df = fit.parameters - fewer
    return float(np.mean(values)), df


def _slope(site: SiteModels, found: Sequence[Performance]) -> float:
    """Calibration slope of a predictor: its coefficient in a Cox model of these patients with it alone."""
    slopes = []
    for one in found:
        if np.ptp(one.predictor) == 0:
            return np.nan
        fit = cox_regression(site.patients.time, site.patients.event, one.predictor[:, np.newaxis])
        slopes.append(float(fit.coefficients[0]))
    return float(np.mean(slopes)) if slopes else np.nan


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else np.nan
