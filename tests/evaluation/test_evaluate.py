"""The rule script on an archive: R's numbers in its tables, the same bytes twice, and incomplete predictions."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import evaluate
from cacs_cxr.faults import InputError
from cacs_cxr.tables import read_written_table, write_csv, write_json
from reference_cohort import analysis_table, prediction_table, r_answers, read_cohort, two_sites

TABLES = [
    "discrimination", "auc_comparison", "site_comparison", "roc", "operating_points", "operating_points_by_rule",
    "operating_point_comparison", "predictive_values", "cutoffs", "confusion", "agreement",
]  # fmt: skip


def run(folder: Path, analysis: pd.DataFrame, predictions: pd.DataFrame) -> dict[str, Path]:
    """Write an archive's tables into the folder and evaluate them."""
    folder.mkdir()
    write_csv(analysis, folder / "analysis.csv")
    write_csv(predictions, folder / "predictions.csv")
    write_json(two_sites().plain(), folder / "study.json")
    outputs = {name: folder / f"{name}.csv" for name in TABLES}
    outputs["predicted_categories"] = folder / "predicted_categories.parquet"
    evaluate.main(
        analysis=folder / "analysis.csv",
        predictions=folder / "predictions.csv",
        study=folder / "study.json",
        cutoff_rule="youden",
        rules={"sensitivity": [0.9], "specificity": [0.9], "probability": [0.1]},
        prevalences=[0.2],
        **outputs,
    )
    return outputs


@pytest.fixture(scope="module")
def cohort() -> pd.DataFrame:
    return read_cohort()


def test_tables_of_the_cohort(cohort: pd.DataFrame, tmp_path: Path) -> None:
    outputs = run(tmp_path / "one", analysis_table(cohort), prediction_table(cohort))
    for name in TABLES:
        table = pd.read_csv(outputs[name])
        assert table.columns[-1] == "simulated"
        assert table["simulated"].all()
    aucs = read_written_table(outputs["discrimination"]).set_index(["site", "model", "threshold"])
    r = r_answers()["discrimination"]["ge400"]["ext"]["A"]
    assert aucs.loc[("external", "integrated", "ge400"), "auc"] == pytest.approx(r["auc"], rel=1e-12)
    cutoffs = pd.read_csv(outputs["cutoffs"]).set_index(["model", "threshold", "fold"])
    frozen = cutoffs.loc[("integrated", "ge100", -1), "cutoff"]
    assert frozen == pytest.approx(r_answers()["operating_points_ge100_A"]["int_youden_threshold"], rel=1e-12)
    points: Any = pd.read_csv(outputs["operating_points"]).set_index(["site", "model", "threshold"])
    external = cohort[cohort["site"] == "external"]
    called, positive = external["pA100"] >= frozen, external["cacs"] >= 100
    row = points.loc[("external", "integrated", "ge100")]
    assert (row["tp"], row["fp"]) == ((called & positive).sum(), (called & ~positive).sum())
    categories = read_written_table(outputs["predicted_categories"])
    assert len(categories) == 8000
    assert categories["actual"].to_numpy()[:3000].sum() == cohort.loc[cohort["site"] == "development", "cat4"].sum()
    confusion = pd.read_csv(outputs["confusion"])
    assert confusion.groupby(["site", "model"])["n"].sum().tolist() == [3000, 3000, 1000, 1000]


def test_order_of_rows_changes_no_byte(cohort: pd.DataFrame, tmp_path: Path) -> None:
    few = cohort.iloc[::8]
    one = run(tmp_path / "one", analysis_table(few), prediction_table(few))
    shuffled = prediction_table(few).sample(frac=1, random_state=1)
    two = run(tmp_path / "two", analysis_table(few).iloc[::-1], shuffled)
    for name in one:
        assert one[name].read_bytes() == two[name].read_bytes(), name


def test_one_threshold_of_one_model_is_evaluated_and_has_no_categories(cohort: pd.DataFrame, tmp_path: Path) -> None:
    predictions = prediction_table(cohort)
    part = predictions[(predictions["model"] == "cxr") & (predictions["threshold"] == "ge100")]
    outputs = run(tmp_path / "one", analysis_table(cohort), part.assign(model="someone's network"))
    assert len(pd.read_csv(outputs["discrimination"])) == 2
    for name in ("auc_comparison", "confusion"):
        assert outputs[name].read_text().count("\n") == 1
    assert read_written_table(outputs["predicted_categories"]).empty


def test_bad_probability_leaves_nothing_behind(cohort: pd.DataFrame, tmp_path: Path) -> None:
    predictions = prediction_table(cohort)
    predictions.loc[5, "probability"] = 1.5
    with pytest.raises(InputError, match=r"predictions.csv, row 7, column 'probability': found '1.5'"):
        run(tmp_path / "one", analysis_table(cohort), predictions)
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == [
        "analysis.csv",
        "predictions.csv",
        "study.json",
    ]
