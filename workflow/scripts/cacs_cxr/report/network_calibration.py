"""Table of the networks' calibration before and after, as text."""

import pandas as pd

from cacs_cxr.report.evaluation_tables import note_of, number
from cacs_cxr.report.numbers import count, estimate
from cacs_cxr.report.performance_tables import labelled
from cacs_cxr.study import Study, model_label

STAGES = {"network": "network's own", "calibrated": "calibrated"}
NORMAL_97_5 = 1.959963984540054


def network_calibration_text(table: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Calibration of every network at every site and threshold, as trained and after the tuning split's calibration.

    Args:
        table: as `predictions/network_calibration.csv`; without rows where an archive lacks it.
    """
    rows = []
    for row in labelled(table, study).to_dict("records"):
        limits = {
            name: (row[name] - NORMAL_97_5 * row[f"{name}_se"], row[name] + NORMAL_97_5 * row[f"{name}_se"])
            for name in ("intercept", "slope")
        }
        rows.append(
            {
                "site": row["site"],
                "threshold": row["threshold_label"],
                "network": model_label(row["model"]),
                "probabilities": STAGES[row["stage"]],
                "patients": count(row["n"]),
                "O:E": number(row["observed_to_expected"], 2),
                "in the large (95 % CI)": estimate(row["intercept"], *limits["intercept"], digits=2),
                "slope (95 % CI)": estimate(row["slope"], *limits["slope"], digits=2),
                "Brier": number(row["brier"], 3),
                "note": note_of(row),
            }
        )
    columns = [
        "site", "threshold", "network", "probabilities", "patients", "O:E", "in the large (95 % CI)",
        "slope (95 % CI)", "Brier", "note",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)
