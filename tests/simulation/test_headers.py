"""The simulated headers against the real ones that they follow."""

import io

import numpy as np
import pandas as pd
import pydicom
import pytest

from cacs_cxr.simulation.acquisitions import draw_radiographs
from cacs_cxr.simulation.devices import DEVICES
from cacs_cxr.simulation.dialects import DIALECTS
from cacs_cxr.simulation.dicom_writer import dicom_bytes
from cacs_cxr.simulation.headers import draw_headers

HEADERS = 7_469
"""Of chest radiographs of Indiana University, published by Open-i (Demner-Fushman et al., J Am Med Inform Assoc
2016;23:304-310); so are the counts of elements among them below."""

REAL_COUNTS = {
    "MONOCHROME1": 3_584,
    "MONOCHROME1 without PresentationLUTShape": 3_012,
    "PresentationLUTShape absent": 3_125,
    "12 bits stored": 5_906,
    "15 bits stored": 1_476,
    "10 or 14 bits stored": 87,
    "window alone": 4_077,
    "lookup table alone": 3_011,
    "window and lookup table": 26,
    "neither": 355,
    "three windows": 26,
    "MONOCHROME1 with a lookup table": 3_011,
    "ViewPosition absent": 2_586,
    "BodyPartExamined absent": 2_505,
    "PixelSpacing absent": 2_547,
    "RescaleType LOG_E REL": 2_878,
    "RescaleType absent": 2_943,
    "FOR PRESENTATION": 988,
    "PixelIntensityRelationshipSign -1": 892,
    "BurnedInAnnotation absent": 3_396,
    "LossyImageCompression 00": 4_490,
    "ImageType DERIVED": 6_498,
    "Modality DX": 26,
    "DX storage": 988,
    "ISO 2022 IR 6": 2_878,
    "SpecificCharacterSet absent": 235,
}
REAL_WINDOW_WIDTH = {0.05: 0.448, 0.5: 0.725}
"""Quantiles of the width of real windows, as shares of the stored range."""


@pytest.fixture(scope="module")
def headers(sites):
    """Headers of every second sound file of the default study, with a picture of a few pixels."""
    picture = np.linspace(0, 1, 48, dtype=np.float32).reshape(6, 8)
    found = []
    for name, site in sites.items():
        rows = site.radiographs.query("defect == '' and purpose == '' and oddity == '' and copy == ''").iloc[::2]
        for number, row in zip(rows.index, rows.to_dict("records"), strict=True):
            content = dicom_bytes(picture, row, site=name, seed=1, number=number, spacing=(3.0, 3.0))
            found.append(pydicom.dcmread(io.BytesIO(content), stop_before_pixels=True))
    return found


@pytest.fixture(scope="module")
def elements(headers):
    """The elements that matter, one row a header, in the terms of REAL_COUNTS."""
    rows = []
    for header in headers:
        one = header.PhotometricInterpretation == "MONOCHROME1"
        table, window = "VOILUTSequence" in header, "WindowCenter" in header
        rows.append(
            {
                "MONOCHROME1": one,
                "MONOCHROME1 without PresentationLUTShape": one and "PresentationLUTShape" not in header,
                "PresentationLUTShape absent": "PresentationLUTShape" not in header,
                "12 bits stored": header.BitsStored == 12,
                "15 bits stored": header.BitsStored == 15,
                "10 or 14 bits stored": header.BitsStored in (10, 14),
                "window alone": window and not table,
                "lookup table alone": table and not window,
                "window and lookup table": table and window,
                "neither": not table and not window,
                "three windows": window and header["WindowCenter"].VM == 3,
                "MONOCHROME1 with a lookup table": one and table,
                "ViewPosition absent": "ViewPosition" not in header,
                "BodyPartExamined absent": "BodyPartExamined" not in header,
                "PixelSpacing absent": "PixelSpacing" not in header,
                "RescaleType LOG_E REL": header.get("RescaleType") == "LOG_E REL",
                "RescaleType absent": "RescaleType" not in header,
                "FOR PRESENTATION": header.get("PresentationIntentType") == "FOR PRESENTATION",
                "PixelIntensityRelationshipSign -1": header.get("PixelIntensityRelationshipSign") == -1,
                "BurnedInAnnotation absent": "BurnedInAnnotation" not in header,
                "LossyImageCompression 00": header.get("LossyImageCompression") == "00",
                "ImageType DERIVED": "DERIVED" in str(header.get("ImageType")),
                "Modality DX": header.Modality == "DX",
                "DX storage": header.SOPClassUID.endswith("1.1.1.1"),
                "ISO 2022 IR 6": header.get("SpecificCharacterSet") == "ISO 2022 IR 6",
                "SpecificCharacterSet absent": "SpecificCharacterSet" not in header,
            }
        )
    return pd.DataFrame(rows)


def test_the_dialects_are_all_headers_of_the_collection():
    assert sum(dialect.count for dialect in DIALECTS.values()) == HEADERS


@pytest.mark.slow
@pytest.mark.parametrize("element", REAL_COUNTS)
def test_elements_are_as_frequent_as_in_life(elements, element):
    expected = REAL_COUNTS[element] / HEADERS
    # Three standard errors of a share among as many studies as were looked at; a study's radiographs share a device.
    tolerance = 3 * np.sqrt(expected * (1 - expected) / 950)
    assert elements[element].mean() == pytest.approx(expected, abs=tolerance)


@pytest.mark.slow
def test_elements_depend_on_one_another_as_in_life(headers):
    for header in headers:
        if "PresentationLUTShape" in header:
            inverse = header.PresentationLUTShape == "INVERSE"
            assert inverse == (header.PhotometricInterpretation == "MONOCHROME1")
        if "ViewPosition" not in header:
            assert "PatientOrientation" not in header
        for item in header.get("VOILUTSequence", []):
            entries, first, bits = item.LUTDescriptor
            assert bits == 16
            assert header.BitsStored < bits
            assert first + entries <= 2**header.BitsStored
        assert "ImagerPixelSpacing" in header or header.SOPClassUID.name == "Secondary Capture Image Storage"
    first = [header.VOILUTSequence[0].LUTDescriptor[1] for header in headers if "VOILUTSequence" in header]
    assert np.mean(np.array(first) > 0) > 0.97


@pytest.mark.slow
def test_windows_are_as_wide_as_in_life(headers):
    windows = [header for header in headers if "WindowWidth" in header and header["WindowWidth"].VM == 1]
    widths = np.array([float(header.WindowWidth) / 2**header.BitsStored for header in windows])
    for share, expected in REAL_WINDOW_WIDTH.items():
        assert np.quantile(widths, share) == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize("role", ["development", "external"])
def test_a_study_is_headed_by_one_device(sites, role):
    images = sites[role].radiographs.query("purpose == ''")
    plain = images[images["copy"] == ""]
    dialects = plain.groupby("study")["dialect"]
    assert (dialects.size() > 1).sum() > 40
    assert (dialects.first() == dialects.last()).all()


@pytest.mark.parametrize("role", ["development", "external"])
def test_untold_views_belong_to_dialects_without_views(sites, role):
    images = sites[role].radiographs
    untold = images[images["view_source"] == ""]
    assert len(untold) > 10
    assert not any(DIALECTS[name].view for name in untold["dialect"])
    told = images[(images["view_source"] != "") & ~images["dialect"].map(lambda name: DIALECTS[name].view)]
    assert {"ViewCodeSequence", "SeriesDescription", "ProtocolName"} <= set(told["view_source"])
    assert (told["view_header"] == "").all()


def drawn_with(site, *, header_seed):
    """The radiographs of some patients with the same random numbers for everything but the headers."""

    def stream(part):
        return np.random.default_rng([header_seed if part == "headers" else 1, *part.encode()])

    return draw_radiographs(site.truth.head(250), site="development", devices=DEVICES["development"], stream=stream)


def test_other_headers_leave_patients_and_pictures_alone(sites):
    (first, days), (second, other_days) = (drawn_with(sites["development"], header_seed=seed) for seed in (2, 3))
    assert (first["dialect"] != second["dialect"]).any()
    assert (first["device"] != second["device"]).any()
    pd.testing.assert_series_equal(days, other_days)
    kept = ["file", "patient_id", "study_date", "exposure", "person", "view", "defect", "purpose", "oddity", "copy"]
    measures = ["tilt", "scale", "heart_left", "dome_left", "knob", "coronary_calcium", "arch_calcium", "blades"]
    pd.testing.assert_frame_equal(first[kept + measures], second[kept + measures])


def test_headers_can_be_drawn_for_a_single_radiograph():
    exposure = pd.DataFrame(
        {
            "patient_row": [0], "day": [3], "view": ["lateral"], "view_told": [False], "defect": [""], "purpose": [""],
            "oddity": ["big endian"],
        }
    )  # fmt: skip
    frame = draw_headers(exposure, devices=DEVICES["external"], generator=np.random.default_rng(1))
    assert frame.loc[0, "transfer_syntax"] == "1.2.840.10008.1.2.2"
    assert frame.loc[0, "view_source"] == frame.loc[0, "view_header"] == ""
