"""Reporting checklists: where each item of TRIPOD+AI and of CLAIM stands in the report, and what people have to write.

The items are named in our own few words; their full texts are in the two publications that `CHECKLISTS` cites.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

AUTHORS = "authors"
TO_BE_WRITTEN = "to be written by the authors"
ABSENT = "not in this study"


@dataclass(frozen=True)
class Item:
    """An item of a checklist.

    Attributes:
        number: as the publication numbers it.
        subject: what it asks for, in a few words of our own.
        places: anchors in the page, and `AUTHORS` where people have to write something that no study file holds.
        note: a remark for the reader.
    """

    number: str
    subject: str
    places: tuple[str, ...]
    note: str = ""


TRIPOD_AI: Mapping[str, Sequence[Item]] = {
    "Title and abstract": (
        Item("1", "Title: model developed and evaluated, population, outcome", ("top",)),
        Item("2", "Structured abstract", ("abstract",)),
    ),
    "Introduction": (
        Item("3a", "Setting, rationale, existing models", (AUTHORS,)),
        Item("3b", "Target population, purpose, intended users", (AUTHORS,)),
        Item("3c", "Known inequalities between groups of people", (AUTHORS,)),
        Item("4", "Objectives: development, evaluation or both", ("abstract",)),
    ),
    "Methods": (
        Item("5a", "Sources of data, representativeness", ("methods-patients", AUTHORS)),
        Item("5b", "Dates of accrual and follow-up", (AUTHORS,), "no date leaves the cohort stage"),
        Item("6a", "Setting and centres", ("methods-patients", AUTHORS)),
        Item("6b", "Eligibility", ("methods-patients", "figure-flow")),
        Item("6c", "Treatments received", (AUTHORS,)),
        Item("7", "Preparation and quality checks of the data", ("methods-radiographs", "radiographs")),
        Item("8a", "Outcome: definition, how and when assessed", ("methods-patients", "methods-prognosis")),
        Item("8b", "Assessors of the outcome", (AUTHORS,)),
        Item("8c", "Blinding of the outcome", (AUTHORS,)),
        Item("9a", "Choice of predictors", ("methods-models", "table-assumptions")),
        Item("9b", "Definition and measurement of predictors", ("methods-radiographs", "methods-models")),
        Item("9c", "Assessors of predictors", ("methods-radiographs",), "radiographs are read by a program"),
        Item("10", "Sample size and its justification", ("participants", "table-precision", AUTHORS)),
        Item("11", "Missing data", ("methods-prognosis", "table-missing")),
        Item("12a", "Use and partition of the data", ("methods-models",)),
        Item("12b", "Handling of predictors", ("methods-radiographs", "methods-models")),
        Item("12c", "Type of model, building, tuning, internal validation", ("methods-models",)),
        Item("12d", "Heterogeneity between clusters", ("methods-evaluation", "figure-auc"), "by site"),
        Item("12e", "Measures and plots of performance", ("methods-evaluation", "calibration", "usefulness")),
        Item("12f", "Updating of the model", ("methods-models",), "nothing is fitted at external sites"),
        Item("12g", "How predictions were calculated", ("methods-models",)),
        Item("13", "Class imbalance", ("methods-models",), "no resampling; probabilities are calibrated"),
        Item("14", "Fairness", ("subgroups", AUTHORS)),
        Item("15", "Output of the model, classification, cut-offs", ("methods-evaluation", "table-operating_points")),
        Item("16", "Differences between development and evaluation", ("table-table1", AUTHORS)),
        Item("17", "Ethical approval", (AUTHORS,)),
    ),
    "Open science": (
        Item("18a", "Funding", (AUTHORS,)),
        Item("18b", "Conflicts of interest", (AUTHORS,)),
        Item("18c", "Protocol", ("provenance", AUTHORS), "the configuration is the protocol of the analysis"),
        Item("18d", "Registration", (AUTHORS,)),
        Item("18e", "Data sharing", ("availability", AUTHORS)),
        Item("18f", "Code sharing", ("availability",)),
        Item("19", "Involvement of patients and the public", (AUTHORS,)),
    ),
    "Results": (
        Item("20a", "Flow of participants, outcomes, follow-up", ("figure-flow", "table-table1", "table-incidence")),
        Item("20b", "Characteristics, missing data", ("table-table1", "table-missing")),
        Item("20c", "Predictors in development and evaluation", ("table-table1",), "standardised differences"),
        Item("21", "Participants and events of each analysis", ("table-auc", "table-incidence", "table-cox")),
        Item("22", "The full model, for prediction in others", ("availability",), "weights and coefficients"),
        Item(
            "23a",
            "Performance with intervals",
            (
                "table-auc",
                "figure-roc",
                "table-calibration",
                "table-net_benefit",
                "table-operating_points",
                "subgroups",
            ),
        ),
        Item(
            "23b", "Heterogeneity of performance", ("table-external", "figure-auc", "table-auc"), "by site and by fold"
        ),
        Item("24", "Results of updating", ("methods-models",), "no model was updated"),
    ),
    "Discussion": (
        Item("25", "Interpretation", ("abstract", "beside_the_paper", AUTHORS)),
        Item("26", "Limitations", ("limitations",)),
        Item("27a", "Poor or missing input in use", ("methods-radiographs", "table-missing", AUTHORS)),
        Item("27b", "What users have to do and know", (AUTHORS,)),
        Item("27c", "Next steps", (AUTHORS,)),
    ),
}

CLAIM: Mapping[str, Sequence[Item]] = {
    "Title and abstract": (
        Item("1", "Title names the kind of AI", ("top",)),
        Item("2", "Structured abstract", ("abstract",)),
    ),
    "Introduction": (
        Item("3", "Background, intended use and role", (AUTHORS,)),
        Item("4", "Aims and hypotheses", ("abstract", AUTHORS)),
    ),
    "Study design": (
        Item("5", "Prospective or retrospective", ("methods-patients", AUTHORS)),
        Item("6", "Goal of the study", ("abstract",)),
    ),
    "Data": (
        Item("7", "Sources", ("methods-patients", AUTHORS)),
        Item("8", "Inclusion and exclusion", ("methods-patients", "figure-flow")),
        Item("9", "Preprocessing", ("methods-radiographs", "figure-intensities")),
        Item("10", "Selection of subsets", ("methods-patients",)),
        Item("11", "De-identification", ("availability",), "keyed pseudonyms, days in place of dates"),
        Item("12", "Missing data", ("table-missing", "methods-prognosis")),
        Item("13", "Acquisition of the images", ("figure-image_sizes", "table-radiographs", AUTHORS)),
    ),
    "Reference standard": (
        Item("14", "How it was obtained", ("methods-patients", AUTHORS)),
        Item("15", "Why it was chosen", (AUTHORS,)),
        Item("16", "Who made it", (AUTHORS,)),
        Item("17", "Annotation of the test set", ("methods-patients", AUTHORS)),
        Item("18", "Variability between readers", (AUTHORS,)),
    ),
    "Partitions": (
        Item("19", "How partitions were assigned", ("methods-models",)),
        Item("20", "Level at which they are disjoint", ("methods-models",), "patients"),
        Item("21", "Intended size of the test set", ("participants", AUTHORS)),
    ),
    "Model": (
        Item("22", "Description of the model", ("methods-models", "availability")),
        Item("23", "Software", ("provenance",)),
        Item("24", "Initial weights", ("methods-models",)),
    ),
    "Training": (
        Item("25", "Training", ("methods-models", "training")),
        Item("26", "Choice of the final model", ("methods-models",)),
        Item("27", "Ensembles", ("methods-models",)),
    ),
    "Evaluation": (
        Item("28", "Measures of performance", ("methods-evaluation",)),
        Item("29", "Uncertainty and significance", ("methods-evaluation",)),
        Item(
            "30",
            "Robustness and sensitivity",
            ("table-sensitivity_analyses", "table-corrupted_radiographs", "subgroups", "figure-auc"),
        ),
        Item("31", "Explanations", ("saliency",)),
        Item("32", "Evaluation on internal data", ("discrimination",)),
        Item("33", "Evaluation on external data", ("discrimination", "figure-auc")),
        Item("34", "Registration of a trial", (AUTHORS,)),
    ),
    "Results": (
        Item("35", "Included and excluded", ("figure-flow", "participants")),
        Item("36", "Characteristics by partition", ("table-table1",)),
        Item(
            "37", "Performance of the model", ("table-auc", "table-comparisons", "table-calibration", "table-external")
        ),
        Item("38", "Diagnostic performance and its precision", ("figure-roc", "table-operating_points")),
        Item("39", "Failures", ("operating_points", "figure-confusion", AUTHORS)),
    ),
    "Discussion": (
        Item("40", "Limitations", ("limitations",)),
        Item("41", "Meaning for practice", (AUTHORS,)),
    ),
    "Other": (
        Item("42", "Protocol", ("provenance", AUTHORS)),
        Item("43", "Software, model and data", ("availability",)),
        Item("44", "Funding", (AUTHORS,)),
    ),
}
CHECKLISTS: Sequence[tuple[str, str, str, Mapping[str, Sequence[Item]]]] = (
    ("tripod", "TRIPOD+AI", "Collins GS, et al. BMJ 2024;385:e078378.", TRIPOD_AI),
    ("claim", "CLAIM 2024", "Tejani AS, et al. Radiol Artif Intell 2024;6:e240300.", CLAIM),
)


def answered(items: Mapping[str, Sequence[Item]], anchors: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    """Items with the places of this page that answer them, for the template.

    Args:
        items: a checklist by part.
        anchors: identifiers of the page with the words of a link to them; places of other studies are left out.

    Returns:
        By part: number, subject, links (identifier and words) and remark (whether something is left to the authors, or
        that this study has nothing to say, and the item's note).
    """
    return {
        part: [
            {
                "number": item.number,
                "subject": item.subject,
                "links": [(place, anchors[place]) for place in item.places if place in anchors],
                "remark": "; ".join(text for text in (_left(item.places, anchors), item.note) if text),
            }
            for item in group
        ]
        for part, group in items.items()
    }


def _left(places: Sequence[str], anchors: Collection[str]) -> str:
    if AUTHORS in places:
        return TO_BE_WRITTEN
    return "" if any(place in anchors for place in places) else ABSENT
