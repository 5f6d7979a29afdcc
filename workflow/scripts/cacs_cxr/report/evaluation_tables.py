"""Tables of calibration, sites, operating points, net benefit, agreement, subgroups and robustness as text."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from cacs_cxr.report.numbers import NOT_ESTIMABLE, count, estimate, p_value, share, signed
from cacs_cxr.report.performance_tables import labelled
from cacs_cxr.study import Study, headline_model, model_label

PRINTED_PROBABILITIES = (0.05, 0.1, 0.2, 0.4)
RULES = {"youden": "Youden", "prevalence": "as many as are positive"}


def with_interval(row: Mapping[Any, Any], name: str, *, digits: int = 2) -> str:
    """An estimate with its interval from the columns name, name_low and name_high."""
    return estimate(row[name], row[f"{name}_low"], row[f"{name}_high"], digits=digits)


def number(value: float, digits: int) -> str:
    """A decimal number, or a dash."""
    return signed(float(value), digits) if np.isfinite(value) else "–"


def note_of(row: Mapping[Any, Any]) -> str:
    """The note of a row as text."""
    return row["note"] if isinstance(row["note"], str) else ""


def calibration_text(calibration: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Calibration of every site, threshold and model over all patients; at external sites before and after."""
    rows = [
        {
            "site": row["site"],
            "threshold": row["threshold_label"],
            "model": model_label(row["model"]),
            "probabilities": row["probabilities"],
            "in the large (95 % CI)": with_interval(row, "citl"),
            "slope (95 % CI)": with_interval(row, "slope"),
            "O:E (95 % CI)": with_interval(row, "oe"),
            "ICI": number(row["ici"], 3),
            "E90": number(row["e90"], 3),
            "Brier": number(row["brier"], 3),
            "scaled Brier": number(row["scaled_brier"], 2),
            "note": note_of(row),
        }
        for row in labelled(calibration[calibration["fold"].astype(str) == "pooled"], study).to_dict("records")
    ]
    columns = [
        "site", "threshold", "model", "probabilities", "in the large (95 % CI)", "slope (95 % CI)", "O:E (95 % CI)",
        "ICI", "E90", "Brier", "scaled Brier", "note",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def external_text(site_comparison: pd.DataFrame, study: Study) -> pd.DataFrame:
    """AUC of every external site beside that of development."""
    rows = [
        {
            "site": row["site"],
            "threshold": row["threshold_label"],
            "model": model_label(row["model"]),
            "patients": count(row["n"]),
            "positive, n (%)": share(row["n_positive"], row["n"]),
            "AUC": number(row["auc"], 2),
            "AUC, development": number(row["auc_development"], 2),
            "difference (95 % CI)": estimate(row["difference"], row["low"], row["high"], digits=3),
            "p": p_value(row["p"]),
            "p, Holm over thresholds": p_value(row["p_holm"]),
        }
        for row in labelled(site_comparison, study).to_dict("records")
    ]
    columns = [
        "site", "threshold", "model", "patients", "positive, n (%)", "AUC", "AUC, development",
        "difference (95 % CI)", "p", "p, Holm over thresholds",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def rules_text(points: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Operating points of the headline model by every rule."""
    measures = {"sensitivity": "sensitivity", "specificity": "specificity", "ppv": "PPV", "npv": "NPV"}
    ratios = {"lr_positive": "LR+", "lr_negative": "LR−"}
    rows = [
        {
            "site": row["site"],
            "threshold": row["threshold_label"],
            "rule": rule_phrase(str(row["rule"])),
            "cut-off": cutoff_phrase(row["cutoff_min"], row["cutoff_max"]),
            **{f"{label} (95 % CI)": with_interval(row, name) for name, label in {**measures, **ratios}.items()},
        }
        for row in labelled(of_headline(points), study).to_dict("records")
    ]
    intervals = [f"{label} (95 % CI)" for label in (*measures.values(), *ratios.values())]
    return pd.DataFrame(rows, columns=["site", "threshold", "rule", "cut-off", *intervals])


def rule_phrase(rule: str) -> str:
    """A rule in print: ``sensitivity ≥ 0.9``."""
    measure, _, value = rule.partition(" ")
    if not value:
        return RULES.get(rule, rule)
    return f"{measure} {'of' if measure == 'probability' else '≥'} {value}"


def cutoff_phrase(low: float, high: float) -> str:
    """A cut-off, or the range of the folds' cut-offs."""
    if not np.isfinite(low):
        return NOT_ESTIMABLE
    return f"{low:.3f}" if f"{low:.3f}" == f"{high:.3f}" else f"{low:.3f}–{high:.3f}"


def of_headline(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of the headline model of a table."""
    known = table["model"].dropna()
    return table[table["model"] == headline_model(known)] if len(known) else table


def net_benefit_text(decision_curve: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Net benefit of every strategy at a few of the threshold probabilities, and interventions avoided."""
    columns = [
        "site", "threshold", "threshold probability", "strategy", "net benefit (95 % CI)",
        "interventions avoided per 1,000 (95 % CI)",
    ]  # fmt: skip
    if decision_curve.empty:
        return pd.DataFrame(columns=columns)
    grid = np.sort(decision_curve["threshold_probability"].unique())
    chosen = sorted({float(grid[np.argmin(np.abs(grid - wanted))]) for wanted in PRINTED_PROBABILITIES})
    kept = decision_curve[decision_curve["threshold_probability"].isin(chosen)]
    kept = kept[kept["strategy"] != "treat none"].sort_values("threshold_probability", kind="stable")
    rows = [
        {
            "site": row["site"],
            "threshold": row["threshold_label"],
            "threshold probability": f"{row['threshold_probability']:.2f}",
            "strategy": row["strategy"] if row["strategy"] == "treat all" else model_label(row["strategy"]),
            "net benefit (95 % CI)": estimate(row["net_benefit"], row["low"], row["high"], digits=3),
            "interventions avoided per 1,000 (95 % CI)": "–"
            if pd.isna(row["avoided_per_1000"])
            else estimate(row["avoided_per_1000"], row["avoided_low"], row["avoided_high"], digits=0),
        }
        for row in labelled(kept, study).to_dict("records")
    ]
    return pd.DataFrame(rows, columns=columns)


AGREEMENT = {
    "exact agreement": "exact agreement",
    "within one category": "within one category",
    "kappa linear": "linear κ",
    "kappa quadratic": "quadratic κ",
    "concordance of probabilities": "concordance",
    "crossings repaired": "crossings repaired",
}


def agreement_text(agreement: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Agreement of predicted with actual categories, a row a site and model."""
    rows = []
    for (site, model), part in agreement.groupby(["site", "model"], sort=False):
        if site not in [item.name for item in study.sites]:
            continue
        found = {str(row["statistic"]): row for row in part.to_dict("records")}
        rows.append(
            {
                "site": site,
                "model": model_label(str(model)),
                "patients": count(part["n"].iloc[0]),
                **{
                    f"{label} (95 % CI)": estimate(found[name]["value"], found[name]["low"], found[name]["high"])
                    for name, label in AGREEMENT.items()
                },
            }
        )
    columns = ["site", "model", "patients", *(f"{label} (95 % CI)" for label in AGREEMENT.values())]
    return pd.DataFrame(rows, columns=columns)


def subgroups_text(subgroups: pd.DataFrame, tests: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Subgroups of the headline model, with the adjusted p-values of heterogeneity in the first row of a variable."""
    keys = ["site", "model", "threshold", "variable"]
    found = {tuple(str(row[name]) for name in [*keys, "measure"]): row["p_holm"] for row in tests.to_dict("records")}
    rows = []
    told: set[tuple[str, ...]] = set()
    for row in labelled(of_headline(subgroups), study).to_dict("records"):
        key = tuple(str(row[name]) for name in keys)
        first = key not in told
        told.add(key)
        tested = {
            f"p, {measure}": p_value(float(found.get((*key, measure), np.nan))) if first else ""
            for measure in ("AUC", "calibration in the large")
        }
        few = str(row["note"]).startswith("too few")
        rows.append(
            {
                "site": row["site"],
                "threshold": row["threshold_label"],
                "variable": row["label"] if first else "",
                "group": row["group"],
                "patients": count(row["n"]),
                "positive, n (%)": share(row["n_positive"], row["n"]),
                **{
                    f"{label} (95 % CI)": "too few" if few else with_interval(row, name)
                    for name, label in SUBGROUP_MEASURES.items()
                },
                **tested,
            }
        )
    columns = ["site", "threshold", "variable", "group", "patients", "positive, n (%)"]
    columns += [f"{label} (95 % CI)" for label in SUBGROUP_MEASURES.values()]
    return pd.DataFrame(rows, columns=[*columns, "p, AUC", "p, calibration in the large"])


SUBGROUP_MEASURES = {"auc": "AUC", "oe": "O:E", "sensitivity": "sensitivity", "specificity": "specificity"}


def strata_text(within_strata: pd.DataFrame, study: Study) -> pd.DataFrame:
    """AUC within strata of the clinical factors beside that of all pairs."""
    rows = [
        {
            "site": row["site"],
            "threshold": row["threshold_label"],
            "model": model_label(row["model"]),
            "AUC, all pairs": number(row["auc_overall"], 2),
            "AUC within strata (95 % CI)": estimate(row["auc"], row["low"], row["high"]),
            "strata": count(row["n_strata"]),
            "patients": count(row["n"]),
            "pairs, %": number(100 * row["pairs"], 1),
        }
        for row in labelled(within_strata, study).to_dict("records")
    ]
    columns = [
        "site", "threshold", "model", "AUC, all pairs", "AUC within strata (95 % CI)", "strata", "patients", "pairs, %",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def sensitivity_text(sensitivity: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Sensitivity analyses of the headline model; those that could not be done say why."""
    columns = [
        "analysis", "site", "threshold", "patients", "positive, n (%)", "AUC (95 % CI)", "change of AUC",
        "O:E (95 % CI)", "sensitivity (95 % CI)", "specificity (95 % CI)", "note",
    ]  # fmt: skip
    rows: list[dict[str, str]] = []
    for name in dict.fromkeys(sensitivity["analysis"]):
        part = sensitivity[sensitivity["analysis"] == name]
        if part["site"].isna().all():
            rows.append({"analysis": str(part["label"].iloc[0]), "note": note_of(part.iloc[0].to_dict())})
            continue
        rows += [
            {
                "analysis": str(row["label"]),
                "site": row["site"],
                "threshold": row["threshold_label"],
                "patients": count(row["n"]),
                "positive, n (%)": share(row["n_positive"], row["n"]),
                "AUC (95 % CI)": with_interval(row, "auc"),
                "change of AUC": number(row["auc_change"], 3),
                "O:E (95 % CI)": with_interval(row, "oe"),
                "sensitivity (95 % CI)": with_interval(row, "sensitivity"),
                "specificity (95 % CI)": with_interval(row, "specificity"),
                "note": note_of(row),
            }
            for row in labelled(of_headline(part), study).to_dict("records")
        ]
    return pd.DataFrame(rows, columns=columns).fillna("")


def robustness_text(robustness: pd.DataFrame, study: Study) -> pd.DataFrame:
    """AUC on corrupted radiographs, and its difference from that on the same radiographs as they are."""
    rows = [
        {
            "threshold": row["threshold_label"],
            "model": model_label(row["model"]),
            "corruption": row["corruption"],
            "severity": count(row["severity"]) if row["severity"] else "–",
            "patients": count(row["n"]),
            "AUC (95 % CI)": with_interval(row, "auc"),
            "difference (95 % CI)": "–"
            if row["corruption"] == "clean"
            else estimate(row["difference"], row["low"], row["high"], digits=3),
            "p, Holm": "–" if row["corruption"] == "clean" else p_value(row["p_holm"]),
        }
        for row in labelled(robustness, study).to_dict("records")
    ]
    columns = [
        "threshold", "model", "corruption", "severity", "patients", "AUC (95 % CI)", "difference (95 % CI)", "p, Holm",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def precision_text(precision: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Precision of every site for the headline model, and the patients that the wanted precision needs."""
    columns: Sequence[str] = [
        "site", "threshold", "measure", "patients", "width of 95 % CI expected", "width wanted", "patients needed",
        "positive patients needed", "note",
    ]  # fmt: skip
    rows = [
        {
            "site": row["site"],
            "threshold": row["threshold_label"],
            "measure": row["measure"],
            "patients": count(row["n"]),
            "width of 95 % CI expected": number(row["width_expected"], 2),
            "width wanted": number(row["width_wanted"], 2),
            "patients needed": "–" if pd.isna(row["n_required"]) else count(row["n_required"]),
            "positive patients needed": "–"
            if pd.isna(row["n_positive_required"])
            else count(row["n_positive_required"]),
            "note": note_of(row),
        }
        for row in labelled(of_headline(precision), study).to_dict("records")
    ]
    return pd.DataFrame(rows, columns=list(columns))
