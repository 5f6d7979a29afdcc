"""The table of explained radiographs: who is explained, by which networks, and what was predicted."""

import pandas as pd

from cacs_cxr.saliency.sample import chosen_patients, sample
from cacs_cxr.study import CXR, EXTERNAL_FOLD, Study

COLUMNS = [
    "threshold", "site", "patient", "row", "fold", "category", "label", "probability", "sampled", "outcome", "place",
]  # fmt: skip


def explained_patients(
    cohort: pd.DataFrame,
    folds: pd.DataFrame,
    predictions: pd.DataFrame,
    predicted_categories: pd.DataFrame,
    study: Study,
    *,
    per_category: int,
    shown: int,
    seed: int,
) -> pd.DataFrame:
    """Who is explained at which threshold: the sample, and the clearest cases of each outcome.

    Args:
        cohort: site, patient, row, category (0 is the lowest).
        folds: patient, fold, part, of the development site.
        predictions: site, patient, model, threshold, label, probability.
        predicted_categories: site, patient, model, predicted.
        per_category: most patients of a site and category in the sample.
        shown: clearest cases of each outcome.

    Returns:
        `COLUMNS`, by threshold, site and patient: fold is the one that tests the patient (`EXTERNAL_FOLD` elsewhere),
        category its name, sampled whether it belongs to the sample, outcome ("" for none) and place those of a
        clearest case.
    """
    drawn = sample(cohort, study, per_category=per_category, seed=seed).assign(sampled=True)
    thresholds = pd.DataFrame({"threshold": [threshold.name for threshold in study.thresholds]})
    clearest = chosen_patients(predictions, predicted_categories, study, shown=shown)
    keys = ["threshold", "site", "patient"]
    table = drawn.merge(thresholds, how="cross").merge(clearest, on=keys, how="outer")
    tested = folds.loc[folds["part"] == "test", ["patient", "fold"]].assign(site=study.development)
    own = predictions.loc[predictions["model"] == CXR, [*keys, "label", "probability"]]
    table = table.merge(cohort[["site", "patient", "row", "category"]], on=["site", "patient"], validate="many_to_one")
    table = table.merge(tested, on=["site", "patient"], how="left", validate="many_to_one")
    table = table.merge(own, on=keys, how="left", validate="one_to_one")
    table["fold"] = table["fold"].fillna(EXTERNAL_FOLD).astype("int64")
    table["sampled"] = table["sampled"].eq(True)
    table["outcome"], table["place"] = table["outcome"].fillna(""), table["place"].astype("Int64")
    table["category"] = [study.categories[number] for number in table["category"]]
    orders = {
        "threshold": [threshold.name for threshold in study.thresholds],
        "site": [site.name for site in study.sites],
    }
    order = pd.DataFrame({name: table[name].map(values.index) for name, values in orders.items()})
    order["patient"] = table["patient"]
    return table.loc[order.sort_values([*orders, "patient"]).index, COLUMNS].reset_index(drop=True)
