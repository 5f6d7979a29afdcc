"""Calibration, decision curves, confusion and subgroups: what is drawn is what the tables hold; nothing is cut off."""

import pandas as pd
import pytest
from matplotlib.figure import Figure

from cacs_cxr.evaluation.agreement import agreement_table
from cacs_cxr.evaluation.auc_table import auc_table
from cacs_cxr.evaluation.calibration_table import calibration_curve_table, calibration_table, distribution_table
from cacs_cxr.evaluation.categories import category_table, confusion_table
from cacs_cxr.evaluation.net_benefit import decision_curve_table
from cacs_cxr.evaluation.operating_points import cutoff_table, with_cutoffs
from cacs_cxr.evaluation.patient_groups import patient_groups
from cacs_cxr.evaluation.predictions_table import checked_predictions
from cacs_cxr.evaluation.subgroups import subgroup_tables
from cacs_cxr.figures.calibration import calibration_frame, draw_calibration
from cacs_cxr.figures.confusion import confusion_frame, draw_confusion
from cacs_cxr.figures.decision_curve import decision_frame, draw_decision_curve
from cacs_cxr.figures.style import INK, SIMULATED_MARK, ink_on, texts
from cacs_cxr.figures.subgroups import draw_subgroups, lines_of, subgroup_frame
from cacs_cxr.study import Study
from drawn_texts import clipped
from written_results import described, example_analysis, example_predictions, example_study, other_study

BANDS = {"age": [60], "bmi": [25], "days_to_score": [31]}


def figures(study: Study, analysis: pd.DataFrame, predictions: pd.DataFrame) -> dict[str, tuple[pd.DataFrame, Figure]]:
    """Frame and figure of each of the four."""
    table = checked_predictions(analysis, predictions.drop(columns=["fold", "label"]), study)
    classified = with_cutoffs(table, cutoff_table(table, study, rule="prevalence"), study)
    categories = category_table(classified, analysis, study)
    groups, labels, _ = patient_groups(analysis, study, bands=BANDS)
    found, tests = subgroup_tables(classified, groups, labels, study, bands=BANDS, least=10)
    shapes = calibration_curve_table(table, study), calibration_table(table, study), distribution_table(table)
    calibration = calibration_frame(*shapes, study)
    decision = decision_frame(decision_curve_table(table, [0.1, 0.3, 0.5], replicates=200, seed=1), study)
    confusion = confusion_frame(confusion_table(categories, study), agreement_table(categories, table, study), study)
    forest = subgroup_frame(found, tests, auc_table(table), study)
    return {
        "calibration": (calibration, draw_calibration(calibration, study)),
        "decision_curve": (decision, draw_decision_curve(decision, study)),
        "confusion": (confusion, draw_confusion(confusion, study)),
        "subgroups": (forest, draw_subgroups(forest, study)),
    }


@pytest.fixture(scope="module")
def drawn() -> dict[str, tuple[pd.DataFrame, Figure]]:
    """Figures of the default study."""
    study = example_study()
    analysis = described(example_analysis(study, patients=400))
    return figures(study, analysis, example_predictions(analysis, study))


def test_every_figure_is_marked_and_nothing_is_cut_off(drawn: dict[str, tuple[pd.DataFrame, Figure]]) -> None:
    for name, (_, figure) in drawn.items():
        assert SIMULATED_MARK in texts(figure), name
        assert clipped(figure) == [], name
        assert not [text for text in texts(figure) if "nan" in text.lower()], name


def test_numbers_are_those_of_the_tables(drawn: dict[str, tuple[pd.DataFrame, Figure]]) -> None:
    frame, figure = drawn["calibration"]
    row = frame[(frame["site"] == "external") & (frame["threshold"] == "ge100") & (frame["kind"] == "tenth")].iloc[0]
    written = "\n".join(texts(figure))
    assert f"Slope {row['slope']:.2f}" in written
    assert f"n = {int(row['patients'])}\npositive {int(row['positive'])}" in written
    tenths = frame[frame["kind"] == "tenth"].groupby(["site", "threshold"])["n"].sum()
    assert set(tenths.xs("development", level="site")) == {400}
    assert set(frame.loc[frame["kind"] == "curve", "model"]) == {"clinical", "cxr", "integrated"}
    assert set(frame.loc[frame["kind"] != "curve", "model"]) == {"integrated"}
    frame, figure = drawn["confusion"]
    assert frame.groupby(["site", "model", "actual"])["share"].sum().round(9).isin([0, 1]).all()
    kappa = frame.loc[(frame["site"] == "external") & (frame["model"] == "cxr"), "kappa_quadratic"].iloc[0]
    assert f"κ {kappa:.2f}" in "\n".join(texts(figure))
    frame, _ = drawn["decision_curve"]
    assert set(frame["strategy"]) == {"treat all", "treat none", "clinical", "cxr", "integrated"}


def test_forest_has_a_line_for_every_group_and_names_what_is_too_small(
    drawn: dict[str, tuple[pd.DataFrame, Figure]],
) -> None:
    frame, figure = drawn["subgroups"]
    variables = [variable for variable, group, _ in lines_of(frame) if not group]
    assert variables == ["all", "age", "sex", "bmi", "vendor", "days_to_score", "flagged"]  # one view makes no groups
    written = texts(figure)
    assert "F (201; 96)" in written or any(text.startswith("F (") for text in written)
    small = frame[(frame["variable"] == "flagged") & frame["auc"].isna()]
    assert len(small)
    assert any("too few" in text for text in written)


def test_one_site_without_factors_of_many_models_and_nothing_at_all() -> None:
    study = other_study()
    analysis = example_analysis(study, patients=120)
    predictions = example_predictions(analysis, study)
    only = predictions[predictions["model"] == "cxr"].assign(model="somebody's network")
    for name, (_, figure) in figures(study, analysis, only).items():
        assert clipped(figure) == [], name
        assert SIMULATED_MARK not in texts(figure), name
    empty = pd.DataFrame(columns=["model", "site"])
    assert "Not estimable" in " ".join(texts(draw_confusion(empty, study)))
    assert "Not estimable" in " ".join(texts(draw_subgroups(empty, study)))
    assert "Not estimable" in " ".join(texts(draw_calibration(empty, study)))
    curves = pd.DataFrame(columns=["strategy", "site"])
    assert "Not estimable" in " ".join(texts(draw_decision_curve(curves, study)))


def test_counts_are_not_hidden_by_dark_cells(drawn: dict[str, tuple[pd.DataFrame, Figure]]) -> None:
    _, figure = drawn["confusion"]
    numbers = [text for axes in figure.axes for text in axes.texts if "%" in text.get_text()]
    shares = [int(text.get_text().partition("\n")[2].removesuffix(" %").removeprefix("<")) for text in numbers]
    white = [text.get_color() == "white" for text in numbers]
    assert all(letters for share, letters in zip(shares, white, strict=True) if share > 70)
    assert not any(letters for share, letters in zip(shares, white, strict=True) if share < 50)


@pytest.mark.parametrize(
    ("ground", "ink"), [((0.0, 0.0, 0.0), "white"), ((1.0, 1.0, 1.0), INK), ((0.6, 0.6, 0.6), INK)]
)
def test_letters_are_of_the_ink_that_stands_out_more(ground: tuple[float, float, float], ink: str) -> None:
    assert ink_on(ground) == ink
