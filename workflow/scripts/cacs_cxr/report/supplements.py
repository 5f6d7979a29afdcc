"""Tables that an archive may bring besides patients and predictions: their files and columns.

Whoever adds one names its columns here, and its path in `SUPPLEMENTS` of workflow/rules/common.smk.
"""

from collections.abc import Mapping

from cacs_cxr.image_columns import CORRUPTED_COLUMNS

# Kinds of columns: text, count (integer, at least 0), integer, number (at least 0), decimal; ? where empty is allowed.
SUPPLEMENTS: Mapping[str, Mapping[str, str]] = {
    "radiographs.csv": {
        "site": "text", "part": "text", "item": "text", "label": "text", "n": "count", "of": "count",
        "value": "number?", "note": "text",
    },
    "distributions.csv": {
        "site": "text", "vendor": "text", "quantity": "text", "low": "number", "high": "number", "n": "count",
        "share": "number", "share_p10": "number?", "share_p90": "number?",
    },
    "stages.csv": {"stage": "text", "rule": "text", "jobs": "count", "after": "text"},
    "networks.csv": {
        "network": "text", "threshold": "text", "fold": "count", "member": "count", "backbone": "text",
        "parameters": "count", "initialisation": "text", "size": "count", "epochs": "count", "best_epoch": "count",
        "n_train": "count", "n_tuning": "count", "n_test": "count", "tuning_loss": "number?", "tuning_auc": "number?",
        "device": "text", "torch": "text", "timm": "text",
    },
    "coefficients.csv": {
        "model": "text", "threshold": "text", "fold": "integer", "term": "text", "coefficient": "decimal?",
        "se": "number?", "odds_ratio": "number?", "low": "number?", "high": "number?", "n": "count",
        "n_positive": "count", "note": "text",
    },
    "saliency.csv": {
        "site": "text", "threshold": "text", "category": "text", "measure": "text", "n": "count",
        "n_without_map": "count", "mean": "number?", "low": "number?", "high": "number?", "even": "number?",
        "ratio": "number?", "ratio_low": "decimal?", "ratio_high": "decimal?", "reading": "text",
    },
    "sanity.csv": {
        "threshold": "text", "comparison": "text", "n": "count", "n_without_map": "count", "mean": "decimal?",
        "low": "decimal?", "high": "decimal?", "p10": "decimal?", "median": "decimal?", "p90": "decimal?",
        "reading": "text",
    },
    "shortcut_probes.csv": {
        "model": "text", "site": "text", "threshold": "text", "target": "text", "kind": "text", "statistic": "text",
        "given": "text", "n": "count", "n_positive": "number?", "estimate": "decimal?", "low": "decimal?",
        "high": "decimal?", "p": "number?", "p_holm": "number?", "reading": "text", "note": "text",
    },
    "corrupted_predictions.csv": CORRUPTED_COLUMNS,
    "network_calibration.csv": {
        "site": "text", "model": "text", "threshold": "text", "stage": "text", "n": "count", "n_positive": "count",
        "observed": "number", "expected": "number", "observed_to_expected": "number?", "intercept": "decimal?",
        "intercept_se": "number?", "slope": "decimal?", "slope_se": "number?", "brier": "number", "log_loss": "number",
        "note": "text",
    },
}  # fmt: skip
# Results among them: their files say in a last column whether the patients are simulated, which an archive says once.
RESULTS = ("saliency.csv", "sanity.csv", "shortcut_probes.csv", "network_calibration.csv")
WORDS = {
    "network_calibration.csv": "calibration of the networks before and after calibration on the tuning split",
    "corrupted_predictions.csv": "predictions of corrupted radiographs of some development patients",
    "stages.csv": "rules of the study by stage, their numbers of jobs, and the rules that each needs",
    "networks.csv": "how each network was trained: backbone, parameters, epochs, patients, versions",
    "coefficients.csv": "coefficients of the clinical and integrated models and of the calibration",
    "saliency.csv": "where the energy of the maps of what the networks look at lies; the archive holds no map",
    "sanity.csv": "how far these maps agree with maps of networks of random weights",
    "shortcut_probes.csv": "what the networks' logits tell of clinical factors, vendors and sites",
    "radiographs.csv": "how many radiographs were read, refused, corrected, repeated and flagged",
    "distributions.csv": "histograms of their grey levels and sizes; the archive holds no radiograph",
}
