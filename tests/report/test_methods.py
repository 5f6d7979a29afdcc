"""The methods text says what the configuration does, key by key."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from cacs_cxr.report.methods import methods_sections
from written_results import example_study

ROOT = Path(__file__).resolve().parents[2]


def told(**changes: dict[str, Any]) -> str:
    """Methods of the default study with changes of some sections."""
    configuration = copy.deepcopy(yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8")))
    for section, values in changes.items():
        configuration[section] |= values
    return " ".join(text for _, paragraphs in methods_sections(configuration, example_study()) for text in paragraphs)


def test_the_default_study() -> None:
    text = told()
    assert "at most 183 days before or after it" in text
    assert "Patients were at least 18 years old. Ages above 89 count as 90." in text
    assert "Radiographs whose header told of a score were excluded." in text
    assert "Follow-up started at the later of radiograph and measurement;" in text
    assert "Events after the end of follow-up were not counted." in text
    assert "were censored. Missing factors were imputed 20 times by chained equations" in text
    assert "Hazard ratios are not given where a category has fewer than 5 events." in text
    assert "within a site all of them, of two sites the external one" in text
    assert "immortal" not in text
    assert "for the choice of epoch and for Platt calibration." in text
    assert "A patient's logit is the mean over the radiograph and 4 randomly changed views of it." in text
    for absent in (
        "oint networks",
        "logit for each threshold",
        "moving average",
        "were weighted in the loss",
        "different seeds",
    ):
        assert absent not in text


def test_each_option_of_training_has_its_sentence() -> None:
    text = told(
        training={
            "networks": ["cxr", "joint", "joint_thresholds"], "ensemble": 3, "imbalance": "balanced",
            "ema_decay": 0.98, "test_time_views": 1, "radiographs": "all",
        },
        prediction={"calibration": "temperature"},
    )  # fmt: skip
    assert "Joint networks, trained beside them, add a linear term of the standardised clinical factors" in text
    assert "One further network of the radiograph has a logit for each threshold" in text
    assert "3 networks from different seeds were trained in each place" in text
    assert "weighted in the loss so that both classes counted alike" in text
    assert "A moving average of the weights with a decay of 0.98 a step" in text
    assert "the mean over the radiograph and a randomly changed view of it" in text
    assert "for the choice of epoch and for calibration by a temperature." in text
    assert "Further eligible radiographs of training patients were trained on as well." in text
    assert "by the square root of the ratio" in told(training={"imbalance": "square_root"})


PRIOR = {"name": "stent", "label": "Stent", "kind": "yes_no", "missing": "include"}


@pytest.mark.parametrize(
    ("section", "values", "words"),
    [
        ("eligibility", {"window_side": "before"}, "at most 183 days before it or on its day"),
        ("eligibility", {"window_days": None}, "nearest to the measurement was taken; radiographs"),
        ("eligibility", {"maximum_age": 75}, "at least 18 and at most 75 years old"),
        ("eligibility", {"prior": [PRIOR]}, "one of these before the measurement were excluded: stent."),
        ("followup", {"time_zero": "score"}, "that time is immortal"),
        ("followup", {"landmark_days": 30}, "moved by 30 days (landmark)"),
        ("followup", {"events_after_end": "count"}, "counted where they were known"),
        ("prognosis", {"missing": "complete_case"}, "Cox models left out patients with a missing factor."),
        ("guards", {"pixels_of_two_patients": "stop"}, "No radiograph was filed under two patients."),
    ],
)
def test_each_choice_is_told(section: str, values: dict[str, Any], words: str) -> None:
    assert words in told(**{section: values})
    assert words not in told()
