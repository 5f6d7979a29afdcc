import io

import numpy as np
import pydicom
import pytest
from simulated_row import LEVELS, ROW, displayed, read, written

from cacs_cxr.simulation.dialects import DIALECTS
from cacs_cxr.simulation.dicom_writer import simulated_uid
from cacs_cxr.simulation.stored_values import THREE_WINDOWS, stored_values

LITTLE = "1.2.840.10008.1.2.1"
WINDOWED = [name for name, dialect in DIALECTS.items() if dialect.voi in ("window", "none")]
TABLED = [name for name, dialect in DIALECTS.items() if dialect.voi == "lut"]


def shown_by(name):
    """The displayed range of a dialect: the whole one where the header has no window."""
    return {"shown_low": 0.0, "shown_span": 1.0} if DIALECTS[name].voi == "none" else {}


@pytest.mark.parametrize("dialect", WINDOWED)
def test_every_dialect_with_or_without_a_window_displays_the_levels_drawn(dialect):
    dataset = read(dialect=dialect, **shown_by(dialect))
    np.testing.assert_allclose(displayed(dataset), np.clip(LEVELS, 0, 1), atol=1.1 / (0.6 * 2**dataset.BitsStored))


@pytest.mark.parametrize("dialect", TABLED)
def test_a_lookup_table_steepens_the_middle_and_keeps_the_ends(dialect):
    shown = displayed(read(dialect=dialect))
    assert shown.min() == 0
    assert shown.max() == 1
    np.testing.assert_allclose(shown, np.clip(LEVELS, 0, 1), atol=0.09)
    assert np.all(np.diff(shown.ravel()) >= 0)


def test_a_lookup_table_is_declared_as_real_archives_declare_it():
    dataset = read(dialect="plate-table")
    entries, first, bits = dataset.VOILUTSequence[0].LUTDescriptor
    assert (entries, first, bits) == (round(0.8 * 4095) - round(0.2 * 4095) + 1, round(0.2 * 4095), 16)
    assert dataset.BitsStored == 12
    assert "WindowCenter" not in dataset


def test_three_windows_and_three_tables_are_named_alike():
    dataset = read(dialect="panel-three-windows", shown_low=0.2, shown_span=0.2)
    names = [name for name, _ in THREE_WINDOWS]
    assert list(dataset.WindowCenterWidthExplanation) == names == ["NORMAL", "HARDER", "SOFTER"]
    assert [item.LUTExplanation for item in dataset.VOILUTSequence] == names
    widths = np.array([float(width) for width in dataset.WindowWidth])
    np.testing.assert_allclose(widths / widths[0], [relative for _, relative in THREE_WINDOWS], rtol=1e-3)
    assert all(list(item.LUTDescriptor) == [16384, 0, 16] for item in dataset.VOILUTSequence)
    assert dataset.ViewCodeSequence[0].CodeValue == "272479007"


@pytest.mark.parametrize(
    "syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"]
)
def test_every_lossless_transfer_syntax_holds_the_same_pixels(syntax):
    other = read(transfer_syntax=syntax)
    assert other.file_meta.TransferSyntaxUID == syntax
    np.testing.assert_array_equal(other.pixel_array, read().pixel_array)
    assert other.SOPInstanceUID == read().SOPInstanceUID
    # Tables are words of the file's byte order too.
    order = ">" if syntax == "1.2.840.10008.1.2.2" else "<"
    data = [read(dialect="plate-table", transfer_syntax=name).VOILUTSequence[0].LUTData for name in (syntax, LITTLE)]
    tables = [np.frombuffer(words, dtype=f"{sign}u2") for words, sign in zip(data, (order, "<"), strict=True)]
    np.testing.assert_array_equal(*tables)


def test_copies_share_the_uid_when_sent_twice_and_not_when_headed_again():
    original, again = read(number=3), read(number=9, copy="reheaded", study=6)
    assert read(number=9, copy="resent").SOPInstanceUID == original.SOPInstanceUID
    for element in ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"):
        assert again[element].value != original[element].value
    np.testing.assert_array_equal(again.pixel_array, original.pixel_array)
    assert float(again.WindowWidth) < 0.9 * float(original.WindowWidth)
    assert again.WindowCenter == original.WindowCenter


def test_a_headed_again_copy_has_a_window_in_place_of_a_table():
    again = read(number=9, copy="reheaded", dialect="plate-table")
    assert "VOILUTSequence" not in again
    np.testing.assert_array_equal(again.pixel_array, read(dialect="plate-table").pixel_array)


@pytest.mark.parametrize(
    ("syntax", "method"), [("1.2.840.10008.1.2.4.91", "ISO_15444_1"), ("1.2.840.10008.1.2.4.50", "ISO_10918_1")]
)
def test_a_recompressed_copy_is_nearly_the_same_and_says_that_it_has_lost(syntax, method):
    levels = np.clip(LEVELS, 0, 1)
    copy = read(number=9, copy="recompressed", transfer_syntax=syntax)
    assert copy.file_meta.TransferSyntaxUID == syntax
    assert copy.LossyImageCompression == "01"
    assert copy.LossyImageCompressionMethod == method
    assert copy.SOPInstanceUID != read().SOPInstanceUID
    difference = displayed(copy) - levels
    assert np.abs(difference).max() > 0
    assert np.abs(difference).mean() < 0.02


def test_the_view_stands_in_another_element_where_the_dialect_has_no_view_position():
    silent = {"dialect": "panel-window", "view_header": ""}
    coded = read(**silent, view_source="ViewCodeSequence")
    assert coded.ViewCodeSequence[0].CodeValue == "272479007"
    assert read(**silent, view_source="ViewCodeSequence", headed_view="lateral").ViewCodeSequence[0].CodeValue != "0"
    assert read(**silent, view_source="ProtocolName").ProtocolName == "CHEST PA"
    untold = read(**silent, view_source="")
    for dataset in (coded, untold):
        assert not {"ViewPosition", "PatientOrientation", "BodyPartExamined", "PixelSpacing"} & set(dataset.dir())
    assert not {"ViewCodeSequence", "SeriesDescription", "ProtocolName"} & set(untold.dir())


def test_headers_of_other_kinds():
    assert read(purpose="for processing").PresentationIntentType == "FOR PROCESSING"
    assert read(purpose="other modality").SOPClassUID.name == "Secondary Capture Image Storage"
    assert read(dialect="plate-table").SOPClassUID.name == "Computed Radiography Image Storage"
    film = read(dialect="film", view_source="")
    assert film.Modality == "CR"
    assert film.SOPClassUID.name == "Secondary Capture Image Storage"
    assert "ImagerPixelSpacing" not in film
    lateral = read(headed_view="lateral", view_header="LL")
    assert list(lateral.PatientOrientation) == ["A", "F"]
    assert float(lateral.PixelSpacing[0]) == pytest.approx(1.007 * 0.8, abs=1e-3)


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


@pytest.mark.parametrize("dialect", DIALECTS)
def test_stored_values_fit_into_their_bits_and_the_file_can_be_read_without_force(dialect):
    stored = stored_values(LEVELS, {**ROW, "dialect": dialect})
    assert stored.values.max() <= 2**stored.bits - 1
    assert pydicom.dcmread(io.BytesIO(written(dialect=dialect))).pixel_array.shape == LEVELS.shape
