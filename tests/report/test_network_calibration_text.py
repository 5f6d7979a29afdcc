import numpy as np

from cacs_cxr.report.network_calibration import network_calibration_text
from written_results import example_analysis, example_study, example_supplements


def test_each_network_has_a_line_before_and_one_after_with_intervals() -> None:
    study = example_study()
    table = example_supplements(example_analysis(study))["network_calibration.csv"]
    printed = network_calibration_text(table, study)
    assert printed["probabilities"].tolist() == ["network's own", "calibrated"]
    assert printed["O:E"].tolist() == ["0.75", "1.00"]
    assert printed["slope (95 % CI)"].iloc[0].startswith("0.50 (0.30")
    assert printed["in the large (95 % CI)"].iloc[0].startswith("−0.70 (−1.09")
    unknown = table.assign(slope=np.nan, slope_se=np.nan, note="slope not estimable: one class")
    assert network_calibration_text(unknown, study)["note"].unique().tolist() == ["slope not estimable: one class"]
    assert "nan" not in network_calibration_text(unknown, study).to_csv()


def test_without_rows_the_table_keeps_its_columns() -> None:
    study = example_study()
    table = example_supplements(example_analysis(study))["network_calibration.csv"]
    assert list(network_calibration_text(table.head(0), study)) == list(network_calibration_text(table, study))
