import io

import numpy as np
import pydicom
import pytest
from pydicom.pixels import apply_voi_lut

from cacs_cxr.simulation.dicom_writer import dicom_bytes, encode, simulated_uid

LEVELS = np.linspace(-0.1, 1.1, 48 * 40, dtype=np.float32).reshape(48, 40)
ROW = {
    "patient_id": "D0000000001",
    "study_date": "2013-04-05",
    "sex": "F",
    "age_years": 61,
    "view": "PA",
    "view_header": "PA",
    "view_code": False,
    "defect": "",
    "purpose": "",
    "copy": "",
    "device": "b",
    "modality": "DX",
    "photometric": "MONOCHROME2",
    "bits_stored": 12,
    "voi": "window",
    "transfer_syntax": "1.2.840.10008.1.2.1",
    "pixel_spacing": True,
    "lut_shape": True,
    "exposure": 7,
}


def written(number=3, **changes):
    return dicom_bytes(LEVELS, {**ROW, **changes}, site="development", seed=1, number=number, spacing=(0.8, 0.8))


def read(**changes):
    return pydicom.dcmread(io.BytesIO(written(**changes)))


def displayed(dataset):
    """Grey levels from 0 (black) to 1 (white) as a viewer shows them."""
    shown = apply_voi_lut(dataset.pixel_array, dataset).astype(float)
    highest = 65535 if "VOILUTSequence" in dataset else 2**dataset.BitsStored - 1
    shown = shown / highest
    return 1 - shown if dataset.PhotometricInterpretation == "MONOCHROME1" else shown


@pytest.mark.parametrize("bits_stored", [10, 12, 14, 15])
@pytest.mark.parametrize("voi", ["window", "lut", "none"])
def test_both_photometric_interpretations_display_the_same_radiograph(voi, bits_stored):
    two, one = (read(voi=voi, bits_stored=bits_stored, photometric=f"MONOCHROME{kind}") for kind in (2, 1))
    assert not np.array_equal(two.pixel_array, one.pixel_array)
    np.testing.assert_allclose(displayed(one), displayed(two), atol=1e-9)


@pytest.mark.parametrize("voi", ["window", "none"])
def test_the_displayed_levels_are_those_drawn(voi):
    np.testing.assert_allclose(displayed(read(voi=voi)), np.clip(LEVELS, 0, 1), atol=1.5 / 2000)


def test_a_lookup_table_steepens_the_middle_and_keeps_the_ends():
    shown = displayed(read(voi="lut"))
    assert shown.min() == 0
    assert shown.max() == 1
    np.testing.assert_allclose(shown, np.clip(LEVELS, 0, 1), atol=0.09)
    assert np.all(np.diff(shown.ravel()) >= 0)


def test_the_lookup_table_is_declared_as_real_archives_declare_it():
    descriptor = read(voi="lut").VOILUTSequence[0].LUTDescriptor
    assert descriptor[0] == round(0.73 * 4095)
    assert descriptor[1] > 0
    assert descriptor[2] == 16


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.5"])
def test_every_transfer_syntax_holds_the_same_pixels(syntax):
    other = read(transfer_syntax=syntax)
    assert other.file_meta.TransferSyntaxUID == syntax
    np.testing.assert_array_equal(other.pixel_array, read().pixel_array)
    assert other.SOPInstanceUID == read().SOPInstanceUID


def test_copies_share_the_uid_when_sent_twice_and_not_when_headed_again():
    assert read(number=9, copy="resent").SOPInstanceUID == read(number=3).SOPInstanceUID
    again = read(number=9, copy="reheaded")
    assert again.SOPInstanceUID != read(number=3).SOPInstanceUID
    np.testing.assert_array_equal(again.pixel_array, read().pixel_array)


def test_header_variants():
    coded = read(view_header="", view_code=True)
    assert "ViewPosition" not in coded
    assert coded.ViewCodeSequence[0].CodeValue == "272479007"
    bare = read(pixel_spacing=False, lut_shape=False, view_header="")
    assert "PixelSpacing" not in bare
    assert "PresentationLUTShape" not in bare
    assert "ViewPosition" not in bare
    assert [float(value) for value in bare.ImagerPixelSpacing] == [0.8, 0.8]
    assert read(purpose="for processing").PresentationIntentType == "FOR PROCESSING"
    assert read(modality="OT", purpose="other modality").SOPClassUID.name == "Secondary Capture Image Storage"
    assert read(device="a", modality="CR").SOPClassUID.name == "Computed Radiography Image Storage"


def test_broken_files_are_broken_as_they_say():
    assert written(defect="html").startswith(b"<!DOCTYPE html>")
    assert "PixelData" not in read(defect="header-only")
    assert len(written(defect="truncated")) < len(written())
    with pytest.raises(ValueError, match="pixel data"):
        _ = read(defect="truncated").pixel_array


def test_uids_are_valid_and_nothing_tells_the_clock():
    dataset = read()
    for uid in (dataset.SOPInstanceUID, dataset.SeriesInstanceUID, dataset.StudyInstanceUID, simulated_uid("x")):
        assert pydicom.uid.UID(uid).is_valid
        assert uid.startswith("2.25.")
    assert written() == written()
    assert dataset.PatientName == "SIMULATED^PATIENT"


def test_stored_values_fit_into_their_bits():
    for voi in ("window", "lut", "none"):
        image = encode(LEVELS, voi=voi, bits_stored=10, photometric="MONOCHROME1")
        assert image.values.max() <= 1023
