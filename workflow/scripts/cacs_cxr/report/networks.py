"""How the networks were trained, in one table."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

import pandas as pd

from cacs_cxr.report.supplements import SUPPLEMENTS
from cacs_cxr.study import ALL_THRESHOLDS

INITIAL = {"none": "random"}
COLUMNS = list(SUPPLEMENTS["networks.csv"])


def network_rows(metadata: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """A row for every network, with the columns of networks.csv.

    Args:
        metadata: as training writes it beside the weights; loss and AUC are of the tuning split at the best epoch.
    """
    return pd.DataFrame([_row(item) for item in metadata], columns=COLUMNS)


def _row(item: Mapping[str, Any]) -> dict[str, Any]:
    best: Mapping[str, Any] = next((epoch for epoch in item["history"] if epoch["epoch"] == item["best_epoch"]), {})
    thresholds = item["thresholds"]
    return {
        "network": item["network"],
        "threshold": thresholds[0] if len(thresholds) == 1 else ALL_THRESHOLDS,
        "fold": item["fold"],
        "member": item["member"],
        "backbone": item["backbone"],
        "parameters": item["parameters"],
        "initialisation": INITIAL.get(
            item["initialisation"]["source"], PurePath(item["initialisation"]["source"]).name
        ),
        "size": item["preprocessing"]["size"],
        "epochs": item["configuration"]["epochs"],
        "best_epoch": item["best_epoch"],
        **{f"n_{part}": item["parts"][part]["n"] for part in ("train", "tuning", "test")},
        "tuning_loss": best.get("tuning_loss"),
        "tuning_auc": best.get("tuning_auc"),
        "device": item["device"],
        "torch": item["versions"]["torch"],
        "timm": item["versions"]["timm"],
    }
