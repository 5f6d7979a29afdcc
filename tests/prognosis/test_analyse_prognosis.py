"""The rule script: R's numbers in its tables, and studies that lack outcomes, sites, categories or factors."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest

import analyse_prognosis
from cacs_cxr.study import Study
from cacs_cxr.tables import read_written_table, write_csv, write_json, write_parquet
from reference_cohort import (
    analysis_table,
    one_site,
    plain_study,
    predicted_category_table,
    r_answers,
    read_cohort,
    two_sites,
)

TABLES = ["kaplan_meier", "logrank", "cox", "cox_tests", "concordance", "incidence"]


def run(
    folder: Path,
    analysis: pd.DataFrame,
    categories: pd.DataFrame,
    study: Study,
    *,
    missing: Literal["complete_case", "multiple_imputation"] = "complete_case",
) -> dict[str, pd.DataFrame]:
    """Analyse a study and read its tables back."""
    write_csv(analysis, folder / "analysis.csv")
    write_parquet(categories, folder / "predicted_categories.parquet")
    write_json(study.plain(), folder / "study.json")
    analyse_prognosis.main(
        analysis=folder / "analysis.csv",
        predicted_categories=folder / "predicted_categories.parquet",
        study=folder / "study.json",
        model="cxr",
        horizons_years=[1, 3, 5],
        minimum_events_per_category=5,
        missing=missing,
        imputations=3,
        seed=1,
        **{name: folder / f"{name}.csv" for name in TABLES},
    )
    tables = {name: read_written_table(folder / f"{name}.csv") for name in TABLES}
    assert all(table.columns[-1] == "simulated" for table in tables.values())
    return tables


@pytest.fixture(scope="module")
def cohort() -> pd.DataFrame:
    return read_cohort()


def test_external_site_of_the_cohort_is_rs(cohort: pd.DataFrame, tmp_path: Path) -> None:
    tables = run(tmp_path, analysis_table(cohort), predicted_category_table(cohort), two_sites())
    r = r_answers()["survival"]
    here = {
        name: table[(table["site"] == "external") & (table["grouping"] == "predicted")]
        for name, table in tables.items()
    }
    model = r["cox"]["adj_predicted_ext"]
    adjusted = here["cox"][here["cox"]["adjustment"] == "adjusted"]
    assert adjusted["n"].unique().tolist() == [model["n"]]
    assert adjusted["hr"].tolist() == pytest.approx(list(model["hr"].values()), rel=1e-6)
    assert adjusted["p"].tolist() == pytest.approx(list(model["p"].values()), rel=1e-6)
    c = here["concordance"].set_index("adjustment").loc["adjusted"]
    assert (c["c"], c["se"]) == pytest.approx((model["concordance"], model["concordance_se"]), rel=1e-9)
    overall = here["logrank"][here["logrank"]["test"] == "overall"].iloc[0]
    assert overall["p"] == pytest.approx(r["logrank_predicted_ext"]["overall"]["p"], rel=1e-9)
    curve = here["kaplan_meier"][here["kaplan_meier"]["category"] == "100-399"]
    expected = r["km_predicted_ext"]["2"]
    last = curve[curve["time_days"] <= 1825].iloc[-1]
    assert (last["survival"], last["se"], last["low"], last["high"]) == pytest.approx(
        (
            expected["surv"][3],
            expected["std_err"][3],
            expected["loglog"]["lower"][3],
            expected["loglog"]["upper"][3],
        ),
        rel=1e-9,
    )
    first = curve.iloc[0]
    assert (first["time_days"], first["n_at_risk"], first["survival"]) == (0, expected["n"], 1)
    row = here["incidence"][here["incidence"]["category"] == "100-399"].iloc[0]
    rate = expected["incidence_rate"]
    assert row["rate_per_1000"] == pytest.approx(rate["rate"] * 365.25 * 1000, rel=1e-9)
    assert row["high"] == pytest.approx(rate["exact_upper"] * 365.25 * 1000, rel=1e-9)
    assert row["median_followup_days"] == expected["reverse_km_followup"]["median"]


def test_whole_cohort_as_one_site_is_rs(cohort: pd.DataFrame, tmp_path: Path) -> None:
    whole = cohort.assign(site="development")
    tables = run(tmp_path, analysis_table(whole), predicted_category_table(whole), one_site())
    r = r_answers()["survival"]
    for grouping in ("actual", "predicted"):
        rows = tables["logrank"][tables["logrank"]["grouping"] == grouping].reset_index(drop=True)
        answers = r[f"logrank_{grouping}"]
        assert rows.loc[0, "chi2"] == pytest.approx(answers["overall"]["chi2"], rel=1e-9)
        assert rows.loc[1, "p"] == pytest.approx(answers["trend_scores_0_to_k"]["p"], rel=1e-9)
        assert rows.loc[2:, "p_holm"].tolist() == pytest.approx(answers["pairwise"]["p_holm"], rel=1e-9)
        cox = tables["cox"][(tables["cox"]["grouping"] == grouping) & (tables["cox"]["adjustment"] == "adjusted")]
        assert cox["coefficient"].tolist() == pytest.approx(
            list(r["cox"][f"adj_{grouping}"]["coef"].values()), rel=1e-6
        )


def test_study_without_outcomes_has_every_row_and_no_number(cohort: pd.DataFrame, tmp_path: Path) -> None:
    analysis = analysis_table(cohort).assign(followup_days=np.nan, event=np.nan)
    tables = run(tmp_path, analysis, predicted_category_table(cohort), two_sites())
    assert tables["kaplan_meier"].empty
    assert list(tables["kaplan_meier"].columns[:4]) == ["site", "grouping", "category", "time_days"]
    for name, number in {"logrank": "p", "cox": "hr", "cox_tests": "p", "concordance": "c", "incidence": "low"}.items():
        assert len(tables[name]) > 0
        assert tables[name][number].isna().all()
        assert tables[name]["note"].str.startswith("not estimable").all()


def test_study_without_predicted_categories_says_so(cohort: pd.DataFrame, tmp_path: Path) -> None:
    tables = run(tmp_path, analysis_table(cohort), predicted_category_table(cohort).iloc[:0], two_sites())
    cox: Any = tables["cox"].set_index("grouping")
    assert cox.loc["predicted", "note"].str.contains("no predicted categories").all()
    assert cox.loc["actual", "hr"].notna().all()


def test_model_that_stands_in_is_noted(cohort: pd.DataFrame, tmp_path: Path) -> None:
    categories = predicted_category_table(cohort).assign(model="integrated")
    tables = run(tmp_path, analysis_table(cohort), categories, two_sites())
    notes: Any = tables["cox"].set_index("grouping").loc["predicted", "note"]
    assert set(notes) == {"categories predicted by model integrated, as cxr has none"}


def test_another_biomarker_without_factors_and_with_an_empty_category(tmp_path: Path) -> None:
    plain = plain_study(sites={"here": "development"})
    plain |= {
        "biomarker": {"name": "ldh", "label": "LDH", "short": "LDH", "unit": "U/L"},
        "thresholds": [{"name": "ge250", "operator": ">=", "value": 250, "label": "≥ 250"}],
        "categories": ["<250", ">=250"],
        "factors": [],
        "simulated": False,
    }
    analysis = pd.DataFrame(
        {
            "patient": [f"p{number}" for number in range(12)],
            "site": "here",
            "fold": np.arange(12) % 3,
            "ldh": 100.0,
            "followup_days": np.arange(1, 13),
            "event": [0, 1] * 6,
        }
    )
    categories = analysis[["site", "patient"]].assign(model="m", actual=0, predicted=0, repaired=False)
    tables = run(tmp_path, analysis, categories, Study.from_plain(plain))
    assert tables["cox"]["term"].unique().tolist() == ["category[>=250]"]
    assert tables["cox"]["note"].str.startswith("not estimable: no patients in category >=250").all()
    assert not tables["cox"]["simulated"].any()
    assert tables["kaplan_meier"]["category"].unique().tolist() == ["<250"]
    assert tables["incidence"].set_index(["grouping", "category"]).loc[("actual", "<250"), "events"] == 6
