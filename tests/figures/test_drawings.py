"""The five figures: what is drawn is what the tables hold, and what is not estimable is said in words."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from cacs_cxr.figures.auc import auc_frame, draw_auc
from cacs_cxr.figures.cox import draw_cox
from cacs_cxr.figures.flow import chain, draw_flow, flow_frame
from cacs_cxr.figures.kaplan_meier import draw_kaplan_meier, kaplan_meier_frame
from cacs_cxr.figures.roc import draw_roc, roc_frame
from cacs_cxr.figures.style import SIMULATED_MARK, texts
from cacs_cxr.study import Study
from cacs_cxr.terms import printed_hazard_ratios
from drawn_texts import clipped
from written_results import (
    example_analysis,
    example_categories,
    example_discrimination,
    example_flow,
    example_kaplan_meier,
    example_predictions,
    example_roc,
    example_study,
    other_study,
    without_follow_up,
)

NO_TESTS = pd.DataFrame(columns=["site", "grouping", "test", "p", "note"])


def cox_table(study: Study, *, estimable: bool = True) -> pd.DataFrame:
    """cox.csv in which every category doubles the hazard and a year of age multiplies it by 1.02."""
    rows = []
    for site in study.sites:
        for grouping in ("actual", "predicted"):
            for adjustment in ("unadjusted", "adjusted"):
                terms = [(f"category[{name}]", 2.0) for name in study.categories[1:]]
                if adjustment == "adjusted":
                    terms += [(factor.term, 1.02) for factor in study.factors]
                for term, hr in terms:
                    value = hr if estimable else np.nan
                    rows.append(
                        {
                            "site": site.name,
                            "grouping": grouping,
                            "adjustment": adjustment,
                            "term": term,
                            "n": 200 if estimable else 0,
                            "events": 30 if estimable else 0,
                            "term_n": 50,
                            "term_events": 9,
                            "coefficient": np.log(value),
                            "se": 0.1,
                            "hr": value,
                            "low": value * 0.9,
                            "high": value * 1.1,
                            "p": 0.0004 if estimable else np.nan,
                            "note": "" if estimable else "not estimable: no patients with follow-up",
                        }
                    )
    return pd.DataFrame(rows)


def figures(study: Study, analysis: pd.DataFrame, predictions: pd.DataFrame, cox: pd.DataFrame) -> dict[str, Figure]:
    """All five figures."""
    areas = example_discrimination(predictions, study)
    categories = example_categories(analysis, predictions, study)
    curves = kaplan_meier_frame(example_kaplan_meier(analysis, categories, study), study)
    return {
        "flow": draw_flow(flow_frame(example_flow(study), study), study),
        "roc": draw_roc(roc_frame(example_roc(predictions, study), areas, study), study),
        "auc": draw_auc(auc_frame(areas, study), study),
        "kaplan_meier": draw_kaplan_meier(curves, NO_TESTS, study, competing_events=0),
        "cox": draw_cox(printed_hazard_ratios(cox, study), study),
    }


@pytest.mark.slow
@pytest.mark.parametrize("external", [True, False])
def test_no_text_leaves_the_page_and_every_figure_is_marked(external: bool) -> None:
    study = example_study(external=external)
    analysis = example_analysis(study)
    drawn = figures(study, analysis, example_predictions(analysis, study), cox_table(study))
    for name, figure in drawn.items():
        assert SIMULATED_MARK in texts(figure), name
        assert clipped(figure) == [], name
        assert round(figure.get_figwidth() * 25.4) in {89, 183}


@pytest.mark.slow
def test_study_without_follow_up_or_paper_says_so_and_is_not_marked() -> None:
    study = other_study()
    analysis = without_follow_up(example_analysis(study))
    drawn = figures(study, analysis, example_predictions(analysis, study), cox_table(study, estimable=False))
    assert texts(drawn["kaplan_meier"]) == ["Not estimable: no patient has follow-up for death."]
    assert texts(drawn["cox"]) == ["Not estimable: no patient has follow-up for death."]
    assert not any("Hong" in text for text in texts(drawn["auc"]))
    for figure in drawn.values():
        assert SIMULATED_MARK not in texts(figure)


def test_threshold_without_cases_is_said_in_words() -> None:
    study = example_study(external=False)
    analysis = example_analysis(study)
    analysis["cacs"] = analysis["cacs"].clip(upper=399)
    predictions = example_predictions(analysis, study)
    areas = example_discrimination(predictions, study)
    roc = draw_roc(roc_frame(example_roc(predictions, study), areas, study), study)
    assert sum(text.startswith("Not estimable") for text in texts(roc)) == 1
    assert texts(draw_auc(auc_frame(areas, study), study)).count("not estimable") == 3


def test_no_predictions_at_all_draws_words() -> None:
    study = example_study()
    analysis = example_analysis(study)
    empty = example_predictions(analysis, study).iloc[:0]
    areas = example_discrimination(example_predictions(analysis, study), study).iloc[:0]
    assert "Not estimable:\nno predictions" in texts(draw_auc(auc_frame(areas, study), study))
    assert (
        sum(
            "Not estimable" in text
            for text in texts(draw_roc(roc_frame(example_roc(empty, study), areas, study), study))
        )
        == 6
    )


def test_flow_without_rows_is_said_in_words() -> None:
    study = example_study()
    drawn = flow_frame(example_flow(study).iloc[:0], study)
    assert "The flow of patients was not recorded." in texts(draw_flow(drawn, study))


def test_flow_boxes_add_up_and_name_every_reason() -> None:
    study = example_study(external=False)
    drawn = flow_frame(example_flow(study), study)
    assert drawn["unit"].unique().tolist() == ["radiographs", "patients"]
    boxes = chain(drawn[drawn["unit"] == "radiographs"], width=41)
    assert [box.kind for box in boxes] == ["kept", "excluded", "kept", "excluded", "kept"]
    assert boxes[1].lines[0] == "Excluded (n = 526)"
    assert any("(n\xa0=\xa0212)" in line for line in boxes[1].lines)
    patients = chain(drawn[drawn["unit"] == "patients"], width=41)
    assert "1 other reason met by" in patients[1].lines


def test_roc_keeps_every_corner_and_the_area_between() -> None:
    study = example_study(external=False)
    analysis = example_analysis(study)
    predictions = example_predictions(analysis, study)
    roc, areas = example_roc(predictions, study), example_discrimination(predictions, study)
    drawn = roc_frame(roc, areas, study)
    assert set(drawn.loc[drawn["fold"] != "pooled", "model"]) == {"cxr"}
    for table in (roc, drawn):
        curve = table[(table["model"] == "cxr") & (table["threshold"] == "ge100") & (table["fold"] == "pooled")]
        area = np.trapezoid(curve["sensitivity"], curve["false_positive_rate"])
        expected = areas.loc[(areas["model"] == "cxr") & (areas["threshold"] == "ge100"), "auc"].iloc[0]
        assert area == pytest.approx(expected, abs=1e-12)
    assert len(drawn) < len(roc)


def test_auc_figure_puts_the_abstracts_numbers_beside_ours() -> None:
    study = example_study()
    analysis = example_analysis(study)
    drawn = auc_frame(example_discrimination(example_predictions(analysis, study), study), study)
    paper = drawn.dropna(subset=["paper_auc"]).set_index(["site", "model", "threshold"])["paper_auc"]
    assert len(paper) == 9
    assert paper["development", "cxr", "gt0"] == 0.74
    assert paper["development", "integrated", "ge400"] == 0.82
    assert paper["external", "integrated", "ge100"] == 0.79
    presumed = drawn[drawn["site"] == "external"].dropna(subset=["paper_auc"])["paper_model_presumed"]
    assert presumed.eq(True).all()


def test_number_at_risk_counts_patients_whose_time_is_at_least_the_tick() -> None:
    study = example_study(external=False)
    rows = [
        {"time_days": day, "n_at_risk": n, "n_events": events, "survival": s, "se": 0.0, "low": s, "high": s}
        for day, n, events, s in [(0, 60, 0, 1.0), (731, 60, 6, 0.9), (1461, 54, 0, 0.9), (2000, 15, 0, 0.9)]
    ]
    curves = pd.DataFrame(rows).assign(site="development", grouping="actual", category="0", simulated=True)
    drawn = kaplan_meier_frame(curves, study)
    at_risk = drawn[drawn["kind"] == "at_risk"].set_index("years")["n_at_risk"]
    assert at_risk.to_dict() == {0.0: 60, 1.0: 60, 2.0: 60, 3.0: 54, 4.0: 54, 5.0: 15}
    curve = drawn[drawn["kind"] == "curve"]
    assert curve["time_days"].tolist() == [0, 731, 1461]
    assert (drawn["axis"] == "incidence").all()


@pytest.mark.parametrize(
    ("events", "competing", "label"),
    [
        (3, 0, "Cumulative incidence of MACE\n(1 − Kaplan–Meier), %"),
        (3, 2, "MACE, 1 − Kaplan–Meier, %\n(competing deaths censored)"),
        (40, 0, "Free of MACE (Kaplan–Meier), %"),
    ],
)
def test_axis_says_what_it_shows(events: int, competing: int, label: str) -> None:
    study = example_study(external=False)
    s = 1 - events / 100
    rows = [
        {"time_days": day, "n_at_risk": n, "n_events": d, "survival": value, "low": value, "high": value}
        for day, n, d, value in [(0, 100, 0, 1.0), (400, 100, events, s), (900, 100 - events, 0, s)]
    ]
    curves = pd.DataFrame(rows).assign(site="development", grouping="actual", category="0")
    drawn = kaplan_meier_frame(curves, study)
    assert label in texts(draw_kaplan_meier(drawn, NO_TESTS, study, competing_events=competing))


def test_small_group_is_named_instead_of_drawn() -> None:
    study = example_study(external=False)
    rows = [
        {
            "time_days": day,
            "n_at_risk": n,
            "n_events": 0,
            "survival": 1.0,
            "low": 1.0,
            "high": 1.0,
            "category": category,
        }
        for category, n in (("0", 100), ("1-99", 12))
        for day in (0, 900)
    ]
    curves = pd.DataFrame(rows).assign(site="development", grouping="actual")
    figure = draw_kaplan_meier(kaplan_meier_frame(curves, study), NO_TESTS, study, competing_events=0)
    assert "Too few patients to draw: 1–99 (n = 12), 100–399 (n = 0), ≥ 400 (n = 0)" in texts(figure)


def test_hazard_ratios_of_factors_are_scaled_to_their_step() -> None:
    study = example_study(external=False)
    printed = printed_hazard_ratios(cox_table(study), study)
    age = printed[(printed["term"] == "age") & (printed["grouping"] == "actual")].iloc[0]
    assert age["label"] == "Age, per 10 years"
    assert age["hr"] == pytest.approx(1.02**10)
    assert age["high"] == pytest.approx((1.02 * 1.1) ** 10)
    assert printed[printed["term"] == "sex[M]"]["hr"].iloc[0] == 1.02
    assert printed[printed["term"] == "category[1-99]"]["label"].iloc[0] == "1–99"


def test_grouping_that_is_not_estimable_gives_its_reason() -> None:
    study = example_study()
    good, bad = cox_table(study), cox_table(study, estimable=False)
    mixed = pd.concat([good[good["site"] == "development"], bad[bad["site"] == "external"]])
    figure = draw_cox(printed_hazard_ratios(mixed, study), study)
    assert texts(figure).count(" Not estimable: no patients with follow-up") == 2
    assert "2.00 (1.80–2.20), <.001" in texts(figure)
