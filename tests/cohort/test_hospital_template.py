"""The template for one's own patients is a configuration that the schema and the cohort stage accept."""

import copy
from pathlib import Path
from typing import Any

import yaml

from cacs_cxr.cohort.column_mapping import configuration_faults
from cacs_cxr.cohort.site_inputs import Eligibility, SiteInput
from cacs_cxr.configuration import check_configuration
from cacs_cxr.study import Study

REPOSITORY = Path(__file__).resolve().parents[2]


def merged(base: dict[str, Any], overlay: dict[str, Any]) -> dict[str, Any]:
    result = copy.deepcopy(base)
    for key, value in overlay.items():
        inner = result.get(key)
        result[key] = merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return result


def test_template_is_accepted() -> None:
    default = yaml.safe_load((REPOSITORY / "config.yaml").read_text(encoding="utf-8"))
    template = yaml.safe_load((REPOSITORY / "studies" / "hospital.yaml").read_text(encoding="utf-8"))
    config = merged(default, template)
    check_configuration(config, schema_file=REPOSITORY / "workflow/schemas/config.schema.yaml")
    assert config["simulated"] is False
    study = Study.from_plain(config)
    for site in config["sites"]:
        assert not configuration_faults(
            SiteInput.from_plain(site),
            eligibility=Eligibility.from_plain(config["eligibility"]),
            factors=study.factors,
            biomarker=study.biomarker,
        )
