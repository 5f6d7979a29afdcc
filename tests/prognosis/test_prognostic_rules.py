"""The scripts of hazards, incremental value, competing risks and sensitivity: R's numbers, planted effects and toys."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import analyse_competing_risks
import analyse_hazards
import analyse_incremental_value
import analyse_sensitivity
from cacs_cxr.figures.cross_classification import draw_cross_classification
from cacs_cxr.figures.cumulative_incidence import cumulative_incidence_frame, draw_cumulative_incidence
from cacs_cxr.figures.incremental_value import draw_incremental_value, incremental_frame
from cacs_cxr.figures.proportional_hazards import draw_proportional_hazards, proportional_hazards_frame
from cacs_cxr.figures.risk_prediction import draw_risk_prediction, risk_frame
from cacs_cxr.figures.style import texts
from cacs_cxr.prognosis.follow_up import GroupedFollowUp
from cacs_cxr.prognosis.kaplan_meier import kaplan_meier_table
from cacs_cxr.study import Study
from cacs_cxr.tables import read_written_table, write_csv, write_json, write_parquet
from drawn_texts import clipped
from reference_cohort import (
    analysis_table,
    one_site,
    plain_study,
    predicted_category_table,
    r_answers,
    read_cohort,
    two_sites,
)

HAZARDS = ("proportional_hazards", "schoenfeld_residuals", "hazard_periods", "restricted_means", "few_events")
VALUE = (
    "incremental_value", "incremental_comparisons", "information_carried", "continuous_prediction", "risk_calibration",
    "risk_net_benefit", "cross_classification", "discordant",
)  # fmt: skip
COMPETING = ("cumulative_incidence", "competing_incidence", "competing_hazards")
CHOICES = (
    "unadjusted", "complete_case", "landmark_180", "exclude_early_90", "window_30", "origin_radiograph", "origin_score",
    "model_integrated", "breslow_ties", "fine_gray", "composite_outcome",
)  # fmt: skip


def run(
    folder: Path, analysis: pd.DataFrame, categories: pd.DataFrame, study: Study, **changed: Any
) -> dict[str, pd.DataFrame]:
    """Run the four scripts on a study and read their tables back."""
    write_csv(analysis, folder / "analysis.csv")
    write_parquet(categories, folder / "predicted_categories.parquet")
    write_json(study.plain(), folder / "study.json")
    write_json({"followup": {"time_zero": "later", "landmark_days": 0}}, folder / "configuration.json")
    probabilities = pd.concat(
        [
            categories[["site", "patient", "model"]].assign(
                threshold=threshold.name, probability=0.1 + 0.8 * (categories["predicted"] > place)
            )
            for place, threshold in enumerate(study.thresholds)
        ]
    )
    write_parquet(probabilities, folder / "predictions.parquet")
    base: dict[str, Any] = {
        "analysis": folder / "analysis.csv",
        "predicted_categories": folder / "predicted_categories.parquet",
        "study": folder / "study.json",
        "model": "cxr",
        "missing": "complete_case",
        "imputations": 3,
        "minimum_events_per_category": 5,
        "seed": 1,
        **changed,
    }
    paths = {name: folder / f"{name}.csv" for name in (*HAZARDS, *VALUE, *COMPETING, "sensitivity")}
    analyse_hazards.main(
        **base,
        tables={name: paths[name] for name in HAZARDS},
        proportionality_transform="km",
        proportionality_alpha=0.05,
        remedy="time_split",
        split_years=2,
        assessment_years=5,
    )
    analyse_incremental_value.main(
        **base,
        predictions=folder / "predictions.parquet",
        tables={name: paths[name] for name in VALUE},
        assessment_years=5,
        bootstrap_replicates=25,
        highest_risk_threshold=0.2,
        processes=1,
    )
    analyse_competing_risks.main(**base, tables={name: paths[name] for name in COMPETING}, horizons_years=[1, 3])
    analyse_sensitivity.main(
        **base, configuration=folder / "configuration.json", table=paths["sensitivity"], sensitivity=CHOICES
    )
    tables = {name: read_written_table(path) for name, path in paths.items()}
    assert all(table.columns[-1] == "simulated" for table in tables.values())
    return tables


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    """Both sites of the cohort, competing deaths and days between radiograph and score included."""
    cohort = read_cohort().assign(site="development", event=lambda table: table["event_cr"])
    between = np.random.default_rng(1).integers(-150, 151, len(cohort))
    analysis = analysis_table(cohort).assign(days_to_score=between)
    return run(tmp_path_factory.mktemp("rules"), analysis, predicted_category_table(cohort), one_site())


def test_incremental_value_is_rs(tables: dict[str, pd.DataFrame]) -> None:
    r = r_answers()["survival"]["nested"]
    rows = tables["incremental_comparisons"].set_index(["smaller", "larger"])
    for smaller, larger, name in (
        ("clinical", "clinical + predicted", "clin_to_predicted"),
        ("clinical", "clinical + actual", "clin_to_actual"),
        ("clinical + predicted", "clinical + both", "predicted_to_both"),
        ("clinical + actual", "clinical + both", "actual_to_both"),
    ):
        row, expected = rows.loc[(smaller, larger)], r[name]
        assert row["lr_chi2"] == pytest.approx(expected["chi2"], rel=1e-6)
        assert row["delta_c"] == pytest.approx(expected["harrell"]["diff"], rel=1e-9)
        assert row["delta_c_se"] == pytest.approx(expected["harrell"]["se"], rel=1e-9)
    carried = tables["information_carried"].set_index(["adjustment", "prediction"]).loc[("adjusted", "category")]
    ratio = r["clin_to_predicted"]["chi2"] / r["clin_to_actual"]["chi2"]
    assert carried["ratio"] == pytest.approx(ratio, rel=1e-6)
    assert carried["low"] < ratio < carried["high"]
    models = tables["incremental_value"].set_index("model")
    assert models.loc["clinical + both", "c_optimism"] > models.loc["clinical", "c_optimism"]
    assert (models["calibration_slope"] < 1.02).all()


def test_main_row_and_its_variants(tables: dict[str, pd.DataFrame]) -> None:
    table = tables["sensitivity"]
    rows = table[table["grouping"] == "predicted"].set_index("variant")
    cox = r_answers()["survival"]["cox"]["adj_predicted"]
    assert rows.loc["main", "hr"] == pytest.approx(cox["hr"]["pcat3"], rel=1e-6)
    assert (rows.loc["main", "n"], rows.loc["main", "events"]) == (cox["n"], cox["nevent"])
    # Of events and deaths on a landmark no partial likelihood knows: it is the exclusion of who left before it.
    assert rows.loc["landmark_180", "n"] == 3766
    assert rows.loc["landmark_180", "hr"] == pytest.approx(1.5608352202174, rel=1e-6)
    assert rows.loc["composite_outcome", "events"] > rows.loc["main", "events"]
    assert rows.loc["window_30", "n"] < 0.3 * rows.loc["main", "n"]
    assert rows.loc[["origin_radiograph", "origin_score", "breslow_ties"], "hr"].to_numpy() == pytest.approx(
        rows.loc["main", "hr"], rel=0.05
    )
    assert rows.loc["fine_gray", "hr"] == pytest.approx(np.exp(0.434710), rel=1e-4)
    assert rows.loc["model_integrated", "note"] == "not possible: no categories predicted by model integrated"


def test_competing_hazards_are_rs(tables: dict[str, pd.DataFrame]) -> None:
    rows = tables["competing_hazards"]
    found = rows[(rows["grouping"] == "predicted") & (rows["method"] == "Fine-Gray")]["coefficient"]
    assert found.to_numpy() == pytest.approx([0.300403, 0.956117, 0.434711], abs=1e-5)


def test_cells_add_up(tables: dict[str, pd.DataFrame]) -> None:
    cells = tables["cross_classification"]
    inner = cells[(cells["actual"] != "all") & (cells["predicted"] != "all")]
    total = cells[(cells["actual"] == "all") & (cells["predicted"] == "all")].iloc[0]
    assert (inner["n"].sum(), inner["events"].sum()) == (total["n"], total["events"]) == (4000, 242)
    discordant = tables["discordant"]
    assert discordant["hr"].notna().sum() > 10


def test_proportional_hazards_of_rs_model_and_no_remedy_without_need(tables: dict[str, pd.DataFrame]) -> None:
    tests = tables["proportional_hazards"]
    actual = tests[(tests["grouping"] == "actual") & (tests["adjustment"] == "adjusted") & (tests["transform"] == "km")]
    assert actual.set_index("term").loc["category", "chi2"] == pytest.approx(4.94569476826146, rel=1e-6)
    assert tables["hazard_periods"].empty
    assert tables["few_events"].empty


def test_external_site_is_judged_by_the_development_models(tmp_path: Path) -> None:
    cohort = read_cohort()
    made = run(tmp_path, analysis_table(cohort), predicted_category_table(cohort), two_sites())
    models = made["incremental_value"]
    assert set(models["fitted_at"]) == {"site", "development"}
    frozen = models[models["fitted_at"] == "development"].set_index("model")
    assert (frozen["site"] == "external").all()
    assert frozen["c_corrected"].isna().all()
    assert 0.5 < frozen.loc["clinical + predicted", "c"] < 0.8
    assert 0.2 < frozen.loc["clinical + predicted", "calibration_slope"] < 2


def test_hazards_that_cross_are_found_and_split(tmp_path: Path) -> None:
    cohort = read_cohort().assign(site="development")
    rng = np.random.default_rng(1)
    high = (cohort["cat4"] == 3).to_numpy()
    # The highest category has its events in the first two years, the others theirs later.
    event = rng.random(len(cohort)) < np.where(high, 0.4, 0.15)
    time = np.where(event, np.where(high, rng.integers(1, 700, len(cohort)), rng.integers(1, 3000, len(cohort))), 3000)
    cohort = cohort.assign(time=time, event=event.astype(int))
    made = run(tmp_path, analysis_table(cohort), predicted_category_table(cohort), one_site())
    tests = made["proportional_hazards"]
    assert (tests.loc[tests["grouping"] == "actual", "p"].min()) < 1e-6
    periods = made["hazard_periods"]
    rows = periods[(periods["grouping"] == "actual") & (periods["category"] == ">=400")].set_index("from_years")
    assert rows.loc[0, "hr"] > 5
    assert "not estimable" in rows.loc[2, "note"]


def small_study() -> Study:
    """The study with a single factor: toys have few events."""
    plain = plain_study(sites={"development": "development"})
    return Study.from_plain({**plain, "factors": plain["factors"][:1]})


def toy(event: list[int], cacs: list[float], *, n: int = 24) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A handful of patients in the archive's format."""
    rng = np.random.default_rng(2)
    values = np.resize(np.array(cacs, dtype=float), n)
    analysis = pd.DataFrame(
        {
            "patient": [f"{number:016x}" for number in range(n)],
            "site": "development",
            "fold": np.arange(n) % 3,
            "cacs": values,
            "age": rng.integers(40, 80, n),
            "followup_days": rng.integers(1, 2500, n),
            "event": np.resize(np.array(event), n),
        }
    )
    category = one_site().category(values)
    return analysis, analysis[["site", "patient"]].assign(
        model="cxr", actual=category, predicted=np.roll(category, 1), repaired=False
    )


@pytest.mark.parametrize(
    ("event", "cacs"),
    [
        pytest.param([0], [0, 50, 200, 500], id="all censored"),
        pytest.param([1] + [0] * 23, [0, 500], id="one event, two categories empty"),
        pytest.param([1], [0, 50, 200, 500], id="all have the event"),
        pytest.param([1, 0], [0, 0, 500], id="two categories empty"),
        pytest.param([2, 1, 0], [0], id="a single category"),
    ],
)
def test_toy_studies_finish_and_give_reasons(tmp_path: Path, event: list[int], cacs: list[float]) -> None:
    made = run(tmp_path, *toy(event, cacs), small_study(), missing="multiple_imputation")
    for name, number in (("incremental_value", "c"), ("information_carried", "ratio"), ("sensitivity", "hr")):
        table = made[name]
        silent = table[table[number].isna() & ~table["note"].fillna("").str.contains("not ")]
        assert silent.empty, silent.to_string()
    tests = made["proportional_hazards"]
    assert tests.loc[tests["p"].isna(), "note"].astype(str).str.contains("not estimable").all()


def test_lowest_category_without_events_has_limits_by_profile_likelihood(tmp_path: Path) -> None:
    made = run(tmp_path, *toy([0, 1], [0, 500], n=60), small_study())
    few = made["few_events"]
    plain = few[(few["grouping"] == "actual") & (few["method"] == "profile likelihood")]
    highest = plain["category"] == ">=400"
    assert np.isposinf(plain.loc[highest, "hr"]).all()
    assert np.isfinite(plain.loc[highest, "low"]).all()
    assert plain.loc[~highest, "note"].str.contains("not estimable").all()
    firth = few[(few["grouping"] == "actual") & (few["method"] != "profile likelihood")]
    assert np.isfinite(firth.loc[firth["category"] == ">=400", "hr"]).all()
    assert few.loc[few["grouping"] == "actual", "reason"].str.contains("0 events in reference category 0").all()


def test_study_without_outcomes(tmp_path: Path) -> None:
    analysis, categories = toy([0], [0, 50, 200, 500])
    made = run(tmp_path, analysis.assign(followup_days=np.nan, event=np.nan), categories, small_study())
    assert made["incremental_value"]["note"].str.contains("no patients with follow-up").all()
    assert made["cumulative_incidence"].empty


def test_figures_show_every_text_whole(tables: dict[str, pd.DataFrame]) -> None:
    study, cohort = one_site(), read_cohort()
    curves = pd.concat(
        [
            kaplan_meier_table(
                GroupedFollowUp(
                    "development", grouping, cohort["time"].to_numpy(), cohort["event"].to_numpy(),
                    cohort[column].to_numpy(), pd.DataFrame(index=cohort.index), "",
                ),
                study,
            )
            for grouping, column in (("actual", "cat4"), ("predicted", "pred4"))
        ]
    )  # fmt: skip
    residuals = proportional_hazards_frame(
        tables["schoenfeld_residuals"], tables["proportional_hazards"], curves, study
    )
    incidence = cumulative_incidence_frame(tables["cumulative_incidence"], curves, study)
    gain = incremental_frame(tables["incremental_value"], tables["information_carried"], study)
    risks = risk_frame(tables["risk_calibration"], tables["risk_net_benefit"], study)
    figures = {
        "residuals": draw_proportional_hazards(residuals, study, transform="km"),
        "incidence": draw_cumulative_incidence(incidence, study),
        "gain": draw_incremental_value(gain, study, horizon_years=5),
        "risks": draw_risk_prediction(risks, study, horizon_years=5),
        "cells": draw_cross_classification(tables["cross_classification"], study),
    }
    assert [text for drawn in figures.values() for text in clipped(drawn)] == []
    shown = " ".join(texts(figures["cells"]))
    assert "242 / 4,000" in shown
    assert set(incidence["curve"]) == {"event", "competing", "one minus Kaplan-Meier"}
