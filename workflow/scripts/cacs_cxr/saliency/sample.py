"""Whose radiographs are explained: a random sample of every category, and the clearest case of each outcome."""

import numpy as np
import pandas as pd

from cacs_cxr.seeds import derive_seed
from cacs_cxr.study import CXR, Study

OUTCOMES = {
    "true positive": (1, True),
    "false positive": (0, True),
    "false negative": (1, False),
    "true negative": (0, False),
}
"""Label and whether the prediction passes the threshold; of positives the highest probability comes first, of negatives
the lowest."""


def sample(cohort: pd.DataFrame, study: Study, *, per_category: int, seed: int) -> pd.DataFrame:
    """At most so many patients of each site and category, drawn at random; each cell's draw depends on itself alone.

    Args:
        cohort: site, patient, category.

    Returns:
        Columns site, patient, sorted.
    """
    drawn = []
    for site in study.sites:
        for number, category in enumerate(study.categories):
            here = cohort[(cohort["site"] == site.name) & (cohort["category"] == number)]
            patients = np.sort(here["patient"].to_numpy(dtype=str))
            generator = np.random.default_rng(derive_seed(seed, "explained", site.name, category))
            chosen = generator.permutation(len(patients))[:per_category]
            drawn.append(pd.DataFrame({"site": site.name, "patient": patients[np.sort(chosen)]}))
    return pd.concat(drawn, ignore_index=True)


def chosen_patients(
    predictions: pd.DataFrame, predicted_categories: pd.DataFrame, study: Study, *, shown: int
) -> pd.DataFrame:
    """The patients of the development site of whom each network is surest, by outcome.

    Args:
        predictions: site, patient, model, threshold, label, probability.
        predicted_categories: site, patient, model, predicted (0 is the lowest).
        shown: patients of each threshold and outcome.

    Returns:
        Columns threshold, outcome, place (from 0), site, patient; fewer rows where an outcome did not happen.
    """
    own = predictions[(predictions["model"] == CXR) & (predictions["site"] == study.development)]
    placed = predicted_categories.loc[predicted_categories["model"] == CXR, ["site", "patient", "predicted"]]
    table = own.merge(placed, on=["site", "patient"], validate="many_to_one")
    rows = []
    for number, threshold in enumerate(study.thresholds):
        here = table[table["threshold"] == threshold.name]
        passes = here["predicted"] > number
        for outcome, (label, positive) in OUTCOMES.items():
            cell = here[(here["label"] == label) & (passes == positive)]
            first = cell.sort_values(["probability", "patient"], ascending=[not positive, True]).head(shown)
            rows.append(
                first[["site", "patient"]].assign(threshold=threshold.name, outcome=outcome, place=range(len(first)))
            )
    return pd.concat(rows, ignore_index=True)[["threshold", "outcome", "place", "site", "patient"]]
