"""Predictions of corrupted radiographs: what is refused, and the paired difference."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from cacs_cxr.evaluation.discrimination import auc_estimate, paired_difference
from cacs_cxr.evaluation.robustness import checked_corrupted, robustness_table
from cacs_cxr.faults import InputError
from reference_cohort import analysis_table, read_cohort, two_sites


def corrupted() -> pd.DataFrame:
    """Two hundred patients of the cohort, clean and with noise on their logits."""
    own = read_cohort().query("site == 'development'").head(200)
    logits = np.log(own["pB100"] / (1 - own["pB100"])).to_numpy()
    noise = np.random.default_rng(1).normal(size=200)
    kinds = [("clean", 0, logits), ("noise", 1, logits + 0.3 * noise), ("noise", 3, logits + 3 * noise)]
    return pd.concat(
        [
            pd.DataFrame(
                {"patient": own["patient"].to_numpy(), "model": "cxr", "threshold": "ge100", "corruption": name}
            ).assign(severity=severity, probability=1 / (1 + np.exp(-values)))
            for name, severity, values in kinds
        ],
        ignore_index=True,
    )


def test_differences_are_paired_and_adjusted() -> None:
    study, analysis = two_sites(), analysis_table(read_cohort())
    table = checked_corrupted(corrupted(), analysis, study)
    rows = robustness_table(table, study).set_index(["corruption", "severity"])
    parts = dict(iter(table.groupby(["corruption", "severity"])))
    clean, worst = parts[("clean", 0)], parts[("noise", 3)]
    test = paired_difference(clean["label"], worst["probability"], clean["probability"])
    assert rows.loc[("noise", 3), "difference"] == pytest.approx(test.difference)
    assert rows.loc[("noise", 3), "auc"] == pytest.approx(auc_estimate(worst["label"], worst["probability"]).auc)
    assert rows.loc[("noise", 3), "p_holm"] == pytest.approx(2 * test.p)
    assert np.isnan(rows.loc[("clean", 0), "difference"])
    assert rows.loc[("noise", 3), "high"] < 0


def change(column: str, value: object) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """A planted fault in the fourth row."""

    def plant(table: pd.DataFrame) -> pd.DataFrame:
        table = table.astype(object)
        table.loc[3, column] = value
        return table

    return plant


@pytest.mark.parametrize(
    ("plant", "message"),
    [
        (change("probability", 1.2), "row 5, column 'probability': found '1.2'"),
        (change("probability", np.nan), "row 5, column 'probability'"),
        (change("threshold", "ge7"), "row 5, column 'threshold': found 'ge7'"),
        (change("patient", "unknown"), "row 5, column 'patient': expected a development patient"),
        (lambda table: pd.concat([table, table.head(1)]), "row 602, column 'patient': expected one row for each"),
    ],
)
def test_faults_are_named_by_row(plant: Callable[[pd.DataFrame], pd.DataFrame], message: str) -> None:
    with pytest.raises(InputError) as error:
        checked_corrupted(plant(corrupted()), analysis_table(read_cohort()), two_sites())
    assert message in "\n".join(map(str, error.value.faults))
