"""Sample sizes of an external validation by hand and beside pmvalsampsize's documented example."""

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import norm

from cacs_cxr.evaluation.discrimination import auc_estimate
from cacs_cxr.evaluation.external_precision import (
    Anticipated,
    anticipated_from,
    auc_standard_error,
    expected_widths,
    required_sizes,
    slope_unit_variance,
)
from cacs_cxr.evaluation.precision_table import precision_table
from cacs_cxr.evaluation.predictions_table import checked_predictions
from reference_cohort import analysis_table, prediction_table, read_cohort, two_sites


def anticipated(**changes: float) -> Anticipated:
    """A rare outcome with logits of mean -5 and SD 2.5."""
    quantiles = (np.arange(200_000) + 0.5) / 200_000

    logits = norm.ppf(quantiles) * 2.5 - 5.0
    given = {"prevalence": 0.018, "auc": 0.8, "threshold": 0.1, "sensitivity": 0.8, "specificity": 0.9, **changes}
    return Anticipated(logits=logits, **given)


def test_observed_to_expected_by_hand() -> None:
    # A width of 1 at O:E 1 is an SE of ln O:E of asinh(0.5) / 1.96 = 0.24552.
    exact = (1 - 0.018) / (0.018 * (np.arcsinh(0.5) / 1.959963984540054) ** 2)
    assert required_sizes(anticipated(), {"O:E": 1.0})["O:E"] == int(np.ceil(exact)) == 906


def test_auc_needs_what_newcombe_says() -> None:
    needed = required_sizes(anticipated(), {"AUC": 0.1})["AUC"]
    assert needed == 4252
    half = 0.05 / 1.959963984540054
    assert auc_standard_error(0.8, 0.018, needed) <= half < auc_standard_error(0.8, 0.018, needed - 1)


def test_slope_needs_the_information_of_its_logits() -> None:
    # Logits of -1 and 1 with weight p (1 - p) each: I = p (1 - p), the variance of the slope is 1 / I.
    assert slope_unit_variance([-1.0, 1.0]) == pytest.approx(1 / (expit(1) * expit(-1)))
    needed = required_sizes(anticipated(), {"calibration slope": 0.2})["calibration slope"]
    assert needed == pytest.approx(4544, rel=0.005)  # pmvalsampsize draws its logits: 4,544 in its documentation


def test_standardised_net_benefit_by_hand() -> None:
    simple = anticipated(prevalence=0.5, threshold=0.5, sensitivity=0.8, specificity=0.8)
    variance = 0.16 / 0.5 + 0.16 / 0.5 + 0.04 / 0.25
    needed = required_sizes(simple, {"standardised net benefit": 0.2})["standardised net benefit"]
    assert needed == int(np.ceil(variance * (2 * 1.959963984540054 / 0.2) ** 2))


def test_widths_at_the_size_needed_are_the_widths_wanted() -> None:
    wanted = {"O:E": 0.3, "calibration slope": 0.3, "AUC": 0.08, "standardised net benefit": 0.3}
    for measure, size in required_sizes(anticipated(), wanted).items():
        assert expected_widths(anticipated(), size)[measure] == pytest.approx(wanted[measure], rel=1e-3)


def test_newcombe_is_near_the_error_that_delong_finds() -> None:
    random = np.random.default_rng(9)
    labels = random.random(4000) < 0.3
    area = auc_estimate(labels, random.normal(size=4000) + 1.2 * labels)
    assert auc_standard_error(area.auc, 0.3, 4000) == pytest.approx(area.se, rel=0.1)


def test_table_says_what_is_enough_and_what_is_not_estimable() -> None:
    cohort, study = read_cohort(), two_sites()
    table = checked_predictions(analysis_table(cohort), prediction_table(cohort), study)
    widths = {"auc": 0.1, "slope": 0.2}
    rows = precision_table(table, study, widths=widths, threshold_probability=0.1)
    row = rows[(rows["site"] == "external") & (rows["measure"] == "AUC") & (rows["threshold"] == "gt0")].iloc[0]
    assert row["enough"]
    assert row["n"] == 1000
    assert not rows.loc[rows["measure"] == "calibration slope", "enough"].all()
    flat = table.assign(probability=0.3)
    rows = precision_table(flat, study, widths=widths, threshold_probability=0.1)
    assert rows["n_required"].isna().all()
    assert rows["note"].str.startswith("not estimable").all()
    assert anticipated_from([0, 1], [0.5, 0.5], auc=0.5, threshold=0.1) is None
