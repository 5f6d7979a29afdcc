"""Pairs of a radiograph and a score of one patient, and which is the best.

Of all pairs within the window the nearest in time is taken. Ties are broken by, in this order: the earlier radiograph,
the earlier score, the view preferred by the configuration, and the pseudonym of the SOP Instance UID (of the file's
name where there is none), which is arbitrary but the same on every run.
"""

import numpy as np
import pandas as pd

from cacs_cxr.cohort.site_inputs import Eligibility
from cacs_cxr.pseudonyms import pseudonym


def score_pairs(
    radiographs: pd.DataFrame, candidates: pd.DataFrame, *, eligibility: Eligibility, key: bytes
) -> pd.DataFrame:
    """Pairs of a radiograph and a score of one patient, the best first: those within the window, then the nearest.

    Returns:
        radiograph (index in `radiographs`), patient_position, candidate (row of the candidates), value, score_day, day,
        distance (days; NaN undated), admissible (within the window).
    """
    views = eligibility.views
    scores = candidates[candidates["value"].notna()].rename_axis("candidate").reset_index()
    scores = scores[["patient_position", "candidate", "value", "score_day"]]
    names = [
        instance or pseudonym(file, key=key)
        for instance, file in zip(radiographs["sop_instance"], radiographs["file"], strict=True)
    ]
    preferred = {view: order for order, view in enumerate(views)}
    pairs = radiographs[["patient_position", "day"]].assign(
        radiograph=radiographs.index,
        preference=radiographs["view"].map(preferred).fillna(len(views)),
        arbitrary=names,
    )
    pairs = pairs.merge(scores, on="patient_position", how="inner")
    pairs["distance"] = (pairs["day"] - pairs["score_day"]).abs()
    limit = np.inf if eligibility.window_days is None else eligibility.window_days
    wrong_side = {
        "both": pd.Series(False, index=pairs.index),
        "before": pairs["day"] > pairs["score_day"],
        "after": pairs["day"] < pairs["score_day"],
    }[eligibility.window_side]
    pairs["admissible"] = ~(pairs["distance"] > limit) & ~wrong_side
    pairs["outside"] = ~pairs["admissible"]
    pairs = pairs.sort_values(["outside", "distance", "day", "score_day", "preference", "arbitrary"], kind="stable")
    return pairs.drop(columns=["preference", "arbitrary", "outside"])
