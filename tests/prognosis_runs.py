"""The rules of the prognosis beyond curves and hazard ratios, run on a small study as the report needs them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import analyse_competing_risks
import analyse_hazards
import analyse_incremental_value
import analyse_sensitivity
import draw_cross_classification
import draw_cumulative_incidence
import draw_incremental_value
import draw_proportional_hazards
import draw_risk_prediction

HAZARDS = ("proportional_hazards", "schoenfeld_residuals", "hazard_periods", "restricted_means", "few_events")
VALUE = (
    "incremental_value", "incremental_comparisons", "information_carried", "continuous_prediction", "risk_calibration",
    "risk_net_benefit", "cross_classification", "discordant",
)  # fmt: skip
COMPETING = ("cumulative_incidence", "competing_incidence", "competing_hazards")
REPORTED = (
    "incremental_value", "incremental_comparisons", "information_carried", "discordant", "few_events",
    "proportional_hazards", "hazard_periods", "restricted_means", "competing_incidence", "competing_hazards",
    "sensitivity",
)  # fmt: skip
YEARS = 5


def analyse(files: Mapping[str, Path], *, configuration: Path, predictions: Path, folder: Path) -> dict[str, Path]:
    """Run the four analyses; their tables by name.

    Args:
        files: analysis, predicted_categories and study.
    """
    paths = {name: folder / f"{name}.csv" for name in (*HAZARDS, *VALUE, *COMPETING, "sensitivity")}
    base: dict[str, Any] = {
        **files,
        "model": "cxr",
        "missing": "multiple_imputation",
        "imputations": 2,
        "minimum_events_per_category": 5,
        "seed": 1,
    }
    analyse_hazards.main(
        **base,
        tables={name: paths[name] for name in HAZARDS},
        proportionality_transform="km",
        proportionality_alpha=0.05,
        remedy="restricted_mean",
        split_years=2,
        assessment_years=YEARS,
    )
    analyse_incremental_value.main(
        **base,
        predictions=predictions,
        tables={name: paths[name] for name in VALUE},
        assessment_years=YEARS,
        bootstrap_replicates=20,
        highest_risk_threshold=0.2,
        processes=1,
    )
    analyse_competing_risks.main(**base, tables={name: paths[name] for name in COMPETING}, horizons_years=[1, 3])
    choices = ("landmark_180", "window_30", "fine_gray")
    analyse_sensitivity.main(**base, configuration=configuration, table=paths["sensitivity"], sensitivity=choices)
    return paths


def draw(tables: Mapping[str, Path], *, kaplan_meier: Path, study: Path, drawn: Mapping[str, Any]) -> None:
    """Draw the five figures.

    Args:
        tables: as `analyse` returns them.
        drawn: files of each figure by its name, as the drawing scripts take them.
    """
    at: dict[str, Any] = {"study": study, "horizon_years": YEARS}
    draw_incremental_value.main(
        models=tables["incremental_value"], carried=tables["information_carried"], **at, **drawn["incremental_value"]
    )
    draw_risk_prediction.main(
        calibration=tables["risk_calibration"], benefit=tables["risk_net_benefit"], **at, **drawn["risk_prediction"]
    )
    draw_cross_classification.main(cells=tables["cross_classification"], study=study, **drawn["cross_classification"])
    draw_proportional_hazards.main(
        residuals=tables["schoenfeld_residuals"],
        tests=tables["proportional_hazards"],
        kaplan_meier=kaplan_meier,
        study=study,
        transform="km",
        **drawn["proportional_hazards"],
    )
    draw_cumulative_incidence.main(
        incidence=tables["cumulative_incidence"],
        kaplan_meier=kaplan_meier,
        study=study,
        **drawn["cumulative_incidence"],
    )
