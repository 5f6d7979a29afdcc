"""Paired comparison of models by their AUC on the same patients."""

from itertools import combinations

import numpy as np
import pandas as pd

from cacs_cxr.evaluation.discrimination import paired_difference
from cacs_cxr.evaluation.predictions_table import models_present
from cacs_cxr.multiplicity import holm
from cacs_cxr.study import Study

COLUMNS = [
    "site", "threshold", "model_a", "model_b", "n", "difference", "low", "high", "z", "p", "p_holm", "note",
]  # fmt: skip


def comparison_table(table: pd.DataFrame, study: Study) -> pd.DataFrame:
    """DeLong's paired test of every two models, per site and threshold.

    Holm's adjustment runs over the thresholds within a site and a pair of models. Only patients whom both models
    predict are compared.

    Args:
        table: checked predictions.
        study: gives the order of sites and thresholds.

    Returns:
        One row a site, pair and threshold, with `COLUMNS`; the difference is the AUC of model_a minus that of model_b.
    """
    models = models_present(table)
    pairs = [(second, first) for first, second in combinations(models, 2)]
    by_part = {
        (str(site), str(model), str(threshold)): rows.set_index("patient")
        for (site, model, threshold), rows in table.groupby(["site", "model", "threshold"], sort=False)
    }
    rows: list[dict[str, object]] = []
    for site in (site.name for site in study.sites):
        for model_a, model_b in pairs:
            family: list[dict[str, object]] = []
            for threshold in (threshold.name for threshold in study.thresholds):
                a, b = by_part.get((site, model_a, threshold)), by_part.get((site, model_b, threshold))
                if a is None or b is None:
                    continue
                shared = a.index.intersection(b.index)
                result = paired_difference(
                    a.loc[shared, "label"].to_numpy(),
                    a.loc[shared, "probability"].to_numpy(),
                    b.loc[shared, "probability"].to_numpy(),
                )
                left_out = max(len(a), len(b)) - len(shared)
                notes = [result.note] if result.note else []
                if left_out:
                    notes.append(f"{left_out} patients without both predictions left out")
                family.append(
                    {
                        "site": site,
                        "threshold": threshold,
                        "model_a": model_a,
                        "model_b": model_b,
                        "n": result.n,
                        "difference": result.difference,
                        "low": result.low,
                        "high": result.high,
                        "z": result.z,
                        "p": result.p,
                        "note": "; ".join(notes),
                    }
                )
            adjusted = holm(np.array([row["p"] for row in family], dtype=float))
            rows += [{**row, "p_holm": p} for row, p in zip(family, adjusted.tolist(), strict=True)]
    return pd.DataFrame(rows, columns=COLUMNS)
