"""Every external site beside development: unpaired difference of the AUC of the same model."""

import numpy as np
import pandas as pd

from cacs_cxr.evaluation.discrimination import placements, unpaired_difference
from cacs_cxr.evaluation.predictions_table import models_present, parts
from cacs_cxr.multiplicity import holm
from cacs_cxr.study import Study

COLUMNS = [
    "site", "model", "threshold", "n", "n_positive", "n_development", "auc", "auc_development", "difference", "low",
    "high", "d", "df", "p", "p_holm", "note",
]  # fmt: skip


def site_comparison_table(table: pd.DataFrame, study: Study) -> pd.DataFrame:
    """AUC at every external site minus the pooled out-of-fold AUC of development, tested as unpaired.

    Args:
        table: checked predictions.
        study: names the sites and thresholds.

    Returns:
        `COLUMNS`; Holm's adjustment runs over the thresholds of a site and model.
    """
    by_part = {(site, model, threshold): rows for site, model, threshold, rows in parts(table)}
    rows: list[dict[str, object]] = []
    for site in study.external:
        for model in models_present(table):
            family: list[dict[str, object]] = []
            for threshold in (threshold.name for threshold in study.thresholds):
                here = by_part.get((site, model, threshold))
                there = by_part.get((study.development, model, threshold))
                if here is None or there is None:
                    continue
                own, developed = (placements(part["label"], part["probability"]) for part in (here, there))
                test = unpaired_difference(own, developed)
                family.append({
                    "site": site, "model": model, "threshold": threshold, "n": len(here),
                    "n_positive": int(here["label"].sum()), "n_development": len(there), "auc": own.auc,
                    "auc_development": developed.auc, "difference": test.difference, "low": test.low,
                    "high": test.high, "d": test.d, "df": test.df, "p": test.p, "note": test.note,
                })  # fmt: skip
            adjusted = holm(np.array([row["p"] for row in family], dtype=float)).tolist()
            rows += [{**row, "p_holm": p} for row, p in zip(family, adjusted, strict=True)]
    return pd.DataFrame(rows, columns=COLUMNS)
