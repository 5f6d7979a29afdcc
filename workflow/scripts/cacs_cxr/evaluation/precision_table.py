"""How precise each site's evaluation is, and how many patients the declared precision needs."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from cacs_cxr.evaluation.discrimination import placements
from cacs_cxr.evaluation.external_precision import anticipated_from, expected_widths, required_sizes
from cacs_cxr.evaluation.predictions_table import parts
from cacs_cxr.study import Study

MEASURES = {"oe": "O:E", "slope": "calibration slope", "auc": "AUC", "net_benefit": "standardised net benefit"}
COLUMNS = [
    "site", "model", "threshold", "measure", "n", "n_positive", "width_expected", "width_wanted", "n_required",
    "n_positive_required", "enough", "note",
]  # fmt: skip


def precision_table(
    table: pd.DataFrame, study: Study, *, widths: Mapping[str, float], threshold_probability: float
) -> pd.DataFrame:
    """Width of 95 % intervals that each site's patients give, and the patients needed for the widths wanted.

    What is anticipated is what development shows out of fold: its prevalence, AUC and distribution of the linear
    predictor, and sensitivity and specificity at the threshold probability. It is what one knows before an external
    validation; at development itself it says how precise the out-of-fold evaluation is.

    Args:
        table: checked predictions.
        study: names the development site.
        widths: width wanted by measure: oe, slope, auc, net_benefit.
        threshold_probability: of the standardised net benefit.

    Returns:
        `COLUMNS`.
    """
    by_part = {(site, model, threshold): rows for site, model, threshold, rows in parts(table)}
    wanted = {measure: widths[key] for key, measure in MEASURES.items() if key in widths}
    rows = []
    for (site, model, threshold), part in by_part.items():
        keys = {"site": site, "model": model, "threshold": threshold}
        numbers = {"n": len(part), "n_positive": int(part["label"].sum())}
        developed = by_part.get((study.development, model, threshold))
        expected = None
        if developed is not None:
            labels, predicted = developed["label"].to_numpy(), developed["probability"].to_numpy()
            auc = placements(labels, predicted).auc
            expected = anticipated_from(labels, predicted, auc=auc, threshold=threshold_probability)
        if expected is None or not 0.5 < expected.auc < 1.0:
            note = "not estimable: development has no predictions, one class, or an AUC of at most 0.5 or of 1"
            rows += [
                {**keys, **numbers, "measure": measure, "width_wanted": width, "note": note}
                for measure, width in wanted.items()
            ]
            continue
        given, needed = expected_widths(expected, len(part)), required_sizes(expected, wanted)
        rows += [
            {
                **keys,
                **numbers,
                "measure": measure,
                "width_expected": given[measure],
                "width_wanted": width,
                "n_required": needed[measure],
                "n_positive_required": int(np.ceil(needed[measure] * expected.prevalence)),
                "enough": len(part) >= needed[measure],
                "note": "",
            }
            for measure, width in wanted.items()
        ]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    counts = ["n_required", "n_positive_required"]
    return frame.astype({**dict.fromkeys(counts, "Int64"), "enough": "boolean"})
