"""Missing values of every variable at every site, and what was done about them."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from cacs_cxr.report.configuration import setting
from cacs_cxr.small_cells import hidden, hidden_text
from cacs_cxr.study import Study

COLUMNS = ["site", "variable", "patients", "missing", "share", "networks and integration", "survival models"]
EXCLUDED = "patients excluded (figure of the flow)"
HIDDEN = "hidden"
RULES = {"complete_case": "patients left out", "multiple_imputation": "imputed {imputations} times"}


def missing_values(analysis: pd.DataFrame, study: Study, configuration: Mapping[str, Any]) -> pd.DataFrame:
    """How many of the analysed patients lack each variable.

    Patients excluded for a missing value are not among them: the flow counts these.

    Args:
        analysis: site, biomarker, factors, followup_days, event.
        study: gives sites, biomarker and factors.
        configuration: as `reported_configuration` returns it; its smallest cell hides counts, and with a count its
            share.

    Returns:
        `COLUMNS`, for print.
    """
    smallest = setting(configuration, "deidentification.smallest_cell")
    rule = RULES.get(str(setting(configuration, "prognosis.missing")), "not recorded")
    rule = rule.format(imputations=setting(configuration, "prognosis.imputations"))
    policies = {study.biomarker.label: (study.biomarker.name, EXCLUDED, EXCLUDED)}
    for factor in study.factors:
        imputed = factor.missing == "impute"
        policy = "training median and indicator" if imputed else EXCLUDED
        policies[factor.label] = (factor.name, policy, rule if imputed else EXCLUDED)
    policies["Follow-up"] = ("event", "not used", "patients left out")
    rows = []
    for site in study.sites:
        here = analysis[analysis["site"] == site.name]
        for label, (column, networks, survival) in policies.items():
            missing = int(here[column].isna().sum())
            hide = bool(hidden([missing, len(here) - missing], smallest=smallest)[0])
            rows.append(
                {
                    "site": site.name,
                    "variable": label,
                    "patients": len(here),
                    "missing": hidden_text(missing, smallest=smallest) if hide else str(missing),
                    "share": HIDDEN if hide else f"{100 * missing / max(len(here), 1):.1f} %",
                    "networks and integration": networks,
                    "survival models": survival,
                }
            )
    return pd.DataFrame(rows, columns=COLUMNS)
