"""Rates by hand, risks at horizons and empty categories."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from cacs_cxr.prognosis.follow_up import GroupedFollowUp
from cacs_cxr.prognosis.incidence import exact_rate, incidence_table, risk_columns
from reference_cohort import one_site


def test_exact_rate_by_hand() -> None:
    rate, low, high = exact_rate(0, 2.0)
    assert (rate, low) == (0, 0)
    assert high == pytest.approx(-np.log(0.025) / 2)
    assert np.isnan(exact_rate(0, 0.0)).all()


def test_table_of_a_small_group() -> None:
    group = GroupedFollowUp(
        "development",
        "actual",
        np.array([365, 731, 800, 1461]),
        np.array([1, 0, 2, 0]),
        np.array([0, 0, 0, 1]),
        pd.DataFrame(index=range(4)),
        "1 competing events treated as censored (cause-specific)",
    )
    table: Any = incidence_table(group, one_site(), horizons_years=[1, 3]).set_index("category")
    assert table.index.tolist() == ["0", "1-99", "100-399", ">=400", "all"]
    lowest = table.loc["0"]
    assert (lowest["n"], lowest["events"]) == (3, 1)
    assert lowest["person_years"] == pytest.approx((365 + 731 + 800) / 365.25)
    assert lowest["rate_per_1000"] == pytest.approx(1000 / lowest["person_years"])
    assert lowest["risk_1y"] == pytest.approx(1 / 3)
    assert lowest["risk_1y_low"] < 1 / 3 < lowest["risk_1y_high"]
    assert np.isnan(lowest["risk_3y"])
    assert "risk at 3 years not estimable: follow-up ends earlier" in lowest["note"]
    assert table.loc["1-99", "risk_3y"] == 0
    assert np.isnan(table.loc["1-99", "risk_3y_low"])
    assert table.loc[">=400", "note"].startswith("not estimable: no patients with follow-up")
    assert table.loc["all", "n"] == 4
    assert table.loc["all", "note"].endswith("(cause-specific)")


def test_horizons_need_not_be_whole_years() -> None:
    assert risk_columns([0.5]) == ["risk_0.5y", "risk_0.5y_low", "risk_0.5y_high"]
