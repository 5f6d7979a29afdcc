"""Tables that are handed on: missing values counted, small counts hidden with what would give them away."""

from typing import Any

import numpy as np
import pandas as pd

from cacs_cxr.figures.flow import chain, draw_flow, flow_frame
from cacs_cxr.figures.style import texts
from cacs_cxr.prognosis.follow_up import checked_follow_up, grouped_follow_ups
from cacs_cxr.prognosis.hazard_ratios import cox_table
from cacs_cxr.prognosis.incidence import incidence_table
from cacs_cxr.report.configuration import received_configuration
from cacs_cxr.report.missing_values import missing_values
from cacs_cxr.report.prognosis_tables import cox_text, incidence_text
from cacs_cxr.report.table1 import table1
from cacs_cxr.terms import printed_hazard_ratios
from drawn_texts import clipped
from written_results import CONFIGURATION, example_analysis, example_categories, example_predictions, example_study

MASKED = {**CONFIGURATION, "deidentification": {"smallest_cell": 5}}


def test_missing_values_are_counted_with_what_was_done() -> None:
    study = example_study()
    analysis = example_analysis(study)
    analysis["bmi"] = np.where(np.arange(len(analysis)) % 10 == 0, np.nan, 25.0)
    table: Any = missing_values(analysis, study, CONFIGURATION).set_index(["site", "variable"])
    row = table.loc[("development", "Body mass index")]
    assert (row["patients"], row["missing"], row["share"]) == (300, "30", "10.0 %")
    assert row["networks and integration"] == "training median and indicator"
    assert row["survival models"] == "imputed 5 times"
    assert table.loc[("external", "Age"), "missing"] == "0"
    without = analysis["event"].isna() & (analysis["site"] == "external")
    assert table.loc[("external", "Follow-up"), "missing"] == str(without.sum())


def test_few_missing_values_are_hidden_with_their_share() -> None:
    study = example_study(external=False)
    analysis = example_analysis(study)
    analysis["bmi"] = np.where(np.arange(len(analysis)) < 3, np.nan, 25.0)
    row: Any = missing_values(analysis, study, MASKED).set_index("variable").loc["Body mass index"]
    assert row["missing"] == "< 5"
    assert row["share"] == "hidden"
    cells = table1(analysis, study, smallest=5).set_index("characteristic")
    assert cells.loc["Body mass index, kg/m², mean ± SD", "missing, development"] == "< 5"


def test_table_1_hides_small_numbers_and_those_that_would_give_them_away() -> None:
    study = example_study(external=False)
    analysis = example_analysis(study)
    women = analysis.index[study.category(analysis["cacs"]) == 3][:2]
    analysis["sex"] = "M"
    analysis.loc[[*women, *analysis.index[study.category(analysis["cacs"]) == 0][:40]], "sex"] = "F"
    plain = table1(analysis, study).set_index("characteristic").loc["Male sex, n (%)"]
    masked = table1(analysis, study, smallest=5).set_index("characteristic").loc["Male sex, n (%)"]
    top, lowest = "development, CACS ≥ 400", "development, CACS 0"
    assert "(" in str(plain[top])
    assert masked[top] == "hidden"
    assert masked[lowest] == "hidden"
    assert masked["development"] == plain["development"]


def test_events_of_small_categories_are_hidden_with_their_rates() -> None:
    study = example_study(external=False)
    analysis = example_analysis(study)
    first = analysis.index[(study.category(analysis["cacs"]) == 0) & (analysis["event"] == 1)]
    analysis.loc[first[2:], "event"] = 0
    categories = example_categories(analysis, example_predictions(analysis, study), study)
    checked = checked_follow_up(analysis, study)
    group = grouped_follow_ups(checked, categories, study, model="cxr", remark="")[0]
    incidence = incidence_table(group, study, horizons_years=[1])
    table = incidence_text(incidence, study, smallest=5).set_index("category")
    assert table.loc["0", "events"] == "< 5"
    assert table.loc["0", "person-years"] == "hidden"
    assert (table["events"] == "≥ 5").sum() == 1
    assert table.loc["all", "events"] == str(incidence["events"].iloc[-1])
    cox = cox_text(printed_hazard_ratios(cox_table(group, study, minimum_events=1), study), smallest=5)
    categories_hidden = cox.set_index("term")["events"].loc[["1–99", "100–399", "≥ 400"]]
    # The lowest category has no row here; what the others leave of the model's events must not tell its own.
    assert (categories_hidden == "≥ 5").sum() == 1


def test_flow_with_small_counts_has_no_sum_and_no_number_that_tells() -> None:
    study = example_study(external=False)
    steps = [("start", "Patients", 500), ("excluded", "Too young", 2), ("excluded", "No score", 40)]
    steps += [("excluded", "No radiograph", 60), ("remaining", "Patients analysed", 398)]
    flow = pd.DataFrame(
        [
            {"site": "development", "unit": "patients", "order": order, "kind": kind, "label": label, "n": n}
            for order, (kind, label, n) in enumerate(steps)
        ]
    )
    drawn = flow_frame(flow, study, smallest=5)
    assert drawn["n"].tolist() == [500, "< 5", "≥ 5", 60, 398]
    boxes = chain(drawn, width=41)
    assert boxes[1].lines == [
        "Excluded",
        "Too young (n\xa0<\xa05)",
        "No score (n\xa0≥\xa05)",
        "No radiograph (n\xa0=\xa060)",
    ]
    figure = draw_flow(drawn, study)
    assert clipped(figure) == []
    assert not any("(n\xa0=\xa02)" in text for text in texts(figure))


def test_smallest_cell_of_a_rebuilt_study_is_the_current_one() -> None:
    archived = {"deidentification": {"smallest_cell": 10, "greatest_age": 89}}
    current = {"deidentification": {"smallest_cell": 5, "greatest_age": None}}
    assert received_configuration(archived, current) == {"deidentification": {"greatest_age": 89, "smallest_cell": 5}}
