"""Methods of the prognostic value and its robustness, as configured."""

from collections.abc import Mapping
from typing import Any

from cacs_cxr.report.configuration import setting


def prognostic_value_paragraph(configuration: Mapping[str, Any]) -> str:
    """How incremental value, proportional hazards, competing events and other choices were analysed."""
    years = setting(configuration, "prognosis.assessment_years")
    if years is None:
        return ""
    samples = setting(configuration, "prognosis.bootstrap_replicates")
    remedy = {
        "time_split": f"hazard ratios before and after {setting(configuration, 'prognosis.split_years'):g} years",
        "restricted_mean": f"differences of the mean time free of the event until {years:g} years",
    }[str(setting(configuration, "prognosis.remedy"))]
    optimism = f" The optimism of C was taken off by bootstrap ({samples:,} samples)." if samples else ""
    return (
        "What predicted and actual category add to the clinical factors was told by likelihood ratios in the same "
        f"patients, with Harrell's C, Uno's C and the time-dependent AUC until {years:g} years and their differences, "
        f"calibration and net benefit of the {years:g}-year risk.{optimism} Models of the development site were "
        "applied to external sites without change. The share of the actual category's prognostic information that the "
        "prediction carries is the ratio of their likelihood ratio χ². Proportional hazards were tested by scores (as "
        f"R's cox.zph, {setting(configuration, 'prognosis.proportionality_transform')}); where p was below "
        f"{setting(configuration, 'prognosis.proportionality_alpha'):g} for the categories, {remedy} are given. With "
        "competing events, incidence is Aalen–Johansen's, beside cause-specific and Fine–Gray models. Categories of "
        "few events have limits by profile likelihood and Firth's penalty."
    )
