"""Tables of discrimination and operating points as text."""

import numpy as np
import pandas as pd

from cacs_cxr.report.numbers import NOT_ESTIMABLE, count, estimate, p_value, share
from cacs_cxr.study import Study, model_label, ordered_models


def labelled(table: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Rows in the study's order of sites, thresholds and models, with the threshold as print names it."""
    sites = [site.name for site in study.sites]
    thresholds = {threshold.name: place for place, threshold in enumerate(study.thresholds)}
    labels = {item.name: f"{study.biomarker.short} {item.label}" for item in study.thresholds}
    known = table[table["site"].isin(sites) & table["threshold"].isin(list(thresholds))]
    places = pd.DataFrame({"site": known["site"].map(sites.index), "threshold": known["threshold"].map(thresholds)})
    by = ["site", "threshold"]
    if "model" in known:
        models = ordered_models(known["model"])
        places["model"] = known["model"].map(models.index)
        by.append("model")
    ordered: pd.DataFrame = known.loc[places.sort_values(by, kind="stable").index]
    return ordered.assign(threshold_label=ordered["threshold"].map(labels)).reset_index(drop=True)


def auc_text(discrimination: pd.DataFrame, study: Study) -> pd.DataFrame:
    """AUC of every site, threshold and model with interval, spread over folds and attainable AUC of a simulation."""
    attainable = {(row["site"], row["model"], row["threshold"]): row["auc"] for row in study.attainable}
    rows = []
    for row in labelled(discrimination, study).to_dict("records"):
        best = attainable.get((row["site"], row["model"], row["threshold"]))
        over_folds = f"{row['auc_fold_mean']:.2f}" if np.isfinite(row["auc_fold_mean"]) else "–"
        if np.isfinite(row["auc_fold_sd"]):
            over_folds += f" ± {row['auc_fold_sd']:.2f}"
        rows.append(
            {
                "site": row["site"],
                "threshold": row["threshold_label"],
                "model": model_label(row["model"]),
                "patients": count(row["n"]),
                "positive, n (%)": share(row["n_positive"], row["n"]),
                "AUC (95 % CI)": estimate(row["auc"], row["auc_low"], row["auc_high"]),
                "AUC by fold, mean ± SD": over_folds,
                **({"attainable AUC": f"{best:.2f}" if best is not None else "–"} if study.attainable else {}),
                "note": row["note"] if isinstance(row["note"], str) else "",
            }
        )
    columns = ["site", "threshold", "model", "patients", "positive, n (%)", "AUC (95 % CI)", "AUC by fold, mean ± SD"]
    extra = ["attainable AUC"] if study.attainable else []
    return pd.DataFrame(rows, columns=[*columns, *extra, "note"])


def comparison_text(comparison: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Paired differences of AUC between models."""
    rows = [
        {
            "site": row["site"],
            "threshold": row["threshold_label"],
            "models": f"{model_label(row['model_a'])} − {model_label(row['model_b'])}",
            "difference of AUC (95 % CI)": estimate(row["difference"], row["low"], row["high"], digits=3),
            "p": p_value(row["p"]),
            "p, Holm over thresholds": p_value(row["p_holm"]),
        }
        for row in labelled(comparison, study).to_dict("records")
    ]
    columns = ["site", "threshold", "models", "difference of AUC (95 % CI)", "p", "p, Holm over thresholds"]
    return pd.DataFrame(rows, columns=columns)


def operating_text(points: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Sensitivity, specificity and predictive values at the cut-offs frozen on development."""
    rows = []
    for row in labelled(points, study).to_dict("records"):
        low, high = row["cutoff_min"], row["cutoff_max"]
        same = f"{low:.3f}" == f"{high:.3f}"
        cutoff = NOT_ESTIMABLE if not np.isfinite(low) else f"{low:.3f}" if same else f"{low:.3f}–{high:.3f}"
        rows.append(
            {
                "site": row["site"],
                "threshold": row["threshold_label"],
                "model": model_label(row["model"]),
                "cut-off": cutoff,
                **{
                    name.upper(): count(row[name]) if np.isfinite(row[name]) else "–"
                    for name in ("tp", "fp", "tn", "fn")
                },
                **{
                    f"{label} (95 % CI)": estimate(row[name], row[f"{name}_low"], row[f"{name}_high"])
                    for name, label in PROPORTIONS.items()
                },
            }
        )
    intervals = [f"{label} (95 % CI)" for label in PROPORTIONS.values()]
    return pd.DataFrame(rows, columns=["site", "threshold", "model", "cut-off", "TP", "FP", "TN", "FN", *intervals])


PROPORTIONS = {"sensitivity": "sensitivity", "specificity": "specificity", "ppv": "PPV", "npv": "NPV"}
