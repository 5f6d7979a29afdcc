"""What is odd in the simulated archives: that it is there, that the truth tells it, and that the files show it."""

import io

import numpy as np
import pandas as pd
import pydicom
import pytest
from simulated_row import LEVELS, ROW, displayed, read, written

from cacs_cxr.simulation.copies import FOREIGN_COPIES, OWN_COPIES
from cacs_cxr.simulation.devices import DEVICES, format_mm
from cacs_cxr.simulation.dialects import DIALECTS
from cacs_cxr.simulation.oddities import HARMLESS, SPOILT, befall, turn_boxes

GENERATOR = np.random.default_rng(0)
SHOWN = np.clip(LEVELS, 0, 1)


@pytest.mark.parametrize("role", ["development", "external"])
@pytest.mark.parametrize("oddity", [*HARMLESS, *SPOILT])
def test_every_oddity_befalls_as_many_radiographs_as_its_rate_says_and_only_chosen_ones(sites, role, oddity):
    images = sites[role].radiographs.query("oddity == @oddity")
    analysed = sites[role].truth.query("fate == 'analysed'")["patient_id"]
    expected = round({**HARMLESS, **SPOILT}[oddity] * len(analysed))
    assert images["patient_id"].nunique() == len(images) == expected
    assert expected > 0 or role == "external"
    assert images["patient_id"].isin(analysed).all()
    assert (images["headed_view"] == "PA").all()
    assert (images["view_source"] != "").all()
    assert (images["copy"] == "").all()


@pytest.mark.parametrize("copy", [*OWN_COPIES, *FOREIGN_COPIES, "misfiled"])
def test_every_kind_of_copy_occurs_beside_its_original(sites, copy):
    images = sites["development"].radiographs
    copies = images[images["copy"] == copy]
    assert len(copies) > 0
    originals = images[images["copy"] == ""].set_index("exposure").loc[copies["exposure"]]
    assert (originals["person"].to_numpy() == copies["person"].to_numpy()).all()
    same = originals["patient_id"].to_numpy() == copies["patient_id"].to_numpy()
    assert same.all() == (copy in OWN_COPIES)
    assert not same.any() or copy in OWN_COPIES
    assert (originals["study"].to_numpy() == copies["study"].to_numpy()).all() == (copy == "resent")
    lossy = copies["transfer_syntax"].isin(["1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.91"])
    assert lossy.all() == copy.startswith("recompressed")


def test_a_patient_given_anothers_radiograph_is_eligible_until_pixels_are_read(sites):
    site = sites["development"]
    foreign = site.radiographs[site.radiographs["copy"].str.endswith("for another")]
    truth = site.truth.set_index("patient_id").loc[foreign["patient_id"]]
    assert (truth["fate"] == "analysed").all()
    days = pd.to_datetime(foreign["study_date"]) - pd.to_datetime("2010-01-04")
    distance = (days.dt.days.to_numpy() - truth["score_day"].to_numpy()).astype(int)
    assert (np.abs(distance) <= 183).all()


def test_spoilt_pictures_are_few():
    assert sum(SPOILT.values()) + sum(FOREIGN_COPIES.values()) < 0.02


@pytest.mark.parametrize("oddity", ["sigmoid", "negative slope", "eight bits"])
@pytest.mark.parametrize("dialect", ["panel-window", "plate-table", "plate-bare"])
def test_unusual_intensities_display_the_levels_drawn(oddity, dialect):
    dataset = read(oddity=oddity, dialect=dialect)
    tolerance = {"sigmoid": 0.0115, "negative slope": 0.001, "eight bits": 0.004}[oddity]
    np.testing.assert_allclose(displayed(dataset), SHOWN, atol=tolerance)
    usual = read(dialect=dialect)
    if oddity == "sigmoid":
        assert dataset.VOILUTFunction == "SIGMOID"
    elif oddity == "negative slope":
        assert dataset.RescaleSlope == -10
        np.testing.assert_array_equal(dataset.pixel_array, 2**dataset.BitsStored - 1 - usual.pixel_array)
    else:
        assert (dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit) == (8, 8, 7)


@pytest.mark.parametrize("dialect", ["panel-15-bit", "plate-table"])
def test_an_inverted_radiograph_lies_about_its_photometric_interpretation_alone(dialect):
    lying, true = read(oddity="inverted", dialect=dialect), read(dialect=dialect)
    assert {lying.PhotometricInterpretation, true.PhotometricInterpretation} == {"MONOCHROME1", "MONOCHROME2"}
    np.testing.assert_array_equal(lying.pixel_array, true.pixel_array)
    np.testing.assert_allclose(displayed(lying), 1 - displayed(true), atol=1e-9)


def test_files_without_preamble_or_meta_header_hold_the_same_data_set():
    whole, bare = written(oddity="no preamble"), written(oddity="no meta header", transfer_syntax="1.2.840.10008.1.2")
    assert b"DICM" not in whole[:200]
    assert written().endswith(whole)
    assert bare[:4] == b"\x08\x00\x05\x00"
    for dataset in (read(oddity="no preamble"), read(oddity="no meta header", transfer_syntax="1.2.840.10008.1.2")):
        assert dataset.SOPInstanceUID == read().SOPInstanceUID
        assert dataset.PixelData == read().PixelData
    with pytest.raises(pydicom.errors.InvalidDicomError):
        pydicom.dcmread(io.BytesIO(bare))


def test_headers_with_absent_or_impossible_values():
    assert list(read(oddity="zero spacing").PixelSpacing) == [0, 0]
    assert list(read(oddity="implausible spacing").PixelSpacing) == [25.4, 25.4]
    assert list(read(oddity="zero spacing").ImagerPixelSpacing) == [0.8, 0.8]
    assert "Manufacturer" not in read(oddity="no manufacturer")
    assert read(oddity="age without unit").PatientAge == "061"
    assert read(oddity="lateral headed PA", view="lateral").ViewPosition == "PA"


def row_with(oddity, **border):
    sides = {f"border_{side}": border.get(side, 0.0) for side in ("left", "top", "right", "bottom")}
    return {**ROW, "oddity": oddity, **sides}


def test_pictures_are_turned_mirrored_and_framed_as_the_truth_says():
    def after(oddity, **border):
        return befall(LEVELS, row_with(oddity, **border), generator=GENERATOR)

    np.testing.assert_array_equal(after("mirrored"), np.fliplr(LEVELS))
    np.testing.assert_array_equal(after("upside down"), LEVELS[::-1, ::-1])
    # Turned right, the upper edge lies at the right.
    np.testing.assert_array_equal(after("turned right")[:, -1], LEVELS[0])
    np.testing.assert_array_equal(after("turned left")[:, 0], LEVELS[0, ::-1])
    assert after("turned left").shape == (40, 48)
    assert after("blank").std() < 0.01
    framed = after("black border", left=0.1, top=0.25)
    assert framed[:12].max() == framed[:, :4].max() == 0
    np.testing.assert_array_equal(framed[12:, 4:], LEVELS[12:, 4:])
    assert after("white border", right=0.1)[:, -4:].min() == 1
    assert after("deflated") is LEVELS


@pytest.mark.parametrize("oddity", ["mirrored", "upside down", "turned right", "turned left", "deflated"])
def test_boxes_turn_with_the_picture(oddity):
    picture = np.zeros((40, 60), dtype=np.float32)
    picture[10:20, 6:24] = 1
    box = pd.DataFrame([{"arch_left": 0.1, "arch_top": 0.25, "arch_right": 0.4, "arch_bottom": 0.5}])
    turned = turn_boxes(box, pd.Series([oddity])).iloc[0]
    shown = befall(picture, row_with(oddity), generator=GENERATOR)
    rows, columns = np.nonzero(shown)
    found = [columns.min() / shown.shape[1], rows.min() / shown.shape[0]]
    found += [(columns.max() + 1) / shown.shape[1], (rows.max() + 1) / shown.shape[0]]
    np.testing.assert_allclose(turned[["arch_left", "arch_top", "arch_right", "arch_bottom"]].tolist(), found)


def test_a_cut_radiograph_shows_less_of_the_thorax_than_any_other(sites):
    images = sites["development"].radiographs.query("view == 'PA'")
    inside = images["thorax_right"].clip(0, 1) - images["thorax_left"].clip(0, 1)
    share = inside / (images["thorax_right"] - images["thorax_left"])
    cut = images["oddity"] == "cut"
    assert share[cut].max() < 0.86
    assert share[~cut].min() > 0.93


def test_thoraces_lie_in_fields_of_every_format(sites):
    images = sites["development"].radiographs.query("view == 'PA' and oddity == ''")
    kinds = {key: item.kind for devices in DEVICES.values() for key, item in devices.items()}
    plates = images["device"].map(kinds) == "plate"
    assert images.loc[plates, "format_mm"].isin(["430x350", "350x430"]).all()
    assert 0.66 < (images.loc[plates, "format_mm"] == "430x350").mean() < 0.76
    assert 0.76 < (images.loc[~plates, "format_mm"] == "430x430").mean() < 0.86
    for size, group in images.groupby("format_mm"):
        width, height = format_mm(str(size))
        aside = np.maximum(-group["thorax_left"], group["thorax_right"] - 1) * width
        assert (aside < 1).all()
        # A chest that is tall and broad reaches out of a field laid across.
        beyond = np.maximum(-group["thorax_top"], group["thorax_bottom"] - 1) * height
        assert (beyond > 15).mean() < 0.05
    assert all(
        DIALECTS[name].kind == ("plate" if plate else "panel")
        for name, plate in zip(images["dialect"], plates, strict=True)
    )
