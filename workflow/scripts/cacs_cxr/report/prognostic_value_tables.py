"""Tables of incremental value, proportional hazards, competing risks and sensitivity as text."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from cacs_cxr.report.numbers import count, estimate, p_value, signed
from cacs_cxr.report.prognosis_tables import category_label
from cacs_cxr.study import Study
from cacs_cxr.terms import category_of, factor_label

Row = Mapping[Any, Any]
NONE = "–"
MODELS = {
    "clinical": "clinical factors",
    "clinical + predicted": "+ predicted category",
    "clinical + expected category": "+ predicted risk (expected category)",
    "clinical + actual": "+ actual category",
    "clinical + both": "+ both categories",
}
PREDICTIONS = {"category": "predicted category", "expected category": "predicted risk (expected category)"}


def finite(*numbers: Any) -> bool:
    """Whether all are numbers."""
    return all(number is not None and bool(np.isfinite(float(number))) for number in numbers)


def noted(row: Row) -> str:
    """The note of a row, empty where there is none."""
    return row["note"] if isinstance(row["note"], str) else ""


def chi_squared(statistic: Any, df: Any) -> str:
    """A chi-squared statistic with its degrees of freedom."""
    return f"{float(statistic):.1f} ({int(df)})" if finite(statistic, df) else NONE


def frame(rows: list[dict[str, str]], columns: Sequence[str]) -> pd.DataFrame:
    """Rows as a table; without any, the columns that it would have."""
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=list(columns))


def incremental_text(models: pd.DataFrame, comparisons: pd.DataFrame) -> pd.DataFrame:
    """Every model: fit, concordance, AUC, calibration, and its difference from the clinical factors alone.

    Args:
        models: as `cacs_cxr.prognosis.incremental_value.model_table` writes it.
        comparisons: as its `comparison_table` writes it.
    """
    beyond = {
        (row["site"], row["larger"]): row
        for row in comparisons[comparisons["smaller"] == "clinical"].to_dict("records")
    }
    rows = []
    for row in models.to_dict("records"):
        own = beyond.get((row["site"], row["model"]), {}) if row["fitted_at"] == "site" else {}
        years = f"{row['horizon_years']:g}"
        rows.append(
            {
                "site": row["site"],
                "fitted at": "this site" if row["fitted_at"] == "site" else "development site",
                "model": MODELS[row["model"]],
                "patients": count(row["n"]),
                "events": count(row["events"]),
                "χ² beyond clinical (df)": chi_squared(own.get("lr_chi2"), own.get("lr_df")),
                "p": p_value(own["lr_p"]) if finite(own.get("lr_p")) else NONE,
                "AIC": f"{row['aic']:.1f}" if finite(row["aic"]) else NONE,
                "C (95 % CI)": estimate(row["c"], row["c_low"], row["c_high"], digits=3),
                "C less optimism": f"{row['c_corrected']:.3f}" if finite(row["c_corrected"]) else NONE,
                "difference of C (95 % CI)": estimate(own["delta_c"], own["delta_c_low"], own["delta_c_high"], digits=3)
                if finite(own.get("delta_c"))
                else NONE,
                f"Uno's C until {years} years": estimate(row["uno_c"], row["uno_c_low"], row["uno_c_high"], digits=3),
                f"AUC at {years} years": estimate(row["auc"], row["auc_low"], row["auc_high"], digits=3),
                "calibration slope": f"{row['calibration_slope']:.2f}" if finite(row["calibration_slope"]) else NONE,
                f"predicted / observed risk at {years} years, %": f"{100 * row['mean_predicted']:.1f} / "
                f"{100 * row['observed']:.1f}"
                if finite(row["mean_predicted"], row["observed"])
                else NONE,
                "note": noted(row),
            }
        )
    return pd.DataFrame(rows)


def carried_text(carried: pd.DataFrame) -> pd.DataFrame:
    """How much of the actual category's prognostic information the prediction carries."""
    rows = [
        {
            "site": row["site"],
            "model": row["adjustment"],
            "prediction": PREDICTIONS[row["prediction"]],
            "patients": count(row["n"]),
            "events": count(row["events"]),
            "χ² of the prediction (df)": chi_squared(row["chi2_predicted"], row["df_predicted"]),
            "χ² of the actual category (df)": chi_squared(row["chi2_actual"], row["df_actual"]),
            "ratio (95 % CI)": estimate(row["ratio"], row["low"], row["high"]),
            "note": noted(row),
        }
        for row in carried.to_dict("records")
    ]
    return pd.DataFrame(rows)


def discordant_text(discordant: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Prognosis of patients whom prediction and score put on different sides of a threshold; no counts."""
    labels = {threshold.name: threshold.label for threshold in study.thresholds}
    rows = [
        {
            "site": row["site"],
            "threshold": labels.get(row["threshold"], row["threshold"]),
            "patients": row["group"],
            "against": row["reference"],
            "HR (95 % CI)": estimate(row["hr"], row["low"], row["high"]),
            "p": p_value(row["p"]) if finite(row["p"]) else NONE,
            "log-rank p": p_value(row["logrank_p"]) if finite(row["logrank_p"]) else NONE,
            "note": noted(row),
        }
        for row in discordant.to_dict("records")
    ]
    return frame(rows, ["site", "threshold", "patients", "against", "HR (95 % CI)", "p", "log-rank p", "note"])


def proportionality_text(tests: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Tests of proportional hazards of every term by the declared transform of time, the others' p-values beside it."""
    factors = {factor.term: factor_label(factor) for factor in study.factors}
    declared = tests.loc[tests["violated"].notna(), "transform"]
    transform = str(declared.iloc[0]) if len(declared) else "km"
    others = [name for name in dict.fromkeys(tests["transform"].astype(str)) if name != transform]
    rows = []
    for key, group in tests.groupby(["site", "grouping", "adjustment", "term"], sort=False):
        site, grouping, adjustment, term = (str(part) for part in key)
        by_transform = {str(row["transform"]): row for row in group.to_dict("records")}
        row = by_transform.get(transform)
        if row is None:
            continue
        names = {"category": "all categories", "GLOBAL": "all terms"}
        rows.append(
            {
                "site": site,
                "category by": grouping,
                "model": adjustment,
                "term": names.get(term) or factors.get(term, term),
                "χ² (df)": chi_squared(row["chi2"], row["df"]),
                f"p ({transform})": p_value(row["p"]),
                **{f"p ({name})": p_value(by_transform[name]["p"]) for name in others if name in by_transform},
                "note": noted(row),
            }
        )
    return frame(rows, ["site", "category by", "model", "term", "χ² (df)", "note"])


def periods_text(periods: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Adjusted hazard ratios by period, where hazards are not proportional."""
    rows = []
    for row in periods.to_dict("records"):
        stop = f"{row['to_years']:g}" if finite(row["to_years"]) else "end"
        rows.append(
            {
                "site": row["site"],
                "category by": row["grouping"],
                "category": category_label(str(row["category"]), study),
                "years": f"{row['from_years']:g} to {stop}",
                "HR (95 % CI)": estimate(row["hr"], row["low"], row["high"]),
                "p": p_value(row["p"]) if finite(row["p"]) else NONE,
                "p of the change, all categories": p_value(row["change_p"]) if finite(row["change_p"]) else NONE,
                "note": noted(row),
            }
        )
    return frame(
        rows,
        ["site", "category by", "category", "years", "HR (95 % CI)", "p", "p of the change, all categories", "note"],
    )


def means_text(means: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Restricted mean times free of the event, where hazards are not proportional."""
    rows = [
        {
            "site": row["site"],
            "category by": row["grouping"],
            "category": category_label(str(row["category"]), study),
            f"mean days free of the event until {row['horizon_years']:g} years (SE)": f"{row['mean_days']:,.0f} "
            f"({row['se']:.1f})"
            if finite(row["mean_days"])
            else "not estimable",
            "difference from the lowest (95 % CI)": estimate(row["difference_days"], row["low"], row["high"], digits=0)
            if finite(row["difference_days"])
            else NONE,
            "p": p_value(row["p"]) if finite(row["p"]) else NONE,
            "note": noted(row),
        }
        for row in means.to_dict("records")
    ]
    return frame(rows, ["site", "category by", "category", "difference from the lowest (95 % CI)", "p", "note"])


def competing_text(incidence: pd.DataFrame, hazards: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Incidence by category at the last horizon that is reached, and hazard ratios of both causes; no counts."""
    known = incidence[(incidence["cause"] == "event") & incidence["incidence"].notna()]
    present = hazards[~hazards["note"].fillna("").str.contains("no competing event is recorded")]
    ratios = {
        (row["site"], row["grouping"], category_of(str(row["term"]), study), row["method"], row["cause"]): row
        for row in present.to_dict("records")
    }
    rows = []
    for key, group in known.groupby(["site", "grouping", "category"], sort=False):
        site, grouping, category = (str(part) for part in key)
        if site not in set(present["site"]):
            continue
        last = group.sort_values("horizon_years").iloc[-1]
        percent = [100 * float(last[name]) for name in ("incidence", "low", "high")]
        cells = {}
        for method, cause, label in (
            ("cause-specific", "event", "cause-specific HR, event (95 % CI)"),
            ("cause-specific", "competing", "cause-specific HR, competing event (95 % CI)"),
            ("Fine-Gray", "event", "subdistribution HR, event (95 % CI)"),
        ):
            found = ratios.get((site, grouping, category, method, cause))
            cells[label] = NONE if found is None else estimate(found["hr"], found["low"], found["high"])
        rows.append(
            {
                "site": site,
                "category by": grouping,
                "category": category_label(category, study),
                "year": f"{last['horizon_years']:g}",
                "incidence, % (95 % CI)": estimate(*percent, digits=1),
                "1 − Kaplan–Meier, %": f"{100 * last['one_minus_kaplan_meier']:.1f}",
                **cells,
            }
        )
    return frame(rows, ["site", "category by", "category", "year", "incidence, % (95 % CI)", "1 − Kaplan–Meier, %"])


def sensitivity_text(sensitivity: pd.DataFrame) -> pd.DataFrame:
    """The main hazard ratio under every choice."""
    rows = [
        {
            "site": row["site"],
            "category by": row["grouping"],
            "analysis": row["label"],
            "patients": count(row["n"]) if finite(row["n"]) else NONE,
            "events": count(row["events"]) if finite(row["events"]) else NONE,
            "HR, highest against lowest (95 % CI)": estimate(row["hr"], row["low"], row["high"])
            if finite(row["hr"])
            else NONE,
            "p": p_value(row["p"]) if finite(row["p"]) else NONE,
            "HR per category (95 % CI)": estimate(row["trend_hr"], row["trend_low"], row["trend_high"])
            if finite(row["trend_hr"])
            else NONE,
            "note": noted(row),
        }
        for row in sensitivity.to_dict("records")
    ]
    return pd.DataFrame(rows)


def few_events_text(few: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Intervals that stand where a category has few events or none; no counts."""
    rows = [
        {
            "site": row["site"],
            "category by": row["grouping"],
            "model": row["adjustment"],
            "category": category_label(str(row["category"]), study),
            "method": row["method"],
            "HR (95 % limits)": f"{bounded(row['hr'])} ({bounded(row['low'])}–{bounded(row['high'])})"
            if not np.isnan(float(row["low"]))
            else "not estimable",
            "likelihood ratio p": p_value(row["p"]) if finite(row["p"]) else NONE,
            "note": noted(row),
        }
        for row in few.to_dict("records")
    ]
    return frame(
        rows, ["site", "category by", "model", "category", "method", "HR (95 % limits)", "likelihood ratio p", "note"]
    )


def bounded(ratio: float) -> str:
    """A ratio that may be without bound."""
    value = float(ratio)
    return "∞" if np.isinf(value) else signed(value, 2) if value < 1000 else f"{value:.2g}"
