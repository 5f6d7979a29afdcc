"""What the report holds and in which order: its sections with the names of their figures and tables.

Only the standard library is imported here: the workflow reads the names at every parse. The words of a section stand
in the module of its name in `cacs_cxr.report.sections`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Section:
    """A section of the report.

    Attributes:
        identifier: its anchor in the page, and the module of `cacs_cxr.report.sections` that holds its words.
        heading: its heading, also in the navigation.
        figures: figures in results/figures, by name, drawn from tables alone.
        tables: printed tables in results/tables, by name.
        pictures: figures that show radiographs or networks, as paths without suffix; they exist only where these are.
        part: ``results``, or ``background``, which stands after the limitations.
    """

    identifier: str
    heading: str
    figures: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()
    part: Literal["results", "background"] = "results"


SECTIONS: Sequence[Section] = (
    Section("participants", "Participants", figures=("flow",), tables=("table1", "missing")),
    Section(
        "radiographs",
        "Radiographs",
        figures=("intensities", "image_sizes"),
        tables=("radiographs",),
        pictures=(
            "results/images/example_radiographs",
            "results/images/contact_sheet_{site}",
            "results/images/flagged_radiographs",
        ),
    ),
    Section("discrimination", "Discrimination", figures=("roc",), tables=("auc", "comparisons")),
    Section("beside_the_paper", "Beside the paper", figures=("auc",), tables=("paper_comparison",)),
    Section(
        "calibration",
        "Calibration",
        figures=("calibration",),
        tables=("calibration", "network_calibration", "external"),
    ),
    Section("usefulness", "Clinical usefulness", figures=("decision_curve",), tables=("net_benefit",)),
    Section(
        "operating_points",
        "Operating points and predicted categories",
        figures=("confusion",),
        tables=("operating_points", "operating_rules", "agreement"),
    ),
    Section(
        "subgroups",
        "Subgroups and sensitivity analyses",
        figures=("subgroups",),
        tables=("subgroups", "within_strata", "sensitivity_analyses", "corrupted_radiographs"),
    ),
    Section("precision", "Precision", tables=("precision",)),
    Section(
        "saliency",
        "What the networks look at",
        tables=("saliency", "sanity", "probes"),
        pictures=("results/figures/training_curves", "results/figures/saliency"),
    ),
    Section("prognosis", "Prognosis", figures=("kaplan_meier", "cox"), tables=("incidence", "cox", "concordance")),
    Section(
        "prognostic_value",
        "Prognostic value of the prediction",
        figures=("incremental_value", "risk_prediction", "cross_classification"),
        tables=("incremental_value", "information_carried", "discordant"),
    ),
    Section(
        "prognosis_robustness",
        "Robustness of the prognosis",
        figures=("proportional_hazards", "cumulative_incidence"),
        tables=(
            "few_events",
            "proportional_hazards",
            "hazard_periods",
            "restricted_means",
            "competing_risks",
            "sensitivity",
        ),
    ),
    Section("deviations", "Deviations from the paper", part="background"),
    Section("assumptions", "Known and assumed", tables=("assumptions",), part="background"),
    Section("workflow", "How the study ran", figures=("stages",), part="background"),
    Section("availability", "Data, models and code", part="background"),
)
FIGURES = tuple(figure for section in SECTIONS for figure in section.figures)
TABLES = tuple(table for section in SECTIONS for table in section.tables)
PICTURES = tuple(picture for section in SECTIONS for picture in section.pictures)
