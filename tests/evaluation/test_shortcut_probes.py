"""Shortcut probes: planted dependence is found, independent data give none, the category is conditioned on."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from cacs_cxr.evaluation.discrimination import auc_estimate
from cacs_cxr.evaluation.shortcut_probes import (
    explained_variance,
    probe_shortcuts,
    stratified_auc,
    stratified_correlation,
)
from cacs_cxr.study import CXR, Study
from written_results import example_study

STUDY = example_study()


def data(*, seed: int, vendor_effect: float = 0.0, site_effect: float = 0.0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Predictions that follow the category and age, and, where asked for, the vendor and the site."""
    random = np.random.default_rng(seed)
    n = 600
    age = random.normal(60, 9, n)
    category = np.clip(np.round((age - 55) / 8 + random.normal(0, 1, n)), 0, 3).astype(int)
    patients = pd.DataFrame(
        {
            "site": np.where(np.arange(n) < 400, "development", "external"),
            "patient": [f"{number:016x}" for number in range(n)],
            "category": category,
            "age": age,
            "sex": random.choice(["F", "M"], n),
            "bmi": np.where(random.random(n) < 0.1, np.nan, random.normal(25, 3, n)),
            "vendor": random.choice(["A", "B", ""], n, p=[0.6, 0.35, 0.05]),
        }
    )
    patients.loc[:3, "vendor"] = "rare"
    logit = category + vendor_effect * (patients["vendor"] == "B") + site_effect * (patients["site"] == "external")
    frames = [
        patients[["site", "patient"]].assign(
            model=CXR, threshold=threshold.name, probability=1 / (1 + np.exp(-(logit - 2 + random.normal(0, 1, n))))
        )
        for threshold in STUDY.thresholds
    ]
    return pd.concat(frames, ignore_index=True), patients


def probes(**effects: float) -> pd.DataFrame:
    predictions, patients = data(seed=int(effects.pop("seed", 1)), **effects)
    return probe_shortcuts(predictions, patients, STUDY, model=CXR)


def test_planted_dependence_on_the_vendor_is_a_warning_and_on_age_none() -> None:
    table = probes(vendor_effect=1.0)
    rows = table[(table["threshold"] == "gt0") & (table["given"] == "category")].set_index(["site", "target"])
    vendor = rows.loc[("development", "vendor: B")]
    assert vendor["estimate"] > 0.65
    assert vendor["reading"].startswith("warning")
    age = table[(table["target"] == "age") & (table["given"] == "nothing") & (table["statistic"] == "spearman")]
    assert (age["estimate"] > 0.25).all()
    assert age["reading"].str.contains("no fault").all()
    assert not rows.loc[("external", "site: external"), "reading"].startswith("warning")


def test_a_site_that_the_logits_tell_is_a_warning() -> None:
    table = probes(site_effect=-0.8)
    row = table[(table["target"] == "site: external") & (table["given"] == "category")]
    assert (row["high"] < 0.5).all()
    assert row["reading"].str.startswith("warning").all()


def test_independent_data_seldom_warn() -> None:
    warned = [probes(seed=seed)["reading"].str.startswith("warning").any() for seed in range(8)]
    assert sum(warned) <= 1


def test_too_few_patients_are_said_to_be_so() -> None:
    rare = probes().query("target == 'vendor: rare'")
    assert rare["estimate"].isna().all()
    assert rare["note"].str.startswith("too few patients: 4 with").all()
    assert rare["p_holm"].isna().all()


def test_given_the_category_what_the_category_explains_is_gone() -> None:
    random = np.random.default_rng(5)
    strata = np.repeat([0, 1, 2], 200)
    labels = random.random(600) < np.array([0.1, 0.5, 0.9])[strata]
    scores = strata + random.normal(0, 0.5, 600)
    assert stratified_auc(labels, scores, np.zeros(600))["low"] > 0.75
    given = stratified_auc(labels, scores, strata)
    assert given["low"] < 0.5 < given["high"]
    alone = auc_estimate(labels, scores)
    assert stratified_auc(labels, scores, np.zeros(600))["estimate"] == pytest.approx(alone.auc)
    parts = [auc_estimate(labels[strata == number], scores[strata == number]) for number in range(3)]
    pairs = [part.n_positive * (part.n - part.n_positive) for part in parts]
    assert given["estimate"] == pytest.approx(np.average([part.auc for part in parts], weights=pairs))


def test_correlations_have_intervals_that_cover() -> None:
    random = np.random.default_rng(6)
    truth = 6 / np.pi * np.arcsin(0.5 / 2)  # Spearman's of a bivariate normal with correlation 0.5
    covered = 0
    for _ in range(300):
        first = random.normal(size=80)
        second = 0.5 * first + np.sqrt(0.75) * random.normal(size=80)
        found = stratified_correlation(first, second, np.zeros(80))
        covered += found["low"] <= truth <= found["high"]
    assert 0.92 <= covered / 300 <= 0.98
    assert found["estimate"] == pytest.approx(spearmanr(first, second).statistic)
    variance = explained_variance(first, second)
    assert variance["estimate"] == pytest.approx(np.corrcoef(first, second)[0, 1] ** 2)
    assert 0 <= variance["low"] < variance["estimate"] < variance["high"] <= 1
    perfect = stratified_correlation(first, first, np.zeros(80))
    assert perfect["estimate"] == pytest.approx(1)


def test_a_study_of_one_site_has_no_probe_of_sites() -> None:
    predictions, patients = data(seed=1)
    alone = example_study(external=False)
    assert isinstance(alone, Study)
    here = patients[patients["site"] == "development"]
    table = probe_shortcuts(predictions[predictions["patient"].isin(here["patient"])], here, alone, model=CXR)
    assert not table["target"].str.startswith("site").any()
