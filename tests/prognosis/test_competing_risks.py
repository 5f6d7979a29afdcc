"""Competing events: incidences that add up, Fine and Gray's model on copied rows, and tables with and without them."""

import numpy as np
import pandas as pd
import pytest

from cacs_cxr.prognosis.competing_risks import NO_COMPETING, competing_hazards, incidence_at_horizons
from cacs_cxr.prognosis.cox import cox_regression
from cacs_cxr.prognosis.cumulative_incidence import cumulative_incidence
from cacs_cxr.prognosis.fine_gray import censoring_weights, fine_gray
from cacs_cxr.prognosis.follow_up import GroupedFollowUp
from cacs_cxr.prognosis.kaplan_meier import kaplan_meier
from reference_cohort import one_site


def drawn(n: int, *, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.integers(1, 60, n), rng.integers(0, 3, n), rng.normal(size=(n, 2))


def test_by_hand() -> None:
    # Day 1: an event of three. Day 2: a competing event of two. Day 3: an event of one.
    curve = cumulative_incidence([1, 2, 3], [1, 2, 1])
    assert curve.incidence.tolist() == pytest.approx([0, 1 / 3, 1 / 3, 2 / 3])
    assert cumulative_incidence([1, 2, 3], [1, 2, 1], cause=2).incidence[-1] == pytest.approx(1 / 3)


def test_incidences_and_survival_add_up_to_one_and_without_competition_it_is_kaplan_meier() -> None:
    time, code, _ = drawn(200, seed=1)
    both = sum(cumulative_incidence(time, code, cause=cause).incidence for cause in (1, 2))
    assert both + kaplan_meier(time, code != 0).survival == pytest.approx(1)
    alone = cumulative_incidence(time, code == 1)
    curve = kaplan_meier(time, code == 1)
    assert alone.incidence == pytest.approx(1 - curve.survival)
    inner = (curve.survival > 0) & (curve.survival < 1)
    assert alone.se[inner] == pytest.approx(curve.se[inner])


def test_causes_absent_from_a_group_have_incidence_zero() -> None:
    curve = cumulative_incidence([3, 5], [0, 0])
    assert curve.incidence.tolist() == [0, 0, 0]
    assert np.isnan(curve.low).all()


def test_fine_gray_is_a_weighted_cox_model_of_rows_that_go_on_after_the_competing_event() -> None:
    time, code, x = drawn(150, seed=2)
    days = time.astype(float)
    ends = np.unique(days[code == 1])
    rows = []
    for patient in range(150):
        rows.append((patient, -1.0, days[patient], code[patient] == 1, 1.0))
        if code[patient] != 2:
            continue
        start = days[patient]
        at_start = censoring_weights(days, code, np.array([start]))[0]
        for end in ends[ends > start]:
            weight = censoring_weights(days, code, np.array([end]))[0] / at_start
            rows.append((patient, start, end, False, weight))
            start = end
    table = pd.DataFrame(rows, columns=["patient", "entry", "end", "event", "weight"])
    copied = cox_regression(
        table["end"], table["event"], x[table["patient"]], entry=table["entry"], weights=table["weight"], ties="breslow"
    )
    fit = fine_gray(time, code, x)
    assert fit.coefficients == pytest.approx(copied.coefficients, rel=1e-8)
    alone = fine_gray(time, np.where(code == 2, 0, code), x)
    plain = cox_regression(time, code == 1, x, ties="breslow")
    assert alone.coefficients == pytest.approx(plain.coefficients, rel=1e-8)


def test_what_has_no_estimate_says_so() -> None:
    time, code, x = drawn(50, seed=3)
    assert fine_gray(time, np.zeros(50), x).failure == "no events"
    assert "dependent" in fine_gray(time, code, np.column_stack([x[:, 0], 2 * x[:, 0]])).failure


def group(code: np.ndarray) -> GroupedFollowUp:
    rng = np.random.default_rng(4)
    n = code.size
    return GroupedFollowUp(
        site="development",
        grouping="actual",
        time=rng.integers(100, 3000, n),
        code=code,
        category=np.arange(n) % 4,
        factors=pd.DataFrame(
            {"age": rng.normal(60, 8, n), "sex[M]": 1.0 * (rng.random(n) < 0.5), "bmi": rng.normal(25, 3, n)}
        ),
        remark="",
    )


def test_tables_with_and_without_a_competing_event() -> None:
    study, rng = one_site(), np.random.default_rng(5)
    with_deaths = group(rng.integers(0, 3, 400))
    table = competing_hazards(with_deaths, study, minimum_events=5)
    assert table["hr"].notna().all()
    assert table["method"].unique().tolist() == ["cause-specific", "Fine-Gray"]
    incidence = incidence_at_horizons(with_deaths, study, horizons_years=[1, 50])
    known = incidence[incidence["horizon_years"] == 1]
    assert (known["one_minus_kaplan_meier"] >= known["incidence"] - 1e-12).all()
    assert incidence.loc[incidence["horizon_years"] == 50, "note"].str.contains("follow-up ends earlier").all()
    none = competing_hazards(group(rng.integers(0, 2, 400)), study, minimum_events=5)
    assert none["note"].str.contains(NO_COMPETING).all()
