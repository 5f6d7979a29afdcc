"""Groups of patients, tests between them, strata, and what is too small or not known."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

from cacs_cxr.evaluation.calibration import fit, log_likelihood
from cacs_cxr.evaluation.discrimination import auc_estimate, placements, unpaired_difference
from cacs_cxr.evaluation.operating_points import cutoff_table, with_cutoffs
from cacs_cxr.evaluation.patient_groups import banded, group_order, patient_groups
from cacs_cxr.evaluation.predictions_table import checked_predictions
from cacs_cxr.evaluation.subgroups import (
    heterogeneity_of_auc,
    heterogeneity_of_calibration,
    subgroup_tables,
    within_strata_table,
)
from reference_cohort import analysis_table, prediction_table, r_answers, read_cohort, two_sites

BANDS = {"age": [60], "bmi": [25, 30], "days_to_score": [31]}


def with_radiographs(analysis: pd.DataFrame) -> pd.DataFrame:
    """The cohort with vendors, views and intervals, alternating."""
    number = np.arange(len(analysis))
    return analysis.assign(
        vendor=np.array(["A", "B", "C", ""])[number % 4],
        view="PA",
        days_to_score=pd.array(np.where(number % 3 == 0, -40, 10), dtype="Int64"),
        flagged=pd.array(number % 10 == 0, dtype="boolean"),
    )


def test_bands_hold_their_lower_limit() -> None:
    assert banded([24.9, 25, 29.9, 30, np.nan], [25, 30]).tolist() == [
        "< 25", "25 to < 30", "25 to < 30", "≥ 30", "not known",
    ]  # fmt: skip
    assert group_order(["not known", "≥ 30", "< 25"], [25, 30], ()) == ["< 25", "≥ 30", "not known"]
    assert group_order(["M", "F"], None, ("F", "M")) == ["F", "M"]


def test_groups_of_the_cohort_and_what_is_lacking() -> None:
    analysis = analysis_table(read_cohort())
    groups, labels, lacking = patient_groups(analysis, two_sites(), bands={"age": [60], "height": [170]})
    assert list(labels) == ["age", "sex"]
    assert any("Vendor" in sentence for sentence in lacking)
    assert any("Body mass index: no bands" in sentence for sentence in lacking)
    assert any("height" in sentence for sentence in lacking)
    _, labels, lacking = patient_groups(with_radiographs(analysis), two_sites(), bands=BANDS)
    assert list(labels) == ["age", "sex", "bmi", "vendor", "view", "days_to_score", "flagged"]
    assert lacking == []
    assert len(groups) == 4000


def test_two_groups_are_compared_as_r_does_and_several_by_their_weighted_spread() -> None:
    cohort = read_cohort()
    labels = cohort["cacs"] >= 100
    male = (cohort["sex"] == "M").to_numpy()
    two = [placements(labels[rows], cohort.loc[rows, "pA100"]) for rows in (male, ~male)]
    expected = r_answers()["discrimination"]["ge100"]["subgroups_A_all"]
    assert two[0].auc == pytest.approx(expected["male"]["auc"], rel=1e-12)
    test = unpaired_difference(*two)
    assert heterogeneity_of_auc(two) == ("DeLong, unpaired", test.d, test.df, test.p)
    quarters = cohort["id"].to_numpy() % 4
    four = [auc_estimate(labels[quarters == n], cohort.loc[quarters == n, "pA100"]) for n in range(4)]
    weights = np.array([1 / one.se**2 for one in four])
    aucs = np.array([one.auc for one in four])
    q = (weights * (aucs - (weights @ aucs) / weights.sum()) ** 2).sum()
    placed = [placements(labels[quarters == n], cohort.loc[quarters == n, "pA100"]) for n in range(4)]
    name, statistic, df, p = heterogeneity_of_auc(placed)
    assert name == "Cochran's Q"
    assert (statistic, df, p) == pytest.approx((q, 3, chi2.sf(q, 3)))


def test_calibration_of_groups_is_compared_by_the_likelihood() -> None:
    random = np.random.default_rng(1)
    logits = random.normal(-1, 1, 600)
    group = np.repeat(["a", "b"], 300)
    labels = random.random(600) < 1 / (1 + np.exp(-(logits + 0.8 * (group == "b"))))
    part = pd.DataFrame({"label": labels.astype(int), "probability": 1 / (1 + np.exp(-logits)), "group": group})
    statistic, df, p = heterogeneity_of_calibration(part, ["a", "b"])
    design = np.column_stack([np.ones(600), group == "b"]).astype(float)
    both, _ = fit(design, labels, offset=logits)
    one, _ = fit(design[:, :1], labels, offset=logits)
    gain = log_likelihood(labels, logits + design @ both) - log_likelihood(labels, logits + one[0])
    assert (statistic, df) == pytest.approx((2 * gain, 1), rel=1e-6)
    assert p < 0.001
    assert np.isnan(heterogeneity_of_calibration(part.assign(label=1), ["a", "b"])[0])


def test_tables_of_the_cohort() -> None:
    cohort, study = read_cohort(), two_sites()
    analysis = with_radiographs(analysis_table(cohort))
    table = checked_predictions(analysis, prediction_table(cohort), study)
    table = table[(table["model"] == "integrated") & (table["threshold"] != "gt0")]
    classified = with_cutoffs(table, cutoff_table(table, study, rule="prevalence"), study)
    groups, labels, _ = patient_groups(analysis, study, bands=BANDS)
    found, tests = subgroup_tables(classified, groups, labels, study, bands=BANDS, least=10)
    whole = classified.groupby(["site", "model", "threshold"]).size()
    for _, part in found.groupby("variable"):
        assert part.groupby(["site", "model", "threshold"])["n"].sum().equals(whole)
    few = found[found["note"].str.startswith("too few")]
    assert len(few)
    assert few["auc"].isna().all()
    assert (few[["n_positive"]].min(axis=1) < 10).all()
    row = found.set_index(["site", "threshold", "variable", "group"]).loc[("external", "ge100", "sex", "M")]
    own = cohort[(cohort["site"] == "external") & (cohort["sex"] == "M")]
    assert row["auc"] == pytest.approx(auc_estimate(own["cacs"] >= 100, own["pA100"]).auc)
    assert row["oe"] == pytest.approx((own["cacs"] >= 100).sum() / own["pA100"].sum())
    one = tests[(tests["variable"] == "view") & (tests["measure"] == "AUC")]
    assert one["p"].isna().all()
    assert one["note"].str.contains("fewer than two groups").all()
    assert (tests["p_holm"].dropna() >= tests["p"].dropna()).all()
    family = tests[(tests["site"] == "external") & (tests["threshold"] == "ge100") & (tests["measure"] == "AUC")]
    tested = family["p"].notna().sum()
    assert family["p_holm"].min() == pytest.approx(min(1, tested * family["p"].min()))
    strata = within_strata_table(table, groups, study)
    assert (strata["auc"] < strata["auc_overall"]).all()
    assert (strata["strata"] == "age × sex × bmi").all()
